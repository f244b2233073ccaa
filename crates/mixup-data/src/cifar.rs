//! The binary version of CIFAR-10 and CIFAR-100: a packed archive of files of records, each one or two
//! label bytes, then the image as red, green and blue planes.

use std::fs::File;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::catalogue;
use crate::dataset::DataSet;
use crate::error::DataError;
use crate::images::{ImageLayout, ImageSet, LabelledImages};
use crate::library::Library;

/// How one of the two sets is laid out.
#[derive(Debug, Clone, Copy)]
pub struct CifarLayout {
    /// Numbers and sizes.
    pub images: ImageLayout,
    /// Number of coarse classes where a coarse label comes before the fine one. It is checked, not kept.
    pub coarse: Option<u8>,
    /// Members with the training images, each with its equal part of them.
    pub train: &'static [&'static str],
    /// Member with the test images.
    pub test: &'static str,
}

/// CIFAR-10: five batches of 10000 training images.
pub const CIFAR_10: CifarLayout = CifarLayout {
    images: ImageLayout { train: 50_000, test: 10_000, channels: 3, height: 32, width: 32, classes: 10 },
    coarse: None,
    train: &[
        "cifar-10-batches-bin/data_batch_1.bin",
        "cifar-10-batches-bin/data_batch_2.bin",
        "cifar-10-batches-bin/data_batch_3.bin",
        "cifar-10-batches-bin/data_batch_4.bin",
        "cifar-10-batches-bin/data_batch_5.bin",
    ],
    test: "cifar-10-batches-bin/test_batch.bin",
};

/// CIFAR-100, fine labels.
pub const CIFAR_100: CifarLayout = CifarLayout {
    images: ImageLayout { classes: 100, ..CIFAR_10.images },
    coarse: Some(20),
    train: &["cifar-100-binary/train.bin"],
    test: "cifar-100-binary/test.bin",
};

/// Room for what the archives hold beside the images: names of classes, a page, headers.
const OTHER_BYTES: u64 = 1 << 20;

/// CIFAR-10: 50000 and 10000 images.
///
/// # Errors
/// What [`Library::obtain`] and [`CifarLayout::unpack`] say.
pub fn cifar_10(library: &Library) -> Result<ImageSet, DataError> {
    load(library, &catalogue::CIFAR_10, &CIFAR_10)
}

/// CIFAR-100 with its fine labels: 50000 and 10000 images.
///
/// # Errors
/// As [`cifar_10`].
pub fn cifar_100(library: &Library) -> Result<ImageSet, DataError> {
    load(library, &catalogue::CIFAR_100, &CIFAR_100)
}

fn load(library: &Library, set: &DataSet, layout: &CifarLayout) -> Result<ImageSet, DataError> {
    let path = library.obtain(set, &|_| ())?.files.remove(0);
    match File::open(&path) {
        Ok(packed) => layout.unpack(&path.display().to_string(), packed),
        Err(source) => Err(DataError::Read { path, source }),
    }
}

impl CifarLayout {
    /// Reads a `.tar.gz` of this layout; `file` names it in messages.
    ///
    /// # Errors
    /// [`DataError::Binary`] for a file that is no such archive, [`DataError::Member`] for a member that is
    /// missing, there twice, or not as [`CifarLayout::parse`] takes it.
    pub fn unpack(&self, file: &str, packed: impl Read) -> Result<ImageSet, DataError> {
        let mut members: Vec<Member> = self.members();
        let records: usize = members.iter().map(|member| member.records).sum();
        let limit = (records * self.record_bytes()) as u64 + OTHER_BYTES;
        let mut archive = tar::Archive::new(MultiGzDecoder::new(packed).take(limit));
        let mut offset = 0;
        let broken = |offset, error: std::io::Error| DataError::binary(file, offset, error.to_string());
        for entry in archive.entries().map_err(|error| broken(0, error))? {
            let entry = entry.map_err(|error| broken(offset, error))?;
            offset = entry.raw_file_position();
            let name = entry.path_bytes();
            let Some(member) = members.iter_mut().find(|member| member.name.as_bytes() == &*name) else {
                continue;
            };
            drop(name);
            if member.images.is_some() {
                return Err(DataError::member(file, member.name, "is there twice"));
            }
            let expected = (member.records * self.record_bytes()) as u64;
            let mut bytes = Vec::new();
            let read = entry.take(expected + 1).read_to_end(&mut bytes);
            read.map_err(|error| broken(offset, error))?;
            member.images = Some(self.parse(file, member.name, &bytes, member.records)?);
        }
        self.joined(file, members)
    }

    fn members(&self) -> Vec<Member> {
        let each = self.images.train / self.train.len().max(1);
        let train = self.train.iter().map(|&name| Member { name, records: each, images: None });
        let test = Member { name: self.test, records: self.images.test, images: None };
        train.chain([test]).collect()
    }

    fn joined(&self, file: &str, members: Vec<Member>) -> Result<ImageSet, DataError> {
        let mut parts = Vec::new();
        for Member { name, images, .. } in members {
            parts.push(images.ok_or_else(|| DataError::member(file, name, "is not in the archive"))?);
        }
        let test = parts.pop().expect("the test member was just added");
        let mut train = self.images.room_for(self.images.train);
        for part in parts {
            train.pixels.extend(part.pixels);
            train.labels.extend(part.labels);
        }
        Ok(ImageSet { train, test })
    }

    fn label_bytes(&self) -> usize {
        1 + usize::from(self.coarse.is_some())
    }

    fn record_bytes(&self) -> usize {
        self.label_bytes() + self.images.size()
    }

    /// Reads one file of `records` records; `file` and `member` name it in messages.
    ///
    /// # Errors
    /// [`DataError::Member`] with the offset of what is missing, too much, or no label.
    pub fn parse(
        &self,
        file: &str,
        member: &str,
        bytes: &[u8],
        records: usize,
    ) -> Result<LabelledImages, DataError> {
        let wrong = |problem: String| Err(DataError::member(file, member, problem));
        let expected = records * self.record_bytes();
        if bytes.len() < expected {
            let missing = expected - bytes.len();
            return wrong(format!("offset {}: ends here, {missing} bytes are missing", bytes.len()));
        }
        if bytes.len() > expected {
            return wrong(format!("offset {expected}: goes on after {records} images"));
        }
        let mut images = self.images.room_for(records);
        for (record, bytes) in bytes.chunks_exact(self.record_bytes()).enumerate() {
            let (labels, pixels) = bytes.split_at(self.label_bytes());
            let limits = self.coarse.map(u16::from).into_iter().chain([self.images.classes]);
            for (byte, (&label, limit)) in labels.iter().zip(limits).enumerate() {
                if u16::from(label) >= limit {
                    let offset = record * self.record_bytes() + byte;
                    return wrong(format!("offset {offset}: label {label}, expected less than {limit}"));
                }
            }
            images.labels.extend(labels.last().copied().map(u16::from));
            images.pixels.extend(pixels);
        }
        Ok(images)
    }
}

/// A file of records in the archive.
struct Member {
    name: &'static str,
    records: usize,
    images: Option<LabelledImages>,
}
