//! What a network said of samples: kept beside what was measured of it, so that another metric needs no
//! training.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// What a run predicted, and what is true: matrices by name. Which there are is the routine's affair.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Predictions {
    matrices: BTreeMap<String, Matrix>,
}

/// Numbers `[samples, columns]` in the precision in which they came, so that what is measured of them later
/// is the same to the bit.
#[derive(Debug, Clone, PartialEq)]
enum Matrix {
    /// What networks give.
    F32(Array2<f32>),
    /// What data sets and their scales give.
    F64(Array2<f64>),
}

/// How a matrix stands in the bytes.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    precision: Precision,
    rows: usize,
    columns: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Precision {
    F32,
    F64,
}

impl Precision {
    fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

const MAGIC: &[u8; 8] = b"MIXUPPR1";

impl Predictions {
    /// Bytes above which a run's predictions are not kept.
    pub const LIMIT: usize = 32 << 20;

    /// Adds outputs of a network, `[samples, outputs]`: f32 numbers, in whatever type they are handed over.
    pub fn add_outputs(&mut self, name: &str, outputs: ArrayView2<'_, f64>) {
        let outputs = outputs.mapv(|value| value as f32);
        self.matrices.insert(name.to_owned(), Matrix::F32(outputs));
    }

    /// Adds numbers that are no network's, `[samples, columns]`.
    pub fn add_values(&mut self, name: &str, values: ArrayView2<'_, f64>) {
        self.matrices.insert(name.to_owned(), Matrix::F64(values.to_owned()));
    }

    /// Adds a whole number below 2^24 for each sample: its class.
    pub fn add_classes(&mut self, name: &str, classes: &[usize]) {
        let classes = Array2::from_shape_fn((classes.len(), 1), |(row, _)| classes[row] as f32);
        self.matrices.insert(name.to_owned(), Matrix::F32(classes));
    }

    /// Adds a number of its group for each sample; of fewer than 2^53 groups.
    pub fn add_groups(&mut self, name: &str, groups: &[i64]) {
        let groups = Array2::from_shape_fn((groups.len(), 1), |(row, _)| groups[row] as f64);
        self.matrices.insert(name.to_owned(), Matrix::F64(groups));
    }

    /// What was added under a name by [`add_outputs`](Self::add_outputs) or
    /// [`add_values`](Self::add_values).
    pub fn values(&self, name: &str) -> Option<Array2<f64>> {
        Some(match self.matrices.get(name)? {
            Matrix::F32(matrix) => matrix.mapv(f64::from),
            Matrix::F64(matrix) => matrix.clone(),
        })
    }

    /// What was added under a name by [`add_classes`](Self::add_classes).
    pub fn classes(&self, name: &str) -> Option<Vec<usize>> {
        Some(self.values(name)?.iter().map(|&class| class as usize).collect())
    }

    /// What was added under a name by [`add_groups`](Self::add_groups).
    pub fn groups(&self, name: &str) -> Option<Vec<i64>> {
        Some(self.values(name)?.iter().map(|&group| group as i64).collect())
    }

    /// Whether something was added under this name.
    pub fn contains(&self, name: &str) -> bool {
        self.matrices.contains_key(name)
    }

    /// All of them as bytes: a magic number, the length of a header as a little-endian u64, the header in
    /// JSON, then the matrices row by row. Of each matrix first the lowest bytes of all numbers, then the
    /// next: the highest are much alike, and so become short when they are compressed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let entries: Vec<Entry> = self.matrices.iter().map(|(name, matrix)| matrix.entry(name)).collect();
        let header = serde_json::to_vec(&entries).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend((header.len() as u64).to_le_bytes());
        bytes.extend(header);
        for matrix in self.matrices.values() {
            match matrix {
                Matrix::F32(matrix) => planes(matrix.iter().map(|value| value.to_le_bytes()), &mut bytes),
                Matrix::F64(matrix) => planes(matrix.iter().map(|value| value.to_le_bytes()), &mut bytes),
            }
        }
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// What is wrong with bytes that it did not give.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let other = || "are no predictions, or of another version".to_owned();
        let (length, rest) =
            bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<8>()).ok_or_else(other)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (header, mut rest) = rest.split_at_checked(length).ok_or_else(other)?;
        let entries: Vec<Entry> = serde_json::from_slice(header).map_err(|error| error.to_string())?;
        let mut matrices = BTreeMap::new();
        for entry in entries {
            let size =
                entry.rows.checked_mul(entry.columns).and_then(|n| n.checked_mul(entry.precision.bytes()));
            let matrix = size.and_then(|size| rest.split_at_checked(size));
            let (matrix, after) = matrix.ok_or_else(|| format!("end inside of `{}`", entry.name))?;
            rest = after;
            let matrix = Matrix::read(&entry, matrix).map_err(|error| error.to_string())?;
            matrices.insert(entry.name, matrix);
        }
        if rest.is_empty() { Ok(Self { matrices }) } else { Err("are longer than they say".to_owned()) }
    }
}

impl Matrix {
    fn entry(&self, name: &str) -> Entry {
        let (precision, (rows, columns)) = match self {
            Self::F32(matrix) => (Precision::F32, matrix.dim()),
            Self::F64(matrix) => (Precision::F64, matrix.dim()),
        };
        Entry { name: name.to_owned(), precision, rows, columns }
    }

    fn read(entry: &Entry, bytes: &[u8]) -> Result<Self, ndarray::ShapeError> {
        let shape = (entry.rows, entry.columns);
        Ok(match entry.precision {
            Precision::F32 => {
                let values = from_planes(bytes).map(f32::from_le_bytes).collect();
                Self::F32(Array2::from_shape_vec(shape, values)?)
            }
            Precision::F64 => {
                let values = from_planes(bytes).map(f64::from_le_bytes).collect();
                Self::F64(Array2::from_shape_vec(shape, values)?)
            }
        })
    }
}

/// The first bytes of all values, then the second.
fn planes<const N: usize>(values: impl Iterator<Item = [u8; N]> + Clone, into: &mut Vec<u8>) {
    (0..N).for_each(|plane| into.extend(values.clone().map(|value| value[plane])));
}

/// The values whose bytes stand in planes.
fn from_planes<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    let count = bytes.len() / N;
    (0..count).map(move |index| std::array::from_fn(|plane| bytes[plane * count + index]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn some() -> Predictions {
        let mut some = Predictions::default();
        some.add_outputs(
            "logits",
            array![[0.5, f64::from(f32::MIN_POSITIVE)], [-1e30f32 as f64, 3.0]].view(),
        );
        some.add_values("targets", array![[0.1], [1.0 / 3.0], [f64::NEG_INFINITY]].view());
        some.add_classes("labels", &[3, 0, 65535]);
        some.add_groups("domains", &[-7, 1 << 40]);
        some.add_values("nothing", Array2::zeros((0, 2)).view());
        some
    }

    #[test]
    fn they_come_back_to_the_bit() {
        let back = Predictions::from_bytes(&some().to_bytes()).unwrap();
        assert_eq!(back, some());
        assert_eq!(back.classes("labels").unwrap(), [3, 0, 65535]);
        assert_eq!(back.groups("domains").unwrap(), [-7, 1 << 40]);
        assert_eq!(back.values("targets").unwrap()[[1, 0]], 1.0 / 3.0);
        assert_eq!(back.values("logits").unwrap()[[1, 0]], f64::from(-1e30f32));
        assert!(back.contains("nothing") && !back.contains("something"));
        assert_eq!((back.values("something"), back.classes("something")), (None, None));
    }

    #[test]
    fn bytes_that_are_none_are_refused() {
        let whole = some().to_bytes();
        for cut in 0..whole.len() {
            assert!(Predictions::from_bytes(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(Predictions::from_bytes(&[&whole[..], b"x"].concat()).unwrap_err().contains("longer"));
        assert!(Predictions::from_bytes(b"MIXUPPR0").unwrap_err().contains("another version"));
        // A length that no memory could hold.
        let huge = r#"[{"name":"x","precision":"f64","rows":18446744073709551615,"columns":2}]"#;
        let bytes = [&MAGIC[..], &(huge.len() as u64).to_le_bytes(), huge.as_bytes()].concat();
        assert!(Predictions::from_bytes(&bytes).unwrap_err().contains("end inside of `x`"));
    }
}
