//! Small files in the formats of the image sets.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use mixup_data::ImageLayout;
use mixup_data::cifar::CifarLayout;
use rawzip::{CompressionMethod, ZipArchiveWriter};

/// Names and contents of an archive's members.
pub type Members = Vec<(String, Vec<u8>)>;

/// Two training files of two images each, two test images, all 2x2.
pub const CIFAR_10: CifarLayout = CifarLayout {
    images: ImageLayout { train: 4, test: 2, channels: 3, height: 2, width: 2, classes: 10 },
    coarse: None,
    train: &["cifar-10-batches-bin/data_batch_1.bin", "cifar-10-batches-bin/data_batch_2.bin"],
    test: "cifar-10-batches-bin/test_batch.bin",
};

pub const CIFAR_100: CifarLayout = CifarLayout {
    images: ImageLayout { classes: 100, ..CIFAR_10.images },
    coarse: Some(20),
    train: &["cifar-100-binary/train.bin"],
    test: "cifar-100-binary/test.bin",
};

/// One training image of each class, no test image.
pub const JPEG_10: ImageLayout =
    ImageLayout { train: 10, test: 0, channels: 3, height: 8, width: 8, classes: 10 };

/// Two classes with two training images each, two validation images.
pub const TINY: ImageLayout = ImageLayout { train: 4, test: 2, channels: 3, height: 8, width: 8, classes: 2 };

pub const ANNOTATIONS: &str = "val_0.JPEG\tn02\t0\t32\t44\t62\nval_1.JPEG\tn01\t52\t55\t57\t59\n";

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `count` records whose labels and pixels count up.
pub fn records(layout: &CifarLayout, count: usize) -> Vec<u8> {
    let record = |index: usize| {
        let labels = layout.coarse.map(|_| 7).into_iter().chain([index as u8]);
        labels.chain((0..12).map(move |pixel| (100 * index + pixel) as u8)).collect::<Vec<u8>>()
    };
    (0..count).flat_map(record).collect()
}

pub fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    archive.into_inner().unwrap()
}

/// The members of a layout, and one that is none of them.
pub fn cifar_members(layout: &CifarLayout) -> Vec<(&'static str, Vec<u8>)> {
    let each = layout.images.train / layout.train.len();
    let train = layout.train.iter().map(|&name| (name, records(layout, each)));
    let rest = [(layout.test, records(layout, layout.images.test)), ("readme.html", b"<html>".to_vec())];
    train.chain(rest).collect()
}

/// An image of one colour, which JPEG keeps.
pub fn jpeg(side: u16, colour: [u8; 3]) -> Vec<u8> {
    let pixels = colour.repeat(usize::from(side).pow(2));
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    encoder.encode(&pixels, side, side, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

pub fn grey_jpeg(side: u16, level: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    let pixels = vec![level; usize::from(side).pow(2)];
    encoder.encode(&pixels, side, side, jpeg_encoder::ColorType::Luma).unwrap();
    bytes
}

/// A zip archive; every other member is deflated.
pub fn zip<N: AsRef<str>>(members: &[(N, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (index, (name, bytes)) in members.iter().enumerate() {
        let deflated = index % 2 == 1;
        let method = if deflated { CompressionMethod::DEFLATE } else { CompressionMethod::STORE };
        let (mut entry, config) = archive.new_file(name.as_ref()).compression_method(method).start().unwrap();
        let sums = if deflated {
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
            writer.write_all(bytes).unwrap();
            let (encoder, sums) = writer.finish().unwrap();
            encoder.finish().unwrap();
            sums
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap().1
        };
        entry.finish(sums).unwrap();
    }
    archive.finish().unwrap()
}

pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// One image a class, each of another grey.
pub fn jpeg_10_members() -> Members {
    let image = |(label, class): (u8, &&str)| (format!("train/{class}/0000.jpg"), jpeg(8, [20 * label; 3]));
    (0..).zip(&CLASSES).map(image).collect()
}

/// Classes are listed out of order; `n01` is red, `n02` blue.
pub fn tiny_members() -> Members {
    let below = |name: &str| format!("tiny-imagenet-200/{name}");
    let mut members = vec![
        (below("wnids.txt"), b"n02\nn01\n".to_vec()),
        (below("val/val_annotations.txt"), ANNOTATIONS.as_bytes().to_vec()),
        (below("val/images/val_1.JPEG"), jpeg(8, [250, 0, 0])),
        (below("val/images/val_0.JPEG"), jpeg(8, [0, 0, 250])),
        (below("test/images/test_0.JPEG"), b"never read".to_vec()),
        (below("train/n01/n01_boxes.txt"), b"never read".to_vec()),
    ];
    for (class, colour) in [("n02", [0, 0, 250]), ("n01", [250, 0, 0])] {
        for number in 0..2 {
            members.push((below(&format!("train/{class}/images/{class}_{number}.JPEG")), jpeg(8, colour)));
        }
    }
    members
}
