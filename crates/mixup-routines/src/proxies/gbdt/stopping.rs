//! When to stop adding trees.

use ndarray::ArrayView2;

use super::check_data;
use super::tree::Tree;
use crate::proxies::error::{Result, require, same_size};

/// Stopping on held-out runs: after each round the mean absolute and the mean squared error are
/// taken, and training ends once one of the two has not improved for `patience` rounds. The model is
/// cut back to the best round of that one.
///
/// The notebook asks for patience 3 on `l2`, but LightGBM watches every metric in its parameters,
/// and those name `l1` too: for some domains it is `l1` that stops.
#[derive(Debug, Clone, Copy)]
pub struct EarlyStopping<'a> {
    /// `[runs, domains]`.
    pub mixtures: ArrayView2<'a, f64>,
    /// `[runs]`, nats.
    pub losses: &'a [f64],
    /// Rounds without improvement, at least 1; the notebook's value is 3.
    pub patience: usize,
}

/// The errors of a growing model on held-out runs.
pub(super) struct Watch {
    mixtures: Vec<f64>,
    features: usize,
    labels: Vec<f64>,
    patience: usize,
    scores: Vec<f64>,
    round: usize,
    absolute: Best,
    squared: Best,
}

/// The smallest error so far and the round it belongs to, from 1.
#[derive(Clone, Copy)]
struct Best {
    error: f64,
    round: usize,
}

impl Watch {
    pub(super) fn new(stopping: &EarlyStopping<'_>, features: usize) -> Result<Self> {
        same_size("weights of a held-out mixture", features, stopping.mixtures.ncols())?;
        require(stopping.patience > 0, "patience", stopping.patience, "at least 1")?;
        let labels = check_data(stopping.mixtures, stopping.losses)?;
        let best = Best { error: f64::INFINITY, round: 0 };
        Ok(Self {
            mixtures: stopping.mixtures.iter().copied().collect(),
            features,
            patience: stopping.patience,
            scores: vec![0.0; labels.len()],
            labels,
            round: 0,
            absolute: best,
            squared: best,
        })
    }

    /// Starts all predictions from this value.
    pub(super) fn start(&mut self, init_score: f64) {
        self.scores.fill(init_score);
    }

    /// Takes a new tree in.
    pub(super) fn add(&mut self, tree: &Tree) {
        self.round += 1;
        tree.add_to(&mut self.scores, &self.mixtures, self.features);
        let residuals = self.scores.iter().zip(&self.labels).map(|(score, label)| score - label);
        let count = self.labels.len() as f64;
        self.absolute.update(residuals.clone().map(f64::abs).sum::<f64>() / count, self.round);
        self.squared.update(residuals.map(|residual| residual * residual).sum::<f64>() / count, self.round);
    }

    /// Whether one of the errors has not improved for too long.
    pub(super) fn is_done(&self) -> bool {
        self.is_stale(self.absolute) || self.is_stale(self.squared)
    }

    /// The best round of the error that stopped training; where none did, of the absolute error,
    /// which LightGBM asks first.
    pub(super) fn best_round(&self) -> usize {
        let absolute_decides = self.is_stale(self.absolute) || !self.is_stale(self.squared);
        if absolute_decides { self.absolute.round } else { self.squared.round }
    }

    fn is_stale(&self, best: Best) -> bool {
        self.round >= best.round + self.patience
    }
}

impl Best {
    fn update(&mut self, error: f64, round: usize) {
        if error < self.error {
            *self = Self { error, round };
        }
    }
}
