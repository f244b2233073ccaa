//! Every parser of image files on damaged files and on random bytes: an error that names the file, or
//! images that are as the layout says; never a panic. `PROPTEST_CASES` is the number of cases of each
//! property (256 when it is not set).
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod common;

use std::sync::LazyLock;

use common::drawings;
use common::images::{
    ANNOTATIONS, CIFAR_10, CIFAR_100, JPEG_10, TINY, cifar_members, grey_jpeg, gzip, jpeg, jpeg_10_members,
    records, tar, tiny_members, zip,
};
use mixup_data::{
    DataError, ImageLayout, ImageSet, LabelledImages, cifar10_jpeg, decoded, idx, omniglot, tiny_imagenet,
};
use proptest::prelude::*;
use proptest::sample::Index;

/// Damage that files meet, and damage that only a fuzzer thinks of.
#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    /// A number that is too large, too small, or just off, in either byte order.
    Number(Index, u32, bool),
}

fn damage() -> impl Strategy<Value = Damage> {
    let numbers = prop_oneof![Just(0), Just(1), Just(u32::MAX), Just(1 << 31), Just(0xffff), any::<u32>()];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, value)| Damage::Set(at, value)),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<Index>(), 1..50_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (any::<Index>(), 1..50_usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
        (any::<Index>(), numbers, any::<bool>())
            .prop_map(|(at, number, big)| Damage::Number(at, number, big)),
    ]
}

fn apply(file: &mut Vec<u8>, damage: &Damage) {
    if file.is_empty() {
        return;
    }
    let length = file.len();
    match damage {
        Damage::Set(at, value) => file[at.index(length)] = *value,
        Damage::Flip(at, bit) => file[at.index(length)] ^= 1 << bit,
        Damage::Cut(at) => file.truncate(at.index(length)),
        Damage::Insert(at, bytes) => drop(file.splice(at.index(length)..at.index(length), bytes.clone())),
        Damage::Remove(at, count) => {
            drop(file.drain(at.index(length)..(at.index(length) + count).min(length)))
        }
        Damage::Repeat(at, count) => {
            let slice = file[at.index(length)..(at.index(length) + count).min(length)].to_vec();
            drop(file.splice(at.index(length)..at.index(length), slice));
        }
        Damage::Number(at, number, big) => {
            let bytes = if *big { number.to_be_bytes() } else { number.to_le_bytes() };
            for (place, byte) in file[at.index(length)..].iter_mut().zip(bytes) {
                *place = byte;
            }
        }
    }
}

/// One of the `bases`, damaged in a few places; now and then random bytes.
fn damaged(bases: &'static [Vec<u8>]) -> impl Strategy<Value = Vec<u8>> {
    let structured = (any::<Index>(), prop::collection::vec(damage(), 0..5)).prop_map(|(base, damages)| {
        let mut file = base.get(bases).clone();
        damages.iter().for_each(|damage| apply(&mut file, damage));
        file
    });
    prop_oneof![15 => structured, 1 => prop::collection::vec(any::<u8>(), 0..300)]
}

fn check_images(images: &LabelledImages, layout: &ImageLayout, count: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(images.len(), count);
    prop_assert_eq!(images.pixels.len(), count * layout.channels * layout.height * layout.width);
    prop_assert!(images.labels.iter().all(|&label| label < layout.classes));
    Ok(())
}

fn check_set(outcome: Result<ImageSet, DataError>, layout: &ImageLayout) -> Result<(), TestCaseError> {
    match outcome {
        Ok(set) => {
            check_images(&set.train, layout, layout.train)?;
            check_images(&set.test, layout, layout.test)
        }
        Err(error) => {
            prop_assert!(error.to_string().starts_with("FILE, "), "{}", error);
            Ok(())
        }
    }
}

/// The other archive is whole.
fn check_drawings(archive: &[u8]) -> Result<(), TestCaseError> {
    match omniglot::parse(&[("FILE", archive), ("FILE", &DRAWINGS[1])], &drawings::LAYOUT) {
        Ok(set) => {
            prop_assert!(set.images.len() == 6 && set.images.pixels.len() == 6 * 81);
            prop_assert!(set.alphabets.len() == 6 && set.drawers.len() == 6);
            Ok(())
        }
        Err(error) => {
            prop_assert!(error.to_string().starts_with("FILE, "), "{}", error);
            Ok(())
        }
    }
}

fn idx_file(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let sizes = sizes.iter().flat_map(|size| size.to_be_bytes()).collect::<Vec<_>>();
    [&[0, 0, 8, sizes.len() as u8 / 4][..], &sizes, values].concat()
}

static IDX_IMAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let plain = idx_file(&[3, 2, 2], &[9; 12]);
    vec![gzip(&plain), plain]
});
static IDX_LABELS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let plain = idx_file(&[3], &[0, 1, 9]);
    vec![gzip(&plain), plain]
});
static RECORDS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| vec![records(&CIFAR_10, 2), records(&CIFAR_100, 2)]);
static TARS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| [CIFAR_10, CIFAR_100].map(|layout| tar(&cifar_members(&layout))).to_vec());
static PACKED_TARS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| TARS.iter().map(|tar| gzip(tar)).collect());
static TABLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| vec![ANNOTATIONS.as_bytes().to_vec()]);
static JPEGS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| vec![jpeg(8, [200, 100, 50]), grey_jpeg(8, 100), jpeg(16, [0, 0, 250])]);
static JPEG_ZIPS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| vec![zip(&jpeg_10_members())]);
static TINY_ZIPS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| vec![zip(&tiny_members())]);
static PNGS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| vec![drawings::png(9, |row, column| row > column), drawings::png(9, |_, _| false)]);
static DRAWINGS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| drawings::archives().map(|members| zip(&members)).to_vec());
static DECODED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let set = CIFAR_10.unpack("FILE", &PACKED_TARS[0][..]).unwrap();
    let mut file = Vec::new();
    decoded::write(&mut file, IDENTITY, &set, &CIFAR_10.images).unwrap();
    vec![file]
});

const IDENTITY: &str = "0123456789abcdef";

proptest! {
    #[test]
    fn idx(images in damaged(&IDX_IMAGES), labels in damaged(&IDX_LABELS)) {
        let layout = ImageLayout { train: 3, test: 0, channels: 1, height: 2, width: 2, classes: 10 };
        match idx::labelled_images([3, 2, 2], 10, ("FILE", &images), ("FILE", &labels)) {
            Ok(images) => check_images(&images, &layout, 3)?,
            Err(error) => prop_assert!(error.to_string().starts_with("FILE, offset "), "{}", error),
        }
    }

    #[test]
    fn cifar_records(file in damaged(&RECORDS)) {
        for layout in [CIFAR_10, CIFAR_100] {
            match layout.parse("FILE", "member", &file, 2) {
                Ok(images) => check_images(&images, &layout.images, 2)?,
                Err(error) => prop_assert!(error.to_string().starts_with("FILE, member member: offset ")),
            }
        }
    }

    #[test]
    fn cifar_archives(tar in damaged(&TARS), packed in damaged(&PACKED_TARS)) {
        for layout in [CIFAR_10, CIFAR_100] {
            check_set(layout.unpack("FILE", &packed[..]), &layout.images)?;
            check_set(layout.unpack("FILE", &gzip(&tar)[..]), &layout.images)?;
        }
    }

    #[test]
    fn annotations(table in damaged(&TABLES)) {
        let classes = [("n01".to_owned(), 0), ("n02".to_owned(), 1)].into();
        match tiny_imagenet::annotations("FILE", &table, &classes, 2) {
            Ok(labels) => prop_assert!(labels.len() == 2 && labels.iter().all(|(_, label)| *label < 2)),
            Err(error) => prop_assert!(error.to_string().starts_with("FILE, member "), "{}", error),
        }
    }

    #[test]
    fn jpeg_archives(archive in damaged(&JPEG_ZIPS)) {
        check_set(cifar10_jpeg::parse("FILE", &archive, &JPEG_10), &JPEG_10)?;
    }

    #[test]
    fn tiny_imagenet_archives(archive in damaged(&TINY_ZIPS)) {
        check_set(tiny_imagenet::parse("FILE", &archive, &TINY), &TINY)?;
    }

    #[test]
    fn jpeg_images_in_a_whole_archive(image in damaged(&JPEGS)) {
        let layout = ImageLayout { train: 1, test: 0, channels: 3, height: 8, width: 8, classes: 1 };
        let archive = zip(&[
            ("tiny-imagenet-200/wnids.txt", b"n01\n".to_vec()),
            ("tiny-imagenet-200/val/val_annotations.txt", Vec::new()),
            ("tiny-imagenet-200/train/n01/images/n01_0.JPEG", image),
        ]);
        check_set(tiny_imagenet::parse("FILE", &archive, &layout), &layout)?;
    }

    #[test]
    fn drawings_in_damaged_archives(archive in damaged(&DRAWINGS)) {
        check_drawings(&archive)?;
    }

    #[test]
    fn damaged_drawings_in_a_whole_archive(image in damaged(&PNGS)) {
        let [mut members, _] = drawings::archives();
        members[0].1 = image;
        check_drawings(&zip(&members))?;
    }

    #[test]
    fn decoded_images(file in damaged(&DECODED)) {
        if let Ok(set) = decoded::read(&file[..], IDENTITY, &CIFAR_10.images) {
            // The sum at the end lets nothing but the whole file pass.
            prop_assert!(file == DECODED[0]);
            check_set(Ok(set), &CIFAR_10.images)?;
        }
    }
}
