//! `list`: papers, experiments, claims with their last verdicts, and whether the data are at hand.

use mixup_data::{DataError, Library, catalogue};
use serde::Serialize;

use super::{data_words, print, print_json};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::files::experiment::Profile;
use crate::files::manifest::Rank;
use crate::files::paper_files::PaperFiles;
use crate::files::resolve::{Overrides, Resolved};
use crate::files::workspace::Workspace;
use crate::report::results;
use crate::runs::session::select;
use crate::verdicts::verdict::{self, Verdict};

#[derive(Serialize)]
struct Paper {
    paper: &'static str,
    title: String,
    venue: String,
    experiments: Vec<Experiment>,
    claims: Vec<Claim>,
}

#[derive(Serialize)]
struct Experiment {
    experiment: String,
    title: String,
    data: String,
    /// Where the data are; absent where they are not at hand.
    data_place: Option<String>,
    /// Runs of the desk profile.
    runs: usize,
}

#[derive(Serialize)]
struct Claim {
    claim: String,
    text: String,
    /// How much hangs on it; absent where nothing here tests it.
    rank: Option<Rank>,
    /// By the committed results of the desk profile.
    verdict: verdict::Status,
    smaller_than_claimed: bool,
}

/// Carries out the command.
pub(crate) fn run(
    workspace: &Workspace,
    papers: &[mixup_paper::Paper],
    slug: Option<&str>,
    format: Format,
) -> Result<Status, LabError> {
    let library = Library::from_env(None);
    let asked = select(papers, slug.filter(|slug| *slug != "all"))?;
    let papers: Vec<Paper> =
        asked.into_iter().map(|known| paper(workspace, &library, known)).collect::<Result<_, _>>()?;
    match format {
        Format::Json => print_json(&papers)?,
        Format::Text => print(&papers.iter().map(text).collect::<Vec<_>>().join("\n\n"))?,
    }
    Ok(Status::Fine)
}

fn paper(workspace: &Workspace, library: &Library, known: &mixup_paper::Paper) -> Result<Paper, LabError> {
    let files = PaperFiles::read(workspace, known, Profile::Desk, &Overrides::default())?;
    let verdicts = results::verdicts(&workspace.results(known.slug, Profile::Desk))?;
    let experiments =
        files.experiments.into_iter().map(|known| experiment(library, known)).collect::<Result<_, _>>()?;
    let tested = files
        .manifest
        .claims
        .into_iter()
        .map(|claim| (claim.id, claim.text, Some(claim.rank), verdict::Status::NotRun));
    let untested = files
        .manifest
        .untested
        .into_iter()
        .map(|claim| (claim.id, claim.text, None, verdict::Status::Untested));
    let claims = tested.chain(untested).map(|(claim, text, rank, unless_known)| {
        let known = verdicts.iter().find(|verdict: &&Verdict| verdict.claim == claim);
        Claim {
            verdict: known.map_or(unless_known, |verdict| verdict.status),
            smaller_than_claimed: known.is_some_and(|verdict| verdict.smaller_than_claimed),
            claim,
            text,
            rank,
        }
    });
    Ok(Paper {
        paper: known.slug,
        claims: claims.collect(),
        title: files.manifest.title,
        venue: files.manifest.venue,
        experiments,
    })
}

fn experiment(library: &Library, known: Resolved) -> Result<Experiment, LabError> {
    let places = known.all_data.iter().map(|name| Ok(library.locate(catalogue::find(name)?)?.to_string()));
    let data_place = places.collect::<Result<Vec<_>, DataError>>().ok().map(|places| places.join(", "));
    Ok(Experiment {
        experiment: known.experiment,
        title: known.title,
        data: known.all_data.join(", "),
        data_place,
        runs: known.runs.len(),
    })
}

fn text(paper: &Paper) -> String {
    let mut text = format!("{}: {} ({})\n\n", paper.paper, paper.title, paper.venue);
    for known in &paper.experiments {
        let data = data_words(&known.data, known.data_place.as_deref());
        text +=
            &format!("  {:<20} {:>4} runs  {data}\n{:24}{}\n", known.experiment, known.runs, "", known.title);
    }
    text.push('\n');
    for claim in &paper.claims {
        let rank = claim.rank.map_or("", Rank::word);
        text += &format!("  {:<21}{:<12}{}: {}\n", claim.verdict.word(), rank, claim.claim, claim.text);
    }
    text
}
