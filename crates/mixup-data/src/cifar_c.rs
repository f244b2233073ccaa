//! CIFAR-10-C and CIFAR-100-C (Hendrycks and Dietterich 2019): for each corruption a NumPy file of the test images in five
//! severities, one behind the other, `[5 * images, 32, 32, 3]`, and the labels of all of them.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use npyz::{DType, Deserialize, NpyFile, Order};

use crate::catalogue;
use crate::cifar;
use crate::dataset::DataSet;
use crate::error::DataError;
use crate::images::{ImageLayout, LabelledImages};
use crate::library::Library;

/// The fifteen corruptions that papers report, as their files are called. The sets have four more.
pub const CIFAR_C_KINDS: [&str; 15] = [
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
];

/// Severities of a file.
const SEVERITIES: usize = 5;

const LABELS: &str = "labels.npy";

/// The sets with what one severity of them looks like.
const SETS: [(&DataSet, ImageLayout); 2] =
    [(&catalogue::CIFAR_10_C, cifar::CIFAR_10.images), (&catalogue::CIFAR_100_C, cifar::CIFAR_100.images)];

/// Test images under a corruption (one of [`CIFAR_C_KINDS`]) of a severity from 1 to 5, in the order of the clean test
/// images. Nothing else of the file is read.
///
/// # Errors
/// [`DataError::NotImages`] for another set, what [`Library::obtain`] says, and as [`read`].
pub fn load_corrupted(
    library: &Library,
    name: &str,
    kind: &str,
    severity: u8,
) -> Result<LabelledImages, DataError> {
    let set = catalogue::find(name)?;
    let Some((_, layout)) = SETS.iter().find(|(known, _)| known.name == set.name) else {
        let known = SETS.map(|(known, _)| known.name).join(", ");
        return Err(DataError::NotImages { name: set.name, known });
    };
    let root = library.obtain(set, &|_| ())?.files.remove(0);
    read(&root, layout, kind, severity)
}

/// Reads the images of a severity out of a folder; `layout.test` says how many there are, and of which size.
///
/// # Errors
/// [`DataError::Read`] for a file that is not there, [`DataError::Binary`] for one of another shape or type, or that ends too
/// early, and for a severity that is not from 1 to 5.
pub fn read(
    root: &Path,
    layout: &ImageLayout,
    kind: &str,
    severity: u8,
) -> Result<LabelledImages, DataError> {
    let ImageLayout { test, channels, height, width, .. } = *layout;
    let part = usize::from(severity).checked_sub(1).filter(|part| *part < SEVERITIES);
    let path = root.join(format!("{kind}.npy"));
    let Some(part) = part else {
        let problem = format!("has no severity {severity}: they are 1 to {SEVERITIES}");
        return Err(DataError::binary(&path.display().to_string(), 0, problem));
    };
    let mut images = layout.room_for(test);
    let pixels: Vec<u8> =
        Array::open(&path)?.rows(&[SEVERITIES * test, height, width, channels], part * test, test)?;
    for image in pixels.chunks_exact(layout.size().max(1)) {
        for channel in 0..channels {
            images.pixels.extend(image.iter().skip(channel).step_by(channels));
        }
    }
    let path = root.join(LABELS);
    for (row, label) in labels(&path, SEVERITIES * test, part * test, test)?.into_iter().enumerate() {
        let class = u16::try_from(label).ok().filter(|class| *class < layout.classes);
        let class = class.ok_or_else(|| {
            let problem = format!("label {} is no class of {}", row + part * test, layout.classes);
            DataError::binary(&path.display().to_string(), 0, problem)
        })?;
        images.labels.push(class);
    }
    Ok(images)
}

/// Some of the labels of a file: bytes in the published sets, wider numbers in copies that other programs wrote.
fn labels(path: &Path, all: usize, first: usize, rows: usize) -> Result<Vec<i64>, DataError> {
    fn wide<T: Into<i64>>(labels: Vec<T>) -> Vec<i64> {
        labels.into_iter().map(Into::into).collect()
    }
    let array = Array::open(path)?;
    match &*array.values {
        "<i4" => array.rows::<i32>(&[all], first, rows).map(wide),
        "<i8" => array.rows(&[all], first, rows),
        _ => array.rows::<u8>(&[all], first, rows).map(wide),
    }
}

/// A NumPy file whose head is read.
struct Array {
    file: NpyFile<BufReader<File>>,
    name: String,
    /// Type of the values, as NumPy writes it: `|u1`, `<i8`.
    values: String,
}

impl Array {
    fn open(path: &Path) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        let file = NpyFile::new(BufReader::new(file))
            .map_err(|error| DataError::binary(&name, 0, format!("is no NumPy array: {error}")))?;
        let values = match file.dtype() {
            DType::Plain(kind) => kind.to_string(),
            other => other.descr(),
        };
        Ok(Self { file, name, values })
    }

    /// Values of some rows of an array, which must have this shape.
    fn rows<T: Deserialize>(self, shape: &[usize], first: usize, rows: usize) -> Result<Vec<T>, DataError> {
        let Self { file, name, values } = self;
        let found: Vec<usize> = file.shape().iter().map(|size| *size as usize).collect();
        let order = if file.order() == Order::C { "C" } else { "Fortran" };
        let expected = || {
            let problem = format!(
                "has values {values} of shape {found:?} in {order} order, expected bytes of {shape:?} in C order"
            );
            DataError::binary(&name, 0, problem)
        };
        if found != shape || file.order() != Order::C {
            return Err(expected());
        }
        let mut data = file.data::<T>().map_err(|_| expected())?;
        let row: usize = shape[1..].iter().product();
        let ends = |_| DataError::binary(&name, 0, "ends in the middle of its values");
        data.seek_to((first * row) as u64).map_err(ends)?;
        data.take(rows * row).collect::<io::Result<_>>().map_err(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use npyz::{TypeStr, WriterBuilder};
    use std::fs;

    const LAYOUT: ImageLayout =
        ImageLayout { train: 0, test: 2, channels: 3, height: 1, width: 2, classes: 10 };

    /// A file of whole numbers, as `numpy.save` writes it.
    fn array(values: &str, shape: &[u64], data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let kind: TypeStr = values.parse().unwrap();
        let options = npyz::WriteOptions::<u8>::new().default_dtype();
        let mut writer = options.shape(shape).writer(&mut bytes).begin_nd().unwrap();
        writer.extend(vec![0; shape.iter().product::<u64>() as usize]).unwrap();
        writer.finish().unwrap();
        // A head of the same length says another type; what follows are the bytes that were asked for.
        let head = bytes.len() - shape.iter().product::<u64>() as usize;
        let named = String::from_utf8_lossy(&bytes[10..head]).replace("|u1", &kind.to_string());
        [&bytes[..10], named.as_bytes(), data].concat()
    }

    /// The same file whose head says that the first index runs fastest.
    fn in_fortran_s_order(file: Vec<u8>) -> Vec<u8> {
        let (plain, other) = (b"'fortran_order': False", b"'fortran_order': True ");
        let at = file.windows(plain.len()).position(|part| part == plain).unwrap();
        [&file[..at], other, &file[at + other.len()..]].concat()
    }

    /// A tree of two images a severity, at the real names: pixels count up, labels are those of the image.
    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for kind in CIFAR_C_KINDS {
            let pixels: Vec<u8> = (0..60).collect();
            fs::write(root.path().join(format!("{kind}.npy")), array("|u1", &[10, 1, 2, 3], &pixels))
                .unwrap();
        }
        let labels: Vec<u8> = [3, 7].repeat(5);
        fs::write(root.path().join(LABELS), array("|u1", &[10], &labels)).unwrap();
        root
    }

    #[test]
    fn a_severity_is_a_fifth_of_the_file_and_channels_become_planes() {
        let root = tree();
        let third = read(root.path(), &LAYOUT, "fog", 3).unwrap();
        assert_eq!((third.len(), &third.labels[..], third.classes), (2, &[3, 7][..], 10));
        assert_eq!(third.image(0), [24, 27, 25, 28, 26, 29]);
        assert_eq!(read(root.path(), &LAYOUT, "fog", 5).unwrap().image(1), [54, 57, 55, 58, 56, 59]);
        let wide: Vec<u8> = [3u64, 7].repeat(5).iter().flat_map(|label| label.to_le_bytes()).collect();
        fs::write(root.path().join(LABELS), array("<i8", &[10], &wide)).unwrap();
        assert_eq!(read(root.path(), &LAYOUT, "fog", 3).unwrap(), third);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let root = tree();
        let error =
            |kind: &str, severity| read(root.path(), &LAYOUT, kind, severity).unwrap_err().to_string();
        assert!(error("fog", 0).contains("no severity 0"));
        assert!(error("fog", 6).contains("1 to 5"));
        assert!(error("fogg", 1).contains("fogg.npy"));
        let path = root.path().join("snow.npy");
        fs::write(&path, array("|u1", &[10, 2, 1, 3], &[0; 60])).unwrap();
        assert!(error("snow", 1).contains("expected bytes of [10, 1, 2, 3]"));
        fs::write(&path, array("<i8", &[10, 1, 2, 3], &[0; 480])).unwrap();
        assert!(error("snow", 1).contains("values <i8"));
        fs::write(&path, array("|u1", &[10, 1, 2, 3], &[0; 50])).unwrap();
        assert!(error("snow", 5).contains("ends in the middle"));
        fs::write(&path, "an HTML page").unwrap();
        assert!(error("snow", 1).contains("snow.npy") && error("snow", 1).contains("is no NumPy array"));
        fs::write(&path, in_fortran_s_order(array("|u1", &[10, 1, 2, 3], &[0; 60]))).unwrap();
        assert!(error("snow", 1).contains("expected bytes of [10, 1, 2, 3] in C order"));
        fs::write(root.path().join(LABELS), array("|u1", &[10], &[10; 10])).unwrap();
        assert!(error("fog", 1).contains("no class of 10"));
    }

    #[test]
    fn a_catalogue_s_set_is_found_in_the_data_directory() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(Some(folder.path().to_owned()), folder.path().join("cache"));
        let absent = load_corrupted(&library, "cifar-10-c", "fog", 1).unwrap_err().to_string();
        assert!(absent.contains("DIR/cifar-10-c/labels.npy"), "{absent}");
        assert!(absent.contains("from https://zenodo.org/records/2535967 Unpack CIFAR-10-C.tar"), "{absent}");
        fs::rename(tree().keep(), folder.path().join("CIFAR-10-C")).unwrap();
        // Two images are not ten thousand.
        let small = load_corrupted(&library, "cifar-10-c", "fog", 1).unwrap_err().to_string();
        assert!(small.contains("expected bytes of [50000, 32, 32, 3]"), "{small}");
        let other = load_corrupted(&library, "cifar-10", "fog", 1).unwrap_err().to_string();
        assert!(other.contains("cifar-10-c, cifar-100-c"), "{other}");
    }
}
