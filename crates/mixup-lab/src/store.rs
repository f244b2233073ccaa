//! The run store: finished runs under their keys, and the checkpoints of unfinished ones.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::outcome::RunRecord;

/// Finished runs as `runs/<ab>/<key>.json`, checkpoints as `checkpoints/<key>/`.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store below a folder, which need not exist yet.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The record of a finished run. One that cannot be read counts as absent: it is made again.
    pub fn get(&self, key: &str) -> Option<RunRecord> {
        let text = fs::read(self.record(key)).ok()?;
        match serde_json::from_slice::<RunRecord>(&text) {
            Ok(record) if record.key == key => Some(record),
            _ => {
                eprintln!(
                    "warning: {} is not a record of this run; it is run again",
                    self.record(key).display()
                );
                None
            }
        }
    }

    /// Keeps a record and drops the run's checkpoints.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub fn put(&self, record: &RunRecord) -> Result<(), LabError> {
        let path = self.record(&record.key);
        let text = serde_json::to_vec_pretty(record)
            .map_err(|error| LabError::io("cannot be written", &path)(error.into()))?;
        write_atomically(&path, &text)?;
        // A checkpoint that stays is only in the way of nobody.
        let _ = fs::remove_dir_all(self.checkpoints(&record.key));
        Ok(())
    }

    /// Folder for the checkpoints of a run.
    pub fn checkpoints(&self, key: &str) -> PathBuf {
        self.folder.join("checkpoints").join(key)
    }

    /// Forgets a run.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub fn forget(&self, key: &str) -> Result<(), LabError> {
        let path = self.record(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(LabError::io("cannot be removed", &path)(error))
            }
            _ => {
                let _ = fs::remove_dir_all(self.checkpoints(key));
                Ok(())
            }
        }
    }

    fn record(&self, key: &str) -> PathBuf {
        self.folder.join("runs").join(key.get(..2).unwrap_or("xx")).join(format!("{key}.json"))
    }
}

/// Writes a file so that a reader, or a kill at any moment, sees the old content or the new one.
///
/// # Errors
/// A folder that cannot be made or written.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), LabError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        fs::create_dir_all(folder)?;
        let mut draft = tempfile::NamedTempFile::new_in(folder)?;
        draft.write_all(content)?;
        draft.as_file().sync_all()?;
        draft.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(LabError::io("cannot be written", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Provenance;

    fn record(key: &str) -> RunRecord {
        RunRecord {
            key: key.into(),
            method: "erm".into(),
            seed: 0,
            metrics: [("rmse".into(), 0.1 + 0.2)].into(),
            curves: [("train-loss".into(), vec![1.0, 1.0 / 3.0])].into(),
            wall_seconds: 1.5,
            peak_memory_mib: 10.0,
            provenance: Provenance {
                host: "test".into(),
                version: "0".into(),
                device: "flex".into(),
                data_sha256: "00".into(),
            },
        }
    }

    #[test]
    fn keeps_every_bit_and_forgets_on_demand() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        assert_eq!(store.get("abc"), None);
        store.put(&record("abc")).unwrap();
        assert_eq!(store.get("abc"), Some(record("abc")));
        store.forget("abc").unwrap();
        assert_eq!(store.get("abc"), None);
    }

    #[test]
    fn a_torn_or_foreign_record_counts_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        store.put(&record("abc")).unwrap();
        let path = store.record("abc");
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert_eq!(store.get("abc"), None);
        fs::write(&path, serde_json::to_vec(&record("other")).unwrap()).unwrap();
        assert_eq!(store.get("abc"), None);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = write_atomically(&folder.path().join("file/below.json"), b"").unwrap_err().to_string();
        assert!(error.contains("below.json") && error.contains("cannot be written"), "{error}");
    }
}
