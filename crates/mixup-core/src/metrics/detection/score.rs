//! From logits to scores.

use ndarray::{Array1, ArrayView1, ArrayView2};

use crate::checked::Positive;

/// How much a sample looks like what was trained on; larger inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Score {
    /// Largest probability (MSP; Hendrycks and Gimpel 2017).
    MaxProbability,
    /// Largest logit (MLS; Hendrycks et al. 2022).
    MaxLogit,
    /// Sum of the logits, which the code of MixOE offers.
    SumOfLogits,
    /// Minus the free energy at a temperature, `T logsumexp(z / T)` (Liu et al. 2020).
    Energy(Positive),
    /// Largest probability at a temperature: ODIN (Liang et al. 2018) without its change of the inputs, as the code of
    /// MixOE has it. With it: of the logits of [`crate::attack::odin_inputs`].
    Odin(Positive),
}

impl Score {
    /// The score of every sample.
    ///
    /// # Shapes
    /// - `logits`: `[samples, classes]`
    pub fn of(self, logits: ArrayView2<'_, f64>) -> Vec<f64> {
        let rows = logits.rows();
        let of_row = |row: ArrayView1<'_, f64>| match self {
            Self::MaxProbability => odin(row, 1.0),
            Self::MaxLogit => largest(row),
            Self::SumOfLogits => row.sum(),
            Self::Energy(temperature) => temperature.get() * log_sum_exp(row, temperature.get()),
            Self::Odin(temperature) => odin(row, temperature.get()),
        };
        rows.into_iter().map(of_row).collect()
    }
}

/// Largest probability of every sample (MSP; Hendrycks and Gimpel 2017), larger inside.
///
/// # Shapes
/// - `probabilities`: `[samples, classes]`
pub fn max_probability(probabilities: ArrayView2<'_, f64>) -> Vec<f64> {
    probabilities.rows().into_iter().map(|row| row.fold(0.0, |a: f64, &b| a.max(b))).collect()
}

fn odin(row: ArrayView1<'_, f64>, temperature: f64) -> f64 {
    // Of the largest logit e^0 over the sum: surer than a logarithm where many are nearly certain.
    exponentials(row, temperature).sum().recip()
}

/// `log sum exp(z / T)`.
fn log_sum_exp(row: ArrayView1<'_, f64>, temperature: f64) -> f64 {
    largest(row) / temperature + exponentials(row, temperature).sum().ln()
}

/// `exp((z - max z) / T)`.
fn exponentials(row: ArrayView1<'_, f64>, temperature: f64) -> Array1<f64> {
    let largest = largest(row);
    row.mapv(|logit| ((logit - largest) / temperature).exp())
}

fn largest(row: ArrayView1<'_, f64>) -> f64 {
    row.fold(f64::NEG_INFINITY, |a, &b| a.max(b))
}
