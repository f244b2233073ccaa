//! `loss:` of a row: Barlow Twins, with mixed samples or without.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive},
    loss::metric::unit_rows,
    mix::mix,
    tensor::select_rows,
    train::Step,
};
use mixup_routines::contrastive::{Batch, Memory, Method, Setting};
use mixup_routines::{non_negative, parameters, positive};
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::loss::{Target, barlow_twins, mixed_samples, normalised};

parameters!(
    /// `{off_diagonal: 0.0078125, mixing: {weight: 4}}`: plain Barlow Twins without `mixing`.
    BarlowTwins {
        /// Weight `lambda_BT` of the correlations between different dimensions.
        off_diagonal: Positive = positive(0.007_812_5),
        /// Whether embeddings have length 1 before they are normalised by the batch, as in the code for small images (not
        /// in that for ImageNet).
        unit: bool = true,
        /// What mixed samples add; nothing where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        mixing: Option<Mixing> = None,
    }
);
parameters!(
    /// What mixed samples add: `weight * off_diagonal * L_reg`.
    Mixing {
        /// Weight `lambda_reg`. The code for ImageNet has half of it, and a warm-up.
        weight: NonNegative = non_negative(4.0),
        /// With what correlations are compared.
        target: Target = Target::Paper,
        /// Epochs over which the weight rises from 0 in a straight line, step by step.
        warm_up: usize = 0,
    }
);

impl Mixing {
    fn weight_at(&self, step: &Step<'_>) -> f64 {
        let rising = self.warm_up * step.steps;
        let share = if step.number() < rising { step.number() as f64 / rising as f64 } else { 1.0 };
        self.weight.get() * share
    }
}

impl Method for BarlowTwins {
    fn check(&self, _: &Setting) -> Result<(), String> {
        match &self.mixing {
            Some(mixing) if mixing.weight.get() == 0.0 => {
                Err("loss.mixing.weight: 0 mixes for nothing; leave `mixing` out".into())
            }
            _ => Ok(()),
        }
    }

    /// Each of the two or three batches of images goes through the network by itself, with statistics of its own. The
    /// mixture is of a first view and the second view of another image, by one lambda from U(0, 1) for a batch.
    ///
    /// Streams read here with `mixing`: `lambda`, `partners`.
    fn loss(&self, batch: &Batch<'_>, _: &mut Memory, step: &mut Step<'_>) -> Result<Tensor<1>, CoreError> {
        let embeddings = |view: Tensor<4>| -> Result<Tensor<2>, CoreError> {
            let embeddings = batch.network.embeddings(view)?;
            Ok(normalised(if self.unit { unit_rows(embeddings) } else { embeddings }))
        };
        let [first_view, second_view] = batch.views.clone();
        let (first, second) = (embeddings(first_view.clone())?, embeddings(second_view.clone())?);
        let off_diagonal = self.off_diagonal.get();
        let twins = barlow_twins(first.clone(), second.clone())?.total(off_diagonal);
        let Some(mixing) = &self.mixing else { return Ok(twins) };
        let lambda: f64 = step.streams.get("lambda").random();
        let mut partners: Vec<usize> = (0..batch.rows.len()).collect();
        partners.shuffle(step.streams.get("partners"));
        let mixed = embeddings(mix(first_view, select_rows(second_view, &partners)?, lambda))?;
        let regulariser = mixed_samples([first, second, mixed], &partners, lambda, mixing.target)?;
        Ok(twins + regulariser.mul_scalar(mixing.weight_at(step) * off_diagonal))
    }
}

#[cfg(test)]
mod tests;
