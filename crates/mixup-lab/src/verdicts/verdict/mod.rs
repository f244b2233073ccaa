//! Which claims of a paper hold.
//!
//! The rule, per claim:
//!
//! - Paired differences, unit by unit, by the design of their experiment
//!   ([`Design`](crate::verdicts::stats::Design)): Student's t where the number of units was fixed beforehand,
//!   E-values where it was not or where several experiments are put together, percentiles where units are
//!   resamples of one sample. Tests are two-sided, and every interval holds exactly what its test does not reject.
//! - **The family of Holm's correction is closed**: it is the primary claims of `paper.yaml`, all of them, with
//!   p = 1 for one that was not run. Secondary and exploratory claims are tested at 0.05 each, without a
//!   correction, and change nothing for the others.
//! - **Reproduced**: significant on the claimed side. **Contradicted**: significant on the other.
//!   **Equivalent**: neither, and the interval lies within the margin that the claim states. **Smaller than
//!   claimed**: none of these, and the interval excludes the published difference on the side of zero; said of
//!   a decided claim as well. **Undecided**: none of these.
//! - A claim that something is kept or equal holds when the interval lies within its margin, and is
//!   contradicted when it lies wholly beyond.
//! - A claim against several methods holds when it holds against each.
//! - A unit counts when all methods have a finite value for it; the others are left out and counted.

mod decide;
mod evidence;
mod examine;
mod reference;
mod sentence;

pub use evidence::{Evidence, Row};
pub use reference::{Agreement, ReferenceNote, Yardstick, compare_with_reference};

use serde::{Deserialize, Serialize};

use crate::files::manifest::{Claim, Manifest, Origin, Rank, Test};
use crate::outcomes::outcome::Outcome;
use crate::verdicts::stats::{ALPHA, holm_levels};
use examine::{Examined, examine};
use mixup_paper::Direction;

/// What the test said about a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Short name of the claim.
    pub claim: String,
    /// The claim's sentence.
    pub text: String,
    /// How much hangs on it; absent for a claim that nothing here tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<Rank>,
    /// The verdict in a word.
    pub status: Status,
    /// Whether the interval excludes the published difference on the side of zero.
    #[serde(default)]
    pub smaller_than_claimed: bool,
    /// The verdict as a sentence, or why there is none.
    pub sentence: String,
    /// What was compared; absent for a claim that nothing here tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The numbers; absent where nothing was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

impl Verdict {
    /// Whether more units could still decide a claim that matters.
    pub fn is_open(&self) -> bool {
        self.rank == Some(Rank::Primary) && matches!(self.status, Status::Undecided | Status::NotRun)
    }

    /// The experiments that it reads.
    pub fn experiments(&self) -> Vec<&str> {
        let Some(comparison) = &self.comparison else { return Vec::new() };
        let repeated = comparison.repeated.iter().map(String::as_str);
        std::iter::once(comparison.experiment.as_str()).chain(repeated).collect()
    }

    /// The verdict in words: `REPRODUCED`, `REPRODUCED, SMALLER THAN CLAIMED`.
    pub fn words(&self) -> String {
        match self.status {
            Status::Reproduced | Status::Equivalent if self.smaller_than_claimed => {
                format!("{}, {}", self.status.word(), Status::Smaller.word())
            }
            status => status.word().to_owned(),
        }
    }
}

/// A verdict in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The claim holds here.
    Reproduced,
    /// The opposite holds here.
    Contradicted,
    /// A difference, if there is one, is too small to matter.
    Equivalent,
    /// A difference, if there is one, is smaller than the published one.
    #[serde(rename = "smaller-than-claimed")]
    Smaller,
    /// The units do not tell.
    Undecided,
    /// Its experiment has no outcome yet.
    NotRun,
    /// No experiment here can test it.
    Untested,
}

impl Status {
    /// Every word, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Reproduced,
        Self::Contradicted,
        Self::Equivalent,
        Self::Smaller,
        Self::Undecided,
        Self::NotRun,
        Self::Untested,
    ];

    /// The word for reports: `REPRODUCED`, `NOT RUN` ...
    pub fn word(self) -> &'static str {
        match self {
            Self::Reproduced => "REPRODUCED",
            Self::Contradicted => "CONTRADICTED",
            Self::Equivalent => "EQUIVALENT",
            Self::Smaller => "SMALLER THAN CLAIMED",
            Self::Undecided => "UNDECIDED",
            Self::NotRun => "NOT RUN",
            Self::Untested => "UNTESTED",
        }
    }
}

/// What a claim compares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What kind of sentence it is.
    #[serde(default)]
    pub test: Test,
    /// Experiment.
    pub experiment: String,
    /// Other experiments that repeat it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<String>,
    /// Metric.
    pub metric: String,
    /// The metric that is subtracted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub less: Option<String>,
    /// Two methods whose difference is taken off that of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond: Option<[String; 2]>,
    /// Method the claim is about; empty for a trend.
    pub method: String,
    /// Methods it is compared with; of a trend its methods in order.
    pub against: Vec<String>,
    /// On which side of `against` the claim puts `method`.
    pub direction: Direction,
    /// The difference that would not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Whose claim it is.
    pub origin: Origin,
}

impl Comparison {
    fn of(claim: &Claim) -> Self {
        let trend = claim.test == Test::Trend;
        Self {
            test: claim.test,
            experiment: claim.experiment.clone(),
            repeated: claim.repeated.iter().map(|known| known.experiment.clone()).collect(),
            metric: claim.metric.clone(),
            less: claim.less.clone(),
            beyond: claim.beyond.as_ref().map(|beyond| [beyond.method.clone(), beyond.against.clone()]),
            method: claim.method.clone(),
            against: if trend { claim.over.clone() } else { claim.against.0.clone() },
            direction: claim.direction,
            margin: claim.margin.map(|margin| margin.get()),
            origin: claim.origin,
        }
    }
}

/// What is said of a claim that has numbers.
struct Judgement {
    status: Status,
    smaller_than_claimed: bool,
    evidence: Evidence,
}

/// Judges every claim of a paper by the outcomes at hand, in the manifest's order, and lists the
/// untested ones after them. An outcome of another paper is ignored; of two for one experiment
/// the first counts.
pub fn judge(manifest: &Manifest, outcomes: &[&Outcome]) -> Vec<Verdict> {
    let examined: Vec<Result<Examined<'_>, String>> =
        manifest.claims.iter().map(|claim| examine(&manifest.slug, claim, outcomes)).collect();
    let levels = levels(&manifest.claims, &examined);
    let family = manifest.claims.iter().filter(|claim| claim.rank == Rank::Primary).count();
    let tested = manifest.claims.iter().zip(&examined).zip(levels).map(|((claim, examined), level)| {
        let family = (claim.rank == Rank::Primary).then_some(family);
        let verdict = |status, smaller_than_claimed, sentence, evidence| Verdict {
            claim: claim.id.clone(),
            text: claim.text.clone(),
            rank: Some(claim.rank),
            status,
            smaller_than_claimed,
            sentence,
            comparison: Some(Comparison::of(claim)),
            evidence,
        };
        match examined {
            Err(reason) => verdict(Status::NotRun, false, reason.clone(), None),
            Ok(examined) => {
                let judged = decide::decide(claim, manifest, examined, level, family);
                let sentence = sentence::verdict(claim, examined, &judged);
                verdict(judged.status, judged.smaller_than_claimed, sentence, Some(judged.evidence))
            }
        }
    });
    let untested = manifest.untested.iter().map(|claim| Verdict {
        claim: claim.id.clone(),
        text: claim.text.clone(),
        rank: None,
        status: Status::Untested,
        smaller_than_claimed: false,
        sentence: claim.reason.clone(),
        comparison: None,
        evidence: None,
    });
    tested.chain(untested).collect()
}

/// The level of each claim: Holm's over the primary ones, [`ALPHA`] of the others.
fn levels(claims: &[Claim], examined: &[Result<Examined<'_>, String>]) -> Vec<f64> {
    let primary: Vec<usize> = (0..claims.len()).filter(|&at| claims[at].rank == Rank::Primary).collect();
    let p_value =
        |&at: &usize| examined[at].as_ref().map_or(1.0, |known| decide::sided(&claims[at], known).p);
    let p_values: Vec<f64> = primary.iter().map(p_value).collect();
    let mut levels = vec![ALPHA; claims.len()];
    for (at, level) in primary.into_iter().zip(holm_levels(&p_values, ALPHA)) {
        levels[at] = level;
    }
    levels
}

#[cfg(test)]
mod tests;
