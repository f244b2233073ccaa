//! GridMix's mask: a grid of holes (as OpenMixup has it).

use ndarray::{Array2, s};
use rand::{Rng, RngExt};

use super::Mask;
use crate::CoreError;

/// What GridMix draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridMix {
    /// Share of the own image in the area of the grid, before rounding; the holes are the partner's.
    pub lambda: f64,
    /// Holes along the grid's width.
    pub holes: usize,
    /// Height of a cell of the grid over its width.
    pub hole_aspect: f64,
    /// Area of the grid over that of the image.
    pub cut_area: f64,
    /// Height of the grid over its width.
    pub cut_aspect: f64,
    /// Where the grid is, from 0 to 1: down, right.
    pub place: [f64; 2],
}

/// The grid in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Height and width of the grid, which may be more than the image's.
    pub cut: [usize; 2],
    /// Its first row and column; below 0 where it is larger than the image.
    pub start: [i64; 2],
    /// Height and width of a cell.
    cell: [usize; 2],
    /// Height and width of a hole.
    hole: [usize; 2],
    /// Cells along height and width.
    cells: [usize; 2],
}

impl GridMix {
    /// Draws as in every configuration of OpenMixup: 2 to 6 holes, square cells, half to all of the image's area, an
    /// aspect from 1/2 to 2.
    pub fn draw(lambda: f64, rng: &mut impl Rng) -> Self {
        Self {
            lambda,
            holes: rng.random_range(2..=6),
            hole_aspect: 1.0,
            cut_area: rng.random_range(0.5..1.0),
            cut_aspect: rng.random_range(0.5..2.0),
            place: [rng.random(), rng.random()],
        }
    }

    /// The grid in images of a size.
    ///
    /// # Errors
    /// Holes that are not two pixels wide, which the official code refuses, or cells without a height.
    pub fn grid(&self, [height, width]: [usize; 2]) -> Result<Grid, CoreError> {
        let area = ((height * width) as f64 * self.cut_area) as usize;
        let across = (area as f64 / self.cut_aspect).sqrt() as usize;
        let down = (across as f64 * self.cut_aspect) as usize;
        if self.holes == 0 || self.holes > across / 2 {
            return Err(CoreError::Invalid(format!(
                "GridMix: {} holes in {across} pixels: at most half as many",
                self.holes
            )));
        }
        let cell_width = across.div_ceil(self.holes);
        let cell_height = (cell_width as f64 * self.hole_aspect) as usize;
        if cell_height == 0 {
            return Err(CoreError::Invalid("GridMix: cells without a height".into()));
        }
        let part = (1.0 - self.lambda).max(0.0).sqrt();
        let hole = |cell: usize| ((cell as f64 * part) as usize).max(1).min(cell - 1);
        let start = |side: usize, cut: usize, at: f64| ((side as f64 - cut as f64) * at) as i64;
        Ok(Grid {
            cut: [down, across],
            start: [start(height, down, self.place[0]), start(width, across, self.place[1])],
            cell: [cell_height, cell_width],
            hole: [hole(cell_height), hole(cell_width)],
            cells: [down.div_ceil(cell_height), self.holes],
        })
    }

    /// The mask for all samples. Where the grid is larger than the image, a place below 0 counts from the other
    /// end, as in the official code: holes move or are lost.
    ///
    /// # Errors
    /// As [`Self::grid`], and images without a pixel.
    pub fn mask(&self, size: [usize; 2]) -> Result<Mask, CoreError> {
        let grid = self.grid(size)?;
        let mut own = Array2::ones((size[0], size[1]));
        for row in 0..=grid.cells[0] {
            for column in 0..=grid.cells[1] {
                let range = |axis: usize, cell: usize| {
                    let start = (grid.cell[axis] * cell).min(grid.cut[axis]);
                    let end = (start + grid.hole[axis]).min(grid.cut[axis]);
                    python_slice([start, end].map(|at| grid.start[axis] + at as i64), size[axis])
                };
                own.slice_mut(s![range(0, row), range(1, column)]).fill(0.0);
            }
        }
        Mask::shared(own)
    }
}

/// The places that `[start:end]` means in Python.
fn python_slice(bounds: [i64; 2], length: usize) -> std::ops::Range<usize> {
    let length = length as i64;
    let [start, end] = bounds.map(|at| if at < 0 { (at + length).max(0) } else { at.min(length) } as usize);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Streams;
    use proptest::prelude::*;

    const DRAWN: GridMix = GridMix {
        lambda: 0.75,
        holes: 2,
        hole_aspect: 1.0,
        cut_area: 1.0,
        cut_aspect: 1.0,
        place: [0.5, 0.5],
    };

    #[test]
    fn a_grid_by_hand() {
        // Cells of 4 pixels, holes of 2: every other row and column of two.
        let mask = DRAWN.mask([8, 8]).unwrap();
        for ((_, row, column), &own) in mask.values().indexed_iter() {
            assert_eq!(own == 0.0, row % 4 < 2 && column % 4 < 2, "{row} {column}");
        }
        assert_eq!(mask.values().sum() / 64.0, 0.75);
    }

    #[test]
    fn bounds_below_zero_count_from_the_end() {
        assert_eq!(python_slice([-2, 3], 8), 6..6);
        assert_eq!(python_slice([-3, -1], 8), 5..7);
        assert_eq!(python_slice([-20, -1], 8), 0..7);
        assert_eq!(python_slice([5, 20], 8), 5..8);
    }

    #[test]
    fn what_the_official_code_refuses_is_refused() {
        let message = GridMix { holes: 5, ..DRAWN }.mask([8, 8]).unwrap_err().to_string();
        assert!(message.contains("5 holes in 8 pixels"), "{message}");
        assert!(GridMix { holes: 0, ..DRAWN }.mask([8, 8]).is_err());
        assert!(GridMix { hole_aspect: 0.1, ..DRAWN }.mask([8, 8]).is_err());
    }

    proptest! {
        #[test]
        fn pixels_are_of_one_image_each(lambda in 0.0f64..=1.0, side in 24usize..40, seed: u64) {
            let streams = &mut Streams::new("grid", seed);
            let mask = GridMix::draw(lambda, streams.get("box")).mask([side, side]).unwrap();
            prop_assert!(mask.values().iter().all(|&own| own == 0.0 || own == 1.0));
        }
    }
}
