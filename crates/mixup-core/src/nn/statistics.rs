//! Running statistics that a pass must not change.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The running statistics of a network at one moment: what batch norm tells evaluation of the images that it
/// was trained on. A pass of other images (mixed ones) leaves its mark on them; [`Self::restore`] takes it off.
#[derive(Debug, Clone)]
pub struct RunningStatistics(Vec<Tensor<1>>);

impl RunningStatistics {
    /// Those of a network in training.
    pub fn of<M: Module>(model: &M) -> Self {
        let mut statistics = Collect(Vec::new());
        brought_up_to_date(model).visit(&mut statistics);
        Self(statistics.0)
    }

    /// Puts them back into the network that they are of; its clones share them.
    pub fn restore<M: Module>(&self, model: &M) {
        brought_up_to_date(model).map(&mut Restore(self.0.iter()));
    }
}

/// A pass leaves its update pending, and evaluation mode applies it.
fn brought_up_to_date<M: Module>(model: &M) -> M {
    let _ = model.valid();
    model.clone()
}

struct Collect(Vec<Tensor<1>>);

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if is_statistic(parameter) {
            let size: usize = parameter.dims().iter().product();
            self.0.push(parameter.val().reshape([size]));
        }
    }
}

struct Restore<'a>(std::slice::Iter<'a, Tensor<1>>);

impl ModuleMapper for Restore<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !is_statistic(&parameter) {
            return parameter;
        }
        match self.0.next() {
            Some(statistic) => parameter.map(|now| statistic.clone().reshape(now.dims())),
            None => parameter,
        }
    }
}

/// Of a network in training, all that is not trained. A frozen parameter is among it, and is put back as it is.
fn is_statistic<const D: usize>(parameter: &Param<Tensor<D>>) -> bool {
    !parameter.is_require_grad()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::ImageShape;
    use crate::nn::{Backbone, ConvnetConfig, ModelConfig, Pooling};
    use crate::stream::Streams;
    use crate::tensor::to_host;
    use burn::tensor::Device;
    use std::num::NonZeroUsize;

    #[test]
    fn a_pass_between_leaves_no_mark() {
        let channels = vec![NonZeroUsize::new(3).unwrap(); 2];
        let config = ModelConfig::Convnet(ConvnetConfig { channels, pooling: Pooling::Average });
        let shape = ImageShape { channels: 1, height: 6, width: 6 };
        let mut streams = Streams::new("statistics", 0);
        let device = Device::flex();
        let images = |streams: &mut Streams, scale: f32| {
            let values = crate::nn::init::uniform(4 * 36, scale, streams.get("images"));
            Tensor::<4>::from_data(burn::tensor::TensorData::new(values, [4, 1, 6, 6]), &device)
        };
        let (own, other) = (images(&mut streams, 1.0), images(&mut streams, 5.0));
        let start = Backbone::new(&config, shape, streams.get("init"), &device).unwrap();
        let told = |network: &Backbone| to_host(network.valid().features(own.clone())).unwrap();
        let after = |between: &dyn Fn(&Backbone)| {
            let network = start.clone().train();
            for _ in 0..3 {
                network.features(own.clone());
                between(&network);
            }
            told(&network)
        };
        let plain = after(&|_| ());
        let marked = after(&|network| drop(network.features(other.clone())));
        let restored = after(&|network| {
            let before = RunningStatistics::of(network);
            network.features(other.clone());
            before.restore(network);
        });
        assert_eq!(restored, plain);
        assert_ne!(marked, plain);
    }
}
