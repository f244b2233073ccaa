//! The parsers of image sets on small made files: what is right is read exactly, what is wrong is named.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod common;

use common::images::{
    ANNOTATIONS, CIFAR_10, CIFAR_100, JPEG_10, Members, TINY, cifar_members, grey_jpeg, gzip, jpeg,
    jpeg_10_members, records, tar, tiny_members, zip,
};
use mixup_data::{DataError, ImageLayout, ImageSet, cifar10_jpeg, decoded, tiny_imagenet};

fn message<T>(result: Result<T, DataError>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn cifar_10_records() {
    let images = CIFAR_10.parse("a.tar.gz", "b.bin", &records(&CIFAR_10, 2), 2).unwrap();
    assert_eq!((images.len(), &images.labels[..], images.classes), (2, &[0, 1][..], 10));
    assert_eq!((images.channels, images.height, images.width), (3, 2, 2));
    assert_eq!(images.image(1), (100..112).collect::<Vec<u8>>());
    let second = images.select(&[1, 1]);
    assert_eq!((&second.labels[..], second.image(0), second.len()), (&[1, 1][..], images.image(1), 2));
}

#[test]
fn cifar_100_keeps_the_fine_label() {
    let mut bytes = records(&CIFAR_100, 2);
    bytes[15] = 99;
    let images = CIFAR_100.parse("a", "b", &bytes, 2).unwrap();
    assert_eq!((&images.labels[..], images.image(0)), (&[0, 99][..], &(0..12).collect::<Vec<u8>>()[..]));
    let wrong = |offset: usize, label: u8| {
        let mut bytes = bytes.clone();
        bytes[offset] = label;
        message(CIFAR_100.parse("a", "b", &bytes, 2))
    };
    assert_eq!(wrong(14, 20), "a, member b: offset 14: label 20, expected less than 20");
    assert_eq!(wrong(15, 100), "a, member b: offset 15: label 100, expected less than 100");
}

#[test]
fn cifar_records_of_a_wrong_length_or_label() {
    let bytes = records(&CIFAR_10, 2);
    let parse = |bytes: &[u8]| message(CIFAR_10.parse("a.tar.gz", "b.bin", bytes, 2));
    assert_eq!(parse(&bytes[..25]), "a.tar.gz, member b.bin: offset 25: ends here, 1 bytes are missing");
    assert_eq!(
        parse(&[&bytes[..], b"x"].concat()),
        "a.tar.gz, member b.bin: offset 26: goes on after 2 images"
    );
    let mut label = bytes;
    label[13] = 10;
    assert_eq!(parse(&label), "a.tar.gz, member b.bin: offset 13: label 10, expected less than 10");
}

#[test]
fn cifar_archives_are_joined_in_order() {
    for layout in [CIFAR_10, CIFAR_100] {
        let mut members = cifar_members(&layout);
        members.reverse();
        let set = layout.unpack("a", &gzip(&tar(&members))[..]).unwrap();
        let each = layout.images.train / layout.train.len();
        let expected: Vec<u16> = (0..layout.train.len()).flat_map(|_| 0..each as u16).collect();
        assert_eq!((set.train.labels, set.test.labels), (expected, vec![0, 1]));
        assert_eq!((set.train.pixels.len(), set.test.pixels.len()), (48, 24));
    }
}

#[test]
fn cifar_archives_that_are_not_whole() {
    let unpack = |members: &[(&str, Vec<u8>)]| message(CIFAR_10.unpack("a", &gzip(&tar(members))[..]));
    let members = cifar_members(&CIFAR_10);
    assert_eq!(
        unpack(&members[1..]),
        "a, member cifar-10-batches-bin/data_batch_1.bin: is not in the archive"
    );
    let twice = [&members[..], &members[..1]].concat();
    assert_eq!(unpack(&twice), "a, member cifar-10-batches-bin/data_batch_1.bin: is there twice");
    let mut long = members.clone();
    long[0].1.extend([0; 1000]);
    assert!(
        unpack(&long).ends_with("data_batch_1.bin: offset 26: goes on after 2 images"),
        "{}",
        unpack(&long)
    );
    let packed = gzip(&tar(&members));
    let cut = message(CIFAR_10.unpack("a", &packed[..packed.len() / 2]));
    assert!(cut.starts_with("a, offset ") && !cut.contains("offset 0:"), "{cut}");
    let text = message(CIFAR_10.unpack("a", &b"<html>not found</html>"[..]));
    assert!(text.starts_with("a, offset 0: "), "{text}");
}

#[test]
fn a_packed_bomb_is_not_unpacked() {
    let mut members = cifar_members(&CIFAR_10);
    members.insert(0, ("readme.html", vec![0; 50_000_000]));
    let start = std::time::Instant::now();
    let error = message(CIFAR_10.unpack("a", &gzip(&tar(&members))[..]));
    assert!(error.starts_with("a, offset "), "{error} after {:?}", start.elapsed());
}

fn parse_jpegs(members: &[(String, Vec<u8>)]) -> Result<ImageSet, DataError> {
    cifar10_jpeg::parse("a.zip", &zip(members), &JPEG_10)
}

#[test]
fn jpeg_archives_in_the_order_of_class() {
    let mut members = jpeg_10_members();
    members.reverse();
    let set = parse_jpegs(&members).unwrap();
    assert_eq!((set.train.labels.clone(), set.test.len()), ((0..10).collect(), 0));
    for label in 0..10 {
        let level = 20 * label as i32;
        let image = set.train.image(label);
        assert!(image.len() == 192 && image.iter().all(|&v| (i32::from(v) - level).abs() <= 2), "{image:?}");
    }
}

#[test]
fn colours_come_as_planes_and_grey_as_three_equal_ones() {
    let mut members = jpeg_10_members();
    members[0].1 = jpeg(8, [200, 100, 50]);
    members[1].1 = grey_jpeg(8, 77);
    let set = parse_jpegs(&members).unwrap();
    for (plane, level) in set.train.image(0).chunks_exact(64).zip([200, 100, 50]) {
        assert!(plane.iter().all(|&value| (i32::from(value) - level).abs() <= 3), "{level}: {plane:?}");
    }
    assert!(set.train.image(1).iter().all(|&value| value.abs_diff(77) <= 1));
}

#[test]
fn jpeg_archives_that_are_wrong() {
    let with = |change: &dyn Fn(&mut Members)| {
        let mut members = jpeg_10_members();
        change(&mut members);
        message(parse_jpegs(&members))
    };
    let missing = with(&|members| drop(members.remove(3)));
    assert_eq!(missing, "a.zip, member train/cat/: 0 images, expected 1");
    let moved = with(&|members| members[5].0 = "train/cat/0001.jpg".into());
    assert_eq!(moved, "a.zip, member train/cat/: 2 images, expected 1");
    let one_more = with(&|members| members.push(("train/cat/0001.jpg".into(), jpeg(8, [0; 3]))));
    assert!(
        one_more.starts_with("a.zip, offset ") && one_more.ends_with("has more than 10 members"),
        "{one_more}"
    );
    let stray = with(&|members| members[3].0 = "train/lion/0000.jpg".into());
    assert!(stray.starts_with("a.zip, member train/lion/0000.jpg: expected only"), "{stray}");
    let size = with(&|members| members[3].1 = jpeg(16, [0; 3]));
    assert_eq!(size, "a.zip, member train/cat/0000.jpg: is 16 x 16, expected 8 x 8");
    let text = with(&|members| members[3].1 = b"not found".to_vec());
    assert!(text.starts_with("a.zip, member train/cat/0000.jpg: is no JPEG image"), "{text}");
    let cut = with(&|members| {
        let length = members[3].1.len();
        members[3].1.truncate(length - 30);
    });
    assert!(cut.starts_with("a.zip, member train/cat/0000.jpg: "), "{cut}");
    let large = with(&|members| members[3].1 = vec![0; 2 << 20]);
    assert_eq!(large, "a.zip, member train/cat/0000.jpg: is larger than 1048576 bytes");
}

#[test]
fn zip_archives_that_are_cut_or_damaged() {
    let whole = zip(&jpeg_10_members());
    let parse = |bytes: &[u8]| message(cifar10_jpeg::parse("a.zip", bytes, &JPEG_10));
    assert!(parse(&whole[..whole.len() - 30]).starts_with("a.zip, offset 0: is no zip archive"));
    assert!(parse(b"").starts_with("a.zip, offset 0: is no zip archive"));
    let image = jpeg_10_members().swap_remove(0).1;
    let place = whole.windows(image.len()).position(|window| window == image).unwrap();
    let mut damaged = whole;
    damaged[place + image.len() / 2] ^= 1;
    let error = parse(&damaged);
    assert!(error.starts_with("a.zip, member train/airplane/0000.jpg: "), "{error}");
}

#[test]
fn tiny_imagenet_by_class_name_and_by_table() {
    let set = tiny_imagenet::parse("a.zip", &zip(&tiny_members()), &TINY).unwrap();
    // n01 (red) sorts before n02 (blue), though the list has it second.
    assert_eq!((&set.train.labels[..], &set.test.labels[..]), (&[0, 0, 1, 1][..], &[1, 0][..]));
    let red = |image: &[u8]| image[0] > 200 && image[191] < 50;
    assert_eq!([0, 1, 2, 3].map(|image| red(set.train.image(image))), [true, true, false, false]);
    assert_eq!([0, 1].map(|image| red(set.test.image(image))), [false, true]);
}

#[test]
fn tiny_imagenet_archives_that_are_wrong() {
    let with = |name: &str, text: &str| {
        let mut members = tiny_members();
        let member = members.iter_mut().find(|(member, _)| member.ends_with(name)).unwrap();
        member.1 = text.as_bytes().to_vec();
        message(tiny_imagenet::parse("a.zip", &zip(&members), &TINY))
    };
    let classes = "a.zip, member tiny-imagenet-200/wnids.txt: ";
    assert_eq!(with("wnids.txt", "n01\nn01\n"), format!("{classes}1 different names in 2 lines, expected 2"));
    assert_eq!(with("wnids.txt", "n01\n"), format!("{classes}1 different names in 1 lines, expected 2"));
    let folder = "a.zip, member tiny-imagenet-200/train/n03/images/: 0 images, expected 2";
    let table = ANNOTATIONS.replace("n02", "n03");
    let mut members = tiny_members();
    members[0].1 = b"n01\nn03\n".to_vec();
    members[1].1 = table.into_bytes();
    assert_eq!(message(tiny_imagenet::parse("a.zip", &zip(&members), &TINY)), folder);
    let member = "a.zip, member tiny-imagenet-200/val/val_annotations.txt: ";
    for (text, problem) in [
        (ANNOTATIONS.replace("n01", "n09"), "line 2: `n09` is not in tiny-imagenet-200/wnids.txt"),
        (ANNOTATIONS.replace("\t44", ""), "line 1: 5 cells, expected 6"),
        (ANNOTATIONS.replace("val_1", "val_0"), "line 2: an image for the second time"),
        (ANNOTATIONS.lines().next().unwrap().to_owned(), "1 lines, expected 2"),
    ] {
        assert_eq!(with("val_annotations.txt", &text), format!("{member}{problem}"));
    }
    let absent = with("val_annotations.txt", &ANNOTATIONS.replace("val_1", "val_2"));
    assert_eq!(absent, "a.zip, member tiny-imagenet-200/val/images/val_2.JPEG: is not in the archive");
}

const IDENTITY: &str = "0123456789abcdef";

fn decoded_file() -> (ImageSet, Vec<u8>) {
    let set = CIFAR_10.unpack("a", &gzip(&tar(&cifar_members(&CIFAR_10)))[..]).unwrap();
    let mut bytes = Vec::new();
    decoded::write(&mut bytes, IDENTITY, &set, &CIFAR_10.images).unwrap();
    (set, bytes)
}

#[test]
fn decoded_images_come_back() {
    let (set, bytes) = decoded_file();
    assert_eq!(decoded::read(&bytes[..], IDENTITY, &CIFAR_10.images).unwrap(), set);
}

#[test]
fn decoded_images_that_are_torn_old_or_of_another_archive() {
    let (_, bytes) = decoded_file();
    let read = |bytes: &[u8]| decoded::read(bytes, IDENTITY, &CIFAR_10.images);
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "cut after {length}");
    }
    assert!(read(&[&bytes[..], b"x"].concat()).is_err());
    for offset in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[offset] ^= 0x10;
        assert!(read(&flipped).is_err(), "flipped at {offset}");
    }
    assert!(decoded::read(&bytes[..], "0123456789abcdee", &CIFAR_10.images).is_err());
    let wider = ImageLayout { width: 1, height: 4, ..CIFAR_10.images };
    assert!(decoded::read(&bytes[..], IDENTITY, &wider).is_err());
}
