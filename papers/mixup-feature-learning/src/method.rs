//! The rows of the simulation's tables, and the loss of a step of each.

use burn::tensor::Tensor;
use mixup_core::{CoreError, checked::UnitInterval, mix::Partner, stream::Streams};
use mixup_routines::{parameters, unit};
use serde::{Deserialize, Serialize};

use crate::loss::{Lambdas, all_pairs_loss, pairs_loss, standard_loss};
use crate::network::Projections;

/// `{kind: standard}` or `{kind: mixup, lambda: 0.6, until: 0.5}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Training on the samples as they are.
    Standard {},
    /// Training on mixtures, by the constant lambda of the theory.
    Mixup(Mixup),
}

parameters!(
    /// Parameters of [`Method::Mixup`].
    Mixup {
        /// Share of the first sample in a mixture, the same in all steps.
        lambda: UnitInterval = unit(0.6),
        /// Weight of its label; lambda where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        labels: Option<UnitInterval> = None,
        /// Share of the steps after which mixing stops.
        until: UnitInterval = unit(1.0),
        /// Which pairs a step has.
        pairs: Pairs = Pairs::Permutation,
    }
);

/// Which pairs a step of mixup has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairs {
    /// Each sample with its partner by a new random permutation: an estimate of the sum over all pairs.
    Permutation,
    /// All n^2 ordered pairs, as the theory has it.
    All,
}

impl Method {
    /// The loss of a step of so many, `[1]`.
    ///
    /// Streams read here: `pairs`, of permutations.
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn loss(
        &self,
        projections: &Projections,
        targets: Tensor<2>,
        power: u32,
        [step, steps]: [usize; 2],
        streams: &mut Streams,
    ) -> Result<Tensor<1>, CoreError> {
        let mixup = match self {
            // A quotient, not a product: step 1 of 10 is exactly the number that 0.1 is read as.
            Self::Mixup(mixup) if (step as f64 / steps as f64) < mixup.until.get() => mixup,
            _ => return standard_loss(projections, targets, power),
        };
        let lambdas =
            Lambdas { inputs: mixup.lambda.get(), labels: mixup.labels.unwrap_or(mixup.lambda).get() };
        match mixup.pairs {
            Pairs::All => all_pairs_loss(projections, targets, lambdas, power),
            Pairs::Permutation => {
                let rows: Vec<usize> = (0..projections.samples()).collect();
                let partners = Partner::Permutation.draw(&rows, streams.get("pairs"));
                pairs_loss(projections, targets, partners, lambdas, power)
            }
        }
    }
}
