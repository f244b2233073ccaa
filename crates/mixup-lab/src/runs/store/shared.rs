//! What a store needs that several processes share: drafts that no other has, and locks where there are some.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use super::Store;
use crate::error::LabError;
use crate::files::atomic;

/// A run that this process executes and no other, where the file system has locks; ends when dropped.
#[derive(Debug)]
pub struct RunLock {
    _file: fs::File,
}

/// Longer than anything takes to be written.
const OLD_DRAFT: Duration = Duration::from_secs(24 * 3600);

/// The user was told that there are no locks.
static TOLD: Once = Once::new();

impl Store {
    /// Makes sure that records can be written, before hours of work show that they cannot; says aloud where there are
    /// no locks, and removes drafts that kills left.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn check_writable(&self) -> Result<(), LabError> {
        let drafts = self.drafts();
        ["runs", "predictions", "weights", "checkpoints", "locks"]
            .into_iter()
            .try_for_each(|part| atomic::check_movable(&drafts, &self.folder.join(part)))
            .and_then(|()| atomic::remove_older(&drafts, OLD_DRAFT))
            .map_err(LabError::io("cannot be written to", &self.folder))?;
        let locks = self.open_lock(&self.results_lock())?.try_lock();
        if let Err(fs::TryLockError::Error(why)) = locks {
            TOLD.call_once(|| eprintln!("{}", without_locks(&self.folder, &why)));
        }
        Ok(())
    }

    /// Waits until no other process executes this run, where the file system has locks. Look the run up again
    /// afterwards: the other one may have finished it.
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
        self.lock(&self.results_lock())
    }

    /// A file system without locks is no error: [`Store::check_writable`] says so, once.
    fn lock(&self, file: &Path) -> Result<RunLock, LabError> {
        let file = self.open_lock(file)?;
        let _ = file.lock();
        Ok(RunLock { _file: file })
    }

    // The file stays: to remove it would let a third process lock a new one beside the second.
    fn open_lock(&self, file: &Path) -> Result<fs::File, LabError> {
        let open = || {
            fs::create_dir_all(file.parent().unwrap_or(&self.folder))?;
            fs::OpenOptions::new().create(true).truncate(false).write(true).open(file)
        };
        open().map_err(LabError::io("cannot be locked", file))
    }

    fn results_lock(&self) -> PathBuf {
        self.folder.join("locks").join("results")
    }

    /// Replaces a file of the store whole.
    pub(super) fn replace(&self, file: &Path, content: &[u8]) -> io::Result<()> {
        atomic::replace(&self.drafts(), file, content)
    }

    pub(super) fn drafts(&self) -> PathBuf {
        self.folder.join("drafts")
    }
}

fn without_locks(folder: &Path, why: &io::Error) -> String {
    format!(
        "note: {}: this file system has no locks ({why}). Records are as safe as with locks; but another command that \
         shares this store may execute the same runs at the same time, which costs time and nothing else",
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::outcomes::outcome::RunRecord;
    use crate::runs::store::Found;

    /// As workers on two machines do whose locks do not reach each other.
    #[test]
    fn records_of_two_writers_are_never_torn() {
        let folder = tempfile::tempdir().unwrap();
        let store = &Store::new(folder.path());
        let of = |worker: usize, turn: usize| {
            let curve = vec![turn as f64; 500 + 5000 * worker];
            RunRecord {
                key: "abcd".to_owned(),
                curves: BTreeMap::from([("train-loss".to_owned(), curve)]),
                ..RunRecord::default()
            }
        };
        store.keep(&of(0, 0)).unwrap();
        std::thread::scope(|scope| {
            let write = |worker| move || (0..40).for_each(|turn| store.keep(&of(worker, turn)).unwrap());
            let writers = [0, 1, 2].map(|worker| scope.spawn(write(worker)));
            while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                assert!(matches!(store.find("abcd"), Found::Record(_)), "{:?}", store.find("abcd"));
            }
        });
        assert_eq!(fs::read_dir(folder.path().join("drafts")).unwrap().count(), 0);
    }

    #[test]
    fn weights_of_two_writers_are_never_torn() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let [one, other] = [(); 2].map(|()| store.draft_weights("abcd").unwrap());
        fs::write(&one, b"weights").unwrap();
        store.keep_weights("abcd", &one).unwrap();
        // The second worker is behind the first, and is cut off.
        fs::write(&other, b"wei").unwrap();
        assert_eq!(fs::read(store.weights("abcd")).unwrap(), b"weights");
        drop((one, other));
        assert_eq!(fs::read_dir(folder.path().join("drafts")).unwrap().count(), 0);
    }

    #[test]
    fn old_drafts_are_removed_and_those_of_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        store.check_writable().unwrap();
        let [old, young] = ["old", "young"].map(|name| folder.path().join("drafts").join(name));
        for draft in [&old, &young] {
            fs::write(draft, b"").unwrap();
        }
        let long_ago = std::time::SystemTime::now() - 2 * OLD_DRAFT;
        fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
        store.check_writable().unwrap();
        assert!(!old.exists() && young.exists());
        let left = walkdir::WalkDir::new(folder.path()).sort_by_file_name().into_iter().flatten();
        let left: Vec<_> = left.filter(|entry| entry.file_type().is_file()).map(|e| e.into_path()).collect();
        assert_eq!(left, [young, folder.path().join("locks/results")]);
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
            let wait = Duration::from_millis(50);
            assert!(receiver.recv_timeout(wait).is_err(), "both hold the lock");
            drop(first);
            receiver.recv().unwrap();
        });
    }
}
