//! The run store: one file per finished run, under the run's key.
//!
//! ```text
//! .mixup-lab/runs/<ab>/<key>.json    record; <ab> are the first two letters of the key
//! .mixup-lab/predictions/<ab>/<key>  what the run predicted, compressed, for metrics that are thought of later;
//!                                    none of a run with more than 32 MiB of it (`Predictions::LIMIT`). They may
//!                                    be deleted: a new metric then executes the runs
//! .mixup-lab/weights/<key>.bin       weights of a stage, which other runs start from
//! .mixup-lab/checkpoints/<key>/<id>/ what a run that is under way, or was cut off, goes on from; <id> is its
//!                                    identity, so that no code goes on from what other code left
//! .mixup-lab/drafts/                 what is being written, each file under a name that nobody else has; what
//!                                    kills leave there the next command removes after a day
//! .mixup-lab/locks/<key>             locked by the worker that executes the run
//! ```
//!
//! Several commands may share a store, also on several machines, over a network file system. Nothing that is kept
//! depends on locks: what a file holds takes its place in one rename, of a draft that is on the disk. Locks only see
//! to it that nobody executes a run that another one is at. Where there are none, or none that reach other machines, both
//! may execute it: a run is a pure function, so that either record is as good, and the checkpoint of one is
//! the other's too. The one that ends first removes it; the other goes on without.

mod predictions;
mod shared;

use std::fs;
use std::io::{
    self,
    ErrorKind::{DirectoryNotEmpty, ResourceBusy},
};
use std::path::{Path, PathBuf};

use mixup_core::files;
use tempfile::TempPath;

pub use self::shared::RunLock;
use crate::error::LabError;
use crate::outcomes::outcome::RunRecord;

/// The store below `.mixup-lab/` or `MIXUP_STORE_DIR`.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// What the store has under a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// The record.
    Record(Box<RunRecord>),
    /// Nothing.
    Absent,
    /// A file that is no record of this run, with the reason. It counts as absent.
    Unreadable(String),
}

impl Store {
    /// The store in this folder; nothing is made until something is written.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks a run up.
    pub fn find(&self, key: &str) -> Found {
        let file = self.record_file(key);
        let unreadable = |why: String| Found::Unreadable(format!("{}: {why}", file.display()));
        let text = match files::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Absent,
            Err(error) => return unreadable(error.to_string()),
        };
        match serde_json::from_slice::<RunRecord>(&text) {
            Ok(record) if record.key == key => Found::Record(Box::new(record)),
            Ok(record) => unreadable(format!("is the record of another run, {}", record.key)),
            Err(error) => unreadable(format!("is torn or not a record ({error})")),
        }
    }

    /// Keeps a record. The caller holds the run's lock.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn keep(&self, record: &RunRecord) -> Result<(), LabError> {
        let file = self.record_file(&record.key);
        let refused = LabError::io("cannot be written", &file);
        let written =
            serde_json::to_vec(record).map_err(io::Error::other).and_then(|json| self.replace(&file, &json));
        written.map_err(refused)
    }

    /// Puts down that other sources were seen to do the same as those that made a record; gives none where the
    /// store has the record of other code by now. The caller holds the run's lock.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn confirm(&self, known: &RunRecord, sources: &str) -> Result<Option<RunRecord>, LabError> {
        let Found::Record(mut record) = self.find(&known.key) else { return Ok(None) };
        if record.identity != known.identity {
            return Ok(None);
        }
        if !record.confirmed_by.iter().any(|confirmed| confirmed == sources) {
            record.confirmed_by.push(sources.to_owned());
            self.keep(&record)?;
        }
        Ok(Some(*record))
    }

    /// Where the weights of a stage are kept.
    pub fn weights(&self, key: &str) -> PathBuf {
        self.folder.join("weights").join(format!("{key}.bin"))
    }

    /// A file for the weights of a stage that is under way, which no other worker writes to; removed when dropped.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn draft_weights(&self, key: &str) -> Result<TempPath, LabError> {
        let drafts = self.drafts();
        let prefix = format!("{key}.weights.");
        let made = fs::create_dir_all(&drafts)
            .and_then(|()| tempfile::Builder::new().prefix(&prefix).suffix(".tmp").tempfile_in(&drafts));
        // Closed: it is written by its name.
        made.map(tempfile::NamedTempFile::into_temp_path)
            .map_err(LabError::io("cannot be written to", &drafts))
    }

    /// Keeps the weights of a stage; a kill leaves all of them or none.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn keep_weights(&self, key: &str, draft: &Path) -> Result<(), LabError> {
        let kept = self.weights(key);
        let written = fs::read(draft).and_then(|weights| self.replace(&kept, &weights));
        written.map_err(LabError::io("cannot be kept", &kept))
    }

    /// Bytes of a record with its predictions on average, over some of those that are there; a guess where
    /// there are none.
    pub fn mean_record_size(&self) -> u64 {
        let mean = |part: &str| {
            let files = walkdir::WalkDir::new(self.folder.join(part)).into_iter().flatten();
            let files = files.filter(|entry| entry.file_type().is_file());
            let sizes: Vec<u64> =
                files.filter_map(|entry| Some(entry.metadata().ok()?.len())).take(100).collect();
            sizes.iter().sum::<u64>().checked_div(sizes.len() as u64)
        };
        mean("runs").unwrap_or(16 << 10) + mean("predictions").unwrap_or(0)
    }

    /// Forgets a run, its predictions, checkpoint and weights included.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn forget(&self, key: &str) -> Result<(), LabError> {
        for file in [self.record_file(key), self.predictions_file(key), self.weights(key)] {
            absent_is_fine(fs::remove_file(&file)).map_err(LabError::io("cannot be removed", &file))?;
        }
        self.forget_checkpoint(key)
    }

    /// The folder for the checkpoint of a run, made if need be.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn checkpoint_folder(&self, key: &str, identity: &str) -> Result<PathBuf, LabError> {
        let folder = self.checkpoint(key).join(identity);
        fs::create_dir_all(&folder).map_err(LabError::io("cannot be made", &folder))?;
        Ok(folder)
    }

    /// Removes the checkpoint that a finished run left when it was killed after its record was kept.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn forget_leftover(&self, key: &str) -> Result<(), LabError> {
        if !self.checkpoint(key).is_dir() {
            return Ok(());
        }
        let _lock = self.lock_run(key)?;
        self.forget_checkpoint(key)
    }

    /// Removes the checkpoints of a run. What another worker writes there in this moment stays, for the next
    /// command to remove.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn forget_checkpoint(&self, key: &str) -> Result<(), LabError> {
        let folder = self.checkpoint(key);
        match fs::remove_dir_all(&folder) {
            // Over NFS, what somebody has open is busy, and is there under another name until they close it.
            Err(error) if matches!(error.kind(), DirectoryNotEmpty | ResourceBusy) => Ok(()),
            Err(error) if files::went_away(&error) => Ok(()),
            other => other.map_err(LabError::io("cannot be removed", &folder)),
        }
    }

    fn record_file(&self, key: &str) -> PathBuf {
        let start = key.get(..2).unwrap_or(key);
        self.folder.join("runs").join(start).join(format!("{key}.json"))
    }

    fn predictions_file(&self, key: &str) -> PathBuf {
        let start = key.get(..2).unwrap_or(key);
        self.folder.join("predictions").join(start).join(key)
    }

    fn checkpoint(&self, key: &str) -> PathBuf {
        self.folder.join("checkpoints").join(key)
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::outcomes::outcome::Provenance;

    fn record(key: &str) -> RunRecord {
        RunRecord {
            key: key.to_owned(),
            method: "erm".to_owned(),
            seed: 3,
            metrics: BTreeMap::from([("rmse".to_owned(), 0.1 + 0.2)]),
            curves: BTreeMap::from([("train-loss".to_owned(), vec![1.0 / 3.0, 1e-300])]),
            points: BTreeMap::from([("reliability".to_owned(), vec![[0.5, 1.0 / 3.0]])]),
            opening: vec![f64::from(0.1f32), 1.0 / 3.0],
            predictions: "00ff".to_owned(),
            wall_seconds: 0.5,
            processor_seconds: Some(0.4),
            phases: BTreeMap::from([("forward".to_owned(), 0.3)]),
            peak_memory_mib: 12.0,
            provenance: Provenance {
                host: "here".to_owned(),
                version: "0".to_owned(),
                device: "flex".to_owned(),
                data_sha256: "00".to_owned(),
                ..Provenance::default()
            },
            ..RunRecord::default()
        }
    }

    #[test]
    fn keeps_and_forgets_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        assert_eq!(store.find("abcd"), Found::Absent);
        store.keep(&record("abcd")).unwrap();
        assert_eq!(store.find("abcd"), Found::Record(Box::new(record("abcd"))));
        let alone = store.mean_record_size();
        store.replace(&folder.path().join("predictions/ab/abcd"), &[0; 1000]).unwrap();
        assert_eq!(store.mean_record_size(), alone + 1000, "a run needs both");
        assert!(folder.path().join("runs/ab/abcd.json").is_file());
        let checkpoint = store.checkpoint_folder("abcd", "id").unwrap();
        fs::write(checkpoint.join("state"), b"").unwrap();
        store.forget("abcd").unwrap();
        store.forget("abcd").unwrap();
        assert_eq!(store.find("abcd"), Found::Absent);
        assert!(!checkpoint.exists());
    }

    #[test]
    fn a_record_from_before_there_was_all_that_is_there_now_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let mut old = serde_json::to_value(record("abcd")).unwrap();
        for later in ["points", "opening", "predictions"] {
            assert!(old.as_object_mut().unwrap().remove(later).is_some());
        }
        store.keep(&record("abcd")).unwrap();
        fs::write(folder.path().join("runs/ab/abcd.json"), old.to_string()).unwrap();
        let without = RunRecord {
            points: BTreeMap::new(),
            opening: Vec::new(),
            predictions: String::new(),
            ..record("abcd")
        };
        assert_eq!(store.find("abcd"), Found::Record(Box::new(without)));
    }

    #[test]
    fn a_torn_record_counts_as_absent_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        store.keep(&record("abcd")).unwrap();
        let file = folder.path().join("runs/ab/abcd.json");
        let whole = fs::read(&file).unwrap();
        for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(&file, &whole[..cut]).unwrap();
            assert!(matches!(store.find("abcd"), Found::Unreadable(why) if why.contains("torn")), "{cut}");
        }
        fs::write(&file, serde_json::to_vec(&record("other")).unwrap()).unwrap();
        assert!(matches!(store.find("abcd"), Found::Unreadable(why) if why.contains("another run")));
        store.keep(&record("abcd")).unwrap();
        assert!(matches!(store.find("abcd"), Found::Record(_)));
    }

    #[test]
    fn what_other_code_has_made_since_is_not_overwritten_by_a_confirmation() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let [known, newer] =
            ["one", "two"].map(|code| RunRecord { identity: code.to_owned(), ..record("abcd") });
        assert_eq!(
            store.confirm(&known, "s").unwrap(),
            None,
            "nor does a record come back that was forgotten"
        );
        store.keep(&known).unwrap();
        for _ in 0..2 {
            let confirmed = store.confirm(&known, "s").unwrap().unwrap();
            assert_eq!(confirmed.confirmed_by, ["s"]);
        }
        store.keep(&newer).unwrap();
        assert_eq!(store.confirm(&known, "s").unwrap(), None);
        assert_eq!(store.find("abcd"), Found::Record(Box::new(newer)));
    }
}
