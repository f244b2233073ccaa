//! `experiments/<slug>/<name>.yaml`: one table of a paper on one data set.

use std::num::NonZeroUsize;

use indexmap::IndexMap;
use mixup_core::{
    checked::Positive,
    nn::ModelConfig,
    optim::OptimizerConfig,
    train::{TrainConfig, TrainOverride},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::seeds::Seeds;
use crate::outcomes::figure::FigureRequest;
use crate::outcomes::outcome::Pairs;

/// An experiment as its file says it. What stands under `methods` and `setting` is read by the routine
/// ([`mixup_paper::Routine`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name, the file's stem.
    pub experiment: String,
    /// Slug of the paper, the folder's name.
    pub paper: String,
    /// How it is trained and measured: the name of one of the paper's routines.
    pub routine: String,
    /// One line for headings.
    pub title: String,
    /// The only profile that has this experiment (`paper` or `gpu` for what a desk cannot run); see
    /// [`Self::in_profiles`] where absent.
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
    /// The routine's settings.
    #[serde(default)]
    pub setting: Value,
    /// Rows of the table, in order.
    pub methods: IndexMap<String, Value>,
    /// Which seeds run, and how many at most.
    pub seeds: Seeds,
    /// What the two values of a pair share.
    #[serde(default)]
    pub pairs: Pairs,
    /// Columns of the table, in order.
    pub metrics: Vec<String>,
    /// What the numbers at the end of the methods' names are (`training images`), for the axis of the
    /// plots over them.
    #[serde(default)]
    pub sweep: Option<String>,
    /// Pictures of the routine's own, by name, in order. They are no part of a run: to show others
    /// executes nothing.
    #[serde(default)]
    pub figures: IndexMap<String, FigureRequest>,
    /// What the profiles change; `desk` is the file itself unless it says otherwise.
    #[serde(default)]
    pub profiles: IndexMap<Profile, ProfileOverride>,
}

impl Experiment {
    /// The profiles that have it: one where `only` says so, else all but `gpu`, which has what is made for it
    /// (`profiles: {gpu: ...}`) and not every table of a desk once more.
    pub fn in_profiles(&self) -> Vec<Profile> {
        let has = |profile: &Profile| match self.only {
            Some(only) => only == *profile,
            None => *profile != Profile::Gpu || self.profiles.contains_key(profile),
        };
        Profile::ALL.into_iter().filter(has).collect()
    }
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
    /// Half an hour of one GPU: the paper's regime, cut down to that.
    Gpu,
    /// The paper's own setting.
    Paper,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Smoke, Self::Desk, Self::Gpu, Self::Paper];

    /// Whether numbers from this device may stand for the profile, and so go to results/. Of GPUs any will do: their
    /// outcomes say which it was.
    pub fn is_made_on(self, device: &str) -> bool {
        (self == Self::Gpu) != (device == "flex")
    }

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Desk => "desk",
            Self::Gpu => "gpu",
            Self::Paper => "paper",
        }
    }
}

/// What a profile changes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileOverride {
    /// Seeds.
    #[serde(default)]
    pub seeds: Option<Seeds>,
    /// Training.
    #[serde(default)]
    pub train: Option<TrainOverride>,
    /// Network.
    #[serde(default)]
    pub model: Option<ModelConfig>,
    /// Data set.
    #[serde(default)]
    pub data: Option<String>,
    /// Optimiser.
    #[serde(default)]
    pub optimizer: Option<OptimizerConfig>,
    /// Settings: these keys of them.
    #[serde(default)]
    pub setting: Option<Value>,
    /// Rows: these keys of their parameters.
    #[serde(default)]
    pub methods: IndexMap<String, Value>,
    /// Training samples: so many of the training part, evenly spaced.
    #[serde(default)]
    pub train_samples: Option<NonZeroUsize>,
    /// Test samples: so many of the test part, evenly spaced.
    #[serde(default)]
    pub test_samples: Option<NonZeroUsize>,
    /// Core hours of a run, a mean over the methods as the author reckons it: what plans are priced
    /// by as long as no run like it was made.
    #[serde(default)]
    pub core_hours_per_run: Option<Positive>,
    /// The same under the profile `gpu`, in hours that a run keeps one GPU busy: runs that share a GPU do not
    /// take less of it.
    #[serde(default)]
    pub gpu_hours_per_run: Option<Positive>,
}

impl ProfileOverride {
    /// What a run is reckoned to take.
    pub fn price(&self) -> Option<Price> {
        let of = |hours: Option<Positive>, of| hours.map(|hours| Price { seconds: 3600.0 * hours.get(), of });
        of(self.gpu_hours_per_run, Resource::Gpu).or_else(|| of(self.core_hours_per_run, Resource::Core))
    }
}

/// What an experiment's author reckons that a run takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Of what it takes.
    pub seconds: f64,
    /// Whose time it is.
    pub of: Resource,
}

/// Whose time a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A core of the CPU, of which each run has its own.
    Core,
    /// A GPU, which runs share.
    Gpu,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files_and_of_the_command_line() {
        for profile in Profile::ALL {
            assert_eq!(serde_json::to_value(profile).unwrap(), profile.name());
            assert_eq!(<Profile as clap::ValueEnum>::from_str(profile.name(), false), Ok(profile));
        }
        assert!(Profile::ALL.is_sorted(), "from small to large");
    }

    #[test]
    fn each_profile_has_its_devices() {
        assert!(Profile::Gpu.is_made_on("cuda:0") && !Profile::Gpu.is_made_on("flex"));
        for profile in [Profile::Smoke, Profile::Desk, Profile::Paper] {
            assert!(profile.is_made_on("flex") && !profile.is_made_on("wgpu"));
        }
    }
}
