//! Where samples lie in the plane of the two largest principal components, in the tones of their labels.

use mixup_core::linalg::symmetric_eigen;
use mixup_paper::Picture;
use ndarray::{Array2, ArrayView2, Axis};

/// Pixels of a side.
pub(super) const SIDE: usize = 48;

/// Tone of the smallest label; where nothing is it is 0.
const DARKEST: f64 = 0.25;

/// A picture of samples: a pixel has the mean tone of the samples in it, from [`DARKEST`], the smallest label or the first class,
/// to 1. Below it stands the share of the variance that is in the plane.
pub(super) fn projected(features: ArrayView2<'_, f64>, labels: &[f64]) -> Picture {
    let (places, share) = in_plane(features);
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let within =
        |value: f64, (low, high): (f64, f64)| if high > low { (value - low) / (high - low) } else { 0.5 };
    let span = range(&mut labels.iter().copied());
    let sides = [0, 1].map(|axis| range(&mut places.column(axis).iter().copied()));
    let mut sums = vec![(0.0, 0.0); SIDE * SIDE];
    for (place, label) in places.rows().into_iter().zip(labels) {
        let [column, row] =
            [0, 1].map(|axis| ((within(place[axis], sides[axis]) * SIDE as f64) as usize).min(SIDE - 1));
        let pixel = &mut sums[row * SIDE + column];
        pixel.0 += DARKEST + (1.0 - DARKEST) * within(*label, span);
        pixel.1 += 1.0;
    }
    Picture::new(
        share,
        SIDE,
        sums.into_iter().map(|(sum, count)| if count > 0.0 { sum / count } else { 0.0 }),
    )
}

/// Samples in the plane of largest variance, `[samples, 2]`, and its share of the variance. The direction of an axis is that
/// in which its largest part is positive.
fn in_plane(features: ArrayView2<'_, f64>) -> (Array2<f64>, f64) {
    let centred = match features.mean_axis(Axis(0)) {
        Some(mean) => &features - &mean,
        None => return (Array2::zeros((0, 2)), f64::NAN),
    };
    let (values, vectors) = symmetric_eigen(&centred.t().dot(&centred));
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    order.truncate(2);
    let mut places = Array2::zeros((features.nrows(), 2));
    for (axis, component) in order.iter().enumerate() {
        let along = vectors.column(*component);
        let largest =
            along.iter().fold(0.0, |most: f64, part| if part.abs() > most.abs() { *part } else { most });
        places.column_mut(axis).assign(&(centred.dot(&along) * largest.signum()));
    }
    let share = order.iter().map(|component| values[*component]).sum::<f64>() / values.iter().sum::<f64>();
    (places, share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_rise_along_the_largest_component() {
        let along = |row: usize| row as f64 / 99.0;
        // Two lines beside each other, far longer than they are apart.
        let features =
            Array2::from_shape_fn((100, 3), |(row, axis)| [30.0 * along(row), (row % 2) as f64, 4.0][axis]);
        let labels: Vec<f64> = (0..100).map(|row| 90.0 * along(row)).collect();
        let picture = projected(features.view(), &labels);
        assert!((picture.share - 1.0).abs() < 1e-9);
        let lines = picture.levels.chunks(SIDE).map(|line| line.iter().copied().filter(|level| *level > 0));
        let lines: Vec<Vec<u8>> =
            lines.map(Iterator::collect).filter(|line: &Vec<u8>| !line.is_empty()).collect();
        assert!(lines.iter().all(|line| line.is_sorted()), "{lines:?}");
        assert!(lines.len() > 1 && lines.concat().contains(&15) && lines.concat().contains(&4), "{lines:?}");
    }

    #[test]
    fn one_place_is_one_pixel() {
        let picture = projected(Array2::ones((5, 2)).view(), &[1.0; 5]);
        assert_eq!(picture.levels.iter().filter(|level| **level > 0).count(), 1);
    }
}
