//! The regression of the paper: gradient-boosted trees as LightGBM trains them for the squared loss
//! with the paper's parameters, to the last bit.
//!
//! A model starts from the mean label. Each round fits a tree to the gradients of the squared loss
//! (prediction minus label, rounded to 32 bits) and adds a small step of it:
//!
//! 1. Each feature is cut into bins once ([`bins`]): zeros apart, then at least three rows per bin.
//! 2. A tree grows leaf by leaf ([`grow`]): the leaf with the largest gain is split next, until 31
//!    leaves are reached or no split with 20 rows on both sides is worth it.
//! 3. The best threshold of a leaf is found in its histograms ([`split`]); a split's gain is
//!    `G_left^2 / n_left + G_right^2 / n_right - G^2 / n` with G the sum of gradients over n rows.
//! 4. A leaf's value is `-G / n` times the learning rate.
//!
//! Nothing else that LightGBM can do is here: no weights, no missing values, no categories, no
//! regularisation, no sampling of rows or columns. With these parameters its `seed` has no effect.

mod bins;
mod grow;
mod split;
mod tree;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::error::{Result, all_finite, require, same_size};

use bins::BinnedData;
use grow::Grower;
use tree::Tree;

/// Parameters under LightGBM's names; the default is the official notebook's setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GbdtConfig {
    /// Rounds at most, one tree each.
    pub num_iterations: usize,
    /// Step of each tree.
    pub learning_rate: f64,
    /// Leaves of a tree at most, at least 2.
    pub num_leaves: usize,
    /// Rows of a leaf at least; 0 is the same as 1.
    pub min_data_in_leaf: usize,
    /// Bins of a feature at most, at least 2.
    pub max_bin: usize,
    /// Rows of a bin at least (the last bin of a feature may hold fewer), at least 1.
    pub min_data_in_bin: usize,
}

impl Default for GbdtConfig {
    fn default() -> Self {
        Self {
            num_iterations: 1000,
            learning_rate: 0.01,
            num_leaves: 31,
            min_data_in_leaf: 20,
            max_bin: 255,
            min_data_in_bin: 3,
        }
    }
}

/// Stopping on held-out runs: after each round the mean absolute and the mean squared error are
/// taken, and training ends once one of the two has not improved for `patience` rounds. The model is
/// cut back to the best round of that one.
///
/// The notebook asks for patience 3 on `l2`, but LightGBM watches every metric in its parameters,
/// and those name `l1` too: for several domains it is `l1` that stops.
#[derive(Debug, Clone, Copy)]
pub struct EarlyStopping<'a> {
    /// `[runs, domains]`.
    pub mixtures: ArrayView2<'a, f64>,
    /// `[runs]`, nats.
    pub losses: &'a [f64],
    /// Rounds without improvement, at least 1; the notebook's value is 3.
    pub patience: usize,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Gbdt {
    init_score: f64,
    trees: Vec<Tree>,
    features: usize,
}

impl Gbdt {
    /// Fits all rounds, or as many as find a split.
    ///
    /// # Shapes
    /// - `mixtures`: `[runs, domains]`
    /// - `losses`: `[runs]`, nats
    ///
    /// # Errors
    /// A parameter outside its range, no runs, lengths that do not agree, a value that is not finite
    /// (labels: as a 32-bit number).
    pub fn fit(mixtures: ArrayView2<'_, f64>, losses: &[f64], config: &GbdtConfig) -> Result<Self> {
        boost(mixtures, losses, config, |_, _| false)
    }

    /// Fits until held-out runs are predicted no better; the official notebook hands it the very
    /// runs that it then scores.
    ///
    /// # Shapes
    /// As [`Gbdt::fit`].
    ///
    /// # Errors
    /// As [`Gbdt::fit`], for the held-out runs too.
    pub fn fit_until(
        mixtures: ArrayView2<'_, f64>,
        losses: &[f64],
        config: &GbdtConfig,
        stopping: &EarlyStopping<'_>,
    ) -> Result<Self> {
        same_size("weights of a held-out mixture", mixtures.ncols(), stopping.mixtures.ncols())?;
        let labels = check_data(stopping.mixtures, stopping.losses)?;
        require(stopping.patience > 0, "patience", stopping.patience, "at least 1")?;
        let mut watch: Option<Watch> = None;
        let mut model = boost(mixtures, losses, config, |init_score, trees| {
            let watch = watch.get_or_insert_with(|| Watch::new(&labels, init_score));
            watch.add(stopping.mixtures, trees);
            watch.is_stale(stopping.patience)
        })?;
        if let Some(watch) = watch {
            model.trees.truncate(watch.best_round(stopping.patience));
        }
        Ok(model)
    }

    /// Predicted losses.
    ///
    /// # Shapes
    /// `mixtures`: `[count, domains]`; returns `[count]`, nats.
    ///
    /// # Errors
    /// A number of domains that is not the fitted one, a value that is not finite.
    pub fn predict(&self, mixtures: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
        same_size("weights of a mixture", self.features, mixtures.ncols())?;
        all_finite("mixtures", mixtures)?;
        let value =
            |mixture| self.trees.iter().fold(self.init_score, |sum, tree| sum + tree.predict(mixture));
        Ok(mixtures.rows().into_iter().map(value).collect())
    }

    /// The mean of the training labels as 32-bit numbers, where every prediction starts; nats.
    pub fn init_score(&self) -> f64 {
        self.init_score
    }

    /// Number of trees that predictions use: LightGBM's best iteration after early stopping.
    pub fn rounds(&self) -> usize {
        self.trees.len()
    }
}

/// Adds trees until `is_done`, which sees the start value and all trees after each round.
fn boost(
    mixtures: ArrayView2<'_, f64>,
    losses: &[f64],
    config: &GbdtConfig,
    mut is_done: impl FnMut(f64, &[Tree]) -> bool,
) -> Result<Gbdt> {
    config.check()?;
    let labels = check_data(mixtures, losses)?;
    let data = BinnedData::new(mixtures, config);
    let mut grower = Grower::new(&data, config);
    let init_score = labels.iter().sum::<f64>() / labels.len() as f64;
    let mut scores = vec![init_score; labels.len()];
    let mut gradients = vec![0.0_f32; labels.len()];
    let mut trees = Vec::new();
    for _ in 0..config.num_iterations {
        for ((gradient, score), label) in gradients.iter_mut().zip(&scores).zip(&labels) {
            *gradient = (score - label) as f32;
        }
        let Some(tree) = grower.grow(&gradients) else { break };
        for (rows, value) in grower.leaf_rows().zip(tree.leaves()) {
            rows.iter().for_each(|&row| scores[row as usize] += value);
        }
        trees.push(tree);
        if is_done(init_score, &trees) {
            break;
        }
    }
    Ok(Gbdt { init_score, trees, features: mixtures.ncols() })
}

/// Checks what a model is fitted or judged on, and returns the labels rounded to 32 bits.
fn check_data(mixtures: ArrayView2<'_, f64>, losses: &[f64]) -> Result<Vec<f64>> {
    same_size("losses", mixtures.nrows(), losses.len())?;
    require(!mixtures.is_empty(), "mixtures", "empty", "at least one run and one domain")?;
    all_finite("mixtures", mixtures)?;
    let labels: Vec<f64> = losses.iter().map(|&loss| f64::from(loss as f32)).collect();
    all_finite("losses", &labels)?;
    Ok(labels)
}

impl GbdtConfig {
    fn check(&self) -> Result<()> {
        let rate = self.learning_rate > 0.0 && self.learning_rate.is_finite();
        require(rate, "learning_rate", self.learning_rate, "positive")?;
        require(self.num_leaves > 1, "num_leaves", self.num_leaves, "at least 2")?;
        require(self.max_bin > 1, "max_bin", self.max_bin, "at least 2")?;
        require(self.min_data_in_bin > 0, "min_data_in_bin", self.min_data_in_bin, "at least 1")
    }
}

/// The errors of a growing model on held-out runs.
struct Watch<'a> {
    labels: &'a [f64],
    scores: Vec<f64>,
    round: usize,
    absolute: Best,
    squared: Best,
}

/// The smallest error so far and the round it belongs to, from 1.
struct Best {
    error: f64,
    round: usize,
}

impl<'a> Watch<'a> {
    fn new(labels: &'a [f64], init_score: f64) -> Self {
        let best = || Best { error: f64::INFINITY, round: 0 };
        Self { labels, scores: vec![init_score; labels.len()], round: 0, absolute: best(), squared: best() }
    }

    /// Takes the newest tree in.
    fn add(&mut self, mixtures: ArrayView2<'_, f64>, trees: &[Tree]) {
        let Some(tree) = trees.last() else { return };
        self.round += 1;
        for (score, mixture) in self.scores.iter_mut().zip(mixtures.rows()) {
            *score += tree.predict(mixture);
        }
        let residuals = self.scores.iter().zip(self.labels).map(|(score, label)| score - label);
        let count = self.labels.len() as f64;
        self.absolute.update(residuals.clone().map(f64::abs).sum::<f64>() / count, self.round);
        self.squared.update(residuals.map(|residual| residual * residual).sum::<f64>() / count, self.round);
    }

    fn is_stale(&self, patience: usize) -> bool {
        self.round >= self.absolute.round.min(self.squared.round) + patience
    }

    /// The best round of the error that stopped; of the absolute error where none did.
    fn best_round(&self, patience: usize) -> usize {
        if self.round >= self.absolute.round + patience || !self.is_stale(patience) {
            self.absolute.round
        } else {
            self.squared.round
        }
    }
}

impl Best {
    fn update(&mut self, error: f64, round: usize) {
        if error < self.error {
            *self = Self { error, round };
        }
    }
}
