//! The mixtures that proxy models are trained on (section 3.1 of the paper, and the official
//! `mixture_config/synthesize_mixture.py`): Dirichlet draws around a tempered prior at many
//! strengths, bounded by how often a domain's tokens may be repeated, rounded, without doubles.

use std::collections::BTreeSet;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::draws::Draws;
use mixup_routines::proxies::{ProxyError, Result, all_finite, require, same_size};

/// How mixtures are sampled; the default is the official script's setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MixtureSampler {
    /// Power on the prior, in `[0, 1]`; 1 leaves it as it is, 0 makes it uniform.
    pub temperature: f64,
    /// Smallest total mass of the Dirichlet distribution: nearly one domain per mixture.
    pub weakest: f64,
    /// Largest total mass: mixtures near the prior.
    pub strongest: f64,
    /// Number of total masses, evenly spaced in their logarithm from `weakest` to `strongest`.
    pub strengths: usize,
    /// Candidates drawn per mixture that is asked for.
    pub oversampling: usize,
    /// What happens to the candidates.
    pub rules: MixtureRules,
}

impl Default for MixtureSampler {
    fn default() -> Self {
        Self {
            temperature: 0.5,
            weakest: 0.1,
            strongest: 5.0,
            strengths: 15,
            oversampling: 100,
            rules: MixtureRules::default(),
        }
    }
}

/// What makes a Dirichlet draw a mixture to train on; the default is the official script's setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MixtureRules {
    /// Weights below it become 0, the others multiples of it.
    pub minimum: f64,
    /// How often a domain's tokens may be repeated, relative to its share in the prior.
    pub max_usage: f64,
    /// Mixtures within this L1 distance of the one before, in sorted order, are doubles.
    pub dedup_l1: f64,
}

impl Default for MixtureRules {
    fn default() -> Self {
        Self { minimum: 2e-4, max_usage: 15.0, dedup_l1: 1e-5 }
    }
}

/// What [`MixtureRules::apply`] made of candidates.
#[derive(Debug, Clone, PartialEq)]
pub struct Processed {
    /// `[candidates]`: the candidate keeps within the bounds.
    pub accepted: Vec<bool>,
    /// `[mixtures, domains]`: the accepted ones, rounded, sorted and without doubles. Rows are
    /// not normalised after rounding, so they sum to 1 only nearly.
    pub mixtures: Array2<f64>,
}

/// The prior flattened by a power: `prior^temperature`, normalised.
///
/// # Shapes
/// `prior`: `[domains]`, token shares; returns `[domains]`, sums to 1.
///
/// # Errors
/// A temperature outside `[0, 1]`, a prior with a negative share or without a positive one.
pub fn temper_prior(prior: &[f64], temperature: f64) -> Result<Vec<f64>> {
    check_prior(prior)?;
    require((0.0..=1.0).contains(&temperature), "temperature", temperature, "from 0 to 1")?;
    let powers: Vec<f64> = prior.iter().map(|share| share.powf(temperature)).collect();
    let sum = numpy_sum(&powers);
    Ok(powers.iter().map(|power| power / sum).collect())
}

impl MixtureSampler {
    /// Draws `count` different mixtures.
    ///
    /// The official script is this with [`crate::NumpyLegacy`] seeded by 42.
    ///
    /// # Shapes
    /// - `prior`: `[domains]`, token shares that sum to 1
    /// - returns `[count, domains]`, in random order
    ///
    /// # Errors
    /// A parameter outside its range, or fewer than `count` different mixtures among the candidates.
    pub fn sample(&self, prior: &[f64], count: usize, draws: &mut impl Draws) -> Result<Array2<f64>> {
        self.check()?;
        let tempered = temper_prior(prior, self.temperature)?;
        let concentrations: Vec<Vec<f64>> = self
            .strengths()
            .map(|strength| tempered.iter().map(|share| share * strength).collect())
            .collect();
        let mut candidates = Array2::zeros((count * self.oversampling, prior.len()));
        for mut candidate in candidates.rows_mut() {
            let draft = concentrations.iter().map(|c| draws.dirichlet(c)).collect::<Result<Vec<_>>>()?;
            let chosen = draws.below(draft.len() as u32) as usize;
            candidate.assign(&ArrayView1::from(&draft[chosen]));
        }
        let mixtures = self.rules.apply(prior, candidates.view())?.mixtures;
        if mixtures.nrows() < count {
            return Err(ProxyError::Size {
                what: "different mixtures among the candidates",
                needed: count,
                found: mixtures.nrows(),
            });
        }
        Ok(mixtures.select(Axis(0), &without_replacement(mixtures.nrows(), count, draws)))
    }

    /// Total masses, weakest first.
    fn strengths(&self) -> impl Iterator<Item = f64> {
        let (low, high) = (self.weakest.log10(), self.strongest.log10());
        let step = (high - low) / (self.strengths.max(2) - 1) as f64;
        (0..self.strengths).map(move |index| 10_f64.powf(low + index as f64 * step))
    }

    fn check(&self) -> Result<()> {
        require(self.weakest > 0.0 && self.weakest.is_finite(), "weakest", self.weakest, "positive")?;
        let ordered = self.strongest >= self.weakest && self.strongest.is_finite();
        require(ordered, "strongest", self.strongest, "at least `weakest`")?;
        require(self.strengths > 0, "strengths", self.strengths, "at least 1")?;
        require(self.oversampling > 0, "oversampling", self.oversampling, "at least 1")
    }
}

impl MixtureRules {
    /// Bounds, rounds, sorts and removes doubles, in this order.
    ///
    /// # Shapes
    /// - `prior`: `[domains]`, token shares, not tempered
    /// - `candidates`: `[candidates, domains]`, rows sum to 1
    ///
    /// # Errors
    /// A parameter outside its range, widths that do not agree, a value that is not finite, or a
    /// candidate whose weights are all below the minimum.
    pub fn apply(&self, prior: &[f64], candidates: ArrayView2<'_, f64>) -> Result<Processed> {
        self.check()?;
        check_prior(prior)?;
        same_size("weights of a candidate", prior.len(), candidates.ncols())?;
        all_finite("candidates", candidates.iter())?;
        let bounds: Vec<f64> = prior.iter().map(|share| (share * self.max_usage).min(1.0)).collect();
        let accepted: Vec<bool> = candidates
            .rows()
            .into_iter()
            .map(|row| row.iter().zip(&bounds).all(|(weight, bound)| (0.0..=*bound).contains(weight)))
            .collect();
        let mut rounded = Vec::new();
        for (candidate, _) in candidates.rows().into_iter().zip(&accepted).filter(|(_, accepted)| **accepted)
        {
            rounded.push(self.round(candidate)?);
        }
        let kept = self.without_doubles(rounded);
        let mixtures = Array2::from_shape_fn((kept.len(), prior.len()), |(row, domain)| kept[row][domain]);
        Ok(Processed { accepted, mixtures })
    }

    /// Drops weights below the minimum, normalises, rounds to multiples of the minimum (half to even).
    fn round(&self, candidate: ArrayView1<'_, f64>) -> Result<Vec<f64>> {
        let large: Vec<f64> =
            candidate.iter().map(|&weight| if weight < self.minimum { 0.0 } else { weight }).collect();
        let sum = numpy_sum(&large);
        require(sum > 0.0, "minimum", self.minimum, "small enough that every mixture keeps a domain")?;
        Ok(large
            .iter()
            .map(|weight| (weight / sum / self.minimum).round_ties_even() * self.minimum)
            .collect())
    }

    /// Sorts by the last domain first, the one before it next, and keeps what is not close to the
    /// mixture kept last.
    fn without_doubles(&self, mut mixtures: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        mixtures.sort_by(|a, b| {
            let mut domains = a.iter().rev().zip(b.iter().rev()).map(|(a, b)| a.total_cmp(b));
            domains.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut kept: Vec<Vec<f64>> = Vec::new();
        for mixture in mixtures {
            let double = kept.last().is_some_and(|last| {
                let distances: Vec<f64> = mixture.iter().zip(last).map(|(a, b)| (a - b).abs()).collect();
                numpy_sum(&distances) <= self.dedup_l1
            });
            if !double {
                kept.push(mixture);
            }
        }
        kept
    }

    fn check(&self) -> Result<()> {
        let minimum = self.minimum > 0.0 && self.minimum <= 1.0;
        require(minimum, "minimum", self.minimum, "above 0 and at most 1")?;
        let usage = self.max_usage > 0.0 && self.max_usage.is_finite();
        require(usage, "max_usage", self.max_usage, "positive")?;
        require(self.dedup_l1 >= 0.0, "dedup_l1", self.dedup_l1, "at least 0")
    }
}

/// `count` different numbers below `size`, as Python's `random.sample` draws them from a large
/// population: again and again until the number is new.
fn without_replacement(size: usize, count: usize, draws: &mut impl Draws) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let index = draws.below(size as u32) as usize;
        if seen.insert(index) {
            chosen.push(index);
        }
    }
    chosen
}

/// A prior has shares of at least 0, not all of them 0.
pub(crate) fn check_prior(prior: &[f64]) -> Result<()> {
    all_finite("prior", prior)?;
    if let Some(share) = prior.iter().find(|share| **share < 0.0) {
        return require(false, "prior", share, "a share of at least 0 for every domain");
    }
    require(prior.iter().sum::<f64>() > 0.0, "prior", "zero everywhere", "positive for a domain at least")
}

/// Sum in NumPy's order (eight lanes for 8 to 128 values), which decides how a weight that
/// lies halfway between two multiples is rounded.
pub(crate) fn numpy_sum(values: &[f64]) -> f64 {
    if values.len() < 8 {
        return values.iter().sum();
    }
    let blocks = values.chunks_exact(8);
    let rest = blocks.remainder();
    let mut lanes = [0.0; 8];
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, value)| *lane += value);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
    rest.iter().fold(sum, |sum, value| sum + value)
}
