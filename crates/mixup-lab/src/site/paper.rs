//! A paper's page.

use serde::Serialize;

use super::bar;
use super::findings::{self, Line};
use super::gather::{Committed, Text};
use super::ledger::{self, Count, Row};
use super::picture::Picture;
use super::readme::{Section, Topic, html, sections, without_claim_blocks};
use super::records::{Download, downloads};
use super::words::{core_time, listed, with_code};
use crate::files::experiment::Profile;
use crate::files::manifest::Rank;
use crate::outcomes::outcome::Outcome;
use crate::report::{Plot, grid, pictures, units};
use crate::verdicts::numbers::{count, fixed};
use crate::verdicts::verdict::Status;

/// A comment on claims of more characters than this is shown unfolded.
const LONG: usize = 700;

/// A page and the pictures that it shows.
pub(super) struct Page {
    pub(super) view: View,
    pub(super) pictures: Vec<Plot>,
}

/// What the template shows.
#[derive(Debug, Clone, Serialize)]
pub(super) struct View {
    slug: String,
    title: String,
    arxiv: String,
    venue: String,
    code: String,
    commit: String,
    /// Whether there is any outcome.
    run: bool,
    counts: Vec<Count>,
    primary: Vec<Row>,
    others: Vec<Row>,
    untested: Vec<Row>,
    axis: String,
    idea: String,
    /// What the README says about the claims, and whether that is more than a word.
    comment: String,
    comment_is_long: bool,
    take_home: String,
    differences: Vec<Chapter>,
    findings: Vec<Line>,
    equations: String,
    cannot_test: String,
    depth: Vec<Chapter>,
    experiments: Vec<Experiment>,
    elsewhere: Vec<String>,
    /// What it takes to run all of it.
    effort: String,
    data: String,
    sources: Vec<Text>,
}

/// A section of the README.
#[derive(Debug, Clone, Serialize)]
struct Chapter {
    heading: String,
    html: String,
}

#[derive(Debug, Clone, Serialize)]
struct Experiment {
    name: String,
    title: String,
    profile: String,
    data: String,
    units: String,
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
    pictures: Vec<Picture>,
    notes: Vec<String>,
    provenance: String,
    downloads: Vec<Download>,
}

#[derive(Debug, Clone, Serialize)]
struct Cell {
    text: String,
    best: bool,
}

impl Page {
    pub(super) fn of(paper: &Committed) -> Self {
        let outcomes: Vec<&Outcome> = paper.outcomes.iter().collect();
        let plots = pictures(&outcomes, &paper.verdicts, &paper.notes);
        let mut experiments: Vec<Experiment> =
            outcomes.iter().zip(&plots).map(|(outcome, plots)| experiment(paper, outcome, plots)).collect();
        // Those that primary claims are about come first.
        let primary = |name: &str| {
            let claims = paper.verdicts.iter().filter(|verdict| verdict.rank == Some(Rank::Primary));
            claims.filter_map(|verdict| verdict.experiments().first().copied()).any(|own| own == name)
        };
        experiments.sort_by_key(|known| !primary(&known.name));
        Self { view: view(paper, experiments), pictures: plots.into_iter().flatten().collect() }
    }
}

fn view(paper: &Committed, experiments: Vec<Experiment>) -> View {
    let sections = sections(&paper.readme);
    let of = |topic: Topic| sections.iter().filter(move |section| section.topic() == topic);
    let joined = |topic: Topic| of(topic).map(|section| html(&section.text, &paper.slug)).collect::<String>();
    let chapter = |section: &Section| Chapter {
        heading: section.heading.clone(),
        html: html(&section.text, &paper.slug),
    };
    let (untested, tested): (Vec<Row>, Vec<Row>) =
        ledger::rows(paper).into_iter().partition(|row| row.status == ledger::slug(Status::Untested));
    let (primary, others): (Vec<Row>, Vec<Row>) =
        tested.into_iter().partition(|row| row.kind == Rank::Primary.word());
    let manifest = &paper.manifest;
    let comment: String = of(Topic::Claims).map(|section| without_claim_blocks(&section.text)).collect();
    View {
        slug: paper.slug.clone(),
        title: manifest.title.clone(),
        arxiv: manifest.arxiv.clone(),
        venue: manifest.venue.clone(),
        code: manifest.code.clone(),
        commit: manifest.commit.clone().unwrap_or_default(),
        run: !paper.outcomes.is_empty(),
        counts: ledger::counts(primary.iter()),
        primary,
        others,
        untested,
        axis: bar::axis(),
        idea: joined(Topic::Idea),
        comment_is_long: comment.len() > LONG,
        comment: html(&comment, &paper.slug),
        take_home: joined(Topic::TakeHome),
        differences: of(Topic::Differences).map(chapter).collect(),
        findings: findings::lines(paper),
        equations: joined(Topic::Equations),
        cannot_test: joined(Topic::Untested),
        depth: of(Topic::Other).map(chapter).collect(),
        experiments,
        elsewhere: paper
            .elsewhere
            .iter()
            .map(|(name, profiles)| format!("{name} (--profile {})", one_of(profiles)))
            .collect(),
        effort: effort(paper),
        data: data(paper),
        sources: paper.sources.iter().filter(|file| !is_test(&file.name)).cloned().collect(),
    }
}

/// `gpu or paper`
fn one_of(profiles: &[Profile]) -> String {
    profiles.iter().map(|profile| profile.name()).collect::<Vec<_>>().join(" or ")
}

/// Whether a source is of tests or of golden vectors, which tell nothing of the method.
fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("tests/") || name == "golden.rs"
}

/// `1090 runs, 2.1 core hours by the committed outcomes`
fn effort(paper: &Committed) -> String {
    let runs: usize = paper.outcomes.iter().map(|outcome| outcome.seeds.len() * outcome.methods.len()).sum();
    let seconds: f64 = paper.outcomes.iter().map(|outcome| outcome.core_seconds).sum();
    if runs == 0 {
        return "nothing is committed yet that would tell how long it takes".to_owned();
    }
    format!("{}, {} by the committed outcomes", count(runs, "run"), core_time(seconds))
}

fn data(paper: &Committed) -> String {
    let mut names: Vec<String> =
        paper.experiments.iter().flat_map(|known| known.all_data.iter().cloned()).collect();
    names.sort();
    names.dedup();
    listed(&names)
}

fn experiment(paper: &Committed, outcome: &Outcome, plots: &[Plot]) -> Experiment {
    let table = grid(outcome, &paper.notes);
    let cells = |row: Vec<crate::report::Cell>| {
        row.into_iter().map(|cell| Cell { text: cell.text, best: cell.best }).collect()
    };
    let notes = paper.notes.iter().filter(|note| note.experiment == outcome.experiment);
    Experiment {
        name: outcome.experiment.clone(),
        title: outcome.title.clone(),
        profile: outcome.profile.clone(),
        data: paper.data(&outcome.experiment).join(", "),
        units: units(outcome),
        header: table.header,
        rows: table.rows.into_iter().map(cells).collect(),
        pictures: plots.iter().map(|plot| Picture::of(&paper.slug, plot)).collect(),
        notes: notes.map(|note| with_code(&note.sentence)).collect(),
        provenance: provenance(outcome),
        downloads: downloads(paper, outcome),
    }
}

fn provenance(outcome: &Outcome) -> String {
    let place = &outcome.provenance;
    let commit = match place.commit.as_str() {
        "" => String::new(),
        commit => format!(", commit {commit}"),
    };
    let memory = match outcome.peak_memory_mib {
        peak if peak > 0.0 => format!(", at most {} MiB a run", fixed(peak, 0)),
        _ => String::new(),
    };
    format!(
        "{} on {} (device {}), mixup-lab {}{commit}{memory}",
        core_time(outcome.core_seconds),
        place.host,
        place.device,
        place.version
    )
}
