//! The table of claims: published effect, our effect with its interval, verdict.

use super::markdown::cell;
use crate::files::manifest::{Rank, Test};
use crate::verdicts::numbers::{fixed, with_interval};
use crate::verdicts::verdict::{Row, Verdict};

/// A claim with numbers, as texts.
pub(crate) struct Line<'a> {
    pub(crate) verdict: &'a Verdict,
    /// `primary`, `secondary`, `exploratory`.
    pub(crate) rank: &'static str,
    /// The published difference; `-` where there is none.
    pub(crate) published: String,
    /// Our difference with its interval.
    pub(crate) ours: String,
    /// Seeds or resamples.
    pub(crate) units: String,
}

/// Claims that have numbers, primary ones first, else in the manifest's order.
pub(crate) fn lines(verdicts: &[Verdict]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = verdicts.iter().filter_map(line).collect();
    lines.sort_by_key(|line| line.verdict.rank);
    lines
}

fn line(verdict: &Verdict) -> Option<Line<'_>> {
    let (evidence, comparison) = (verdict.evidence.as_ref()?, verdict.comparison.as_ref()?);
    let several = evidence.rows.len() > 1;
    let joined = |of: &dyn Fn(&Row) -> Option<String>| {
        let texts = evidence.rows.iter().filter_map(|row| {
            let text = of(row)?;
            Some(match &row.against {
                Some(against) if several => format!("{against}: {text}"),
                _ => text,
            })
        });
        texts.collect::<Vec<_>>().join("; ")
    };
    let decimals = if comparison.test == Test::Trend { 1 } else { evidence.decimals };
    let published = joined(&|row| Some(fixed(row.published?, decimals)));
    let mut units: Vec<String> = evidence.rows.iter().map(|row| row.units.to_string()).collect();
    units.dedup();
    Some(Line {
        verdict,
        rank: verdict.rank.map_or("", Rank::word),
        published: if published.is_empty() { "-".to_owned() } else { published },
        ours: joined(&|row| Some(with_interval(row.difference, row.interval, decimals + 1))),
        units: units.join("; "),
    })
}

/// The table as Markdown; empty where no claim of these ranks has numbers.
pub(super) fn markdown(verdicts: &[Verdict], ranks: &[Rank]) -> String {
    let lines = lines(verdicts);
    let mut lines =
        lines.iter().filter(|line| line.verdict.rank.is_some_and(|rank| ranks.contains(&rank))).peekable();
    if lines.peek().is_none() {
        return String::new();
    }
    let mut out =
        "| claim | | published effect | our effect, interval | units | verdict |\n|---|---|---:|---:|---:|---|\n".to_owned();
    for line in lines {
        out += &format!(
            "| `{}`: {} | {} | {} | {} | {} | {} |\n",
            line.verdict.claim,
            cell(&line.verdict.text),
            line.rank,
            line.published,
            line.ours,
            line.units,
            line.verdict.words()
        );
    }
    out
}

/// What the columns mean.
pub(crate) const LEGEND: &str = "\
Effects are paired differences, the claim's method less the other, unit by unit; of a trend the mean rank correlation with \
the claimed order. Tests are two-sided. Primary claims are corrected by Holm over all primary claims of the paper and have \
the interval of their level there; the others are tested at 0.05 each, unadjusted. *Reproduced*: significant on the claimed \
side; *contradicted*: on the other; *equivalent*: the interval lies within the margin that the claim states; *smaller than \
claimed*: the interval excludes the published effect on the side of zero; *undecided*: none of these. Where the number of \
units was open, tests and intervals are those of E-values, which hold at whatever number one stops.";
