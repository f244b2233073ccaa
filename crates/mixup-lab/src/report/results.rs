//! The folder of a paper's outcomes: reading what is committed, writing what is new.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::files::atomic;
use crate::files::experiment::Profile;
use crate::files::manifest::Manifest;
use crate::files::yaml::InputError;
use crate::outcomes::outcome::Outcome;
use crate::outcomes::{pretty, snapshot};
use crate::report::{self, Filled, ReportFile};
use crate::verdicts::verdict::{ReferenceNote, Verdict, compare_with_reference};

/// Name of the file of verdicts.
const VERDICTS: &str = "verdicts.json";

/// The file of an outcome in its folder: JSON, or for the smoke profile a snapshot with the JSON in it.
fn file_of(folder: &Path, profile: Profile, experiment: &str) -> PathBuf {
    let extension = if profile == Profile::Smoke { "snap" } else { "json" };
    folder.join(format!("{experiment}.{extension}"))
}

/// The committed outcomes of these experiments, in their order; one that is not there is left out.
///
/// # Errors
/// A file that is no outcome.
pub fn outcomes(folder: &Path, profile: Profile, experiments: &[String]) -> Result<Vec<Outcome>, LabError> {
    let read = |name: &String| read_json::<Outcome>(&file_of(folder, profile, name)).transpose();
    experiments.iter().filter_map(read).collect()
}

/// The committed verdicts; none where there is no file.
///
/// # Errors
/// A file that holds no verdicts.
pub fn verdicts(folder: &Path) -> Result<Vec<Verdict>, LabError> {
    Ok(read_json(&folder.join(VERDICTS))?.unwrap_or_default())
}

/// How our means stand beside published ones, over all outcomes.
pub fn reference_notes(manifest: &Manifest, outcomes: &[Outcome]) -> Vec<ReferenceNote> {
    outcomes.iter().flat_map(|outcome| compare_with_reference(manifest, outcome)).collect()
}

/// Fails where files could not be written into the folder later.
///
/// # Errors
/// What the file system refuses.
pub fn check_writable(folder: &Path) -> Result<(), LabError> {
    atomic::check_writable(folder).map_err(LabError::io("results cannot be written there", folder))
}

/// Writes outcomes, each whole or not at all. The caller holds the lock on results.
///
/// # Errors
/// What the file system refuses.
pub fn write_outcomes(folder: &Path, profile: Profile, outcomes: &[&Outcome]) -> Result<(), LabError> {
    outcomes.iter().try_for_each(|outcome| {
        let file = file_of(folder, profile, &outcome.experiment);
        let json = pretty::to_json(outcome).map_err(LabError::io("cannot be written", &file))?;
        match profile {
            Profile::Smoke => {
                let text = String::from_utf8_lossy(&json);
                write(&file, snapshot::with_header(&text).as_bytes())
            }
            Profile::Desk | Profile::Gpu | Profile::Paper => write(&file, &json),
        }
    })
}

/// Writes verdicts, pictures and the README that shows them, and then removes pictures of the folder that
/// it does not show, which an earlier report left. The caller holds the lock on results.
///
/// # Errors
/// What the file system refuses.
pub fn write_report(
    folder: &Path,
    manifest: &Manifest,
    outcomes: &[Outcome],
    verdicts: &[Verdict],
) -> Result<(), LabError> {
    write_json(&folder.join(VERDICTS), &verdicts)?;
    let notes = reference_notes(manifest, outcomes);
    let mut files = report::files(manifest, &outcomes.iter().collect::<Vec<_>>(), verdicts, &notes);
    files.sort_by_key(|file| file.name == "README.md");
    files.iter().try_for_each(|file| write(&folder.join(&file.name), file.content.as_bytes()))?;
    remove_stale(folder, &files)
}

/// Removes the pictures of a folder that are not among these files.
fn remove_stale(folder: &Path, files: &[ReportFile]) -> Result<(), LabError> {
    let entries = fs::read_dir(folder).map_err(LabError::io("cannot be read", folder))?;
    for entry in entries {
        let file = entry.map_err(LabError::io("cannot be read", folder))?.path();
        let is_picture = file.extension().is_some_and(|extension| extension == "svg");
        let is_shown = files.iter().any(|shown| file.file_name().is_some_and(|name| name == &*shown.name));
        if is_picture && !is_shown {
            fs::remove_file(&file).map_err(LabError::io("cannot be removed", &file))?;
        }
    }
    Ok(())
}

/// Writes the marked blocks of the README of a paper's crate, where it has some; gives the experiments whose
/// blocks wait for an outcome.
///
/// # Errors
/// A block that cannot be filled, and what the file system refuses.
pub fn fill_readme(
    file: &Path,
    manifest: &Manifest,
    experiments: &[String],
    outcomes: &[Outcome],
    verdicts: &[Verdict],
) -> Result<Vec<String>, LabError> {
    let Some(text) = read_text(file)? else { return Ok(Vec::new()) };
    let filled = filled((file, text.as_str()), manifest, experiments, outcomes, verdicts)?;
    if filled.text != text {
        write(file, filled.text.as_bytes())?;
    }
    Ok(filled.waiting)
}

/// A README, its file and its text, with its blocks as they should be. `experiments` are those of the paper,
/// run or not.
///
/// # Errors
/// A block that cannot be filled, with its place.
pub fn filled(
    (file, text): (&Path, &str),
    manifest: &Manifest,
    experiments: &[String],
    outcomes: &[Outcome],
    verdicts: &[Verdict],
) -> Result<Filled, LabError> {
    let notes = reference_notes(manifest, outcomes);
    let outcomes: Vec<&Outcome> = outcomes.iter().collect();
    report::filled(text, experiments, &outcomes, verdicts, &notes).map_err(|error| {
        let report::BlockError { line, message } = error;
        InputError { file: file.to_owned(), place: Some((line, 1)), key: String::new(), message }.into()
    })
}

fn write_json(file: &Path, value: &impl serde::Serialize) -> Result<(), LabError> {
    let json = pretty::to_json(value).map_err(LabError::io("cannot be written", file))?;
    write(file, &json)
}

fn write(file: &Path, content: &[u8]) -> Result<(), LabError> {
    atomic::write(file, content).map_err(LabError::io("cannot be written", file))
}

/// The text of a file, if there is one.
fn read_text(file: &Path) -> Result<Option<String>, LabError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        // A file where a folder should be is found when something is to be written there.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(LabError::io("cannot be read", file)(error)),
    }
}

fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<Option<T>, LabError> {
    let Some(text) = read_text(file)? else { return Ok(None) };
    serde_json::from_str(snapshot::content(&text)).map(Some).map_err(|error| {
        let message = format!("{error}; restore it from git, or remove it and reproduce the paper again");
        let place = Some((error.line(), error.column()));
        InputError { file: file.to_owned(), place, key: String::new(), message }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::{lower, outcome};
    use crate::verdicts::verdict::judge;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn reads_back_what_it_wrote_and_skips_what_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let wine = outcome("wine", &[("erm", &[0.1, f64::NAN]), ("mixup", &[0.3, 0.1 + 0.2])]);
        let asked = ["wine".to_owned(), "airfoil".to_owned()];
        for profile in [Profile::Desk, Profile::Smoke] {
            write_outcomes(folder.path(), profile, &[&wine]).unwrap();
            let read = outcomes(folder.path(), profile, &asked).unwrap();
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].methods["mixup"], wine.methods["mixup"]);
            assert!(read[0].methods["erm"].values["rmse"][1].is_nan());
        }
        assert_eq!(names(folder.path()), ["wine.json", "wine.snap"]);
    }

    #[test]
    fn a_report_holds_verdicts_and_a_readme_and_no_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let wine = outcome("wine", &[("erm", &[0.1, 0.2, 0.3]), ("mixup", &[0.3, 0.5, 0.4])]);
        let manifest = crate::outcomes::fixtures::manifest(vec![lower("wine", "erm", "mixup")]);
        let judged = judge(&manifest, &[&wine]);
        fs::write(folder.path().join("wine-rmse.svg"), "an earlier picture").unwrap();
        fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
        write_report(folder.path(), &manifest, &[wine], &judged).unwrap();
        assert_eq!(verdicts(folder.path()).unwrap(), judged);
        let names = names(folder.path());
        assert_eq!(names, ["README.md", "notes.txt", "verdicts.json", "wine-differences.svg"]);
    }

    #[test]
    fn a_readme_is_filled_as_far_as_there_are_outcomes() {
        let folder = tempfile::tempdir().unwrap();
        let wine = outcome("wine", &[("erm", &[0.1, 0.2, 0.3]), ("mixup", &[0.3, 0.5, 0.4])]);
        let manifest = crate::outcomes::fixtures::manifest(vec![lower("wine", "erm", "mixup")]);
        let judged = judge(&manifest, &[&wine]);
        let readme = folder.path().join("README.md");
        let block =
            |experiment: &str| format!("<!-- numbers: table {experiment} -->\nold\n<!-- /numbers -->\n");
        let names = ["wine".to_owned(), "airfoil".to_owned()];
        let fill = || fill_readme(&readme, &manifest, &names, std::slice::from_ref(&wine), &judged);
        fs::write(&readme, block("wine") + &block("airfoil")).unwrap();
        assert_eq!(fill().unwrap(), ["airfoil"]);
        let text = fs::read_to_string(&readme).unwrap();
        assert!(text.contains("mixup") && text.ends_with(&block("airfoil")), "{text}");
        assert!(!text.contains(&block("wine")), "{text}");
        fs::write(&readme, block("arfoil")).unwrap();
        let error = fill().unwrap_err().to_string();
        assert!(error.contains("README.md:1:1") && error.contains("no experiment `arfoil`"), "{error}");
    }

    #[test]
    fn a_torn_outcome_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("wine.json"), "{\"schema\": 1,").unwrap();
        let error = outcomes(folder.path(), Profile::Desk, &["wine".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("wine.json:1:13") && error.contains("restore it from git"), "{error}");
    }
}
