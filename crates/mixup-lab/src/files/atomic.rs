//! Files that are there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file by way of `<file>.tmp` in the same folder, which is made if need be. A kill
/// leaves the old file or the new one, and at most a `.tmp` that the next call overwrites. A file
/// that has this content already is not touched.
///
/// Two processes must not write one file at the same time: take a lock first.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return Err(io::Error::other("not a file's path"));
    };
    fs::create_dir_all(folder)?;
    // One name for all tries, so that kills do not pile up leftovers.
    let _ = fs::remove_file(folder.join(name).with_added_extension("tmp"));
    let mut draft = tempfile::Builder::new().prefix(name).suffix(".tmp").rand_bytes(0).tempfile_in(folder)?;
    draft.write_all(content)?;
    draft.as_file().sync_all()?;
    draft.persist(file)?;
    // The rename itself is on disk once the folder is; not every system can sync one.
    let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
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
    fn a_file_in_the_way_of_the_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("in-the-way"), b"").unwrap();
        assert!(write(&folder.path().join("in-the-way/record.json"), b"one").is_err());
        assert!(check_writable(&folder.path().join("in-the-way")).is_err());
        assert!(check_writable(&folder.path().join("free/deep")).is_ok());
    }
}
