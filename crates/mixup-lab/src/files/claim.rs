//! `claims:` of a `paper.yaml`: sentences of the paper as comparisons that can be tested.

use std::fmt;

use mixup_core::checked::Positive;
use mixup_paper::Direction;
use serde::de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::manifest::{Manifest, Source};

/// A sentence of the paper as a comparison that can be tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Short name, unique in the paper.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// How much hangs on it.
    #[serde(default)]
    pub rank: Rank,
    /// What kind of sentence it is.
    #[serde(default)]
    pub test: Test,
    /// Experiment whose outcome is tested.
    pub experiment: String,
    /// Metric that is compared.
    pub metric: String,
    /// What is compared is, run by run, the metric less this one: a claim about a difference of
    /// differences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub less: Option<String>,
    /// Two other methods of the experiment whose difference is taken off, run by run: a claim that one pair
    /// differs more than another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond: Option<Beyond>,
    /// Method the claim is about; absent for a trend.
    #[serde(default)]
    pub method: String,
    /// Methods it is compared with; absent for a trend.
    #[serde(default)]
    pub against: Against,
    /// The methods of a trend, in the order along which the metric goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<String>,
    /// Which way the claim goes: `lower` when `method` is said to have the lower metric, or the metric to
    /// fall along the methods of a trend. For [`Test::Kept`] the side that is better.
    pub direction: Direction,
    /// The published difference, `method - against`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// The difference that would not matter, in the unit of the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Positive>,
    /// Independent repetitions of the comparison in other experiments: their E-values multiply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<Repetition>,
    /// `paper` (default) for the paper's own claims, `ours` for a claim that we carry over to data
    /// that the paper did not use.
    #[serde(default)]
    pub origin: Origin,
}

impl Claim {
    /// Every experiment that it reads, its own first.
    pub fn experiments(&self) -> Vec<&str> {
        let mut names = vec![self.experiment.as_str()];
        names.extend(self.repeated.iter().map(|known| known.experiment.as_str()));
        names
    }

    /// The published difference from `against`, where there is one.
    pub fn published(&self, against: &str, manifest: &Manifest) -> Option<f64> {
        match self.effect.as_ref()? {
            Effect::Stated { value, .. } => Some(*value),
            Effect::Reported => {
                let mean = |method: &str| {
                    let of = |known: &&super::manifest::ReportedValue| {
                        known.experiment == self.experiment
                            && known.metric == self.metric
                            && known.method == method
                    };
                    manifest.reported.iter().find(of).map(|known| known.mean)
                };
                Some(mean(&self.method)? - mean(against)?)
            }
        }
    }
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

impl Rank {
    /// The word in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Exploratory => "exploratory",
        }
    }
}

/// What kind of sentence a claim is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// One method has the lower, or higher, metric.
    #[default]
    Difference,
    /// One method loses nothing against the other, or less than the margin (non-inferiority).
    Kept,
    /// Two methods differ by less than the margin (equivalence).
    Equal,
    /// The metric goes one way along several methods (Page's test).
    Trend,
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

/// A published difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Of the two means under `reported:`.
    Reported,
    /// A number of its own.
    Stated {
        /// The difference.
        value: f64,
        /// Where it was read.
        source: Source,
        /// Table of the paper.
        table: Option<u32>,
    },
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Stated {
            value: f64,
            source: Source,
            #[serde(default)]
            table: Option<u32>,
        }
        struct WordOrMap;

        impl<'de> Visitor<'de> for WordOrMap {
            type Value = Effect;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`reported`, or `{value: -0.2, source: paper, table: 1}`")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Effect, E> {
                match word {
                    "reported" => Ok(Effect::Reported),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Effect, M::Error> {
                let Stated { value, source, table } = Stated::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Effect::Stated { value, source, table })
            }
        }
        deserializer.deserialize_any(WordOrMap)
    }
}

/// The methods that a claim compares with: one, or several of which the claim holds only when it holds
/// against each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Against(pub Vec<String>);

impl<'de> Deserialize<'de> for Against {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Against;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a method, or a list of methods")
            }

            fn visit_str<E: Error>(self, method: &str) -> Result<Against, E> {
                Ok(Against(vec![method.to_owned()]))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut methods: S) -> Result<Against, S::Error> {
                let mut all = Vec::new();
                while let Some(method) = methods.next_element()? {
                    all.push(method);
                }
                Ok(Against(all))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// The pair whose difference is taken off ([`Claim::beyond`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beyond {
    /// What is taken off the claim's `method`.
    pub method: String,
    /// What is taken off each of the claim's `against`.
    pub against: String,
}

/// The same comparison in another experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repetition {
    /// Experiment.
    pub experiment: String,
    /// What stands for the claim's `method`.
    pub method: String,
    /// What stands for the claim's `against`.
    pub against: String,
}
