//! RegMix's regression: gradient-boosted trees as LightGBM trains them for the squared loss
//! with that paper's parameters, to the last bit.
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
mod stopping;
mod tree;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::proxies::error::{Result, all_finite, require, same_size};

use bins::BinnedData;
use grow::Grower;
pub use stopping::EarlyStopping;
use stopping::Watch;
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

/// Mixtures whose scores stay in the processor's cache while one tree after the other is added.
const BLOCK: usize = 256;

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
        boost(mixtures, losses, config, None)
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
        let watch = Watch::new(stopping, mixtures.ncols())?;
        boost(mixtures, losses, config, Some(watch))
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
        let mixtures = mixtures.as_standard_layout();
        let mixtures = mixtures.as_slice().unwrap_or_default();
        let mut scores = vec![self.init_score; mixtures.len() / self.features];
        for (scores, mixtures) in scores.chunks_mut(BLOCK).zip(mixtures.chunks(BLOCK * self.features)) {
            self.trees.iter().for_each(|tree| tree.add_to(scores, mixtures, self.features));
        }
        Ok(scores)
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

/// Adds trees until none can be grown or the held-out errors say to stop.
fn boost(
    mixtures: ArrayView2<'_, f64>,
    losses: &[f64],
    config: &GbdtConfig,
    mut watch: Option<Watch>,
) -> Result<Gbdt> {
    config.check()?;
    let labels = check_data(mixtures, losses)?;
    let data = BinnedData::new(mixtures, config);
    let mut grower = Grower::new(&data, config);
    let init_score = labels.iter().sum::<f64>() / labels.len() as f64;
    let mut scores = vec![init_score; labels.len()];
    if let Some(watch) = &mut watch {
        watch.start(init_score);
    }
    let mut trees = Vec::new();
    for _ in 0..config.num_iterations {
        let gradients: Vec<f32> =
            scores.iter().zip(&labels).map(|(score, label)| (score - label) as f32).collect();
        let Some(tree) = grower.grow(&gradients) else { break };
        for (rows, value) in grower.leaf_rows().zip(tree.leaf_values()) {
            rows.iter().for_each(|&row| scores[row as usize] += value);
        }
        let is_done = watch.as_mut().is_some_and(|watch| {
            watch.add(&tree);
            watch.is_done()
        });
        trees.push(tree);
        if is_done {
            break;
        }
    }
    if let Some(watch) = watch {
        trees.truncate(watch.best_round());
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
    /// Refuses a parameter outside its range.
    ///
    /// # Errors
    /// Names the parameter.
    pub fn check(&self) -> Result<()> {
        let rate = self.learning_rate > 0.0 && self.learning_rate.is_finite();
        require(rate, "learning_rate", self.learning_rate, "positive")?;
        require(self.num_leaves > 1, "num_leaves", self.num_leaves, "at least 2")?;
        require(self.max_bin > 1, "max_bin", self.max_bin, "at least 2")?;
        require(self.min_data_in_bin > 0, "min_data_in_bin", self.min_data_in_bin, "at least 1")
    }
}
