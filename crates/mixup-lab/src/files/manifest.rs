//! `paper.yaml`: what a paper reports and what it claims.

use serde::{Deserialize, Serialize};

pub use super::claim::{Against, Beyond, Claim, Effect, Origin, Rank, Repetition, Test};

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
    /// Where the official code differs from the paper and the crate offers both by name.
    #[serde(default)]
    pub findings: Vec<Finding>,
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

/// A place where the official code differs from the paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Short name, unique in the paper.
    pub id: String,
    /// One sentence: what the code does, and what the paper says.
    pub text: String,
    /// How the two are named here: options of a method, or rows.
    pub names: String,
    /// What shows the difference in numbers; absent where no run does.
    #[serde(default)]
    pub shown: Option<Shown>,
}

/// Two columns of numbers over the same seeds, one by the official form and one by the paper's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Experiment.
    pub experiment: String,
    /// Metric.
    pub metric: String,
    /// Row of the official form.
    pub official: String,
    /// Row of the paper's form.
    pub paper: String,
    /// Metric of the paper's form, where the metric is what differs.
    #[serde(default)]
    pub paper_metric: Option<String>,
}
