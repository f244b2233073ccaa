//! Which claims of a paper hold: a paired test over seeds for each, corrected over the claims.
//!
//! The rule, per claim:
//!
//! - **Reproduced**: Holm-corrected p of the one-sided paired t-test below 0.05 in the claimed
//!   direction. **Contradicted**: the same in the other direction. Else **inconclusive**.
//! - A family of Holm's correction is the set of comparisons of one [`Origin`] that have an
//!   outcome. Claimed directions are corrected together, and so are the opposite ones. Claims on
//!   the same two methods, metric and experiment are one comparison, whichever way round they are
//!   put: the same claim twice is not corrected for twice, and of two opposite claims one is
//!   reproduced exactly when the other is contradicted.
//! - A seed counts when both methods have a finite value for it; the others are left out and
//!   counted in the verdict.
//! - One pair, or differences that are all equal, allow no test ([`NoTest`]): inconclusive, and
//!   with p = 1 in its family. Wilcoxon's test and the effect size inform; they decide nothing.

mod correct;
mod reference;
mod sentence;

pub use reference::{Agreement, ReferenceNote, Yardstick, compare_with_reference};

use serde::{Deserialize, Serialize};

use crate::files::manifest::{Claim, Manifest, Origin, Rank};
use crate::outcomes::outcome::Outcome;
use crate::verdicts::stats::{ALPHA, Interval, NoTest, PairedTest, mean, seeds_needed};
use mixup_paper::{Direction, MetricInfo};

/// Power that [`Evidence::seeds_needed`] asks for.
pub const POWER: f64 = 0.8;

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
    /// The verdict as a sentence, or why there is none.
    pub sentence: String,
    /// What was compared; absent for a claim that nothing here tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The numbers; absent where nothing was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// A verdict in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The claim holds here.
    Reproduced,
    /// The opposite holds here.
    Contradicted,
    /// The seeds do not tell.
    Undecided,
    /// Its experiment has no outcome yet.
    NotRun,
    /// No experiment here can test it.
    Untested,
}

impl Status {
    /// The word for reports: `REPRODUCED`, `NOT RUN` ...
    pub fn word(self) -> &'static str {
        match self {
            Self::Reproduced => "REPRODUCED",
            Self::Contradicted => "CONTRADICTED",
            Self::Undecided => "UNDECIDED",
            Self::NotRun => "NOT RUN",
            Self::Untested => "UNTESTED",
        }
    }
}

/// What a claim compares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Experiment.
    pub experiment: String,
    /// Metric.
    pub metric: String,
    /// Method the claim is about.
    pub method: String,
    /// Method it is compared with.
    pub against: String,
    /// On which side of `against` the claim puts `method`.
    pub direction: Direction,
    /// Whose claim it is; the family of Holm's correction.
    pub origin: Origin,
}

/// The numbers behind a verdict. Differences are `method - against`, seed by seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Pairs: seeds with a finite value for both methods.
    pub pairs: usize,
    /// Seeds left out, because a run failed or its value is not finite.
    pub left_out: usize,
    /// Mean of `method` over the pairs.
    pub method_mean: f64,
    /// Mean of `against` over the pairs.
    pub against_mean: f64,
    /// Mean difference.
    pub difference: f64,
    /// The test; absent where the pairs allow none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Tested>,
    /// Why there is no test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_test: Option<NoTest>,
    /// For an inconclusive test: the seeds with which an effect as large as the seen one would be
    /// found, whichever way it goes, with probability [`POWER`] by a one-sided paired t-test at
    /// level 0.05 over the number of comparisons in the family. That level is the strictest that
    /// Holm's correction asks for, so the number is always larger than `pairs`. Absent when
    /// conclusive, and beyond [`crate::verdicts::stats::MAX_SEEDS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds_needed: Option<u64>,
}

/// The tests of a claim's paired differences.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    /// 95 % confidence interval of the mean difference.
    pub ci: Interval,
    /// Cohen's d_z: mean over standard deviation of the differences.
    pub effect_size: f64,
    /// One-sided paired t-test in the claimed direction.
    pub p_t: f64,
    /// One-sided Wilcoxon signed-rank test in the claimed direction.
    pub p_wilcoxon: f64,
    /// `p_t`, Holm-corrected; below 0.05 the claim is reproduced.
    pub p_holm: f64,
    /// The t-test in the opposite direction, Holm-corrected; below 0.05 it is contradicted.
    pub p_holm_opposite: f64,
    /// Comparisons that were corrected for.
    pub family: usize,
}

/// Judges every claim of a paper by the outcomes at hand, in the manifest's order, and lists the
/// untested ones after them. An outcome of another paper is ignored; of two for one experiment
/// the first counts.
pub fn judge(manifest: &Manifest, outcomes: &[&Outcome]) -> Vec<Verdict> {
    let examined: Vec<Result<Pairs<'_>, String>> =
        manifest.claims.iter().map(|claim| examine(&manifest.slug, claim, outcomes)).collect();
    let corrected = correct::correct(&manifest.claims, &examined);
    let tested = manifest.claims.iter().zip(&examined).zip(corrected).map(|((claim, pairs), corrected)| {
        let (status, sentence, evidence) = match pairs {
            Err(reason) => (Status::NotRun, reason.clone(), None),
            Ok(pairs) => {
                let (status, evidence) = decide(claim, pairs, corrected);
                (status, sentence::verdict(claim, pairs.metric, status, &evidence), Some(evidence))
            }
        };
        let comparison = Some(Comparison::of(claim));
        Verdict {
            claim: claim.id.clone(),
            text: claim.text.clone(),
            rank: Some(claim.rank),
            status,
            sentence,
            comparison,
            evidence,
        }
    });
    let untested = manifest.untested.iter().map(|claim| Verdict {
        claim: claim.id.clone(),
        text: claim.text.clone(),
        rank: None,
        status: Status::Untested,
        sentence: claim.reason.clone(),
        comparison: None,
        evidence: None,
    });
    tested.chain(untested).collect()
}

impl Verdict {
    /// Whether it is a primary claim that more seeds may still decide.
    pub fn is_open(&self) -> bool {
        self.rank == Some(Rank::Primary) && matches!(self.status, Status::Undecided | Status::NotRun)
    }

    /// The experiments whose outcomes it reads.
    pub fn experiments(&self) -> Vec<&str> {
        self.comparison.iter().map(|comparison| comparison.experiment.as_str()).collect()
    }
}

impl Comparison {
    fn of(claim: &Claim) -> Self {
        Self {
            experiment: claim.experiment.clone(),
            metric: claim.metric.clone(),
            method: claim.method.clone(),
            against: claim.against.clone(),
            direction: claim.direction,
            origin: claim.origin,
        }
    }
}

/// The values of a claim's two methods on the seeds where both are finite: at least one.
struct Pairs<'a> {
    metric: &'a MetricInfo,
    method: Vec<f64>,
    against: Vec<f64>,
    left_out: usize,
    test: Result<PairedTest, NoTest>,
}

/// Finds the pairs of a claim, or says why there are none.
fn examine<'a>(paper: &str, claim: &Claim, outcomes: &[&'a Outcome]) -> Result<Pairs<'a>, String> {
    let Claim { experiment, metric, method, against, .. } = claim;
    let outcome = *outcomes
        .iter()
        .find(|outcome| outcome.paper == paper && outcome.experiment == *experiment)
        .ok_or_else(|| format!("Experiment `{experiment}` has not been run."))?;
    let info = outcome
        .metrics
        .iter()
        .find(|info| info.name == *metric)
        .ok_or_else(|| format!("The outcome of `{experiment}` has no metric `{metric}`."))?;
    let values = |name: &String| {
        let row = outcome.methods.get(name);
        row.and_then(|row| row.values.get(metric))
            .ok_or_else(|| format!("The outcome of `{experiment}` has no `{metric}` of method `{name}`."))
    };
    let (left, right) = (values(method)?, values(against)?);
    let (method, against): (Vec<f64>, Vec<f64>) =
        left.iter().zip(right).filter(|(a, b)| a.is_finite() && b.is_finite()).unzip();
    if method.is_empty() {
        return Err(format!(
            "No seed of `{experiment}` has a finite `{metric}` for both methods: the runs failed."
        ));
    }
    let left_out = outcome.seeds.len().saturating_sub(method.len());
    let test = PairedTest::new(&method, &against);
    Ok(Pairs { metric: info, method, against, left_out, test })
}

/// Status and evidence of a claim whose pairs are known.
fn decide(claim: &Claim, pairs: &Pairs<'_>, corrected: correct::Corrected) -> (Status, Evidence) {
    let tested = pairs.test.ok().map(|test| Tested {
        ci: test.interval,
        effect_size: test.effect_size,
        p_t: test.t.toward(claim.direction),
        p_wilcoxon: test.wilcoxon.toward(claim.direction),
        p_holm: corrected.claimed,
        p_holm_opposite: corrected.opposite,
        family: corrected.family,
    });
    let status = match tested {
        Some(test) if test.p_holm < ALPHA => Status::Reproduced,
        Some(test) if test.p_holm_opposite < ALPHA => Status::Contradicted,
        _ => Status::Undecided,
    };
    let seeds_needed = tested
        .filter(|_| status == Status::Undecided)
        .and_then(|test| seeds_needed(test.effect_size, ALPHA / test.family as f64, POWER));
    // Both sides have the same length, at least 1, so the means exist.
    let [method_mean, against_mean] =
        [&pairs.method, &pairs.against].map(|side| mean(side).unwrap_or(f64::NAN));
    let evidence = Evidence {
        pairs: pairs.method.len(),
        left_out: pairs.left_out,
        method_mean,
        against_mean,
        difference: pairs.test.map_or(method_mean - against_mean, |test| test.difference),
        test: tested,
        no_test: pairs.test.err(),
        seeds_needed,
    };
    (status, evidence)
}

#[cfg(test)]
mod tests;
