//! Files that are there whole or not at all.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use mixup_core::files;

/// Replaces a file by way of a draft in the same folder, which is made if need be. A kill leaves the old
/// file or the new one, and at most a draft, `<file>.<letters>.tmp`, that the next call removes. A file that has this
/// content already is not touched.
///
/// Of two processes that write one file at the same time, the last one's content is there.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    replace(folder, file, content)?;
    // What is still being written of them is written again.
    let start = dotted(file)?;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(start.as_encoded_bytes()) && name.ends_with(b".tmp") {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// How often a draft is written that others remove: each time one of them has succeeded.
const TRIES: usize = 100;

/// The same by way of a draft in another folder of the same file system, where it stays after a kill.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn replace(drafts: &Path, file: &Path, content: &[u8]) -> io::Result<()> {
    if files::read(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    // A draft goes away where its folder is cleared; and where NFS repeats a rename whose answer was lost.
    let went_away = |written: &io::Result<()>| written.as_ref().is_err_and(files::went_away);
    let mut written = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        fs::create_dir_all(drafts)?;
        // A name that no other process has, on whatever machine.
        let mut draft = tempfile::Builder::new().prefix(&dotted(file)?).suffix(".tmp").tempfile_in(drafts)?;
        draft.write_all(content)?;
        draft.as_file().sync_all()?;
        draft.persist(file)?;
        Ok(())
    };
    (1..TRIES).map(|_| written()).find(|known| !went_away(known)).unwrap_or_else(&mut written)?;
    // The rename itself is on disk once the folder is; not every system can sync one.
    let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// What the names of a file's drafts begin with.
fn dotted(file: &Path) -> io::Result<OsString> {
    let mut name = file.file_name().ok_or_else(|| io::Error::other("not a file's path"))?.to_owned();
    name.push(".");
    Ok(name)
}

/// Makes two folders if need be, and makes sure that [`replace`] can move files from one into the other; leaves none.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn check_movable(drafts: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::create_dir_all(drafts)?;
    // One name for all, so that kills do not pile up leftovers.
    let probe = folder.join(".probe");
    tempfile::Builder::new().suffix(".tmp").tempfile_in(drafts)?.persist(&probe)?;
    match fs::remove_file(&probe) {
        Err(error) if !files::went_away(&error) => Err(error),
        // Another process has removed it.
        _ => Ok(()),
    }
}

/// Removes the files of a folder that nobody has changed for so long, by the clock of the file system.
///
/// # Errors
/// What the file system refuses, but for files that go away meanwhile.
pub(crate) fn remove_older(folder: &Path, age: Duration) -> io::Result<()> {
    let now = tempfile::tempfile_in(folder)?.metadata()?.modified()?;
    for entry in fs::read_dir(folder)?.flatten() {
        let then = entry.metadata().and_then(|known| known.modified());
        let old = then.ok().and_then(|then| now.duration_since(then).ok()).is_some_and(|known| known > age);
        if old {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Makes a folder if need be, and makes sure that files can be written into it; leaves none.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn check_writable(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_whole_files_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/record.json");
        write(&file, b"one").unwrap();
        // What a kill in the middle leaves behind does not stand in the way.
        fs::write(folder.path().join("deep/record.json.tmp"), b"to").unwrap();
        write(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
    }

    #[test]
    fn of_several_writers_without_a_lock_none_fails_and_no_file_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let file = &folder.path().join("outcome.json");
        write(file, b"0").unwrap();
        std::thread::scope(|scope| {
            let content = |writer: u8, turn: usize| vec![b'0' + writer; 100_000 * usize::from(writer) + turn];
            let work = |writer| move || (0..30).for_each(|turn| write(file, &content(writer, turn)).unwrap());
            let writers = [1, 2, 3].map(|writer| scope.spawn(work(writer)));
            while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                let read = fs::read(file).unwrap();
                assert!(read.iter().all(|byte| *byte == read[0]), "a mixture of two");
                let writer = usize::from(read[0] - b'0');
                assert!(
                    (writer * 100_000..writer * 100_000 + 30)
                        .contains(&(read.len() - usize::from(writer == 0)))
                );
            }
        });
        write(file, b"last").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "drafts are left");
    }

    #[test]
    fn a_file_in_the_way_of_the_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("in-the-way"), b"").unwrap();
        assert!(write(&folder.path().join("in-the-way/record.json"), b"one").is_err());
        assert!(check_writable(&folder.path().join("in-the-way")).is_err());
        assert!(check_writable(&folder.path().join("free/deep")).is_ok());
    }
}
