//! The files of a paper: `paper.yaml` and its experiments, read and checked against each other.

use std::fs;
use std::path::PathBuf;

use mixup_paper::Paper;

use crate::error::LabError;
use crate::files::claim::{Claim, Effect, Test};
use crate::files::experiment::Profile;
use crate::files::manifest::{Manifest, Shown};
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
    /// Names of experiments that only other profiles have, with those.
    pub elsewhere: Vec<(String, Vec<Profile>)>,
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
        let is_here = |known: &Resolved| known.in_profiles.contains(&profile);
        let elsewhere = experiments.iter().filter(|known| !is_here(known));
        let elsewhere =
            elsewhere.map(|known| (known.experiment.clone(), known.in_profiles.clone())).collect();
        experiments.retain(is_here);
        Ok(Self { manifest, experiments, elsewhere })
    }
}

/// Every `experiments/<slug>/*.yaml`, sorted by the experiments' names.
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
    // By name: of a path `airfoil-bandwidth.yaml` would come before `airfoil.yaml`.
    files.sort_by(|one, other| one.file_stem().cmp(&other.file_stem()));
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
        check_claim(&names, &root().key("claims").index(index), claim, manifest)?;
    }
    for (index, value) in manifest.reported.iter().enumerate() {
        let path = root().key("reported").index(index);
        names.check(&path, &value.experiment, &value.metric, &[("method", &value.method)])?;
    }
    for (index, value) in manifest.reference.iter().enumerate() {
        let path = root().key("reference").index(index);
        names.check(&path, &value.experiment, &value.metric, &[("method", &value.method)])?;
    }
    for (index, finding) in manifest.findings.iter().enumerate() {
        let path = root().key("findings").index(index);
        if let Some(shown) = &finding.shown {
            check_shown(&names, &path.key("shown"), shown)?;
        }
    }
    unique_ids(document, manifest)
}

/// Names that show a finding, and that they are two.
fn check_shown(names: &Names<'_>, path: &KeyPath, shown: &Shown) -> Result<(), InputError> {
    let rows = [("official", &shown.official), ("paper", &shown.paper)];
    names.check(path, &shown.experiment, &shown.metric, &rows)?;
    if let Some(metric) = &shown.paper_metric {
        names.metric(path, "paper_metric", &shown.experiment, metric)?;
    }
    let same_metric = shown.paper_metric.as_ref().is_none_or(|metric| *metric == shown.metric);
    if shown.official == shown.paper && same_metric {
        let message = "must be another row than `official`, or have another metric (`paper_metric`)";
        return Err(names.document.refuse(&path.clone().key("paper"), message));
    }
    Ok(())
}

/// What a claim needs by its kind, and names that its experiments have.
fn check_claim(
    names: &Names<'_>,
    path: &KeyPath,
    claim: &Claim,
    manifest: &Manifest,
) -> Result<(), InputError> {
    let refuse = |key: &str, message: &str| Err(names.document.refuse(&path.clone().key(key), message));
    names.check(path, &claim.experiment, &claim.metric, &[])?;
    if let Some(less) = &claim.less {
        names.metric(path, "less", &claim.experiment, less)?;
    }
    if claim.test == Test::Trend {
        if claim.over.len() < 3 {
            return refuse(
                "over",
                "give at least three methods in order; two are compared by `method` and `against`",
            );
        }
        if !claim.method.is_empty() || !claim.against.0.is_empty() || !claim.repeated.is_empty() {
            return refuse("over", "a trend has its methods here, and no `method`, `against` or `repeated`");
        }
        for (index, method) in claim.over.iter().enumerate() {
            if claim.over[..index].contains(method) {
                return refuse("over", &format!("`{method}` is given twice"));
            }
            names.check(path, &claim.experiment, &claim.metric, &[("over", method)])?;
        }
    } else {
        if !claim.over.is_empty() {
            return refuse("over", "only `test: trend` has it");
        }
        names.check(path, &claim.experiment, &claim.metric, &[("method", &claim.method)])?;
        if claim.against.0.is_empty() {
            return refuse("against", "give the method, or the methods, to compare with");
        }
        for against in &claim.against.0 {
            names.check(path, &claim.experiment, &claim.metric, &[("against", against)])?;
            if claim.method == *against {
                return refuse("against", "must be another method than `method`");
            }
        }
    }
    if let Some(beyond) = &claim.beyond {
        if claim.test == Test::Trend || !claim.repeated.is_empty() {
            return refuse("beyond", "a trend, or what is repeated in other experiments, has none");
        }
        let path = path.clone().key("beyond");
        let methods = [("method", &beyond.method), ("against", &beyond.against)];
        names.check(&path, &claim.experiment, &claim.metric, &methods)?;
    }
    for (index, known) in claim.repeated.iter().enumerate() {
        let path = path.clone().key("repeated").index(index);
        let methods = [("method", &known.method), ("against", &known.against)];
        names.check(&path, &known.experiment, &claim.metric, &methods)?;
        if known.experiment == claim.experiment {
            let message = "must be another experiment: the claim's own is no repetition of itself";
            return Err(names.document.refuse(&path.key("experiment"), message));
        }
    }
    if !claim.repeated.is_empty() && claim.against.0.len() > 1 {
        return refuse(
            "repeated",
            "a claim against several methods cannot be repeated; make it several claims",
        );
    }
    if matches!(claim.test, Test::Kept | Test::Equal) && claim.margin.is_none() {
        return refuse("margin", "`kept` and `equal` need the difference that would not matter");
    }
    if claim.effect.is_some() && claim.test != Test::Difference {
        return refuse("effect", "only a difference has a published one");
    }
    if claim.effect == Some(Effect::Reported)
        && claim.against.0.iter().any(|against| claim.published(against, manifest).is_none())
    {
        return refuse("effect", "`reported:` lacks a mean of one of the methods; give `{value, source}`");
    }
    Ok(())
}

/// Ids are unique over tested claims, untested ones and findings together.
fn unique_ids(document: &Document, manifest: &Manifest) -> Result<(), InputError> {
    let at = |list: &str, index| KeyPath::root().key(list).index(index).key("id");
    let tested = manifest.claims.iter().enumerate().map(|(i, claim)| (at("claims", i), &claim.id));
    let untested = manifest.untested.iter().enumerate().map(|(i, claim)| (at("untested", i), &claim.id));
    let found = manifest.findings.iter().enumerate().map(|(i, known)| (at("findings", i), &known.id));
    let mut seen: Vec<&String> = Vec::new();
    for (path, id) in tested.chain(untested).chain(found) {
        if seen.contains(&id) {
            let message =
                format!("`{id}` is the id of an earlier claim; every claim and finding needs its own");
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
        self.metric(path, "metric", experiment, metric)?;
        for (key, method) in methods {
            if !found.methods.contains(method) {
                let what = format!("methods of `{experiment}`");
                return Err(self.unknown(path, key, method, &what, found.methods.iter().map(String::as_str)));
            }
        }
        Ok(())
    }

    /// Checks a metric of an experiment that is known.
    fn metric(&self, path: &KeyPath, key: &str, experiment: &str, metric: &str) -> Result<(), InputError> {
        let of = self.experiments.iter().filter(|known| known.experiment == experiment);
        let metrics: Vec<&str> =
            of.flat_map(|known| &known.metrics).map(|known| known.name.as_str()).collect();
        if metrics.contains(&metric) {
            return Ok(());
        }
        let what = format!("metrics of `{experiment}`");
        Err(self.unknown(path, key, metric, &what, metrics.into_iter()))
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
