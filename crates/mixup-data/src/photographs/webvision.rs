//! WebVision 1.0 as a pool of outliers for fine-grained sets: photographs that search engines found for ImageNet's classes, without
//! the classes of what those sets show.

use std::path::Path;

use super::{Lines, Photograph, Photographs};
use crate::error::DataError;

/// ImageNet's classes that are left out, as ranges of WordNet numbers: dogs and wild dogs, all birds, butterflies, aircraft, and
/// the vehicles on wheels. Ranges hold no class of ImageNet-1k beside these.
const LEFT_OUT: [(u32, u32); 6] = [
    (2_085_620, 2_116_738),
    (1_514_668, 1_622_779),
    (1_795_545, 1_860_187),
    (2_002_556, 2_058_221),
    (2_276_258, 2_281_787),
    (2_690_373, 2_692_877),
];

/// Classes of vehicles on wheels, and the balloon, which is an aircraft.
const VEHICLES: [u32; 44] = [
    2_701_002, 2_704_792, 2_782_093, 2_797_295, 2_814_533, 2_835_271, 2_930_766, 3_100_240, 3_272_562,
    3_345_487, 3_384_352, 3_393_912, 3_417_042, 3_444_034, 3_445_924, 3_478_589, 3_538_406, 3_594_945,
    3_599_486, 3_670_208, 3_770_679, 3_777_568, 3_785_016, 3_791_053, 3_792_782, 3_796_401, 3_868_242,
    3_895_866, 3_930_630, 3_977_966, 4_037_443, 4_065_272, 4_204_347, 4_252_077, 4_252_225, 4_285_008,
    4_310_018, 4_335_435, 4_389_033, 4_461_696, 4_465_501, 4_467_665, 4_482_393, 4_509_417,
];

/// Whether photographs of a class may be outliers: `n02085620` is a breed of dogs and may not.
fn is_outlier(name: &str) -> Option<bool> {
    let number: u32 = name.strip_prefix('n')?.parse().ok()?;
    let left_out = LEFT_OUT.iter().any(|(first, last)| (*first..=*last).contains(&number));
    Some(!left_out && !VEHICLES.contains(&number))
}

/// WebVision 1.0: the folder with `info/synsets.txt`, `info/train_filelist_google.txt` and
/// `info/train_filelist_flickr.txt`, photographs below `google/` and `flickr/` in their resized form. Only the training part,
/// without the classes of dogs, birds, butterflies, aircraft and vehicles; whether every one of its two million photographs is
/// there is seen when it is decoded.
///
/// # Errors
/// [`DataError::Read`] for a list that is not there, [`DataError::Member`] for a line that is not as it should be.
pub fn webvision(root: &Path) -> Result<Photographs, DataError> {
    let synsets = Lines::read(root, "info/synsets.txt")?.pairs()?;
    let mut kept = Vec::with_capacity(synsets.len());
    for row in &synsets {
        kept.push(is_outlier(&row.fields[0]).ok_or_else(|| row.wrong("begins with no WordNet number"))?);
    }
    let mut train = Vec::new();
    for name in ["info/train_filelist_google.txt", "info/train_filelist_flickr.txt"] {
        for row in Lines::read(root, name)?.rows(0, 2)? {
            let class = row.number(1)?;
            match kept.get(class) {
                Some(true) => train.push(Photograph { path: row.fields[0].clone(), class }),
                Some(false) => {}
                None => return Err(row.wrong("has a class that `info/synsets.txt` does not have")),
            }
        }
    }
    Ok(Photographs { train, queries: Vec::new(), gallery: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, tree};
    use super::*;

    const FILES: [(&str, &str); 3] = [
        (
            "info/synsets.txt",
            "n01440764 tench, Tinca tinca\nn01514668 cock\nn02085620 Chihuahua\nn04285008 sports car, sport car\nn07747607 orange\n",
        ),
        (
            "info/train_filelist_google.txt",
            "google/q0001/a.jpg 0\ngoogle/q0002/b.jpg 1\ngoogle/q0003/c.jpg 2\n",
        ),
        ("info/train_filelist_flickr.txt", "flickr/q0004/d.jpg 3\nflickr/q0005/e.jpg 4\n"),
    ];

    #[test]
    fn what_fine_grained_sets_show_is_no_outlier() {
        let set = webvision(tree(&FILES).path()).unwrap();
        assert_eq!(of(&set.train), [("google/q0001/a.jpg", 0), ("flickr/q0005/e.jpg", 4)]);
        assert!(set.queries.is_empty());
        // Neighbours of the ranges stay: a ray, a tusker, a hyena, a grasshopper's kin, the aircraft carrier.
        for name in ["n01496331", "n01871265", "n02117135", "n02319095", "n02687172"] {
            assert_eq!(is_outlier(name), Some(true), "{name}");
        }
        let sorted = VEHICLES.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(sorted);
    }

    #[test]
    fn lists_that_do_not_agree_are_refused() {
        let error = |at: usize, text: &'static str| {
            let mut files = FILES;
            files[at].1 = text;
            webvision(tree(&files).path()).unwrap_err().to_string()
        };
        assert!(error(2, "flickr/q0004/d.jpg 5\n").contains("synsets.txt"));
        assert!(error(0, "tench\n").contains("1 fields"));
        assert!(error(0, "tench fish\n").contains("no WordNet number"));
    }
}
