//! LSTNet (Lai et al., arXiv 1703.07015), as the official code of C-Mixup builds it.

use std::num::NonZeroUsize;

use burn::{
    module::Module,
    nn::Linear,
    tensor::{Device, Tensor},
};
use ndarray::Array2;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Activation, Dropout, Gru, init, linear};
use crate::{CoreError, checked::UnitInterval, mix::Mixture};

/// Sizes of LSTNet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstnetConfig {
    /// Channels of the convolution.
    pub conv: NonZeroUsize,
    /// Time steps that the convolution sees at once.
    pub kernel: NonZeroUsize,
    /// Hidden units of the recurrent part.
    pub recurrent: NonZeroUsize,
    /// Hidden units of the recurrent part that skips.
    pub skip_recurrent: NonZeroUsize,
    /// Time steps that it skips.
    pub skip: NonZeroUsize,
    /// Time steps that the autoregressive part sees.
    pub highway: NonZeroUsize,
    /// Dropout after the convolution and after both recurrent parts.
    pub dropout: UnitInterval,
}

/// Convolution over time, a recurrent part and one that skips, plus an autoregressive ("highway")
/// part on the raw values.
#[derive(Module, Debug)]
pub struct Lstnet {
    /// `[kernel * series, channels]`: the convolution spans all series, so it is a linear layer
    /// on windows of time.
    pub conv: Linear,
    /// The recurrent part.
    pub gru: Gru,
    /// The recurrent part that skips.
    pub skip_gru: Gru,
    /// `[hidden + skip * skip hidden, series]`.
    pub output: Linear,
    /// `[highway, 1]`, shared by the series.
    pub highway: Linear,
    #[module(skip)]
    skip: usize,
    #[module(skip)]
    dropout: UnitInterval,
}

crate::network!(Lstnet);

/// PyTorch's arrays of an LSTNet, f64, in PyTorch's layouts.
#[derive(Debug, Clone)]
pub struct LstnetWeights {
    /// `[channels, kernel * series]` and `[channels]`.
    pub conv: (Array2<f64>, Vec<f64>),
    /// `[3 hidden, channels]` and `[3 hidden]`.
    pub gru_input: (Array2<f64>, Vec<f64>),
    /// `[3 hidden, hidden]` and `[3 hidden]`.
    pub gru_recurrent: (Array2<f64>, Vec<f64>),
    /// As `gru_input`, of the skipping part.
    pub skip_input: (Array2<f64>, Vec<f64>),
    /// As `gru_recurrent`, of the skipping part.
    pub skip_recurrent: (Array2<f64>, Vec<f64>),
    /// `[series, hidden + skip * skip hidden]` and `[series]`.
    pub output: (Array2<f64>, Vec<f64>),
    /// `[1, highway]` and `[1]`.
    pub highway: (Array2<f64>, Vec<f64>),
}

impl LstnetConfig {
    /// An LSTNet for `series` series with PyTorch's default start.
    pub fn init(&self, series: usize, rng: &mut impl Rng, device: &Device) -> Lstnet {
        let channels = self.conv.get();
        let (hidden, skip_hidden) = (self.recurrent.get(), self.skip_recurrent.get());
        let features = hidden + self.skip.get() * skip_hidden;
        Lstnet {
            conv: init::linear(self.kernel.get() * series, channels, rng, device),
            gru: Gru::new(channels, hidden, rng, device),
            skip_gru: Gru::new(channels, skip_hidden, rng, device),
            output: init::linear(features, series, rng, device),
            highway: init::linear(self.highway.get(), 1, rng, device),
            skip: self.skip.get(),
            dropout: self.dropout,
        }
    }
}

impl Lstnet {
    /// An LSTNet of given weights, in their own precision.
    pub fn from_pytorch(
        weights: &LstnetWeights,
        skip: usize,
        dropout: UnitInterval,
        device: &Device,
    ) -> Self {
        let linear =
            |(weight, bias): &(Array2<f64>, Vec<f64>)| init::linear_from_pytorch(weight, bias, device);
        let gru = |input, recurrent| Gru { input: linear(input), recurrent: linear(recurrent) };
        Self {
            conv: linear(&weights.conv),
            gru: gru(&weights.gru_input, &weights.gru_recurrent),
            skip_gru: gru(&weights.skip_input, &weights.skip_recurrent),
            output: linear(&weights.output),
            highway: linear(&weights.highway),
            skip,
            dropout,
        }
    }

    /// Dropout rate of the configuration, for training passes.
    pub fn dropout_rate(&self) -> UnitInterval {
        self.dropout
    }

    /// # Shapes
    /// - `x`: `[batch, time, series]`
    /// - returns `[batch, series]`, the values `horizon` steps later
    ///
    /// # Errors
    /// A window that is shorter than the convolution and one skip, or than the autoregressive part.
    pub fn forward(&self, x: Tensor<3>, dropout: &mut Dropout<'_>) -> Result<Tensor<2>, CoreError> {
        let features = self.features(x.clone(), dropout)?;
        self.head(features, x, dropout)
    }

    /// A forward pass that mixes what comes out of the convolution (each half behind a dropout
    /// mask of its own); the autoregressive part sees the mixed raw values.
    ///
    /// # Shapes
    /// - `x`: `[rows, time, series]`
    /// - returns `[batch, series]`, as many as the mixture has results
    ///
    /// # Errors
    /// As [`Self::forward`], and partners that are no rows.
    pub fn forward_mixed(
        &self,
        x: Tensor<3>,
        mixture: &Mixture,
        dropout: &mut Dropout<'_>,
    ) -> Result<Tensor<2>, CoreError> {
        let (own, partners) = mixture.pairs(x.clone())?;
        let batch = own.dims()[0];
        let halves = vec![self.features(own, dropout)?, self.features(partners, dropout)?];
        let paired = Mixture::joined(batch, mixture.ratio.clone())?;
        self.head(paired.hidden(Tensor::cat(halves, 0))?, mixture.inputs(x)?, dropout)
    }

    /// Convolution, ReLU and dropout: `[batch, positions, channels]`.
    fn features(&self, x: Tensor<3>, dropout: &mut Dropout<'_>) -> Result<Tensor<3>, CoreError> {
        let [batch, time, series] = x.dims();
        let [span, channels] = self.conv.weight.dims();
        let kernel = span / series;
        if time < kernel + self.skip || time < self.highway.weight.dims()[0] {
            return Err(CoreError::Invalid(format!("LSTNet: a window of {time} time steps is too short")));
        }
        let positions = time - kernel + 1;
        let windows: Tensor<4> = x.unfold(1, kernel, 1);
        let windows = windows.swap_dims(2, 3).reshape([batch * positions, span]);
        let features = linear(&self.conv, windows, Some(Activation::Relu));
        Ok(dropout.forward(features.reshape([batch, positions, channels])))
    }

    fn head(
        &self,
        features: Tensor<3>,
        x: Tensor<3>,
        dropout: &mut Dropout<'_>,
    ) -> Result<Tensor<2>, CoreError> {
        let [batch, time, series] = x.dims();
        let skipping = self.skip_gru.forward(self.phases(features.clone()));
        let skipping = skipping.reshape([batch as i32, -1]);
        let recurrent = dropout.forward(self.gru.forward(features));
        let hidden = Tensor::cat(vec![recurrent, dropout.forward(skipping)], 1);
        let recent = time - self.highway.weight.dims()[0]..time;
        let recent = x.slice_dim(1, recent).swap_dims(1, 2);
        let autoregressive = self.highway.forward(recent).reshape([batch, series]);
        Ok(linear(&self.output, hidden, None) + autoregressive)
    }

    /// The last `floor(positions / skip) * skip` positions as sequences with one step per period,
    /// one sequence for each phase of the period: `[batch * skip, periods, channels]`, phases of a
    /// sample side by side.
    ///
    /// `positions - 1 + kernel = time`, and PyTorch's code takes `floor((time - kernel) / skip)`
    /// periods, one fewer than fit where `skip` divides the positions exactly.
    fn phases(&self, features: Tensor<3>) -> Tensor<3> {
        let [batch, positions, channels] = features.dims();
        let periods = (positions - 1) / self.skip;
        let recent = features.slice_dim(1, positions - periods * self.skip..positions);
        let by_phase = recent.reshape([batch, periods, self.skip, channels]).swap_dims(1, 2);
        by_phase.reshape([batch * self.skip, periods, channels])
    }
}
