//! Losses that several papers use, one file each.
//!
//! Targets are `[batch, classes]`, rows that sum to 1: one-hot labels
//! ([`one_hot`](crate::tensor::one_hot)) or mixtures of them.

mod bce_softmax;
mod binary;
mod brier;
mod confidence_penalty;
mod cross_entropy;
mod distillation;
mod focal;
mod known_gradient;
mod label_smoothing;
mod logit_margin;
pub mod metric;
mod mmce;
mod mse;
mod outlier_exposure;
mod regularized;
#[cfg(test)]
mod testing;

pub use bce_softmax::bce_softmax;
pub use binary::{scaled_targets, sigmoid_cross_entropy, sigmoid_cross_entropy_rows};
pub use brier::brier;
pub use confidence_penalty::confidence_penalty;
pub use cross_entropy::{mixup_cross_entropy, soft_cross_entropy, soft_cross_entropy_rows};
pub use distillation::distillation;
pub use focal::{focal, focal_sample_dependent};
pub use known_gradient::with_known_gradient;
pub use label_smoothing::label_smoothing;
pub use logit_margin::logit_margin;
pub use mmce::mmce;
pub use mse::mse;
pub use outlier_exposure::{energy, energy_exposure, outlier_exposure};
pub use regularized::Regularized;
