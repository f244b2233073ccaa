//! Small grey pictures as points: what a run keeps of an image that a figure shows.

/// A picture of 16 grey values.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What stands below it: of a mixed image the share of the first of its two originals.
    pub share: f64,
    /// Pixels of a column.
    pub height: usize,
    /// From 0, black, to 15, white; row by row.
    pub levels: Vec<u8>,
}

/// Grey values.
const LEVELS: u32 = 16;
/// Pixels in one number: 16 values to the fourth are five digits, which is what results/ keeps of a point.
const PACKED: usize = 4;

impl Picture {
    /// A picture of values from 0, black, to 1, white.
    pub fn new(share: f64, height: usize, grey: impl IntoIterator<Item = f64>) -> Self {
        let level = |value: f64| (value.clamp(0.0, 1.0) * f64::from(LEVELS - 1)).round() as u8;
        Self { share, height, levels: grey.into_iter().map(level).collect() }
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.levels.len().checked_div(self.height).unwrap_or(0)
    }

    /// Pictures as points, one behind the other: height and width, share and number of further points, and the
    /// pixels, four in a number.
    pub fn to_points(pictures: &[Self]) -> Vec<[f64; 2]> {
        pictures.iter().flat_map(Self::points).collect()
    }

    fn points(&self) -> Vec<[f64; 2]> {
        let number = |levels: &[u8]| {
            let digits = levels.iter().rev().fold(0, |sum, &level| sum * LEVELS + u32::from(level));
            f64::from(digits)
        };
        let numbers: Vec<f64> = self.levels.chunks(PACKED).map(number).collect();
        let pixels = numbers.chunks(2).map(|pair| [pair[0], pair.get(1).copied().unwrap_or(0.0)]);
        let pixels: Vec<[f64; 2]> = pixels.collect();
        let mut points = vec![[self.height as f64, self.width() as f64], [self.share, pixels.len() as f64]];
        points.extend(pixels);
        points
    }

    /// The pictures of [`Self::to_points`]; none where the points are of something else.
    pub fn from_points(mut points: &[[f64; 2]]) -> Option<Vec<Self>> {
        let mut pictures = Vec::new();
        while let [[height, width], [share, count], rest @ ..] = points {
            let (packed, behind) = rest.split_at_checked(*count as usize)?;
            let numbers = packed.as_flattened().iter();
            let digits = |number: &f64| {
                (0..PACKED as u32)
                    .map(|place| *number as u32 / LEVELS.pow(place) % LEVELS)
                    .collect::<Vec<_>>()
            };
            let mut levels: Vec<u8> = numbers.flat_map(digits).map(|level| level as u8).collect();
            let pixels = (*height * *width) as usize;
            if levels.len() < pixels || pixels == 0 {
                return None;
            }
            levels.truncate(pixels);
            pictures.push(Self { share: *share, height: *height as usize, levels });
            points = behind;
        }
        points.is_empty().then_some(pictures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_points_and_pictures_again() {
        let picture = |share, height, width: usize| {
            Picture::new(share, height, (0..height * width).map(|at| at as f64 % 7.0 / 6.0))
        };
        let pictures = [picture(0.25, 1, 1), picture(0.5, 3, 5), picture(1.0, 4, 8)];
        let points = Picture::to_points(&pictures);
        assert!(points.as_flattened().iter().all(|number| *number < 65_536.0));
        assert_eq!(Picture::from_points(&points).unwrap(), pictures);
        assert_eq!(pictures[1].width(), 5);
        assert_eq!(Picture::new(0.0, 1, [-1.0, 0.0, 0.5, 1.0, 2.0]).levels, [0, 0, 8, 15, 15]);
        assert_eq!(Picture::from_points(&points[..points.len() - 1]), None);
        assert_eq!(Picture::from_points(&[[0.3, 0.4], [0.1, 0.0]]), None);
    }
}
