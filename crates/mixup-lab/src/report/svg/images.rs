//! Small grey images, each with its name.

use mixup_paper::Picture;

use super::canvas::{Anchor, Area, Canvas, LABEL, TICK};
use super::legend::Heading;

const WIDTH: f64 = 860.0;
const MARGIN: f64 = 16.0;
/// Images in a row.
const COLUMNS: usize = 7;
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
        let side = (WIDTH - 2.0 * MARGIN + GAP) / COLUMNS as f64 - GAP;
        let pixel = side / widest as f64;
        let heading = Heading::new(&self.title, "", [], WIDTH);
        let step = pixel * highest as f64 + TEXT;
        let rows = self.images.len().div_ceil(COLUMNS);
        let mut canvas = Canvas::new(WIDTH, heading.bottom() + step * rows as f64 + 4.0);
        heading.draw(&mut canvas);
        for (index, image) in self.images.iter().enumerate() {
            let left = MARGIN + (side + GAP) * (index % COLUMNS) as f64;
            let top = heading.bottom() + step * (index / COLUMNS) as f64;
            let bottom = top + pixel * image.picture.height as f64;
            canvas.group("panel", |canvas| {
                canvas.frame(Area { left, right: left + side, top, bottom });
                canvas.grey((left, top), pixel, image.picture.width(), &image.picture.levels);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_drawn_run_by_run() {
        let picture = Picture::new(0.5, 2, [0.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
        let image = NamedImage { name: "cutmix".to_owned(), note: "0.50".to_owned(), picture };
        let svg = Images { title: "Mixed".to_owned(), images: vec![image] }.render().unwrap();
        assert!(svg.contains(r##"<path d="M0 0.5h2M1 1.5h1" stroke="#000000"/>"##), "{svg}");
        assert!(svg.contains(r##"<path d="M2 0.5h1M0 1.5h1M2 1.5h1" stroke="#ffffff"/>"##), "{svg}");
        assert!(svg.contains("cutmix, 0.50"));
        assert_eq!(Images { title: String::new(), images: Vec::new() }.render(), None);
    }
}
