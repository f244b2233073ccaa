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
//! .mixup-lab/locks/<key>             locked by the worker that executes the run
//! ```

mod predictions;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::files::atomic;
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

/// A run that this process executes and no other; ends when dropped.
#[derive(Debug)]
pub struct RunLock {
    _file: fs::File,
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

    /// Makes sure that records can be written, before hours of work show that they cannot.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn check_writable(&self) -> Result<(), LabError> {
        ["runs", "predictions", "weights", "checkpoints", "locks"].into_iter().try_for_each(|part| {
            atomic::check_writable(&self.folder.join(part))
                .map_err(LabError::io("cannot be written to", &self.folder))
        })
    }

    /// Looks a run up.
    pub fn find(&self, key: &str) -> Found {
        let file = self.record_file(key);
        let unreadable = |why: String| Found::Unreadable(format!("{}: {why}", file.display()));
        let text = match fs::read(&file) {
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
            serde_json::to_vec(record).map_err(io::Error::other).and_then(|json| atomic::write(&file, &json));
        written.map_err(refused)
    }

    /// Puts down that other sources were seen to do the same. The caller holds the run's lock.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn confirm(&self, mut record: RunRecord, sources: &str) -> Result<RunRecord, LabError> {
        record.confirmed_by.push(sources.to_owned());
        self.keep(&record)?;
        Ok(record)
    }

    /// Where the weights of a stage are kept.
    pub fn weights(&self, key: &str) -> PathBuf {
        self.folder.join("weights").join(format!("{key}.bin"))
    }

    /// Where a stage that is under way leaves its weights.
    pub fn draft_weights(&self, key: &str, identity: &str) -> PathBuf {
        self.checkpoint(key).join(identity).join("weights.bin")
    }

    /// Keeps what is at [`Store::draft_weights`]; a kill leaves all of them there or all of them kept.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn keep_weights(&self, key: &str, identity: &str) -> Result<(), LabError> {
        let (draft, kept) = (self.draft_weights(key, identity), self.weights(key));
        let refused = LabError::io("cannot be kept", &kept);
        let synced = fs::File::open(&draft).and_then(|file| file.sync_all());
        let made = synced.and_then(|()| fs::create_dir_all(self.folder.join("weights")));
        made.and_then(|()| fs::rename(&draft, &kept)).map_err(refused)
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

    /// Removes the checkpoints of a run.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn forget_checkpoint(&self, key: &str) -> Result<(), LabError> {
        let folder = self.checkpoint(key);
        absent_is_fine(fs::remove_dir_all(&folder)).map_err(LabError::io("cannot be removed", &folder))
    }

    /// Waits until no other process executes this run. Look the run up again afterwards: the other
    /// one may have finished it.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn lock_run(&self, key: &str) -> Result<RunLock, LabError> {
        self.lock(&self.folder.join("locks").join(key))
    }

    /// Waits until no other process writes results.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn lock_results(&self) -> Result<RunLock, LabError> {
        self.lock(&self.folder.join("locks").join("results"))
    }

    // The file stays: to remove it would let a third process lock a new one beside the second.
    fn lock(&self, file: &Path) -> Result<RunLock, LabError> {
        let refused = LabError::io("cannot be locked", file);
        let open = || -> io::Result<fs::File> {
            fs::create_dir_all(file.parent().unwrap_or(&self.folder))?;
            let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(file)?;
            file.lock()?;
            Ok(file)
        };
        open().map(|file| RunLock { _file: file }).map_err(refused)
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
        atomic::write(&folder.path().join("predictions/ab/abcd"), &[0; 1000]).unwrap();
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
    fn a_second_lock_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let first = store.lock_run("abcd").unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _second = store.lock_run("abcd").unwrap();
                sender.send(()).unwrap();
            });
            let wait = std::time::Duration::from_millis(50);
            assert!(receiver.recv_timeout(wait).is_err(), "both hold the lock");
            drop(first);
            receiver.recv().unwrap();
        });
    }
}
