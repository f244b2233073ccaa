//! `paper.yaml`: what a paper reports and what it claims.

use serde::{Deserialize, Serialize};

use mixup_paper::Direction;

/// A paper, as `papers/<slug>/paper.yaml` describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the crate and of the folders under papers/, experiments/ and results/.
    pub slug: String,
    /// Title of the paper.
    pub title: String,
    /// arXiv number, quoted.
    pub arxiv: String,
    /// Where and when it was published.
    pub venue: String,
    /// Official code, with its commit in `commit`.
    pub code: String,
    /// Commit of the official code that we read.
    #[serde(default)]
    pub commit: Option<String>,
    /// Published numbers; one that could not be verified stays out.
    #[serde(default)]
    pub reported: Vec<ReportedValue>,
    /// What the official code gave when it was run for the dossier.
    #[serde(default)]
    pub reference: Vec<ReferenceValue>,
    /// Comparisons that can be tested.
    pub claims: Vec<Claim>,
    /// Claims of the paper that no experiment here can test, each with the reason.
    #[serde(default)]
    pub untested: Vec<UntestedClaim>,
}

/// A number that the paper, or somebody quoting it, printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedValue {
    /// Table of the paper.
    pub table: u32,
    /// Our experiment for it.
    pub experiment: String,
    /// Metric.
    pub metric: String,
    /// Method.
    pub method: String,
    /// Printed mean.
    pub mean: f64,
    /// Printed standard deviation, where verified.
    #[serde(default)]
    pub std: Option<f64>,
    /// Where it was read: `paper` or `third-party`.
    pub source: Source,
}

/// Where a reported number was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In the paper itself.
    Paper,
    /// In other publications that quote the paper's table.
    ThirdParty,
}

/// A number that the official code gave when run for the dossier: the second yardstick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceValue {
    /// Our experiment for it.
    pub experiment: String,
    /// Metric.
    pub metric: String,
    /// Method.
    pub method: String,
    /// Mean over runs.
    pub mean: f64,
    /// Standard deviation over runs, where known.
    #[serde(default)]
    pub std: Option<f64>,
    /// Number of runs.
    pub runs: u32,
}

/// A sentence of the paper as a comparison that can be tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Short name, unique in the paper.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// Experiment whose outcome is tested.
    pub experiment: String,
    /// Metric that is compared.
    pub metric: String,
    /// Method the claim is about.
    pub method: String,
    /// Method it is compared with.
    pub against: String,
    /// Which way the claim goes: `lower` when `method` is said to have the lower metric.
    pub direction: Direction,
    /// `paper` (default) for the paper's own claims, `ours` for a claim that we carry over to data
    /// that the paper did not use. Holm's correction treats the two as separate families.
    #[serde(default)]
    pub origin: Origin,
    /// How much hangs on it.
    #[serde(default)]
    pub rank: Rank,
}

/// How much hangs on a claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rank {
    /// One of the few that the paper stands on, named before any run: Holm's correction runs over these.
    Primary,
    /// Stated before any run; tested without a correction.
    #[default]
    Secondary,
    /// Thought of after seeing numbers; tested without a correction.
    Exploratory,
}

/// Whose claim it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The paper states it.
    #[default]
    Paper,
    /// We carry it over to other data.
    Ours,
}

/// A claim that nothing here tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UntestedClaim {
    /// Short name, unique in the paper.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// What it would take.
    pub reason: String,
}
