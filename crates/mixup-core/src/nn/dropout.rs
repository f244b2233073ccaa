//! Dropout whose masks come from a named stream on the host, so that a run is the same on every
//! device and a resumed one goes on to the same masks.

use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::checked::UnitInterval;

/// Inverted dropout: entries are zeroed with probability `rate` and the others divided by
/// `1 - rate`. Every call draws a fresh mask.
#[derive(Debug)]
pub enum Dropout<'a> {
    /// Training.
    On {
        /// Probability that an entry is zeroed.
        rate: UnitInterval,
        /// Where masks are drawn from.
        rng: &'a mut ChaCha8Rng,
    },
    /// Evaluation: the identity.
    Off,
}

impl Dropout<'_> {
    /// Applies a fresh mask, or nothing in evaluation.
    pub fn forward<const D: usize>(&mut self, x: Tensor<D>) -> Tensor<D> {
        let Self::On { rate, rng } = self else { return x };
        let rate = rate.get() as f32;
        if rate == 0.0 {
            return x;
        }
        let keep = if rate < 1.0 { (1.0 - rate).recip() } else { 0.0 };
        let draw = |_| if rng.random::<f32>() < rate { 0.0 } else { keep };
        let values: Vec<f32> = (0..x.dims().iter().product()).map(draw).collect();
        let mask = Tensor::<D>::from_data(TensorData::new(values, x.dims()), &x.device().inner());
        x * mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Streams;
    use burn::tensor::Device;

    #[test]
    fn zeroes_its_share_and_keeps_the_mean() {
        let mut streams = Streams::new("exchange-rate", 0);
        let rate = UnitInterval::new(0.2).unwrap();
        let mut dropout = Dropout::On { rate, rng: streams.get("dropout") };
        let ones = Tensor::<2>::ones([200, 200], &Device::flex());
        let out = dropout.forward(ones.clone()).into_data().try_to_vec::<f32>().unwrap();
        let zeroed = out.iter().filter(|value| **value == 0.0).count() as f64 / out.len() as f64;
        assert!((zeroed - 0.2).abs() < 0.01, "{zeroed}");
        assert!(out.iter().all(|value| *value == 0.0 || *value == 1.25));
        let again = dropout.forward(ones.clone()).into_data().try_to_vec::<f32>().unwrap();
        assert_ne!(out, again, "each call has a mask of its own");
        assert_eq!(Dropout::Off.forward(ones).into_data().try_to_vec::<f32>().unwrap(), [1.0; 40_000]);
    }
}
