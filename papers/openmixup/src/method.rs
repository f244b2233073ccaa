//! AttentiveMix, the one mixing of the benchmark that asks a network: what it looks at stays.

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::Positive,
    loss::soft_cross_entropy,
    mix::{Lambda, Mixture, Ratio, attentive_cells, attentive_mask},
    nn::ImageNetwork,
    train::Step,
};
use mixup_routines::classification::{self, Batch, Classifier, Start};
use mixup_routines::{parameters, positive};
use serde::{Deserialize, Serialize};

/// `{kind: attentivemix, teacher: plain, alpha: 2}`; all other mixings are baselines of the routine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// The most attentive cells of a sample are pasted onto its partner (Walawalkar et al. 2020).
    Attentivemix(Attentivemix),
}

parameters!(
    /// Parameters of [`Method::Attentivemix`].
    Attentivemix {
        /// Name of the network in `setting.teachers` whose last feature maps are looked at. It is not trained on.
        teacher: String = "plain".to_owned(),
        /// lambda ~ Beta(alpha, alpha), the share of the cells that is kept, where `cells` is absent.
        alpha: Positive = positive(2.0),
        /// Cells that are kept, whatever lambda (6 in the original); by lambda where absent (AttentiveMix+).
        cells: Option<NonZeroUsize> = None,
    }
);

/// The network that says what is attentive.
#[derive(Module, Debug)]
pub struct Watched {
    teacher: ImageNetwork,
}

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["attentivemix"];
    type State = Watched;

    fn teacher(&self) -> Option<&str> {
        let Self::Attentivemix(Attentivemix { teacher, .. }) = self;
        Some(teacher)
    }

    fn state(&self, start: &mut Start<'_>) -> Result<Watched, CoreError> {
        let missing = || CoreError::Invalid("AttentiveMix without the network that it asks".into());
        Ok(Watched { teacher: start.teacher.ok_or_else(missing)?.clone() })
    }

    /// Labels get the share of the cells, sample by sample.
    ///
    /// Streams read here: `lambda` and `pairs`.
    fn mixture(
        &self,
        x: &Tensor<4>,
        watched: &Watched,
        step: &mut Step<'_>,
    ) -> Result<Option<Mixture>, CoreError> {
        let Self::Attentivemix(Attentivemix { alpha, cells, .. }) = self;
        let features = watched.teacher.feature_maps(x.clone())?;
        let [rows, _, height, width] = x.dims();
        let [_, _, down, across] = features.dims();
        let lambda = Lambda::beta(*alpha)?.draw(step.streams.get("lambda"));
        let top = cells.map_or_else(|| attentive_cells(lambda, down * across), NonZeroUsize::get);
        let mask = attentive_mask(features, top, [height, width])?;
        Mixture::permuted(rows, Ratio::Mask(mask), step.streams.get("pairs")).map(Some)
    }

    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        watched: &mut Watched,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Some(mixture) = self.mixture(&batch.x, watched, step)? else {
            return soft_cross_entropy(network.logits(batch.x)?, batch.targets);
        };
        soft_cross_entropy(network.logits(mixture.inputs(batch.x)?)?, mixture.targets(batch.targets)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use classification::Method as _;
    use mixup_core::nn::{ImageTask, ModelConfig};
    use mixup_core::stream::Streams;
    use mixup_core::tensor::to_host;

    /// The mixture of four noisy images by a network of three stages.
    fn mixture(json: &str, size: usize, seed: u64) -> (Tensor<4>, Mixture) {
        let device = Device::flex();
        let streams = &mut Streams::new("attentive", seed);
        let config: ModelConfig =
            serde_json::from_str(r#"{"kind": "convnet", "channels": [2, 3, 4]}"#).unwrap();
        let task = ImageTask { channels: 1, size, classes: 2 };
        let network = ImageNetwork::new(&config, task, streams.get("init"), &device).unwrap();
        let values: Vec<f32> = (0..4 * size * size).map(|at| ((at * 37) % 101) as f32 / 50.0).collect();
        let x = Tensor::<4>::from_data(TensorData::new(values, [4, 1, size, size]), &device);
        let method: Method = serde_json::from_str(json).unwrap();
        let watched = Watched { teacher: network.valid() };
        let mut step = Step { rows: &[0, 1, 2, 3], epoch: 0, epochs: 1, step: 0, steps: 1, streams };
        let mixture = method.mixture(&x, &watched, &mut step).unwrap().unwrap();
        (x, mixture)
    }

    #[test]
    fn as_many_cells_are_kept_as_are_asked_for() {
        for cells in [1, 4, 9] {
            let json = format!(r#"{{"kind": "attentivemix", "cells": {cells}}}"#);
            // Maps of 3 x 3 cells, 4 pixels each.
            let (_, mixture) = mixture(&json, 12, 0);
            let expected = f64::from(cells) / 9.0;
            assert!(mixture.shares().unwrap().iter().all(|share| (share - expected).abs() < 1e-12));
        }
    }

    #[test]
    fn every_pixel_is_of_one_image_and_labels_get_their_area() {
        for seed in 0..20 {
            let (x, mixture) = mixture(r#"{"kind": "attentivemix"}"#, 12, seed);
            let (own, mixed) = (to_host(x.clone()).unwrap(), to_host(mixture.inputs(x).unwrap()).unwrap());
            for (row, share) in mixture.shares().unwrap().into_iter().enumerate() {
                let partner = mixture.partners[row];
                let pixel = |image: usize, at: usize| own[image * 144 + at];
                let kept = (0..144).filter(|&at| mixed[row * 144 + at] == pixel(row, at)).count() as f64;
                assert!(
                    (0..144).all(|at| [pixel(row, at), pixel(partner, at)].contains(&mixed[row * 144 + at]))
                );
                assert!(partner == row || (kept / 144.0 - share).abs() < 0.02, "{kept} {share}");
            }
        }
    }
}
