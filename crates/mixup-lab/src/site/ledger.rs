//! The ledger: a row per claim, of all papers.

use std::collections::BTreeSet;

use serde::Serialize;

use super::bar::{self, Bar};
use super::gather::Committed;
use super::words::{with_code, with_whole_intervals};
use crate::files::manifest::{Origin, Rank};
use crate::report::lines;
use crate::verdicts::numbers::duration;
use crate::verdicts::verdict::{Status, Verdict};

/// A claim, as a row shows it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) paper: String,
    pub(super) claim: String,
    pub(super) text: String,
    /// Whether the paper states it itself.
    pub(super) ours_alone: bool,
    /// `primary`, `secondary`, `exploratory`, `untested`.
    pub(super) kind: &'static str,
    /// `REPRODUCED, SMALLER THAN CLAIMED`
    pub(super) words: String,
    /// `reproduced`, for a colour; of several words the first.
    pub(super) status: &'static str,
    /// All of its words, for the filter.
    pub(super) statuses: String,
    pub(super) published: String,
    pub(super) ours: String,
    /// The same in HTML.
    ours_html: String,
    pub(super) units: String,
    /// The bar, as SVG, and its unit; empty without numbers.
    pub(super) bar: String,
    pub(super) unit: String,
    /// The bar's effect, to sort by.
    pub(super) effect: Option<f64>,
    pub(super) cost: String,
    pub(super) cost_seconds: f64,
    /// Names of data sets.
    pub(super) data: Vec<String>,
    /// The verdict as a sentence, in HTML.
    pub(super) sentence: String,
    /// The experiments that it reads and that have an outcome.
    pub(super) experiments: Vec<String>,
}

/// A paper in the list above the ledger.
#[derive(Debug, Clone, Serialize)]
struct Paper {
    slug: String,
    title: String,
    venue: String,
    /// Primary claims by verdict, those with any.
    counts: Vec<Count>,
    /// All claims that are tested.
    claims: usize,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Count {
    pub(super) status: &'static str,
    pub(super) word: String,
    pub(super) count: usize,
}

/// The front page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Front {
    papers: Vec<Paper>,
    rows: Vec<Row>,
    choices: Choices,
    axis: String,
    totals: Vec<Count>,
    primary: usize,
}

/// What the filters offer.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Choices {
    papers: Vec<String>,
    verdicts: Vec<Count>,
    data: Vec<String>,
}

impl Front {
    pub(super) fn of(papers: &[Committed]) -> Self {
        let all: Vec<Row> = papers.iter().flat_map(rows).collect();
        let of = |slug: &str| all.iter().filter(|row| row.paper == slug).cloned().collect::<Vec<_>>();
        let listed = papers.iter().map(|paper| {
            let own = of(&paper.slug);
            Paper {
                slug: paper.slug.clone(),
                title: paper.manifest.title.clone(),
                venue: paper.manifest.venue.clone(),
                counts: counts(own.iter().filter(|row| row.kind == Rank::Primary.word())),
                claims: own.iter().filter(|row| row.kind != UNTESTED).count(),
            }
        });
        let data: BTreeSet<&String> = all.iter().flat_map(|row| &row.data).collect();
        let choices = Choices {
            papers: papers.iter().map(|paper| paper.slug.clone()).collect(),
            verdicts: counts(all.iter()),
            data: data.into_iter().cloned().collect(),
        };
        let primary = || all.iter().filter(|row| row.kind == Rank::Primary.word());
        Self {
            papers: listed.collect(),
            totals: counts(primary()),
            primary: primary().count(),
            axis: bar::axis(),
            choices,
            rows: all,
        }
    }
}

/// The kind of a claim that nothing here tests.
const UNTESTED: &str = "untested";

/// A status as a class and in addresses.
pub(super) fn slug(status: Status) -> &'static str {
    match status {
        Status::Reproduced => "reproduced",
        Status::Contradicted => "contradicted",
        Status::Equivalent => "equivalent",
        Status::Smaller => "smaller",
        Status::Undecided => "undecided",
        Status::NotRun => "not-run",
        Status::Untested => UNTESTED,
    }
}

/// How many rows have each status.
pub(super) fn counts<'r>(rows: impl Iterator<Item = &'r Row>) -> Vec<Count> {
    let statuses: Vec<&str> = rows.map(|row| row.status).collect();
    let count = |status: Status| {
        let count = statuses.iter().filter(|known| **known == slug(status)).count();
        Count { status: slug(status), word: status.word().to_lowercase(), count }
    };
    Status::ALL.into_iter().map(count).filter(|known| known.count > 0).collect()
}

/// A row per claim of a paper: primary ones first, untested ones last.
pub(super) fn rows(paper: &Committed) -> Vec<Row> {
    let texts = lines(&paper.verdicts);
    let mut rows: Vec<Row> = paper
        .verdicts
        .iter()
        .map(|verdict| {
            let line = texts.iter().find(|line| line.verdict.claim == verdict.claim);
            let [published, ours, units] = line.map_or_else(
                || [(); 3].map(|()| String::new()),
                |line| [line.published.clone(), line.ours.clone(), line.units.clone()],
            );
            let ours_html = with_whole_intervals(&ours);
            Row { published, ours, ours_html, units, ..bare(paper, verdict) }
        })
        .collect();
    let order = [Rank::Primary.word(), Rank::Secondary.word(), Rank::Exploratory.word(), UNTESTED];
    rows.sort_by_key(|row| order.iter().position(|kind| *kind == row.kind));
    rows
}

/// The row without the texts of its numbers.
fn bare(paper: &Committed, verdict: &Verdict) -> Row {
    let experiments: Vec<String> = verdict.experiments().into_iter().map(str::to_owned).collect();
    let data: BTreeSet<String> = experiments.iter().flat_map(|name| paper.data(name)).collect();
    let seconds: f64 =
        experiments.iter().filter_map(|name| paper.outcome(name)).map(|outcome| outcome.core_seconds).sum();
    let bar = verdict
        .comparison
        .as_ref()
        .zip(verdict.evidence.as_ref())
        .and_then(|(comparison, evidence)| Bar::of(comparison, evidence));
    let smaller = verdict.smaller_than_claimed && verdict.status != Status::Smaller;
    let statuses = if smaller {
        format!("{} {}", slug(verdict.status), slug(Status::Smaller))
    } else {
        slug(verdict.status).to_owned()
    };
    Row {
        paper: paper.slug.clone(),
        claim: verdict.claim.clone(),
        text: verdict.text.clone(),
        ours_alone: verdict.comparison.as_ref().is_some_and(|known| known.origin == Origin::Ours),
        kind: verdict.rank.map_or(UNTESTED, Rank::word),
        words: verdict.words(),
        status: slug(verdict.status),
        statuses,
        published: String::new(),
        ours: String::new(),
        ours_html: String::new(),
        units: String::new(),
        effect: bar.as_ref().map(|bar| bar.effect),
        unit: bar.as_ref().map(|bar| bar.unit.clone()).unwrap_or_default(),
        bar: bar.map(|bar| bar.svg).unwrap_or_default(),
        cost: if seconds > 0.0 { duration(seconds) } else { String::new() },
        cost_seconds: seconds,
        data: data.into_iter().filter(|name| !name.is_empty()).collect(),
        sentence: with_code(&verdict.sentence),
        experiments: experiments.into_iter().filter(|name| paper.outcome(name).is_some()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::gather::tests::demo;

    #[test]
    fn a_row_has_what_a_reader_asks_for() {
        let rows = rows(&demo());
        let kinds: Vec<&str> = rows.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, ["primary", "exploratory", "untested"]);
        let first = &rows[0];
        assert_eq!((first.status, first.units.as_str(), first.cost.as_str()), ("reproduced", "3", "12 s"));
        assert_eq!(
            (&first.data[..], &first.experiments[..]),
            (&["airfoil".to_owned()][..], &["wine".to_owned()][..])
        );
        assert!(first.effect > Some(0.0) && first.ours.starts_with("-1.0000 ["), "{first:?}");
        assert!(rows[1].effect < Some(0.0) && rows[1].status == "contradicted", "{:?}", rows[1]);
        assert_eq!((rows[2].sentence.as_str(), rows[2].effect), ("No room.", None));
    }

    #[test]
    fn the_front_page_counts_primary_claims() {
        let front = Front::of(&[demo()]);
        assert_eq!((front.primary, front.totals.len(), front.totals[0].count), (1, 1, 1));
        assert_eq!((front.rows.len(), front.papers[0].claims), (3, 2));
        assert_eq!(front.choices.data, ["airfoil"]);
    }
}
