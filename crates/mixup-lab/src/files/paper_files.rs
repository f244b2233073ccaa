//! The files of a paper: `paper.yaml` and its experiments, read and checked against each other.

use std::fs;
use std::path::PathBuf;

use mixup_paper::Paper;

use crate::error::LabError;
use crate::files::experiment::Profile;
use crate::files::manifest::Manifest;
use crate::files::nearest::suggest;
use crate::files::resolve::{Overrides, Resolved, resolve};
use crate::files::workspace::Workspace;
use crate::files::yaml::{Document, InputError, KeyPath};

/// A paper with all of its experiments under one profile.
#[derive(Debug, Clone)]
pub struct PaperFiles {
    /// `paper.yaml`.
    pub manifest: Manifest,
    /// Experiments that the profile has, in the order of their names.
    pub experiments: Vec<Resolved>,
    /// Names of experiments that only another profile has, with that profile.
    pub elsewhere: Vec<(String, Profile)>,
}

impl PaperFiles {
    /// Reads and checks everything that a paper's author wrote.
    ///
    /// # Errors
    /// Whatever is wrong with a file, with its place.
    pub fn read(
        workspace: &Workspace,
        paper: &Paper,
        profile: Profile,
        overrides: &Overrides,
    ) -> Result<Self, LabError> {
        let document = Document::read(&workspace.manifest(paper.slug))?;
        let manifest: Manifest = document.parse()?;
        let mut experiments = Vec::new();
        for file in experiment_files(workspace, paper.slug)? {
            experiments.push(resolve(paper, &Document::read(&file)?, profile, overrides)?);
        }
        check_manifest(&document, &manifest, paper.slug, &experiments)?;
        let elsewhere = |known: &Resolved| known.only.filter(|only| *only != profile);
        let others =
            experiments.iter().filter_map(|known| Some((known.experiment.clone(), elsewhere(known)?)));
        let others = others.collect();
        experiments.retain(|known| elsewhere(known).is_none());
        Ok(Self { manifest, experiments, elsewhere: others })
    }
}

/// Every `experiments/<slug>/*.yaml`, sorted.
fn experiment_files(workspace: &Workspace, slug: &str) -> Result<Vec<PathBuf>, LabError> {
    let folder = workspace.experiments(slug);
    let refused = || LabError::io("the paper's experiments cannot be read", &folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(refused())? {
        let path = entry.map_err(refused())?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(LabError::Usage(format!("{}: holds no experiment (NAME.yaml)", folder.display())));
    }
    Ok(files)
}

/// Names in `paper.yaml` that must agree with its folder and with the experiments.
fn check_manifest(
    document: &Document,
    manifest: &Manifest,
    slug: &str,
    experiments: &[Resolved],
) -> Result<(), InputError> {
    let root = KeyPath::root;
    if manifest.slug != slug {
        let message = format!("must be the folder's name, `{slug}`, not `{}`", manifest.slug);
        return Err(document.refuse(&root().key("slug"), message));
    }
    let names = Names { document, experiments };
    for (index, claim) in manifest.claims.iter().enumerate() {
        let path = root().key("claims").index(index);
        names.check(&path, &claim.experiment, &claim.metric, &[("method", &claim.method)])?;
        names.check(&path, &claim.experiment, &claim.metric, &[("against", &claim.against)])?;
        if claim.method == claim.against {
            let message = "must be another method than `method`";
            return Err(document.refuse(&path.key("against"), message));
        }
    }
    for (index, value) in manifest.reported.iter().enumerate() {
        let path = root().key("reported").index(index);
        names.check(&path, &value.experiment, &value.metric, &[("method", &value.method)])?;
    }
    for (index, value) in manifest.reference.iter().enumerate() {
        let path = root().key("reference").index(index);
        names.check(&path, &value.experiment, &value.metric, &[("method", &value.method)])?;
    }
    unique_ids(document, manifest)
}

/// Ids are unique over tested and untested claims together.
fn unique_ids(document: &Document, manifest: &Manifest) -> Result<(), InputError> {
    let at = |list: &str, index| KeyPath::root().key(list).index(index).key("id");
    let tested = manifest.claims.iter().enumerate().map(|(i, claim)| (at("claims", i), &claim.id));
    let untested = manifest.untested.iter().enumerate().map(|(i, claim)| (at("untested", i), &claim.id));
    let mut seen: Vec<&String> = Vec::new();
    for (path, id) in tested.chain(untested) {
        if seen.contains(&id) {
            let message = format!("`{id}` is the id of an earlier claim; every claim needs its own");
            return Err(document.refuse(&path, message));
        }
        seen.push(id);
    }
    Ok(())
}

/// What names in `paper.yaml` may refer to.
struct Names<'a> {
    document: &'a Document,
    experiments: &'a [Resolved],
}

impl Names<'_> {
    /// Checks an experiment, one of its metrics, and methods of it under the keys they stand at.
    fn check(
        &self,
        path: &KeyPath,
        experiment: &str,
        metric: &str,
        methods: &[(&str, &String)],
    ) -> Result<(), InputError> {
        let known = self.experiments.iter().map(|known| known.experiment.as_str());
        let Some(found) = self.experiments.iter().find(|known| known.experiment == experiment) else {
            return Err(self.unknown(path, "experiment", experiment, "experiments", known));
        };
        let metrics = || found.metrics.iter().map(|known| known.name.as_str());
        if !metrics().any(|known| known == metric) {
            let what = format!("metrics of `{experiment}`");
            return Err(self.unknown(path, "metric", metric, &what, metrics()));
        }
        for (key, method) in methods {
            if !found.methods.contains(method) {
                let what = format!("methods of `{experiment}`");
                return Err(self.unknown(path, key, method, &what, found.methods.iter().map(String::as_str)));
            }
        }
        Ok(())
    }

    fn unknown<'a>(
        &self,
        path: &KeyPath,
        key: &str,
        given: &str,
        what: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> InputError {
        let message = format!("unknown name `{given}`; {}", suggest(given, what, known));
        self.document.refuse(&path.clone().key(key), message)
    }
}

#[cfg(test)]
mod tests;
