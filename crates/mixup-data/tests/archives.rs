//! Data sets out of a public repository's archive, from a server on loopback.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod common;

use std::cell::RefCell;
use std::fs;
use std::time::Duration;

use common::images::gzip;
use common::server::{Reply, Server};
use common::{empty_library, made_set, members, real_data_dir, real_library, sum, write};
use mixup_data::{Archive, Content, DataSet, File, Library, Members, Network, Provider, catalogue};

/// Paths and contents.
type Files = Vec<(&'static str, &'static [u8])>;

const GLOBS: &[&str] = &["sounds/*_[0-9].wav", "notes/*.txt"];

/// What a set wants of its repository, in the order of the paths.
fn wanted() -> Files {
    vec![("notes/b.txt", b"bee"), ("sounds/a_0.wav", b"zero"), ("sounds/a_1.wav", &[7; 3000])]
}

/// A repository as a host packs it: all below one folder, behind a header with the commit.
fn repository(files: &[(&str, &[u8])], level: u32) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut commit = tar::Header::new_ustar();
    commit.set_entry_type(tar::EntryType::XGlobalHeader);
    commit.set_size(12);
    archive.append_data(&mut commit, "pax_global_header", &b"12 comment=a"[..]).unwrap();
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("made-0123456/{name}"), *content).unwrap();
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    std::io::Write::write_all(&mut encoder, &archive.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}

/// The wanted files, and some that are not.
fn whole() -> Files {
    let other: [(&str, &[u8]); 3] =
        [("README.md", b"read"), ("sounds/a_10.wav", b"ten"), ("sounds/deep/a_2.wav", b"two")];
    other.into_iter().chain(wanted()).collect()
}

/// A set of files in folders, served at this URL.
fn folder_set(url: &str, members: Members) -> DataSet {
    let archive = Some(Archive { url: format!("{url}/tar.gz/0123456").leak(), members });
    DataSet { content: Content::Members(members), archive, ..made_set(vec![]) }
}

fn hasty(library: Library) -> Library {
    let network = Network {
        connect: Duration::from_secs(2),
        stall: Duration::from_millis(300),
        attempts: 3,
        pause: Duration::from_millis(1),
    };
    Library { network, ..library }
}

/// Obtains the made set from these replies: the message of the error, or else nothing.
fn outcome(replies: Vec<Reply>) -> Result<(), String> {
    let server = Server::start(replies);
    let set = folder_set(&server.url, members(GLOBS, &wanted()));
    let (library, cache) = empty_library();
    let library = hasty(library);
    let result = library.obtain(&set, &|_| ());
    server.requests();
    match result {
        Ok(located) => {
            assert_eq!(located.provider, Provider::Archive);
            assert_eq!(library.verify(&set).unwrap().files, located.files);
            let contents = located.files.iter().map(|path| fs::read(path).unwrap());
            assert!(contents.eq([&b"zero"[..], &[7; 3000], b"bee"]));
            let mut left: Vec<_> = fs::read_dir(cache.path().join("made")).unwrap().collect();
            left.retain(|entry| entry.as_ref().unwrap().file_name() != ".lock");
            assert_eq!(left.len(), 1, "{left:?}");
            Ok(())
        }
        Err(error) => {
            assert!(!cache.path().join("made/members").exists());
            Err(error.to_string())
        }
    }
}

#[test]
fn the_members_come_in_the_order_of_the_patterns_however_they_are_packed() {
    let mut files = whole();
    outcome(vec![Reply::full(&repository(&files, 9))]).unwrap();
    files.reverse();
    outcome(vec![Reply::unmeasured(&repository(&files, 1))]).unwrap();
}

#[test]
fn a_cut_archive_goes_on_where_it_was_cut() {
    let packed = repository(&whole(), 0);
    let at = packed.len() / 2;
    outcome(vec![Reply::full(&packed).cut_after(at), Reply::rest(&packed, at)]).unwrap();
    outcome(vec![Reply::unmeasured(&packed[..at]), Reply::rest(&packed, at)]).unwrap();
    outcome(vec![Reply::unmeasured(&packed[..at]), Reply::full(&packed)]).unwrap();
}

#[test]
fn the_rest_of_an_archive_that_was_packed_anew_is_not_taken() {
    let (old, new) = (repository(&whole(), 0), repository(&whole(), 9));
    let at = new.len() / 2;
    outcome(vec![Reply::unmeasured(&old[..at]), Reply::rest(&new, at), Reply::full(&new)]).unwrap();
}

#[test]
fn what_is_not_the_repository_is_refused() {
    let with = |change: &dyn Fn(&mut Files)| {
        let mut files = whole();
        change(&mut files);
        outcome(vec![Reply::full(&repository(&files, 6))]).unwrap_err()
    };
    let last = whole().len() - 1;
    let changed = with(&|files| files[last].1 = &[8; 3000]);
    let expected = members(GLOBS, &wanted());
    assert!(changed.contains("repository archive: http://127.0.0.1"), "{changed}");
    assert!(changed.contains("wrong content: 3 files, 3007 bytes, SHA-256"), "{changed}");
    assert!(changed.contains(expected.sha256), "{changed}");
    assert!(with(&|files| files.truncate(last)).contains("2 files, 7 bytes"));
    assert!(with(&|files| files[last].1 = &[7; 4000]).contains("more than the 3007 bytes expected"));
    assert!(with(&|files| files.push(("notes/b.txt", b""))).contains("notes/b.txt is in the archive twice"));
    assert!(with(&|files| files.push(("notes/c.txt", b""))).contains("4 files"));
    let page = outcome(vec![Reply::full(b"<html>please log in</html>")]).unwrap_err();
    assert!(page.contains("the archive is broken"), "{page}");
    let gone = outcome(vec![Reply::status("404 Not Found")]).unwrap_err();
    assert!(gone.contains("/tar.gz/0123456: HTTP status 404"), "{gone}");
    assert!(gone.contains("DIR/made/sounds/*_[0-9].wav and the like are"), "{gone}");
    assert!(gone.contains("cargo xtask data get made"), "{gone}");
}

#[test]
fn a_packed_bomb_is_not_unpacked() {
    let bomb = vec![0; 200 << 20];
    let files: [(&str, &[u8]); 1] = [("README.md", &bomb)];
    let message = outcome(vec![Reply::full(&repository(&files, 6))]).unwrap_err();
    assert!(message.contains("far larger than the repository was"), "{message}");
}

#[test]
fn progress_is_told_and_never_past_the_total() {
    let packed = repository(&whole(), 0);
    let server = Server::start(vec![Reply::full(&packed)]);
    let set = folder_set(&server.url, members(GLOBS, &wanted()));
    let (library, _cache) = empty_library();
    let seen = RefCell::new(Vec::new());
    let see = |progress: mixup_data::Progress<'_>| {
        assert!(progress.data_set == "made" && progress.done <= progress.total);
        seen.borrow_mut().push(progress.done);
    };
    library.obtain(&set, &see).unwrap();
    assert_eq!(seen.into_inner().last(), Some(&(packed.len() as u64)));
}

#[test]
fn folders_of_files_are_found_and_checked() {
    let (library, cache) = empty_library();
    let given = tempfile::tempdir().unwrap();
    let library = Library { data_dir: Some(given.path().to_owned()), ..library };
    let set = folder_set("http://127.0.0.1:1", members(GLOBS, &wanted()));
    assert!(library.locate(&set).unwrap_err().to_string().contains("no folder"));
    for (name, content) in whole() {
        write(&given.path().join("made_set").join(name), content);
        write(&cache.path().join("made/members").join(name), content);
    }
    let located = library.verify(&set).unwrap();
    assert_eq!((located.provider, located.files.len()), (Provider::GivenDirectory, 3));
    assert_eq!(library.locate(&set).unwrap(), located);

    let changed = given.path().join("made_set/sounds/a_0.wav");
    write(&changed, b"nero");
    assert!(library.locate(&set).is_ok());
    let message = library.verify(&set).unwrap_err().to_string();
    assert!(
        message.contains("made_set does not have the files of the catalogue: found 3 files"),
        "{message}"
    );
    fs::remove_file(&changed).unwrap();
    let message = library.locate(&set).unwrap_err().to_string();
    assert!(message.contains("found 2 files, 3003 bytes, expected 3 files, 3007 bytes"), "{message}");

    let cached = Library { data_dir: None, ..library };
    assert_eq!(cached.verify(&set).unwrap().provider, Provider::Cache);
    write(&cache.path().join("made/members/notes/b.txt"), b"be");
    let message = cached.verify(&set).unwrap_err().to_string();
    assert!(message.contains("cache: ") && message.contains("found 3 files, 3006 bytes"), "{message}");
}

#[test]
fn the_digest_is_the_identity_of_a_folder_of_files() {
    let members = members(GLOBS, &wanted());
    assert_eq!(folder_set("http://127.0.0.1:1", members).sha256(), members.sha256);
}

#[test]
fn a_set_of_one_file_is_packed_from_the_members() {
    // Made by Python's zipfile: ZipInfo's defaults, members stored.
    let expected = include_bytes!("common/stored.zip");
    let members = members(GLOBS, &wanted());
    let server = Server::start(vec![Reply::full(&repository(&whole(), 6))]);
    let file = File { name: "a.zip", sums: vec![sum(expected)].leak(), source: None };
    let set = DataSet { content: Content::Files(vec![file].leak()), ..folder_set(&server.url, members) };
    let (library, _cache) = empty_library();
    let located = library.obtain(&set, &|_| ()).unwrap();
    assert_eq!(located.provider, Provider::Archive);
    assert_eq!(fs::read(&located.files[0]).unwrap(), expected);
    assert_eq!(library.verify(&set).unwrap().provider, Provider::Cache);
}

#[test]
fn cifar10_jpeg_is_made_from_its_repository() {
    let set = &catalogue::CIFAR10_JPEG;
    if real_library(set).is_none() {
        return;
    }
    let path = real_data_dir().unwrap().join("cifar10-jpeg/cifar10-jpeg.zip");
    let zip = fs::read(path).unwrap();
    let repository = repository_of(&zip);
    let server = Server::start(vec![Reply::full(&gzip(&repository))]);
    let archive = Archive { url: server.url.clone().leak(), ..set.archive.unwrap() };
    let (library, _cache) = empty_library();
    let located = library.obtain(&DataSet { archive: Some(archive), ..*set }, &|_| ()).unwrap();
    assert_eq!(located.provider, Provider::Archive);
    assert!(fs::read(&located.files[0]).unwrap() == zip, "not the same archive");
}

/// The members of a zip archive below one folder of a tar archive, in the order of their paths, as git
/// packs them.
fn repository_of(zip: &[u8]) -> Vec<u8> {
    let archive = rawzip::ZipArchive::from_slice(zip).unwrap();
    let mut members = std::collections::BTreeMap::new();
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().unwrap() {
        let name = std::str::from_utf8(entry.file_path().as_ref()).unwrap().to_owned();
        members.insert(name, archive.get_entry(entry.wayfinder()).unwrap().data().to_vec());
    }
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, format!("CIFAR-10-images-6d04f75/{name}"), &content[..]).unwrap();
    }
    tar.into_inner().unwrap()
}
