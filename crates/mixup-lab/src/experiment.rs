//! `experiments/<slug>/<name>.yaml`: one table of a paper on one data set.

use std::num::{NonZeroU32, NonZeroUsize};

use indexmap::IndexMap;
use mixup_core::{
    checked::Positive,
    nn::ModelConfig,
    optim::OptimizerConfig,
    train::{TrainConfig, TrainOverride},
};
use serde::{Deserialize, Serialize};

use crate::figure::FigureRequest;

/// An experiment as its file says it. `M` and `S` are the paper's own: the parameters of a method
/// and the settings of the experiment ([`crate::registry::Paper`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment<M, S> {
    /// Name, the file's stem.
    pub experiment: String,
    /// Slug of the paper, the folder's name.
    pub paper: String,
    /// One line for headings.
    pub title: String,
    /// The only profile that has this experiment (`paper` for what a desk cannot run); all where
    /// absent.
    #[serde(default)]
    pub only: Option<Profile>,
    /// Name of a data set in the catalogue.
    pub data: String,
    /// Network, where the experiment trains one.
    #[serde(default)]
    pub model: Option<ModelConfig>,
    /// Optimiser, where the experiment trains.
    #[serde(default)]
    pub optimizer: Option<OptimizerConfig>,
    /// Training, where the experiment trains.
    #[serde(default)]
    pub train: Option<TrainConfig>,
    /// The paper's own settings.
    #[serde(default)]
    pub setting: S,
    /// Rows of the table, in order.
    pub methods: IndexMap<String, M>,
    /// Number of seeds: 0, 1, ... n-1.
    pub seeds: NonZeroU32,
    /// Columns of the table, in order.
    pub metrics: Vec<String>,
    /// What the numbers at the end of the methods' names are (`training images`), for the axis of the
    /// plots over them.
    #[serde(default)]
    pub sweep: Option<String>,
    /// Pictures of the paper's own, by name, in order. They are no part of a run: to show others
    /// executes nothing.
    #[serde(default)]
    pub figures: IndexMap<String, FigureRequest>,
    /// What the profiles change; `desk` is the file itself unless it says otherwise.
    #[serde(default)]
    pub profiles: IndexMap<Profile, ProfileOverride>,
}

/// How large.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Seconds; what CI runs.
    Smoke,
    /// Minutes on two cores, real data, enough seeds for a test. The default.
    Desk,
    /// The paper's own setting.
    Paper,
}

impl Profile {
    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Desk => "desk",
            Self::Paper => "paper",
        }
    }
}

/// What a profile changes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileOverride {
    /// Number of seeds.
    #[serde(default)]
    pub seeds: Option<NonZeroU32>,
    /// Training.
    #[serde(default)]
    pub train: Option<TrainOverride>,
    /// Network.
    #[serde(default)]
    pub model: Option<ModelConfig>,
    /// Data set.
    #[serde(default)]
    pub data: Option<String>,
    /// Training samples: so many of the training part, evenly spaced.
    #[serde(default)]
    pub train_samples: Option<NonZeroUsize>,
    /// Core hours of a run, a mean over the methods as the author reckons it: what plans are priced
    /// by as long as no run like it was made.
    #[serde(default)]
    pub core_hours_per_run: Option<Positive>,
}

/// One run, resolved: a pure function of this, the data and the sources. Its canonical JSON is
/// what the run's key is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec<M, S> {
    /// Slug of the paper.
    pub paper: String,
    /// Name of the experiment; part of the name of every random stream.
    pub experiment: String,
    /// Name of the method.
    pub method: String,
    /// Parameters of the method.
    pub parameters: M,
    /// The paper's own settings.
    pub setting: S,
    /// The seed; methods with one seed share split, start and shuffles.
    pub seed: u64,
    /// Name of a data set in the catalogue.
    pub data: String,
    /// Network.
    pub model: Option<ModelConfig>,
    /// Optimiser.
    pub optimizer: Option<OptimizerConfig>,
    /// Training.
    pub train: Option<TrainConfig>,
    /// Training samples: so many of the training part, evenly spaced; all where absent.
    pub train_samples: Option<NonZeroUsize>,
    /// Metrics to report.
    pub metrics: Vec<String>,
    /// Device, `flex` unless told otherwise.
    pub device: String,
}
