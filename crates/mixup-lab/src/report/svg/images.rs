//! Small images, each with its name.

use mixup_paper::Picture;

use super::canvas::{Anchor, Area, Canvas, LABEL, TICK};
use super::legend::Heading;

const WIDTH: f64 = 860.0;
const MARGIN: f64 = 16.0;
/// Images in a row, and the larger ones of which each pixel has something to say.
const COLUMNS: [usize; 2] = [7, 5];
/// Below an image, for its name and its share.
const TEXT: f64 = 40.0;
/// Between two images.
const GAP: f64 = 12.0;

/// Images in a grid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Images {
    /// Title.
    pub(crate) title: String,
    /// What stands below each of them, and the image itself.
    pub(crate) images: Vec<NamedImage>,
    /// Whether levels are drawn as colours of a scale, 0 as the black ground.
    pub(crate) scale: bool,
}

/// An image of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedImage {
    /// The method.
    pub(crate) name: String,
    /// A second line.
    pub(crate) note: String,
    /// The pixels.
    pub(crate) picture: Picture,
}

impl Images {
    /// The picture as SVG; `None` when there is no image.
    pub(crate) fn render(&self) -> Option<String> {
        let highest = self.images.iter().map(|image| image.picture.height).max()?;
        let widest =
            self.images.iter().map(|image| image.picture.width()).max().filter(|width| *width > 0)?;
        let columns = COLUMNS[usize::from(self.scale)];
        let side = (WIDTH - 2.0 * MARGIN + GAP) / columns as f64 - GAP;
        let tones = if self.scale { colours() } else { greys() };
        let pixel = side / widest as f64;
        let heading = Heading::new(&self.title, "", [], WIDTH);
        let step = pixel * highest as f64 + TEXT;
        let rows = self.images.len().div_ceil(columns);
        let mut canvas = Canvas::new(WIDTH, heading.bottom() + step * rows as f64 + 4.0);
        heading.draw(&mut canvas);
        for (index, image) in self.images.iter().enumerate() {
            let left = MARGIN + (side + GAP) * (index % columns) as f64;
            let top = heading.bottom() + step * (index / columns) as f64;
            let bottom = top + pixel * image.picture.height as f64;
            canvas.group("panel", |canvas| {
                canvas.frame(Area { left, right: left + side, top, bottom });
                canvas.pixels((left, top), pixel, image.picture.width(), &image.picture.levels, &tones);
                let middle = left + side / 2.0;
                let font = LABEL.within(&image.name, side);
                canvas.text((middle, bottom + 15.0), &image.name, font, Anchor::Middle);
                canvas.text((middle, bottom + 29.0), &image.note, TICK, Anchor::Middle);
            });
        }
        Some(canvas.finish(&self.title, &self.description()))
    }

    fn description(&self) -> String {
        let images: Vec<String> =
            self.images.iter().map(|image| format!("{}, {}", image.name, image.note)).collect();
        format!("Images: {}.", images.join("; "))
    }
}

/// Colours of the scale, from the smallest to the largest value: as light as they are far along, and told apart without
/// red and green.
const SCALE: [[f64; 3]; 4] =
    [[66.0, 94.0, 214.0], [34.0, 150.0, 160.0], [80.0, 196.0, 106.0], [253.0, 231.0, 55.0]];

/// Black to white.
fn greys() -> [String; 16] {
    std::array::from_fn(|level| hex([17.0 * level as f64; 3]))
}

/// Black, then the scale.
fn colours() -> [String; 16] {
    std::array::from_fn(|level| {
        let Some(along) = level.checked_sub(1) else { return hex([0.0; 3]) };
        let place = along as f64 / 14.0 * (SCALE.len() - 1) as f64;
        let from = (place as usize).min(SCALE.len() - 2);
        let share = place - from as f64;
        hex([0, 1, 2].map(|part| (1.0 - share) * SCALE[from][part] + share * SCALE[from + 1][part]))
    })
}

fn hex(colour: [f64; 3]) -> String {
    let [red, green, blue] = colour.map(|part| part.round() as u8);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_grow_lighter() {
        let light = |colour: &String| {
            let part = |at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap());
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let lights: Vec<f64> = colours().iter().map(light).collect();
        assert!(lights.is_sorted_by(|a, b| a < b), "{lights:?}");
    }

    #[test]
    fn an_image_is_drawn_run_by_run() {
        let picture = Picture::new(0.5, 2, [0.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
        let image = NamedImage { name: "cutmix".to_owned(), note: "0.50".to_owned(), picture };
        let svg =
            Images { title: "Mixed".to_owned(), images: vec![image.clone()], scale: false }.render().unwrap();
        assert!(svg.contains(r##"<path d="M0 0.5h2M1 1.5h1" stroke="#000000"/>"##), "{svg}");
        assert!(svg.contains(r##"<path d="M2 0.5h1M0 1.5h1M2 1.5h1" stroke="#ffffff"/>"##), "{svg}");
        assert!(svg.contains("cutmix, 0.50"));
        let scaled = Images { title: "Plane".to_owned(), images: vec![image], scale: true }.render().unwrap();
        assert!(scaled.contains(r##"<path d="M0 0.5h2M1 1.5h1" stroke="#000000"/>"##), "{scaled}");
        assert!(scaled.contains(r##"stroke="#fde737"/>"##), "{scaled}");
        assert_eq!(Images { title: String::new(), images: Vec::new(), scale: true }.render(), None);
    }
}
