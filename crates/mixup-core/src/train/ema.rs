//! The moving average of a network: a teacher.

use std::any::Any;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

use crate::{CoreError, checked::UnitInterval};

/// The exponential moving average of all tensors of a network, running statistics of batch norm included.
/// It is in evaluation mode and has no gradients.
#[derive(Module, Debug)]
pub struct Ema<M: Module> {
    average: M,
}

impl<M: Module> Ema<M> {
    /// An average that begins as the network is.
    pub fn new(model: &M) -> Self {
        Self { average: model.valid() }
    }

    /// The average, to predict with.
    pub fn average(&self) -> &M {
        &self.average
    }

    /// The average as it is now. A clone would share its running statistics with later averages.
    pub fn snapshot(&self) -> M {
        self.average.valid()
    }

    /// `decay` times the average and `1 - decay` times the network; tensors of integers are taken over.
    ///
    /// # Errors
    /// A network of another structure.
    pub fn update(&mut self, model: &M, decay: UnitInterval) -> Result<(), CoreError> {
        // Evaluation mode brings running statistics up to date.
        let mut collected = Collected(Vec::new());
        model.valid().visit(&mut collected);
        let mut blend = Blend { new: collected.0.into_iter(), decay: decay.get(), fits: true };
        self.average = self.average.clone().map(&mut blend);
        match blend.fits && blend.new.next().is_none() {
            true => Ok(()),
            false => Err(CoreError::Invalid("the average is of a network of another structure".into())),
        }
    }
}

/// A decay that forgets the start: the smaller of `decay` and `1 - 1 / (updates + 1)`, with the number of
/// updates so far; the first update takes the network as it is (Tarvainen and Valpola 2017, official code).
pub fn ramped_decay(decay: UnitInterval, updates: usize) -> UnitInterval {
    match UnitInterval::new(updates as f64 / (updates as f64 + 1.0)) {
        Ok(ramp) if ramp < decay => ramp,
        _ => decay,
    }
}

/// All tensors of a module, in the order of a visit.
struct Collected(Vec<Box<dyn Any>>);

impl ModuleVisitor for Collected {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.0.push(Box::new(parameter.val()));
    }

    fn visit_int<const D: usize>(&mut self, parameter: &Param<Tensor<D, Int>>) {
        self.0.push(Box::new(parameter.val()));
    }

    fn visit_bool<const D: usize>(&mut self, parameter: &Param<Tensor<D, Bool>>) {
        self.0.push(Box::new(parameter.val()));
    }
}

/// Puts collected tensors into a module, in the same order.
struct Blend {
    new: std::vec::IntoIter<Box<dyn Any>>,
    decay: f64,
    fits: bool,
}

impl Blend {
    fn next<T: 'static>(&mut self) -> Option<T> {
        let next = self.new.next().and_then(|tensor| tensor.downcast().ok()).map(|tensor| *tensor);
        self.fits &= next.is_some();
        next
    }
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let decay = self.decay;
        match self.next::<Tensor<D>>() {
            Some(new) if new.dims() == parameter.dims() => {
                parameter.map(|average| average * decay + new * (1.0 - decay))
            }
            _ => {
                self.fits = false;
                parameter
            }
        }
    }

    fn map_int<const D: usize>(&mut self, parameter: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        match self.next::<Tensor<D, Int>>() {
            Some(new) => parameter.map(|_| new),
            None => parameter,
        }
    }

    fn map_bool<const D: usize>(&mut self, parameter: Param<Tensor<D, Bool>>) -> Param<Tensor<D, Bool>> {
        match self.next::<Tensor<D, Bool>>() {
            Some(new) => parameter.map(|_| new),
            None => parameter,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::nn::BatchNorm2d;

    fn share(value: f64) -> UnitInterval {
        UnitInterval::new(value).unwrap()
    }

    fn values(tensor: Tensor<1>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// One channel of batch norm, whose statistics have seen a batch.
    fn network(scale: f32) -> BatchNorm2d {
        let mut network = BatchNorm2d::new(1, &Device::flex());
        network.gamma = Param::from_tensor(Tensor::from_floats([scale], &Device::flex()));
        let network = network.train();
        network.forward(Tensor::from_floats([[[[1.0, 3.0]]]], &network.gamma.device()));
        network
    }

    #[test]
    fn weights_and_running_statistics_are_averaged() {
        let start = BatchNorm2d::new(1, &Device::flex());
        let mut ema = Ema::new(&start);
        let network = network(3.0);
        ema.update(&network, share(0.75)).unwrap();
        let average = ema.average();
        // 1 becomes 3; the running mean of 0 becomes a tenth of 2, the variance of 1 a tenth nearer to 2.
        assert_eq!(values(average.gamma.val()), [1.5]);
        assert!((values(average.mean.value())[0] - 0.05).abs() < 1e-6);
        assert!((values(average.variance.value())[0] - 1.025).abs() < 1e-6);
        assert!(!average.gamma.is_require_grad());
    }

    #[test]
    fn a_snapshot_stays_and_the_start_is_not_touched() {
        let start = BatchNorm2d::new(1, &Device::flex());
        let mut ema = Ema::new(&start);
        let before = ema.snapshot();
        ema.update(&network(3.0), share(0.5)).unwrap();
        for untouched in [&start, &before] {
            assert_eq!(values(untouched.gamma.val()), [1.0]);
            assert_eq!(values(untouched.mean.value()), [0.0]);
        }
    }

    #[test]
    fn another_structure_is_refused() {
        let wide = BatchNorm2d::new(2, &Device::flex());
        let mut ema = Ema::new(&BatchNorm2d::new(1, &Device::flex()));
        assert!(ema.update(&wide, share(0.5)).unwrap_err().to_string().contains("structure"));
        let list = |count| vec![BatchNorm2d::new(1, &Device::flex()); count];
        for count in [1, 3] {
            assert!(Ema::new(&list(2)).update(&list(count), share(0.5)).is_err());
        }
    }

    #[test]
    fn the_ramp_begins_with_a_plain_mean() {
        let decay = share(0.9);
        assert_eq!([0, 1, 3, 9, 100].map(|n| ramped_decay(decay, n).get()), [0.0, 0.5, 0.75, 0.9, 0.9]);
    }
}
