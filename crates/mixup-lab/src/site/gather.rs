//! What the site says of a paper, read once.

use std::fs;
use std::path::Path;

use mixup_paper::Paper;
use walkdir::WalkDir;

use crate::error::LabError;
use crate::files::experiment::Profile;
use crate::files::manifest::Manifest;
use crate::files::paper_files::PaperFiles;
use crate::files::resolve::{Overrides, Resolved};
use crate::files::workspace::Workspace;
use crate::outcomes::outcome::Outcome;
use crate::report::results;
use crate::verdicts::verdict::{ReferenceNote, Verdict, judge};

/// A paper with everything that is committed of it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Slug.
    pub slug: String,
    /// `paper.yaml`.
    pub manifest: Manifest,
    /// Experiments of the desk profile.
    pub experiments: Vec<Resolved>,
    /// Experiments that only other profiles have.
    pub elsewhere: Vec<(String, Vec<Profile>)>,
    /// Outcomes of the desk profile, as far as there are any.
    pub outcomes: Vec<Outcome>,
    /// What they say about the claims.
    pub verdicts: Vec<Verdict>,
    /// Our means beside published ones.
    pub notes: Vec<ReferenceNote>,
    /// `README.md` of the crate.
    pub readme: String,
    /// The experiments' files.
    pub specs: Vec<Text>,
    /// The sources of the crate.
    pub sources: Vec<Text>,
}

/// A file of the paper.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Text {
    /// Path below its folder.
    pub name: String,
    /// Text.
    pub text: String,
}

impl Committed {
    /// The outcome of an experiment.
    pub(super) fn outcome(&self, experiment: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.experiment == experiment)
    }

    /// The data sets of an experiment, its own first.
    pub(super) fn data(&self, experiment: &str) -> Vec<String> {
        let known = self.experiments.iter().find(|known| known.experiment == experiment);
        let read = known.map(|known| known.all_data.clone()).filter(|all| !all.is_empty());
        read.or_else(|| Some(vec![self.outcome(experiment)?.data.clone()])).unwrap_or_default()
    }
}

/// Every paper with its committed outcomes.
///
/// # Errors
/// Whatever is wrong with a file that a person wrote, and a committed file that is no outcome.
pub fn committed(workspace: &Workspace, papers: &[Paper]) -> Result<Vec<Committed>, LabError> {
    papers.iter().map(|paper| of(workspace, paper)).collect()
}

fn of(workspace: &Workspace, paper: &Paper) -> Result<Committed, LabError> {
    let files = PaperFiles::read(workspace, paper, Profile::Desk, &Overrides::default())?;
    let names: Vec<String> = files.experiments.iter().map(|known| known.experiment.clone()).collect();
    let outcomes = results::outcomes(&workspace.results(paper.slug, Profile::Desk), Profile::Desk, &names)?;
    let verdicts = judge(&files.manifest, &outcomes.iter().collect::<Vec<_>>());
    let notes = results::reference_notes(&files.manifest, &outcomes);
    let readme = workspace.readme(paper.slug);
    Ok(Committed {
        slug: paper.slug.to_owned(),
        notes,
        verdicts,
        outcomes,
        // A paper that is begun has none yet.
        readme: if readme.is_file() { read(&readme)? } else { String::new() },
        specs: texts(&workspace.experiments(paper.slug), "yaml")?,
        sources: texts(&workspace.papers().join(paper.slug).join("src"), "rs")?,
        manifest: files.manifest,
        experiments: files.experiments,
        elsewhere: files.elsewhere,
    })
}

fn read(file: &Path) -> Result<String, LabError> {
    fs::read_to_string(file).map_err(LabError::io("cannot be read", file))
}

/// Every file of a folder with this ending, in the order of their names.
fn texts(folder: &Path, ending: &str) -> Result<Vec<Text>, LabError> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = entries.filter(|entry| entry.path().extension().is_some_and(|known| known == ending));
    files
        .map(|entry| {
            let path = entry.path();
            let text = read(path)?;
            let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
            Ok(Text { name, text })
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::files::manifest::{Rank, UntestedClaim};
    use crate::outcomes::fixtures::{lower, manifest, outcome};

    /// Paper `demo` with a claim of each kind about one outcome.
    pub fn demo() -> Committed {
        let wine = outcome("wine", &[("erm", &[2.0, 2.1, 2.2]), ("mixup", &[1.0, 1.2, 1.1])]);
        let exploratory = lower("wine", "erm", "mixup");
        let mut manifest = manifest(vec![lower("wine", "mixup", "erm"), exploratory]);
        manifest.claims[1].rank = Rank::Exploratory;
        manifest.untested.push(UntestedClaim {
            id: "large".to_owned(),
            text: "Also on large data.".to_owned(),
            reason: "No room.".to_owned(),
        });
        Committed {
            slug: "demo".to_owned(),
            verdicts: judge(&manifest, &[&wine]),
            notes: Vec::new(),
            manifest,
            experiments: Vec::new(),
            elsewhere: Vec::new(),
            outcomes: vec![wine],
            readme: String::new(),
            specs: Vec::new(),
            sources: Vec::new(),
        }
    }
}
