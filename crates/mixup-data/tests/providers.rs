//! Where a data set is found, in which order, and what the errors say.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod common;

use std::fs;

use common::{empty_library, made_file, made_set, sum, write};
use mixup_data::{Content, DataError, DataSet, File, Library, Provider, catalogue, load_images, load_table};
use tempfile::TempDir;

const NOWHERE: &str = "http://127.0.0.1:1/";

fn one_file() -> DataSet {
    made_set(vec![made_file("a.txt", b"right", NOWHERE)])
}

fn with_data_dir() -> (Library, TempDir, TempDir) {
    let (library, cache) = empty_library();
    let dir = tempfile::tempdir().unwrap();
    (Library { data_dir: Some(dir.path().to_owned()), ..library }, dir, cache)
}

#[test]
fn the_given_directory_by_name_or_by_folder() {
    for folder in ["made", "made_set"] {
        let (library, dir, _cache) = with_data_dir();
        let path = dir.path().join(folder).join("a.txt");
        write(&path, b"right");
        let located = library.verify(&one_file()).unwrap();
        assert_eq!((located.provider, &located.files[..]), (Provider::GivenDirectory, &[path][..]));
        assert_eq!(library.locate(&one_file()).unwrap(), located);
        assert!(located.to_string().starts_with("given directory: /"), "{located}");
    }
}

#[test]
fn the_order_of_the_offline_providers() {
    let (library, dir, cache) = with_data_dir();
    let system = tempfile::tempdir().unwrap();
    let set = DataSet { system: Some(system.path().to_str().unwrap().to_owned().leak()), ..one_file() };
    write(&cache.path().join("made/a.txt"), b"right");
    assert_eq!(library.verify(&set).unwrap().provider, Provider::Cache);
    write(&system.path().join("a.txt"), b"right");
    assert_eq!(library.verify(&set).unwrap().provider, Provider::System);
    write(&dir.path().join("made/a.txt"), b"right");
    assert_eq!(library.verify(&set).unwrap().provider, Provider::GivenDirectory);
}

#[test]
fn a_flipped_byte_in_the_given_directory_is_an_error_even_when_the_cache_is_right() {
    let (library, dir, cache) = with_data_dir();
    write(&cache.path().join("made/a.txt"), b"right");
    let path = dir.path().join("made/a.txt");
    write(&path, b"wrong");
    for error in [library.verify(&one_file()), library.obtain(&one_file(), &|_| ())].map(Result::unwrap_err) {
        let message = error.to_string();
        assert!(matches!(error, DataError::Checksum(_)), "{message}");
        for part in [path.to_str().unwrap(), sum(b"right").sha256, sum(b"wrong").sha256, "(5 bytes)"] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
}

#[test]
fn a_truncated_file_is_seen_by_its_size_alone() {
    let (library, dir, _cache) = with_data_dir();
    write(&dir.path().join("made/a.txt"), b"rig");
    let message = library.locate(&one_file()).unwrap_err().to_string();
    assert!(message.contains("found 3 bytes, expected SHA-256"), "{message}");
    let message = library.verify(&one_file()).unwrap_err().to_string();
    assert!(message.contains(sum(b"rig").sha256), "{message}");
}

#[test]
fn a_given_directory_that_does_not_exist_is_an_error() {
    let (library, dir, _cache) = with_data_dir();
    let missing = dir.path().join("no-such");
    let library = Library { data_dir: Some(missing.clone()), ..library };
    let message = library.locate(&one_file()).unwrap_err().to_string();
    assert!(message.contains(missing.to_str().unwrap()) && message.contains("MIXUP_DATA_DIR"), "{message}");
}

#[test]
fn an_unreadable_file_in_the_given_directory_is_an_error() {
    let (library, dir, _cache) = with_data_dir();
    // A folder in place of the file: it exists, and it cannot be read.
    fs::create_dir_all(dir.path().join("made/a.txt")).unwrap();
    let error = library.verify(&one_file()).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }), "{error}");
}

#[test]
fn a_set_must_be_whole() {
    let (library, dir, cache) = with_data_dir();
    let set = made_set(vec![made_file("a.txt", b"right", NOWHERE), made_file("b.txt", b"also", NOWHERE)]);
    write(&dir.path().join("made/a.txt"), b"right");
    let DataError::Unavailable { tried, .. } = library.verify(&set).unwrap_err() else { panic!() };
    assert_eq!(tried[0].provider, Provider::GivenDirectory);
    assert!(tried[0].why.ends_with("made/b.txt"), "{}", tried[0].why);
    write(&cache.path().join("made/a.txt"), b"right");
    write(&cache.path().join("made/b.txt"), b"also");
    assert_eq!(library.verify(&set).unwrap().provider, Provider::Cache);
}

#[test]
fn a_wrong_file_is_told_even_when_another_is_absent() {
    let (library, dir, _cache) = with_data_dir();
    let set = made_set(vec![made_file("a.txt", b"right", NOWHERE), made_file("b.txt", b"also", NOWHERE)]);
    write(&dir.path().join("made/b.txt"), b"else");
    let message = library.obtain(&set, &|_| ()).unwrap_err().to_string();
    assert!(message.contains("made/b.txt is not the file of the catalogue"), "{message}");
}

#[test]
fn damaged_system_and_cached_copies_count_as_absent() {
    let (library, cache) = empty_library();
    let system = tempfile::tempdir().unwrap();
    let set = DataSet { system: Some(system.path().to_str().unwrap().to_owned().leak()), ..one_file() };
    write(&cache.path().join("made/a.txt"), b"right");
    write(&system.path().join("a.txt"), b"wrong");
    assert_eq!(library.verify(&set).unwrap().provider, Provider::Cache);
    write(&cache.path().join("made/a.txt"), b"wrong");
    let DataError::Unavailable { tried, .. } = library.verify(&set).unwrap_err() else { panic!() };
    let damaged: Vec<_> =
        tried.iter().filter(|attempt| attempt.why.contains("not the file of the catalogue")).collect();
    assert_eq!(damaged.len(), 2, "{tried:?}");
}

#[test]
fn the_error_names_the_set_every_provider_and_what_to_do() {
    let (library, _cache) = empty_library();
    let message = library.obtain(&one_file(), &|_| ()).unwrap_err().to_string();
    for part in [
        "data set `made` is not at hand",
        "\n  given directory: none given",
        "\n  cache: no file /",
        "\n  canonical URL: http://127.0.0.1:1/",
        "cargo xtask data get made",
        "MIXUP_DATA_DIR=DIR",
        "DIR/made/a.txt",
        "Ask the moon for it.",
    ] {
        assert!(message.contains(part), "{part} in\n{message}");
    }
}

#[test]
fn an_unknown_name_is_met_with_the_nearest_one() {
    let message = catalogue::find("airfiol").unwrap_err().to_string();
    assert!(message.contains("`airfiol`: did you mean `airfoil`?"), "{message}");
    assert!(message.contains("wine-quality, diabetes"), "{message}");
    assert!(message.contains("fashion-mnist"), "{message}");
    let message = catalogue::find("communities_crime").unwrap_err().to_string();
    assert!(message.contains("did you mean `communities-crime`?"), "{message}");
    let message = catalogue::find("fashion").unwrap_err().to_string();
    assert!(message.contains("did you mean `fashion-mnist`?"), "{message}");
}

#[test]
fn embedded_sets_need_nothing() {
    let nowhere = Library::new(None, "/nonexistent/cache".into());
    for name in ["wine-quality", "diabetes", "digits"] {
        let set = catalogue::find(name).unwrap();
        let located = nowhere.locate(set).unwrap();
        assert_eq!((located.provider, located.to_string().as_str()), (Provider::Embedded, "embedded"));
        assert!(load_table(&nowhere, name).unwrap().rows() > 400);
    }
}

#[test]
fn a_set_of_several_files_is_not_a_table() {
    let (library, _cache) = empty_library();
    for name in ["regmix", "fashion-mnist"] {
        let message = load_table(&library, name).unwrap_err().to_string();
        assert!(message.contains("not one table") && message.contains("airfoil, no2"), "{message}");
    }
}

#[test]
fn a_table_is_not_a_set_of_training_and_test_images() {
    let (library, _cache) = empty_library();
    for name in ["airfoil", "diabetes"] {
        let message = load_images(&library, name).unwrap_err().to_string();
        assert!(message.contains("fashion-mnist, cifar-10, cifar-100, cifar10-jpeg"), "{message}");
    }
}

#[test]
fn a_file_that_no_url_serves_says_so() {
    let (library, _cache) = empty_library();
    let unserved = File { source: None, ..made_file("a.zip", b"right", NOWHERE) };
    let message = library.obtain(&made_set(vec![unserved]), &|_| ()).unwrap_err().to_string();
    assert!(!message.contains("data get"), "{message}");
    for part in ["canonical URL: none is known that serves a.zip", "DIR/made/a.zip"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn the_catalogue_is_well_formed() {
    for (index, set) in catalogue::ALL.iter().enumerate() {
        assert_eq!(set.sha256().len(), 64, "{}", set.name);
        assert!([set.title, set.citation, set.licence, set.page].iter().all(|text| !text.is_empty()));
        for other in &catalogue::ALL[..index] {
            assert_ne!(set.name, other.name);
            assert_ne!(set.sha256(), other.sha256(), "{} and {}", set.name, other.name);
        }
        for file in set.files() {
            assert!(!file.name.contains('/'), "{}", file.name);
            if let Some(source) = &file.source {
                assert!(source.url.starts_with("http"), "{}", source.url);
                assert!(source.url.trim_end_matches(".gz").ends_with(file.name.trim_end_matches(".gz")));
            }
            let packed = file.source.iter().filter_map(|source| source.gzip.as_ref());
            for sum in file.sums.iter().chain(packed) {
                assert!(is_sha256(sum.sha256), "{}", file.name);
            }
        }
        let listed = if let Content::Members(members) = set.content { Some(members) } else { None };
        for members in set.archive.iter().map(|archive| archive.members).chain(listed) {
            assert!(is_sha256(members.sha256), "{}", set.name);
            assert!(members.globs.iter().all(|glob| !glob.starts_with('/') && !glob.contains("..")));
        }
        if let (Some(archive), Some(members)) = (set.archive, listed) {
            assert_eq!(archive.members, members, "{}", set.name);
        }
    }
}

#[test]
fn the_digest_of_a_set_follows_its_files() {
    let digest = |name, content: &[u8]| made_set(vec![made_file(name, content, NOWHERE)]).sha256();
    assert_eq!(digest("a", b"one"), digest("a", b"one"));
    assert_ne!(digest("a", b"one"), digest("a", b"two"));
    assert_ne!(digest("a", b"one"), digest("b", b"one"));
}

#[test]
fn the_identity_of_a_set_does_not_change() {
    // The keys of finished runs depend on it.
    for (name, expected) in [
        ("airfoil", "7c2a9a82d451b90df4c7943385b0d4a438f0b5c3e51df068841e113f1e504369"),
        ("wine-quality", "d4f6a6d672e0ee31d41fdd93b4b58985b45a31f2f971499c18137c42229278ac"),
        ("fashion-mnist", "41ccb64d1c0ca6a22264f03380dfe2d4d570eef9be3baaad30b96e8997188342"),
        ("cifar10-jpeg", "afe883a4ce5f6fad1747291fb586cac1ce6d5da4dd8481a3ff11f0d135e7d5ac"),
        ("fsdd", "8f9ed3b270a8dd63ecfea43d0cb8498afce773225d3bf88430d4a79f281dba99"),
    ] {
        assert_eq!(catalogue::find(name).unwrap().sha256(), expected, "{name}");
    }
}
