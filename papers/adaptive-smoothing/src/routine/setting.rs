//! `methods:` and `setting:` of the experiment.

use std::num::NonZeroUsize;

use mixup_core::{
    attack::Pgd,
    augment::{AugmentConfig, Normalise},
    nn::ModelConfig,
    optim::OptimizerConfig,
    split::HoldOut,
    train::TrainConfig,
};
use mixup_paper::RunSpec;
use mixup_routines::classification::{self, Adversarial, AdversarialTraining, Baseline, Kind, Row};
use serde::{Deserialize, Serialize};

use super::Spec;
use crate::{
    gate::Choice,
    loss::Weights,
    mixing::{Mix, Scales},
};

/// Which of the two networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// The accurate one, trained on images as they are.
    Standard,
    /// The robust one, trained on attacked images.
    Robust,
}

impl Network {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Standard, Self::Robust];

    /// Its name, also of its stage.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Robust => "robust",
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// The training of a network: a stage that the others share.
    Train {
        /// Which.
        network: Network,
    },
    /// A network without the other.
    Alone {
        /// Which.
        network: Network,
    },
    /// Both, mixed by each alpha of a grid.
    Fixed {
        /// What is mixed.
        mix: Mix,
    },
    /// The robust network's answer with probability alpha, else the accurate one's: the straight line between the two.
    Chord {},
    /// Both, mixed by an alpha that a third network chooses for each image.
    Adaptive(Adaptive),
}

/// Parameters of [`Method::Adaptive`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adaptive {
    /// Width of the hidden layer of the network that chooses.
    pub hidden: NonZeroUsize,
    /// From its outputs to alphas.
    pub choice: Choice,
    /// Its loss.
    pub weights: Weights,
    /// What is done to half of its training images, against the whole.
    pub attack: Pgd,
}

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// For how long.
    pub train: TrainConfig,
    /// The experiment's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerConfig>,
    /// The experiment's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelConfig>,
}

/// How the robust network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobustlyTrained {
    /// What is done to the images.
    pub attack: Pgd,
    /// For how long.
    pub train: TrainConfig,
    /// The experiment's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerConfig>,
    /// The experiment's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelConfig>,
}

/// What an experiment says beside data, network and the training of the network that chooses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What is held out of the training images. Required.
    #[serde(default)]
    pub hold_out: Option<HoldOut>,
    /// Pixels of a side that images are resized to; as they are where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<NonZeroUsize>,
    /// What is done to images at random while the two networks are trained.
    #[serde(default, skip_serializing_if = "is_default")]
    pub augment: AugmentConfig,
    /// The accurate network. Required, but by the other's stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<Trained>,
    /// The robust network. Required, but by the other's stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robust: Option<RobustlyTrained>,
    /// What mixed classifiers are measured under. Required, but by stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attack: Option<Pgd>,
    /// Test images that everything is measured on, evenly spaced; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attacked: Option<NonZeroUsize>,
    /// What logits are multiplied by before they are mixed; 1 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scales: Option<Scales>,
}

fn is_default(augment: &AugmentConfig) -> bool {
    *augment == AugmentConfig::default()
}

impl Setting {
    /// The training of a network.
    pub(super) fn trained(&self, network: Network) -> Option<Trained> {
        match network {
            Network::Standard => self.standard.clone(),
            Network::Robust => self.robust.as_ref().map(|robust| Trained {
                train: robust.train.clone(),
                optimizer: robust.optimizer.clone(),
                model: robust.model.clone(),
            }),
        }
    }

    /// What a stage reads.
    pub(super) fn of_stage(&self, network: Network) -> Self {
        let own = |other: Network| network == other;
        Self {
            standard: self.standard.clone().filter(|_| own(Network::Standard)),
            robust: self.robust.clone().filter(|_| own(Network::Robust)),
            attack: None,
            attacked: None,
            scales: None,
            ..self.clone()
        }
    }
}

/// The training of a network as a run of the classification routine, on images from 0 to 1.
///
/// # Errors
/// The message for the user, where it is not described.
pub(super) fn training(spec: &Spec, network: Network) -> Result<classification::Spec<Adversarial>, String> {
    let missing = || format!("`setting.{}` is missing: how the network is trained", network.name());
    let method = match network {
        Network::Standard => Kind::Baseline(Baseline::Ce {}),
        Network::Robust => {
            let attack = spec.setting.robust.as_ref().ok_or_else(missing)?.attack;
            Kind::Own(Adversarial::Adversarial(AdversarialTraining { attack }))
        }
    };
    let trained = spec.setting.trained(network).ok_or_else(missing)?;
    let setting = classification::Setting {
        hold_out: spec.setting.hold_out,
        resize: spec.setting.resize,
        augment: spec.setting.augment,
        normalise: Normalise::UnitInterval,
        ..classification::Setting::default()
    };
    let run = spec.clone().with(Row { method, train: None, classes: None }, setting);
    Ok(RunSpec {
        method: network.name().to_owned(),
        model: trained.model.or(run.model),
        optimizer: trained.optimizer.or(run.optimizer),
        train: Some(trained.train),
        metrics: Vec::new(),
        ..run
    })
}
