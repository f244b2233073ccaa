//! Sixteen channels side by side: image planes of `[channel, row, column]` turned to
//! `[row, column, 16 channels]`, so that loops over tiles vectorise whatever the size of an image.

use crate::transpose::{Grid, from_lanes, to_lanes};

/// Channels of a block.
pub(crate) const WIDTH: usize = 16;

/// One pixel of a block.
pub(crate) type Lanes = [f32; WIDTH];

#[inline(always)]
pub(crate) fn add(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] + b[lane])
}

#[inline(always)]
pub(crate) fn sub(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] - b[lane])
}

/// The lanes that begin at `at`.
#[inline(always)]
pub(crate) fn load(values: &[f32], at: usize) -> Lanes {
    let mut lanes = [0.0; WIDTH];
    lanes.copy_from_slice(&values[at..at + WIDTH]);
    lanes
}

#[inline(always)]
pub(crate) fn store(values: &mut [f32], at: usize, lanes: Lanes) {
    values[at..at + WIDTH].copy_from_slice(&lanes);
}

/// Channels with those that fill the last block.
pub(crate) fn blocks(channels: usize) -> usize {
    channels.next_multiple_of(WIDTH)
}

/// The bias of a block of outputs, zero where there is none.
#[inline(always)]
pub(crate) fn bias_lanes(bias: Option<&[f32]>, block: usize) -> Lanes {
    let bias = bias.and_then(|bias| bias.get(block * WIDTH..)).unwrap_or_default();
    std::array::from_fn(|lane| bias.get(lane).copied().unwrap_or(0.0))
}

/// Where an image stands in a padded plane of lanes.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    /// Rows and columns of the image.
    pub size: [usize; 2],
    /// Rows above it and columns left of it.
    pub before: [usize; 2],
    /// Rows and columns of the plane; what of the image does not fit is left out.
    pub plane: [usize; 2],
}

impl Window {
    /// Values of the plane.
    pub fn len(&self) -> usize {
        self.plane[0] * self.plane[1] * WIDTH
    }

    /// Where the lanes of a pixel of the plane begin.
    #[inline(always)]
    pub fn at(&self, row: usize, col: usize) -> usize {
        (row * self.plane[1] + col) * WIDTH
    }

    /// Some columns of `N` rows from a pixel on, each apart: where it ends is then asked once for all of it.
    #[inline(always)]
    pub fn lines<'a, const N: usize>(
        &self,
        plane: &'a [f32],
        row: usize,
        col: usize,
        columns: usize,
    ) -> [&'a [f32]; N] {
        let mut lines = [&plane[..0]; N];
        for (line, values) in lines.iter_mut().enumerate() {
            *values = &plane[self.at(row + line, col)..][..columns * WIDTH];
        }
        lines
    }

    /// Rows and columns of the image that the plane holds.
    fn held(&self) -> [usize; 2] {
        std::array::from_fn(|axis| self.size[axis].min(self.plane[axis].saturating_sub(self.before[axis])))
    }

    /// Where the image's pixels are in the plane.
    fn grid(&self, held: [usize; 2]) -> Grid {
        let [top, left] = self.before;
        Grid { start: self.at(top, left), of_row: self.at(1, 0), of_col: WIDTH, held }
    }

    /// Up to 16 images of `[row, column]` to a plane of lanes, zero around them and in unused lanes.
    #[inline(always)]
    pub fn interleave(&self, images: &[f32], plane: &mut [f32]) {
        let held = self.held();
        self.clear_around(held, plane);
        to_lanes(images, self.size, plane, self.grid(held));
    }

    /// Zero where the plane is not covered by the image.
    #[inline(always)]
    fn clear_around(&self, [rows, cols]: [usize; 2], plane: &mut [f32]) {
        let [top, left] = [0, 1].map(|axis| self.before[axis].min(self.plane[axis]));
        plane[..self.at(top, 0)].fill(0.0);
        plane[self.at(top + rows, 0)..self.len()].fill(0.0);
        if cols < self.plane[1] {
            for row in top..top + rows {
                plane[self.at(row, 0)..self.at(row, left)].fill(0.0);
                plane[self.at(row, left + cols)..self.at(row + 1, 0)].fill(0.0);
            }
        }
    }

    /// The inverse of [`Self::interleave`]; zero where the plane does not reach.
    #[inline(always)]
    pub fn separate(&self, plane: &[f32], images: &mut [f32]) {
        from_lanes(plane, self.grid(self.held()), images, self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_come_back_out_of_a_plane_that_holds_them() {
        let window = Window { size: [2, 3], before: [1, 2], plane: [4, 6] };
        let images: Vec<f32> = (1..=18).map(|v| v as f32).collect();
        let mut plane = vec![7.0; window.len()];
        window.interleave(&images, &mut plane);
        assert_eq!(plane.iter().sum::<f32>(), images.iter().sum::<f32>());
        assert_eq!(load(&plane, (6 + 2) * WIDTH)[..4], [1.0, 7.0, 13.0, 0.0]);
        let mut back = vec![0.0; 18];
        window.separate(&plane, &mut back);
        assert_eq!(back, images);
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let window = Window { size: [2, 2], before: [0, 1], plane: [1, 2] };
        let mut plane = vec![0.0; window.len()];
        window.interleave(&[1.0, 2.0, 3.0, 4.0], &mut plane);
        assert_eq!((load(&plane, 0)[0], load(&plane, WIDTH)[0]), (0.0, 1.0));
        let beside = Window { size: [2, 2], before: [0, 3], plane: [2, 1] };
        let mut plane = vec![7.0; beside.len()];
        beside.interleave(&[1.0, 2.0, 3.0, 4.0], &mut plane);
        assert!(plane.iter().all(|&v| v == 0.0));
    }
}
