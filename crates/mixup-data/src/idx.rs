//! IDX, the format of MNIST and Fashion-MNIST: a magic number, big-endian sizes, then the values.

use std::borrow::Cow;

use crate::catalogue;
use crate::decoded;
use crate::error::DataError;
use crate::gzip;
use crate::images::{ImageLayout, ImageSet, LabelledImages};
use crate::library::Library;
use crate::tables::contents;

/// Fashion-MNIST: 60000 and 10000 images.
///
/// # Errors
/// What [`Library::obtain`] and [`labelled_images`] say.
pub fn fashion_mnist(library: &Library) -> Result<ImageSet, DataError> {
    let set = &catalogue::FASHION_MNIST;
    // To unpack takes ten times as long as to read what was unpacked once.
    decoded::kept(library, set, &FASHION_MNIST_LAYOUT, || {
        let files: [_; 4] = contents(library, set)?;
        let [train_images, train_labels, test_images, test_labels] =
            files.each_ref().map(|(file, bytes)| (file.as_str(), bytes.as_slice()));
        Ok(ImageSet {
            train: labelled_images([60_000, 28, 28], 10, train_images, train_labels)?,
            test: labelled_images([10_000, 28, 28], 10, test_images, test_labels)?,
        })
    })
}

const FASHION_MNIST_LAYOUT: ImageLayout =
    ImageLayout { train: 60_000, test: 10_000, channels: 1, height: 28, width: 28, classes: 10 };

/// MNIST's 10000 test images; there is no training part.
///
/// # Errors
/// As [`fashion_mnist`].
pub fn mnist_t10k(library: &Library) -> Result<ImageSet, DataError> {
    let files: [_; 2] = contents(library, &catalogue::MNIST_T10K)?;
    let [images, labels] = files.each_ref().map(|(file, bytes)| (file.as_str(), bytes.as_slice()));
    Ok(ImageSet::only_test(labelled_images([10_000, 28, 28], 10, images, labels)?))
}

/// Reads an image file `[count, height, width]` and a label file `[count]`, each given as (name, bytes),
/// packed by gzip or not; `shape` is `[count, height, width]`.
///
/// # Errors
/// [`DataError::Binary`] for a file that is not IDX, has another shape, or a label that is not below
/// `classes`.
pub fn labelled_images(
    shape: [usize; 3],
    classes: u16,
    images: (&str, &[u8]),
    labels: (&str, &[u8]),
) -> Result<LabelledImages, DataError> {
    let [count, height, width] = shape;
    let pixels = parse(images.0, images.1, &shape)?;
    let (file, bytes) = labels;
    let labels: Vec<u16> = parse(file, bytes, &[count])?.into_iter().map(u16::from).collect();
    if let Some(index) = labels.iter().position(|&label| label >= classes) {
        let problem = format!("label {}, expected less than {classes}", labels[index]);
        return Err(broken(file, header_bytes(1) + index, problem));
    }
    Ok(LabelledImages { channels: 1, height, width, classes, pixels, labels })
}

/// Reads the unsigned bytes of an IDX file of this shape, packed by gzip or not; `file` names it in
/// messages.
///
/// # Errors
/// [`DataError::Binary`] with the offset of the first byte that is wrong, missing or too much.
pub fn parse(file: &str, bytes: &[u8], shape: &[usize]) -> Result<Vec<u8>, DataError> {
    let header = header_bytes(shape.len());
    let length = header + shape.iter().product::<usize>();
    let mut bytes = if gzip::is_gzip(bytes) {
        Cow::Owned(gzip::unpack(file, bytes, length as u64)?)
    } else {
        Cow::Borrowed(bytes)
    };
    check_header(file, &bytes, shape)?;
    if bytes.len() < length {
        let problem = format!("the file ends here, {} bytes are missing", length - bytes.len());
        return Err(broken(file, bytes.len(), problem));
    }
    if bytes.len() > length {
        return Err(broken(file, length, format!("{} bytes too many", bytes.len() - length)));
    }
    Ok(bytes.to_mut().split_off(header))
}

/// Magic number, then each size.
fn check_header(file: &str, bytes: &[u8], shape: &[usize]) -> Result<(), DataError> {
    // 0x08 stands for unsigned bytes, the last byte is the number of dimensions.
    let magic = 0x0800 | shape.len();
    let sizes = shape.iter().enumerate().map(|(axis, &size)| (format!("size of dimension {axis}"), size));
    for (word, (name, expected)) in
        std::iter::once(("magic number".to_owned(), magic)).chain(sizes).enumerate()
    {
        let offset = 4 * word;
        let Some(found) = bytes.get(offset..offset + 4).and_then(|word| word.first_chunk()) else {
            return Err(broken(file, bytes.len(), format!("the file ends before its {name}")));
        };
        let found = u32::from_be_bytes(*found);
        if found as usize != expected {
            let problem = format!("the {name} is {found:#x}, expected {expected:#x}");
            return Err(broken(file, offset, problem));
        }
    }
    Ok(())
}

fn header_bytes(dimensions: usize) -> usize {
    4 + 4 * dimensions
}

fn broken(file: &str, offset: usize, problem: String) -> DataError {
    DataError::binary(file, offset as u64, problem)
}
