//! IDX, the format of MNIST and Fashion-MNIST: a magic number, big-endian sizes, then the values.

use std::borrow::Cow;

use crate::catalogue;
use crate::error::DataError;
use crate::gzip;
use crate::library::Library;
use crate::tables::contents;

/// Fashion-MNIST as its authors split it.
#[derive(Debug, Clone)]
pub struct FashionMnist {
    /// 60000 images.
    pub train: LabelledImages,
    /// 10000 images.
    pub test: LabelledImages,
}

/// Grey images with one label each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImages {
    /// Rows of pixels in an image.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// `[images, height, width]`, row-major, 0 (background) to 255.
    pub pixels: Vec<u8>,
    /// `[images]`, each less than the number of classes.
    pub labels: Vec<u8>,
}

impl LabelledImages {
    /// The pixels of one image, `height * width` of them.
    ///
    /// # Panics
    /// When `image >= self.labels.len()`, as a slice would.
    pub fn image(&self, image: usize) -> &[u8] {
        let size = self.height * self.width;
        &self.pixels[image * size..(image + 1) * size]
    }

    /// Reads an image file `[count, height, width]` and a label file `[count]`, each given as
    /// (name, bytes), packed by gzip or not; `shape` is `[count, height, width]`.
    ///
    /// # Errors
    /// [`DataError::Binary`] for a file that is not IDX, has another shape, or a label that is not below
    /// `classes`.
    pub fn parse(
        shape: [usize; 3],
        classes: u8,
        images: (&str, &[u8]),
        labels: (&str, &[u8]),
    ) -> Result<Self, DataError> {
        let [count, height, width] = shape;
        let pixels = parse(images.0, images.1, &shape)?;
        let (file, bytes) = labels;
        let labels = parse(file, bytes, &[count])?;
        if let Some(index) = labels.iter().position(|&label| label >= classes) {
            let problem = format!("label {}, expected less than {classes}", labels[index]);
            return Err(broken(file, header_bytes(1) + index, problem));
        }
        Ok(Self { height, width, pixels, labels })
    }
}

/// Loads Fashion-MNIST.
///
/// # Errors
/// What [`Library::obtain`] and [`LabelledImages::parse`] say.
pub fn fashion_mnist(library: &Library) -> Result<FashionMnist, DataError> {
    let files: [_; 4] = contents(library, &catalogue::FASHION_MNIST)?;
    let [train_images, train_labels, test_images, test_labels] =
        files.each_ref().map(|(file, bytes)| (file.as_str(), bytes.as_slice()));
    Ok(FashionMnist {
        train: LabelledImages::parse([60_000, 28, 28], 10, train_images, train_labels)?,
        test: LabelledImages::parse([10_000, 28, 28], 10, test_images, test_labels)?,
    })
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
    DataError::Binary { file: file.to_owned(), offset: offset as u64, problem }
}
