use std::fs;
use std::io::Write;
use std::process::Command;

use super::*;
use crate::dataset::Source;
use crate::digest::{Sum, sha256_of};

const NOWHERE: Option<Source> = Some(Source { url: "", gzip: None });

fn wanted(name: &'static str, content: &[u8]) -> File {
    let sum = Sum { sha256: sha256_of([content]).leak(), bytes: content.len() as u64 };
    File { name, sums: vec![sum].leak(), source: NOWHERE }
}

/// A tar archive with these members, whatever their paths.
fn tar_of(members: &[(&str, &[u8], tar::EntryType)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content, kind) in members {
        let mut header = tar::Header::new_gnu();
        // The safe setter refuses the paths that these tests are about.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

const PLAIN: tar::EntryType = tar::EntryType::Regular;

#[test]
fn the_wanted_members_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let archive = tar_of(&[
        ("./usr/share/made/", b"", tar::EntryType::Directory),
        ("./usr/share/made/b", b"two", PLAIN),
        ("./usr/share/doc/a", b"not this one", PLAIN),
        ("./usr/share/made/a", b"one", PLAIN),
    ]);
    let files = [wanted("a", b"one"), wanted("b", b"two")];
    unpack(&archive[..], "usr/share/made", &files, folder.path()).unwrap();
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"one");
    assert_eq!(fs::read(folder.path().join("b")).unwrap(), b"two");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn an_archive_that_points_out_of_itself_is_refused() {
    for path in ["../outside", "usr/share/made/../../../../outside", "/outside"] {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("inner");
        fs::create_dir(&folder).unwrap();
        let archive = tar_of(&[(path, b"evil", PLAIN), ("usr/share/made/a", b"one", PLAIN)]);
        let why = unpack(&archive[..], "usr/share/made", &[wanted("a", b"one")], &folder).unwrap_err();
        assert!(why.contains("refused") && why.contains(path), "{why}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_wrong_missing_or_linked_member_is_an_error() {
    let link = tar::EntryType::Symlink;
    for (member, reason) in [
        (("usr/share/made/a", &b"two"[..], PLAIN), "wrong content"),
        (("usr/share/made/b", b"one", PLAIN), "has no usr/share/made/a"),
        (("usr/share/made/a", b"", link), "not a plain file"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let why = unpack(&tar_of(&[member])[..], "usr/share/made", &[wanted("a", b"one")], folder.path());
        assert!(why.as_ref().is_err_and(|why| why.contains(reason)), "{why:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_cut_archive_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let archive = tar_of(&[("usr/share/made/a", &[7; 5000], PLAIN)]);
    let files = [wanted("a", &[7; 5000])];
    for length in [100, 600, 4000] {
        assert!(unpack(&archive[..length], "usr/share/made", &files, folder.path()).is_err(), "{length}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_real_package_is_unpacked() {
    let work = tempfile::tempdir().unwrap();
    let tree = work.path().join("tree");
    fs::create_dir_all(tree.join("DEBIAN")).unwrap();
    fs::create_dir_all(tree.join("usr/share/made")).unwrap();
    let control = "Package: made\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: a\n";
    fs::write(tree.join("DEBIAN/control"), control).unwrap();
    fs::write(tree.join("usr/share/made/a"), "one").unwrap();
    let deb = work.path().join("made.deb");
    let Ok(output) = Command::new("dpkg-deb").arg("--build").arg(&tree).arg(&deb).output() else {
        io::stderr().write_all(b"SKIPPED a_real_package_is_unpacked: no dpkg-deb on this machine\n").unwrap();
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = tempfile::tempdir().unwrap();
    extract(&deb, "usr/share/made", &[wanted("a", b"one")], folder.path()).unwrap();
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"one");

    fs::write(&deb, "not a package").unwrap();
    assert!(extract(&deb, "usr/share/made", &[wanted("a", b"one")], folder.path()).is_err());
}
