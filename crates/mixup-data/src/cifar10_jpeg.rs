//! cifar10-jpeg: the images of CIFAR-10 as JPEG files `train/<class>/<number>.jpg` and
//! `test/<class>/<number>.jpg` in a zip archive.

use crate::catalogue;
use crate::decoded;
use crate::error::DataError;
use crate::images::{ImageLayout, ImageSet, LabelledImages};
use crate::jpeg::decode_members;
use crate::library::Library;
use crate::zip::Zip;

/// Numbers and sizes.
pub const LAYOUT: ImageLayout =
    ImageLayout { train: 50_000, test: 10_000, channels: 3, height: 32, width: 32, classes: 10 };

/// Folder names in the order of CIFAR-10's labels.
const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// cifar10-jpeg: 50000 and 10000 images, in the order of class and number; decoded once, then kept in
/// the cache.
///
/// # Errors
/// What [`Library::obtain`] and [`parse`] say.
pub fn cifar10_jpeg(library: &Library) -> Result<ImageSet, DataError> {
    decoded::load(library, &catalogue::CIFAR10_JPEG, &LAYOUT, parse)
}

/// Reads an archive with equally many images of each class; `file` names it in messages.
///
/// # Errors
/// [`DataError::Binary`] for a file that is no zip archive, [`DataError::Member`] for a folder with another
/// number of images, a member that is no JPEG image of the right size, or one that belongs nowhere.
pub fn parse(file: &str, bytes: &[u8], layout: &ImageLayout) -> Result<ImageSet, DataError> {
    let archive = Zip::open(file, bytes, layout.train + layout.test)?;
    if let Some(stray) = archive.names().find(|name| folder_of(name).is_none()) {
        let problem = "expected only train/<class>/<number>.jpg and test/<class>/<number>.jpg";
        return Err(DataError::member(file, stray, problem));
    }
    let part = |part: &str, count: usize| -> Result<LabelledImages, DataError> {
        let mut members = Vec::with_capacity(count);
        for (label, class) in (0..).zip(CLASSES) {
            let folder = format!("{part}/{class}/");
            let before = members.len();
            members.extend(archive.below(&folder).map(|name| (name, label)));
            let (found, expected) = (members.len() - before, count / CLASSES.len());
            if found != expected {
                let problem = format!("{found} images, expected {expected}");
                return Err(DataError::member(file, &folder, problem));
            }
        }
        decode_members(file, &archive, layout, members.into_iter())
    };
    Ok(ImageSet { train: part("train", layout.train)?, test: part("test", layout.test)? })
}

/// Part and class of a member.
fn folder_of(name: &str) -> Option<(&str, &str)> {
    let (part, rest) = name.split_once('/')?;
    let (class, number) = rest.split_once('/')?;
    let number = number.strip_suffix(".jpg")?;
    let known = ["train", "test"].contains(&part) && CLASSES.contains(&class);
    (known && number.bytes().all(|byte| byte.is_ascii_digit())).then_some((part, class))
}
