//! A paper's files: `paper.yaml` and its experiments, read strictly and checked against each other.

use std::fs;
use std::path::{Path, PathBuf};

use mixup_data::catalogue;

use crate::error::LabError;
use crate::experiment::{AnyExperiment, Profile};
use crate::manifest::{Claim, Manifest};
use crate::nearest::suggest;
use crate::registry::PaperEntry;
use crate::workspace::Workspace;
use crate::yaml::{Document, InputError, KeyPath};

/// A paper with everything that its files say.
pub struct LoadedPaper<'a> {
    /// The paper's code.
    pub entry: &'a PaperEntry,
    /// `paper.yaml`.
    pub manifest: Manifest,
    /// Its experiments, by file name.
    pub experiments: Vec<AnyExperiment>,
}

/// Reads and checks `papers/<slug>/paper.yaml` and `experiments/<slug>/*.yaml`.
///
/// # Errors
/// The first thing that is wrong, with file, line and key.
pub fn load<'a>(workspace: &Workspace, entry: &'a PaperEntry) -> Result<LoadedPaper<'a>, LabError> {
    let documents = documents(&workspace.experiments(entry.slug))?;
    let experiments =
        documents.iter().map(|document| experiment(document, entry)).collect::<Result<Vec<_>, _>>()?;
    let document = Document::read(&workspace.manifest(entry.slug))?;
    let manifest: Manifest = document.parse()?;
    check_manifest(&document, &manifest, entry, &experiments)?;
    Ok(LoadedPaper { entry, manifest, experiments })
}

fn documents(folder: &Path) -> Result<Vec<Document>, LabError> {
    let entries = fs::read_dir(folder).map_err(LabError::io("cannot be read", folder))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(LabError::io("cannot be read", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(LabError::Usage(format!(
            "{}: no *.yaml in it, so there is nothing to run",
            folder.display()
        )));
    }
    Ok(files.iter().map(|file| Document::read(file)).collect::<Result<_, _>>()?)
}

fn experiment(document: &Document, entry: &PaperEntry) -> Result<AnyExperiment, InputError> {
    let experiment = (entry.load)(document)?;
    let at = |key: &str| KeyPath::root().key(key);
    let stem = document.file().file_stem().unwrap_or_default().to_string_lossy();
    if experiment.experiment != stem {
        return Err(document.refuse(&at("experiment"), format!("must be the file's name, `{stem}`")));
    }
    if experiment.paper != entry.slug {
        return Err(document.refuse(&at("paper"), format!("must be the folder's name, `{}`", entry.slug)));
    }
    if experiment.methods.is_empty() {
        return Err(document.refuse(&at("methods"), "at least one method is needed"));
    }
    if experiment.metrics.is_empty() {
        return Err(document.refuse(&at("metrics"), "at least one metric is needed"));
    }
    let known = (entry.metrics)();
    for (index, metric) in experiment.metrics.iter().enumerate() {
        if !known.iter().any(|info| info.name == *metric) {
            let hint = suggest(metric, "metrics", known.iter().map(|info| info.name.as_str()));
            return Err(
                document.refuse(&at("metrics").index(index), format!("unknown metric `{metric}`; {hint}"))
            );
        }
    }
    let data = catalogue::find(&experiment.data);
    data.map_err(|error| document.refuse(&at("data"), error.to_string()))?;
    for profile in [Profile::Smoke, Profile::Desk, Profile::Paper] {
        for spec in experiment.clone().under(profile).specs("flex") {
            (entry.check)(&spec).map_err(|message| {
                document.refuse(
                    &at("methods").key(&spec.method),
                    format!("under the {profile} profile: {message}"),
                )
            })?;
        }
    }
    Ok(experiment)
}

fn check_manifest(
    document: &Document,
    manifest: &Manifest,
    entry: &PaperEntry,
    experiments: &[AnyExperiment],
) -> Result<(), InputError> {
    if manifest.slug != entry.slug {
        let message = format!("must be the folder's name, `{}`", entry.slug);
        return Err(document.refuse(&KeyPath::root().key("slug"), message));
    }
    let ids = manifest.claims.iter().map(|claim| &claim.id);
    let ids: Vec<&String> = ids.chain(manifest.untested.iter().map(|claim| &claim.id)).collect();
    for (index, id) in ids.iter().enumerate() {
        if ids[..index].contains(id) {
            let (list, place) = match index.checked_sub(manifest.claims.len()) {
                Some(place) => ("untested", place),
                None => ("claims", index),
            };
            let path = KeyPath::root().key(list).index(place).key("id");
            return Err(document.refuse(&path, format!("the id `{id}` is used twice")));
        }
    }
    for (index, claim) in manifest.claims.iter().enumerate() {
        let path = KeyPath::root().key("claims").index(index);
        check_claim(document, &path, claim, experiments)?;
    }
    let reported = manifest
        .reported
        .iter()
        .enumerate()
        .map(|(i, r)| ("reported", i, &r.experiment, &r.metric, &r.method));
    let reference = manifest
        .reference
        .iter()
        .enumerate()
        .map(|(i, r)| ("reference", i, &r.experiment, &r.metric, &r.method));
    for (list, index, experiment, metric, method) in reported.chain(reference) {
        let path = KeyPath::root().key(list).index(index);
        let experiment = find_experiment(document, &path, experiment, experiments)?;
        find_metric(document, &path, metric, experiment)?;
        find_method(document, &path.key("method"), method, experiment)?;
    }
    Ok(())
}

fn check_claim(
    document: &Document,
    path: &KeyPath,
    claim: &Claim,
    experiments: &[AnyExperiment],
) -> Result<(), InputError> {
    let experiment = find_experiment(document, path, &claim.experiment, experiments)?;
    find_metric(document, path, &claim.metric, experiment)?;
    find_method(document, &path.clone().key("method"), &claim.method, experiment)?;
    find_method(document, &path.clone().key("against"), &claim.against, experiment)?;
    if claim.method == claim.against {
        let message = "a method is compared with itself";
        return Err(document.refuse(&path.clone().key("against"), message));
    }
    Ok(())
}

fn find_experiment<'e>(
    document: &Document,
    path: &KeyPath,
    name: &str,
    experiments: &'e [AnyExperiment],
) -> Result<&'e AnyExperiment, InputError> {
    experiments.iter().find(|experiment| experiment.experiment == name).ok_or_else(|| {
        let hint = suggest(name, "experiments", experiments.iter().map(|e| e.experiment.as_str()));
        document.refuse(&path.clone().key("experiment"), format!("unknown experiment `{name}`; {hint}"))
    })
}

fn find_metric(
    document: &Document,
    path: &KeyPath,
    name: &str,
    experiment: &AnyExperiment,
) -> Result<(), InputError> {
    if experiment.metrics.iter().any(|metric| metric == name) {
        return Ok(());
    }
    let hint = suggest(name, "metrics of this experiment", experiment.metrics.iter().map(String::as_str));
    Err(document.refuse(&path.clone().key("metric"), format!("unknown metric `{name}`; {hint}")))
}

fn find_method(
    document: &Document,
    path: &KeyPath,
    name: &str,
    experiment: &AnyExperiment,
) -> Result<(), InputError> {
    if experiment.methods.contains_key(name) {
        return Ok(());
    }
    let hint = suggest(name, "methods of this experiment", experiment.methods.keys().map(String::as_str));
    Err(document.refuse(path, format!("unknown method `{name}`; {hint}")))
}
