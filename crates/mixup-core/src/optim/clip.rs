//! Gradient clipping, over all parameters together.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use serde::{Deserialize, Serialize};

use crate::checked::Positive;

/// What gradients are cut to before a step, as `clip:` of an optimiser names it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clip {
    /// All gradients together have at most this L2 norm: each is multiplied by
    /// `min(1, max / (norm + 1e-6))`, as PyTorch's `clip_grad_norm_` does. burn's own clipping by norm
    /// looks at each parameter alone.
    Norm(Positive),
    /// Each entry is between minus and plus this, as in PyTorch's `clip_grad_value_`.
    Value(Positive),
}

impl Clip {
    /// Cuts the gradients of a module's parameters.
    pub fn apply<M: Module>(self, model: &M, gradients: &mut Gradients) {
        match self {
            Self::Norm(largest) => {
                let mut norm = SquaredNorm { gradients, sum: None };
                model.visit(&mut norm);
                let Some(squared) = norm.sum else { return };
                let factor = (squared.sqrt() + 1e-6).recip().mul_scalar(largest.get()).clamp_max(1.0);
                model.visit(&mut Scale { gradients, factor });
            }
            Self::Value(largest) => model.visit(&mut Clamp { gradients, largest: largest.get() }),
        }
    }
}

/// The squares of all entries of all gradients, summed on the device.
struct SquaredNorm<'a> {
    gradients: &'a Gradients,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SquaredNorm<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        // Running statistics are not on a device that tracks.
        if !parameter.is_require_grad() {
            return;
        }
        let Some(gradient) = parameter.grad(self.gradients) else { return };
        let squared = gradient.square().sum();
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + squared,
            None => squared,
        });
    }
}

struct Scale<'a> {
    gradients: &'a mut Gradients,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        let Some(gradient) = parameter.grad_remove(self.gradients) else { return };
        parameter.grad_replace(self.gradients, gradient * self.factor.clone().unsqueeze());
    }
}

struct Clamp<'a> {
    gradients: &'a mut Gradients,
    largest: f64,
}

impl ModuleVisitor for Clamp<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        let Some(gradient) = parameter.grad_remove(self.gradients) else { return };
        parameter.grad_replace(self.gradients, gradient.clamp(-self.largest, self.largest));
    }
}
