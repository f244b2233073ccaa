//! results/<slug>/: committed outcomes, verdicts, README and plots.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::experiment::Profile;
use crate::load::LoadedPaper;
use crate::outcome::Outcome;
use crate::report;
use crate::store::write_atomically;
use crate::verdict::{ReferenceNote, Verdict, compare_with_reference, judge};

/// The folder of a paper's outcomes under one profile.
#[derive(Debug, Clone)]
pub struct Results {
    folder: PathBuf,
    profile: Profile,
}

/// Everything that is said about a paper's outcomes.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Outcomes in the order of the experiments, fresh ones and those of the folder.
    pub outcomes: Vec<Outcome>,
    /// One per claim.
    pub verdicts: Vec<Verdict>,
    /// Our numbers beside published ones.
    pub notes: Vec<ReferenceNote>,
}

impl Results {
    /// The results in a folder.
    pub fn at(folder: PathBuf, profile: Profile) -> Self {
        Self { folder, profile }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder and tries it, so that nothing is run whose outcome could not be kept.
    ///
    /// # Errors
    /// A folder that cannot be made or written.
    pub fn ensure_writable(&self) -> Result<(), LabError> {
        let attempt = fs::create_dir_all(&self.folder).and_then(|()| tempfile::tempfile_in(&self.folder));
        attempt.map(|_| ()).map_err(LabError::io("cannot be written", &self.folder))
    }

    /// The committed outcome of an experiment.
    ///
    /// # Errors
    /// A file that is there and is not an outcome.
    pub fn read(&self, experiment: &str) -> Result<Option<Outcome>, LabError> {
        let path = self.folder.join(format!("{experiment}.json"));
        let text = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(LabError::io("cannot be read", &path))?,
        };
        let outcome: Outcome = serde_json::from_slice(&text).map_err(|error| {
            LabError::Usage(format!("{}: not an outcome: {error}; restore it or delete it", path.display()))
        })?;
        Ok(Some(outcome))
    }

    /// Verdicts over the fresh outcomes and, for the paper's other experiments, those of the
    /// folder: Holm's correction then does not depend on what was asked for.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn judge(&self, paper: &LoadedPaper<'_>, fresh: &[Outcome]) -> Result<Judged, LabError> {
        let mut outcomes = Vec::new();
        for experiment in &paper.experiments {
            let name = &experiment.experiment;
            let outcome = match fresh.iter().find(|outcome| outcome.experiment == *name) {
                Some(outcome) => Some(outcome.clone()),
                None => self.read(name)?,
            };
            outcomes.extend(outcome);
        }
        let verdicts = judge(&paper.manifest, &outcomes.iter().collect::<Vec<_>>());
        let notes = outcomes.iter().flat_map(|outcome| compare_with_reference(&paper.manifest, outcome));
        Ok(Judged { verdicts, notes: notes.collect(), outcomes })
    }

    /// Writes the fresh outcomes, then, for the desk profile, verdicts, plots and README.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write(&self, paper: &LoadedPaper<'_>, fresh: &[Outcome], judged: &Judged) -> Result<(), LabError> {
        for outcome in fresh {
            self.write_json(&format!("{}.json", outcome.experiment), outcome)?;
        }
        if self.profile != Profile::Desk {
            return Ok(());
        }
        self.write_json("verdicts.json", &judged.verdicts)?;
        let outcomes: Vec<&Outcome> = judged.outcomes.iter().collect();
        let mut files = report::files(&paper.manifest, &outcomes, &judged.verdicts, &judged.notes);
        // The README last: it shows the plots.
        files.sort_by_key(|file| file.name == "README.md");
        files
            .iter()
            .try_for_each(|file| write_atomically(&self.folder.join(&file.name), file.content.as_bytes()))
    }

    /// The verdicts that were written last; none where there are none.
    ///
    /// # Errors
    /// A file that is there and does not hold verdicts.
    pub fn verdicts(&self) -> Result<Vec<Verdict>, LabError> {
        let path = self.folder.join("verdicts.json");
        match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            other => {
                let text = other.map_err(LabError::io("cannot be read", &path))?;
                serde_json::from_slice(&text)
                    .map_err(|error| LabError::Usage(format!("{}: not verdicts: {error}", path.display())))
            }
        }
    }

    fn write_json(&self, name: &str, value: &impl serde::Serialize) -> Result<(), LabError> {
        let path = self.folder.join(name);
        let mut text = serde_json::to_vec_pretty(value)
            .map_err(|error| LabError::io("cannot be written", &path)(error.into()))?;
        text.push(b'\n');
        write_atomically(&path, &text)
    }
}
