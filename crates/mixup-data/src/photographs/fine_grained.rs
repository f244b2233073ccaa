//! Sets whose classes are told apart finely, each in the split of its authors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{Lines, Photograph, Photographs, Row};
use crate::error::DataError;
use crate::mat::{Value, structures};

/// FGVC-Aircraft: the folder with `data/variants.txt`, `data/images_variant_trainval.txt` and
/// `data/images_variant_test.txt`, images below `data/images/`. Classes are the 100 variants, in the order of their list. The
/// band with the photographer's name below each image stays.
///
/// # Errors
/// As [`super::cub_200_2011`].
pub fn fgvc_aircraft(root: &Path) -> Result<Photographs, DataError> {
    let variants = Lines::read(root, "data/variants.txt")?;
    let variants: BTreeMap<&str, usize> = variants.text.lines().map(str::trim).zip(0..).collect();
    let part = |name: &str| {
        let rows = Lines::read(root, name)?.pairs()?.into_iter();
        rows.map(|row| {
            let class = variants.get(row.fields[1].as_str()).copied();
            let class =
                class.ok_or_else(|| row.wrong("has a variant that `data/variants.txt` does not have"))?;
            Ok(Photograph { path: format!("data/images/{}.jpg", row.fields[0]), class })
        })
        .collect::<Result<Vec<_>, DataError>>()
    };
    let train = part("data/images_variant_trainval.txt")?;
    let queries = part("data/images_variant_test.txt")?;
    Photographs { train, queries, gallery: Vec::new() }.present(root)
}

/// Butterfly-200: the folder with `Butterfly200_train_release.txt`, `Butterfly200_val_release.txt` and
/// `Butterfly200_test_release.txt`, images below `images_small/`. Lines have the image and the numbers, from 1, of its species,
/// genus, subfamily and family; classes are the species. The validation part belongs to the training part here.
///
/// # Errors
/// As [`super::cub_200_2011`].
pub fn butterfly_200(root: &Path) -> Result<Photographs, DataError> {
    let part = |name: &str| {
        let rows = Lines::read(root, &format!("Butterfly200_{name}_release.txt"))?.rows_from_behind(5)?;
        rows.into_iter()
            .map(|row| {
                Ok(Photograph { path: format!("images_small/{}", row.fields[0]), class: from_one(&row, 1)? })
            })
            .collect::<Result<Vec<_>, DataError>>()
    };
    let train = [part("train")?, part("val")?].concat();
    Photographs { train, queries: part("test")?, gallery: Vec::new() }.present(root)
}

/// A class that a list counts from 1.
fn from_one(row: &Row, field: usize) -> Result<usize, DataError> {
    row.number(field)?.checked_sub(1).ok_or_else(|| row.wrong("has the class 0"))
}

/// NABirds: the folder with `images.txt`, `image_class_labels.txt` and `train_test_split.txt`, images below `images/`. Numbers of
/// classes have gaps, for a hierarchy is numbered along; here the 555 that have images are counted in their order.
///
/// # Errors
/// As [`super::cub_200_2011`].
pub fn nabirds(root: &Path) -> Result<Photographs, DataError> {
    let table = |name: &str| -> Result<BTreeMap<String, usize>, DataError> {
        let rows = Lines::read(root, name)?.rows(0, 2)?.into_iter();
        rows.map(|row| Ok((row.fields[0].clone(), row.number(1)?))).collect()
    };
    let (classes, split) = (table("image_class_labels.txt")?, table("train_test_split.txt")?);
    let numbers: BTreeSet<usize> = classes.values().copied().collect();
    let numbers: BTreeMap<usize, usize> = numbers.into_iter().zip(0..).collect();
    let mut set = Photographs::default();
    for row in Lines::read(root, "images.txt")?.rows(0, 2)? {
        let number = classes.get(&row.fields[0]).ok_or_else(|| row.wrong("has an image without a class"))?;
        let part = match split.get(&row.fields[0]) {
            Some(1) => &mut set.train,
            Some(0) => &mut set.queries,
            _ => return Err(row.wrong("has an image that `train_test_split.txt` does not have")),
        };
        part.push(Photograph { path: format!("images/{}", row.fields[1]), class: numbers[number] });
    }
    set.present(root)
}

/// Stanford Cars: the folder with `devkit/cars_train_annos.mat` and `cars_test_annos_withlabels.mat`, images below
/// `cars_train/` and `cars_test/`. Both parts have all 196 classes. Cars196 of metric learning is all of it, its first 98
/// classes to train on.
///
/// # Errors
/// As [`super::cub_200_2011`], and [`DataError::Binary`] for a list that is no such MATLAB file.
pub fn stanford_cars(root: &Path) -> Result<Photographs, DataError> {
    let part = |name: &str, folder: &str| {
        let path = root.join(name);
        let bytes = fs::read(&path).map_err(|source| DataError::Read { path, source })?;
        let list = structures(name, &bytes)?;
        let column = |field: &str| {
            let at = list.fields.iter().position(|known| known == field);
            at.ok_or_else(|| DataError::binary(name, 0, format!("has no field `{field}`")))
        };
        let (class, image) = (column("class")?, column("fname")?);
        let photograph = |(at, row): (usize, &Vec<Value>)| match (&row[class], &row[image]) {
            (Value::Number(class), Value::Text(image)) if *class >= 1.0 && *class <= 196.0 => {
                Ok(Photograph { path: format!("{folder}/{image}"), class: *class as usize - 1 })
            }
            _ => Err(DataError::binary(
                name,
                0,
                format!("row {}: no class from 1 to 196 with an image", at + 1),
            )),
        };
        list.rows.iter().enumerate().map(photograph).collect::<Result<Vec<_>, DataError>>()
    };
    let train = part("devkit/cars_train_annos.mat", "cars_train")?;
    let queries = part("cars_test_annos_withlabels.mat", "cars_test")?;
    Photographs { train, queries, gallery: Vec::new() }.present(root)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, tree};
    use super::*;
    use crate::mat::tests::cars;

    const AIRCRAFT: [(&str, &str); 5] = [
        ("data/variants.txt", "707-320\nCessna 172\n"),
        ("data/images_variant_trainval.txt", "1025794 707-320\n0481847 Cessna 172\n"),
        ("data/images_variant_test.txt", "1514522 707-320\n"),
        ("data/images/1025794.jpg", ""),
        ("data/images/0481847.jpg", ""),
    ];

    #[test]
    fn aircraft_by_their_variants_which_may_have_spaces() {
        let all = [&AIRCRAFT[..], &[("data/images/1514522.jpg", "")]].concat();
        let set = fgvc_aircraft(tree(&all).path()).unwrap();
        assert_eq!(of(&set.train), [("data/images/1025794.jpg", 0), ("data/images/0481847.jpg", 1)]);
        assert_eq!(of(&set.queries), [("data/images/1514522.jpg", 0)]);
        let missing = fgvc_aircraft(tree(&AIRCRAFT).path()).unwrap_err().to_string();
        assert!(missing.contains("1514522.jpg"), "{missing}");
        let mut other = all;
        other[2].1 = "1514522 Spitfire\n";
        let error = fgvc_aircraft(tree(&other).path()).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("variants.txt"), "{error}");
    }

    #[test]
    fn butterflies_by_their_species() {
        let files = [
            ("Butterfly200_train_release.txt", "001.Atrophaneura_horishanus/001.jpg 1 1 1 1\n"),
            ("Butterfly200_val_release.txt", "002.Atrophaneura varuna/002.jpg 2 1 1 1\n"),
            ("Butterfly200_test_release.txt", "001.Atrophaneura_horishanus/003.jpg 1 1 1 1\n"),
            ("images_small/001.Atrophaneura_horishanus/001.jpg", ""),
            ("images_small/002.Atrophaneura varuna/002.jpg", ""),
            ("images_small/001.Atrophaneura_horishanus/003.jpg", ""),
        ];
        let set = butterfly_200(tree(&files).path()).unwrap();
        let first = "images_small/001.Atrophaneura_horishanus/001.jpg";
        assert_eq!(of(&set.train), [(first, 0), ("images_small/002.Atrophaneura varuna/002.jpg", 1)]);
        assert_eq!(of(&set.queries), [("images_small/001.Atrophaneura_horishanus/003.jpg", 0)]);
        let wrong = |line: &'static str| {
            let mut files = files;
            files[2].1 = line;
            butterfly_200(tree(&files).path()).unwrap_err().to_string()
        };
        assert!(wrong("a.jpg 0 1 1 1\n").contains("the class 0"));
        assert!(wrong("a.jpg 1 1 1\n").contains("4 fields"));
    }

    const BIRDS: [(&str, &str); 5] = [
        ("images.txt", "0000139e 0817/00.jpg\n0000d9fc 0860/01.jpg\n00019306 0860/02.jpg\n"),
        ("image_class_labels.txt", "0000139e 817\n0000d9fc 860\n00019306 860\n"),
        ("train_test_split.txt", "0000139e 1\n0000d9fc 1\n00019306 0\n"),
        ("images/0817/00.jpg", ""),
        ("images/0860/01.jpg", ""),
    ];

    #[test]
    fn birds_are_counted_without_the_gaps_of_their_numbers() {
        let all = [&BIRDS[..], &[("images/0860/02.jpg", "")]].concat();
        let set = nabirds(tree(&all).path()).unwrap();
        assert_eq!(of(&set.train), [("images/0817/00.jpg", 0), ("images/0860/01.jpg", 1)]);
        assert_eq!(of(&set.queries), [("images/0860/02.jpg", 1)]);
        let mut other = all.clone();
        other[2].1 = "0000139e 1\n0000d9fc 1\n";
        let error = nabirds(tree(&other).path()).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("train_test_split.txt"), "{error}");
        other = all;
        other[1].1 = "0000139e 817\n";
        assert!(nabirds(tree(&other).path()).unwrap_err().to_string().contains("without a class"));
    }

    #[test]
    fn cars_by_the_lists_of_the_devkit() {
        let images =
            [("cars_train/00001.jpg", ""), ("cars_train/00002.jpg", ""), ("cars_test/00001.jpg", "")];
        let write = |test: &[(u8, &str)]| {
            let root = tree(&images);
            fs::create_dir(root.path().join("devkit")).unwrap();
            let train = cars(&[(14, "00001.jpg"), (3, "00002.jpg")], true);
            fs::write(root.path().join("devkit/cars_train_annos.mat"), train).unwrap();
            fs::write(root.path().join("cars_test_annos_withlabels.mat"), cars(test, true)).unwrap();
            root
        };
        let set = stanford_cars(write(&[(196, "00001.jpg")]).path()).unwrap();
        assert_eq!(of(&set.train), [("cars_train/00001.jpg", 13), ("cars_train/00002.jpg", 2)]);
        assert_eq!(of(&set.queries), [("cars_test/00001.jpg", 195)]);
        let error = |test: &[(u8, &str)]| stanford_cars(write(test).path()).unwrap_err().to_string();
        assert!(error(&[(196, "00001.jpg"), (197, "00001.jpg")]).contains("row 2"));
        assert!(error(&[(1, "00009.jpg")]).contains("cars_test/00009.jpg"));
    }
}
