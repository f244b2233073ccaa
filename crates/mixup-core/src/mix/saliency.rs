//! Where an image stands out: OpenCV's static fine-grained saliency, which SaliencyMix asks (Uddin et al. 2021).

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// What the detector is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grey {
    /// Bytes, as it is made for: an image's grey values from its darkest to its brightest.
    #[default]
    Bytes,
    /// Normalised floats, as OpenMixup does. The detector takes the bytes of the floats of the first quarter of a row
    /// for the row's grey values, and compares them with means of floats.
    Floats,
}

/// Half sides of the neighbourhoods that a pixel is compared with.
const NEIGHBOURHOODS: [usize; 6] = [12, 24, 48, 28, 56, 112];

/// How much each pixel differs from its neighbourhoods, brighter or darker, from 0 to 1 in 256 steps.
///
/// # Shapes
/// - `grey`, returned: `[height, width]`
pub fn fine_grained_saliency(grey: ArrayView2<'_, f64>, given: Grey) -> Array2<f64> {
    let (image, centres) = match given {
        Grey::Bytes => {
            let bytes = blurred(&blurred(&as_bytes(grey)));
            (bytes.clone(), bytes)
        }
        Grey::Floats => {
            let floats = blurred_in_f32(&blurred_in_f32(&grey.to_owned()));
            let centres = bytes_of_floats(&floats);
            (floats, centres)
        }
    };
    let sums = integral(&image);
    let [mut brighter, mut darker] = [0, 1].map(|_| Array2::<f64>::zeros(image.raw_dim()));
    for reach in NEIGHBOURHOODS {
        for ((row, column), &centre) in centres.indexed_iter() {
            let difference = centre - surround(&sums, [row, column], reach, centre);
            brighter[[row, column]] += byte(difference);
            darker[[row, column]] += byte(-difference);
        }
    }
    let largest = |map: &Array2<f64>| map.fold(0.0, |a: f64, &b| a.max(b));
    for map in [&mut brighter, &mut darker] {
        let largest = largest(map);
        map.mapv_inplace(|value| byte(255.0 * value / largest));
    }
    let largest = largest(&brighter).max(largest(&darker));
    let both = brighter + darker;
    both.mapv(|value| byte(255.0 * value / largest) / 255.0)
}

/// The byte that C++ makes of a number: without what is behind the point, 0 of less than 0, and anew from 0 behind 255,
/// which misread floats and a pixel that is brighter and darker than its neighbourhoods can reach.
fn byte(value: f64) -> f64 {
    f64::from(value as u32 as u8)
}

/// From the darkest value to the brightest, 0 to 255.
fn as_bytes(grey: ArrayView2<'_, f64>) -> Array2<f64> {
    let darkest = grey.fold(f64::INFINITY, |a, &b| a.min(b));
    let range = grey.fold(f64::NEG_INFINITY, |a, &b| a.max(b)) - darkest;
    let scale = if range > 0.0 { 255.0 / range } else { 0.0 };
    grey.mapv(|value| ((value - darkest) * scale).round())
}

/// The byte `column` of each row of little-endian f32 numbers.
fn bytes_of_floats(floats: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(floats.raw_dim(), |(row, column)| {
        let bytes = (floats[[row, column / 4]] as f32).to_le_bytes();
        f64::from(bytes[column % 4])
    })
}

/// A 3x3 Gaussian of bytes, (1 2 1) / 4 along each axis, rounded at the end.
fn blurred(image: &Array2<f64>) -> Array2<f64> {
    let (height, width) = image.dim();
    Array2::from_shape_fn((height, width), |(row, column)| {
        let mut sum = 0.0;
        for (row, down) in near(row, height).into_iter().zip([1.0, 2.0, 1.0]) {
            for (column, across) in near(column, width).into_iter().zip([1.0, 2.0, 1.0]) {
                sum += down * across * image[[row, column]];
            }
        }
        (sum / 16.0f64).round()
    })
}

/// The same of floats, as OpenCV adds them: along rows and then columns, in f32. The last bits count, because they are
/// read as grey values.
fn blurred_in_f32(image: &Array2<f64>) -> Array2<f64> {
    let (height, width) = image.dim();
    let weighted = |three: [f64; 3]| {
        let [before, at, after] = three.map(|value| value as f32);
        f64::from((before + after) * 0.25 + at * 0.5)
    };
    let across = Array2::from_shape_fn((height, width), |(row, column)| {
        weighted(near(column, width).map(|column| image[[row, column]]))
    });
    Array2::from_shape_fn((height, width), |(row, column)| {
        weighted(near(row, height).map(|row| across[[row, column]]))
    })
}

/// A place and its neighbours, mirrored at the edges without them.
fn near(at: usize, length: usize) -> [usize; 3] {
    let before = if at == 0 { 1.min(length - 1) } else { at - 1 };
    let after = if at + 1 == length { length.saturating_sub(2) } else { at + 1 };
    [before, at, after]
}

/// `[height + 1, width + 1]`: sums of all that is above and to the left.
fn integral(image: &Array2<f64>) -> Array2<f64> {
    let (height, width) = image.dim();
    let mut sums = Array2::zeros((height + 1, width + 1));
    for ((row, column), value) in image.indexed_iter() {
        sums[[row + 1, column + 1]] =
            value + sums[[row, column + 1]] + sums[[row + 1, column]] - sums[[row, column]];
    }
    sums
}

/// The mean round a pixel without the pixel itself.
fn surround(sums: &Array2<f64>, [row, column]: [usize; 2], reach: usize, centre: f64) -> f64 {
    let bounds = |at: usize, length: usize| [(at + 1).saturating_sub(reach), (at + reach + 1).min(length)];
    let ([top, bottom], [left, right]) = (bounds(row, sums.nrows() - 1), bounds(column, sums.ncols() - 1));
    let sum = sums[[bottom, right]] - sums[[top, right]] - sums[[bottom, left]] + sums[[top, left]];
    (sum - centre) / ((bottom - top) * (right - left)).saturating_sub(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::peak;
    use crate::stream::Streams;
    use rand::RngExt;

    /// How often the peak is in a bright square of 8 on noise, of 300 images of 32 x 32.
    fn found(given: Grey) -> usize {
        let mut streams = Streams::new("saliency", 0);
        let rng = streams.get("image");
        let seen = (0..300).filter(|_| {
            let [down, across]: [usize; 2] = [0, 1].map(|_| rng.random_range(0..24));
            let inside = |row: usize, column: usize| {
                (down..down + 8).contains(&row) && (across..across + 8).contains(&column)
            };
            let image = Array2::from_shape_fn((32, 32), |(row, column)| {
                rng.random_range(0.0..0.5) + if inside(row, column) { 0.5 } else { 0.0 }
            });
            let [row, column] = peak(fine_grained_saliency(image.view(), given).view()).unwrap();
            inside(row, column)
        });
        seen.count()
    }

    #[test]
    fn bytes_show_what_stands_out_and_misread_floats_do_not() {
        let (bytes, floats) = (found(Grey::Bytes), found(Grey::Floats));
        // The square is a sixteenth of the image.
        assert!(bytes > 150 && floats < 60, "{bytes} {floats}");
    }

    #[test]
    fn small_and_even_images_have_a_map() {
        for size in [(1, 1), (1, 3), (2, 2)] {
            for given in [Grey::Bytes, Grey::Floats] {
                let map = fine_grained_saliency(Array2::from_elem(size, 0.5).view(), given);
                assert!(map.iter().all(|value| (0.0..=1.0).contains(value)), "{map}");
            }
        }
    }

    #[test]
    fn maps_are_those_of_opencv() {
        // opencv-contrib-python-headless 5.0.0, computed for this test.
        let mut image = Array2::from_shape_fn((9, 8), |(row, column)| {
            ((row * 37 + column * 91 + row * column * 13) % 256) as f64
        });
        (image[[0, 0]], image[[0, 1]]) = (0.0, 255.0);
        let levels = |image: &Array2<f64>, given| -> Vec<u8> {
            fine_grained_saliency(image.view(), given)
                .iter()
                .map(|value| (value * 255.0).round() as u8)
                .collect()
        };
        assert_eq!(levels(&image, Grey::Bytes), BYTES);
        let normalised = image.mapv(|value| f64::from(value as f32 / 255.0 - 0.5));
        assert_eq!(levels(&normalised, Grey::Floats), FLOATS);
    }

    #[rustfmt::skip]
    const BYTES: [u8; 72] = [
        104, 32, 90, 81, 231, 243, 173, 104,
        81, 24, 65, 69, 220, 255, 197, 127,
        23, 16, 49, 0, 104, 150, 115, 69,
        0, 8, 41, 41, 32, 49, 90, 115,
        69, 23, 24, 32, 32, 98, 205, 255,
        57, 34, 0, 11, 57, 8, 164, 238,
        23, 46, 69, 81, 92, 34, 90, 172,
        57, 57, 104, 139, 57, 32, 106, 156,
        92, 46, 92, 173, 46, 90, 148, 156,
    ];

    #[rustfmt::skip]
    const FLOATS: [u8; 72] = [
        175, 167, 36, 60, 136, 134, 134, 61,
        1, 250, 119, 60, 49, 47, 112, 61,
        155, 153, 22, 61, 176, 173, 107, 61,
        182, 179, 48, 61, 228, 224, 93, 61,
        193, 187, 187, 60, 156, 153, 22, 61,
        217, 211, 211, 60, 134, 130, 0, 61,
        155, 151, 20, 61, 255, 248, 248, 60,
        205, 200, 200, 60, 95, 91, 222, 60,
        246, 240, 109, 60, 237, 233, 233, 60,
    ];

    #[test]
    fn a_blur_keeps_an_even_image_and_spreads_a_point() {
        let even = Array2::from_elem((3, 4), 7.0);
        assert_eq!(blurred(&even), even);
        assert_eq!(blurred_in_f32(&even), even);
        let mut point = Array2::zeros((3, 3));
        point[[0, 1]] = 16.0;
        for spread in [blurred(&point), blurred_in_f32(&point)] {
            // The edge is no mirror of itself: row 1 sees row 0 once.
            assert_eq!(spread.row(0).to_vec(), [4.0, 4.0, 4.0]);
            assert_eq!(spread.row(1).to_vec(), [2.0, 2.0, 2.0]);
        }
    }
}
