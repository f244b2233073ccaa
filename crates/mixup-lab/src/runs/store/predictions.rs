//! What runs predicted, beside their records.

use std::fs;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use mixup_core::files;
use mixup_paper::Predictions;
use sha2::{Digest, Sha256};

use super::{Store, absent_is_fine};
use crate::error::LabError;
use crate::outcomes::outcome::RunRecord;

impl Store {
    /// Keeps what a run predicted, and gives the SHA-256 by which the record names it; an empty one, and no
    /// file, where there is nothing to keep or more than [`Predictions::LIMIT`]. The caller holds the run's
    /// lock and keeps the record afterwards.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn keep_predictions(&self, key: &str, predictions: Option<&Predictions>) -> Result<String, LabError> {
        let file = self.predictions_file(key);
        let bytes = predictions.map(Predictions::to_bytes).filter(|bytes| bytes.len() <= Predictions::LIMIT);
        let Some(bytes) = bytes else {
            absent_is_fine(fs::remove_file(&file)).map_err(LabError::io("cannot be removed", &file))?;
            return Ok(String::new());
        };
        let compressed = compressed(&bytes).map_err(LabError::io("cannot be compressed", &file))?;
        self.replace(&file, &compressed).map_err(LabError::io("cannot be written", &file))?;
        Ok(hex::encode(Sha256::digest(compressed)))
    }

    /// What the run of a record predicted.
    ///
    /// # Errors
    /// In words, why it is not there: nothing was kept, or the file is gone, damaged or of another record.
    pub fn predictions(&self, record: &RunRecord) -> Result<Predictions, String> {
        let file = self.predictions_file(&record.key);
        let read = || -> Result<Predictions, String> {
            let bytes = files::read(&file).map_err(|error| error.to_string())?;
            if hex::encode(Sha256::digest(&bytes)) != record.predictions {
                return Err("is not what the record names: it was cut off, damaged or replaced".to_owned());
            }
            Predictions::from_bytes(&decompressed(&bytes).map_err(|error| error.to_string())?)
        };
        read().map_err(|why| format!("{}: {why}", file.display()))
    }
}

/// Fast: what does not shrink quickly does not shrink at all, low bytes of numbers being all but random.
fn compressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn decompressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut decompressed = Vec::new();
    // A byte more than there can be tells too many from just as many.
    GzDecoder::new(bytes).take(Predictions::LIMIT as u64 + 1).read_to_end(&mut decompressed)?;
    Ok(decompressed)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn predictions(rows: usize) -> Predictions {
        let mut predictions = Predictions::default();
        predictions.add_outputs("logits", Array2::from_shape_fn((rows, 4), |(i, j)| (i * j) as f64).view());
        predictions
    }

    #[test]
    fn they_are_kept_to_the_bit_and_forgotten_with_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let kept = store.keep_predictions("abcd", Some(&predictions(500))).unwrap();
        let record = RunRecord { key: "abcd".to_owned(), predictions: kept, ..RunRecord::default() };
        assert_eq!(store.predictions(&record).unwrap(), predictions(500));
        let file = folder.path().join("predictions/ab/abcd");
        assert!(fs::metadata(&file).unwrap().len() < 4 * 4 * 500 / 2, "they are compressed");
        store.forget("abcd").unwrap();
        assert!(!file.exists());
        assert!(store.predictions(&record).unwrap_err().contains("abcd"));
    }

    #[test]
    fn what_is_damaged_or_of_another_run_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let kept = store.keep_predictions("abcd", Some(&predictions(50))).unwrap();
        let record = RunRecord { key: "abcd".to_owned(), predictions: kept, ..RunRecord::default() };
        let file = folder.path().join("predictions/ab/abcd");
        let whole = fs::read(&file).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for bytes in [&whole[..whole.len() - 1], &flipped, b""] {
            fs::write(&file, bytes).unwrap();
            assert!(store.predictions(&record).unwrap_err().contains("is not what the record names"));
        }
        store.keep_predictions("abcd", Some(&predictions(51))).unwrap();
        assert!(store.predictions(&record).is_err());
    }

    #[test]
    fn too_many_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let file = folder.path().join("predictions/ab/abcd");
        store.keep_predictions("abcd", Some(&predictions(5))).unwrap();
        assert!(file.exists());
        let rows = Predictions::LIMIT / 16 + 1;
        assert_eq!(store.keep_predictions("abcd", Some(&predictions(rows))).unwrap(), "");
        assert!(!file.exists(), "nor are those of before");
    }
}
