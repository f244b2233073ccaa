//! `list`: papers, experiments, claims with their last verdicts, and whether the data is at hand.

use std::path::PathBuf;

use mixup_data::{Library, catalogue};
use serde::Serialize;

use super::{Format, print_json};
use crate::error::{LabError, Status};
use crate::experiment::Profile;
use crate::load::load;
use crate::registry::PaperEntry;
use crate::results::Results;
use crate::verdict::Verdict;
use crate::workspace::Workspace;

/// What a machine reads about a paper.
#[derive(Debug, Serialize)]
struct ListedPaper {
    paper: String,
    title: String,
    venue: String,
    experiments: Vec<ListedExperiment>,
    claims: Vec<ListedClaim>,
}

#[derive(Debug, Serialize)]
struct ListedExperiment {
    experiment: String,
    title: String,
    data: String,
    data_at_hand: bool,
    methods: Vec<String>,
    seeds: u32,
    committed: bool,
}

#[derive(Debug, Serialize)]
struct ListedClaim {
    id: String,
    text: String,
    verdict: String,
}

pub(crate) fn list(
    workspace: &Workspace,
    papers: &[PaperEntry],
    data_dir: Option<PathBuf>,
    format: Format,
) -> Result<Status, LabError> {
    let library = Library::from_env(data_dir);
    let listed = papers
        .iter()
        .map(|entry| describe(workspace, entry, &library))
        .collect::<Result<Vec<ListedPaper>, LabError>>()?;
    match format {
        Format::Json => print_json(&listed)?,
        Format::Text => listed.iter().for_each(print),
    }
    Ok(Status::Fine)
}

fn describe(workspace: &Workspace, entry: &PaperEntry, library: &Library) -> Result<ListedPaper, LabError> {
    let paper = load(workspace, entry)?;
    let results = Results::at(workspace.results(entry.slug, Profile::Desk), Profile::Desk);
    let verdicts = results.verdicts()?;
    let word = |id: &str| {
        let verdict = verdicts.iter().find(|verdict: &&Verdict| verdict.claim == id);
        verdict.map_or("NOT RUN", |verdict| verdict.status.word()).to_owned()
    };
    let claims = paper.manifest.claims.iter().map(|claim| (&claim.id, &claim.text));
    let untested = paper.manifest.untested.iter().map(|claim| (&claim.id, &claim.text));
    let claims = claims
        .map(|(id, text)| (id, text, word(id)))
        .chain(untested.map(|(id, text)| (id, text, "UNTESTED".to_owned())))
        .map(|(id, text, verdict)| ListedClaim { id: id.clone(), text: text.clone(), verdict })
        .collect();
    let mut experiments = Vec::new();
    for experiment in &paper.experiments {
        let data = catalogue::find(&experiment.data)?;
        experiments.push(ListedExperiment {
            experiment: experiment.experiment.clone(),
            title: experiment.title.clone(),
            data: data.name.to_owned(),
            data_at_hand: library.locate(data).is_ok(),
            methods: experiment.methods.keys().cloned().collect(),
            seeds: experiment.seeds.get(),
            committed: results.read(&experiment.experiment)?.is_some(),
        });
    }
    Ok(ListedPaper {
        paper: entry.slug.to_owned(),
        title: paper.manifest.title,
        venue: paper.manifest.venue,
        experiments,
        claims,
    })
}

fn print(paper: &ListedPaper) {
    println!("{}: {} ({})", paper.paper, paper.title, paper.venue);
    println!("  experiments");
    for experiment in &paper.experiments {
        let data = if experiment.data_at_hand { "at hand" } else { "not at hand" };
        let committed = if experiment.committed { "" } else { ", no committed outcome" };
        println!(
            "    {:20} {} methods x {} seeds, data {} {data}{committed}",
            experiment.experiment,
            experiment.methods.len(),
            experiment.seeds,
            experiment.data,
        );
    }
    println!("  claims");
    for claim in &paper.claims {
        println!("    {:13} {:30} {}", claim.verdict, claim.id, claim.text);
    }
    println!();
}
