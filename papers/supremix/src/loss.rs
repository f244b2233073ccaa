//! The loss, without a mixture being built.
//!
//! Mixtures are not normalised, so that the similarity of an anchor to one is a mixture of similarities. Negative mixtures of
//! an anchor `z_i` are as many as samples with other labels. Positive ones are as many as pairs of a lower and an upper
//! neighbour in the window, but their share `alpha` depends on labels only, and the sum over the pairs of two values factorises:
//!
//! ```text
//! sum_jk exp(alpha s_ij + (1 - alpha) s_ik) = sum_j exp(alpha s_ij) sum_k exp((1 - alpha) s_ik)
//! ```
//!
//! Value and gradient are computed on the host in f64, by `d loss / d s`; the gradient by embeddings is one product of
//! matrices.

use burn::tensor::{Tensor, TensorData};
use mixup_core::{CoreError, checked::Positive, loss::with_known_gradient, tensor::to_host};
use serde::{Deserialize, Serialize};

use crate::distance::{Distance, MIN_GAP, share_of_lower};

/// What is subtracted from similarities before they are exponents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One constant for all, which changes nothing: the loss of the paper.
    #[default]
    Clean,
    /// As the released loss has it: from real samples the largest of the anchor's similarities to real samples, itself
    /// included, and from mixtures the largest of its similarities to mixtures and of 0. The two are no longer comparable, so
    /// that this is another objective.
    Official,
}

/// Which loss it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms<'a> {
    /// What products of embeddings are divided by.
    pub tau: Positive,
    /// Weights of the denominator; all 1 where absent.
    pub distance: Option<Distance>,
    /// Labels of both parts of a positive mixture are nearer to the anchor's than this; no positive mixtures where
    /// absent.
    pub window: Option<f64>,
    /// Share of the anchor in each negative mixture, for all (anchor, sample) with different labels in lexicographic order;
    /// no negative mixtures where absent.
    pub lambdas: Option<&'a [f64]>,
    /// What is subtracted.
    pub form: Form,
}

/// The loss of labelled embeddings, mean over anchors `i` of
///
/// ```text
/// L_i = -(1 / |P_i|) sum_{p in P_i} ln( exp(s_ip) / sum_{a in A_i} w_ia exp(s_ia) ),   s_ia = z_i z_a / tau
/// ```
///
/// `A_i` are all other samples and the anchor's mixtures; `P_i` are the other samples with its label (the other view is
/// one) and its positive mixtures. Mixtures are constants: gradients reach `z_i`, and `z_a` of real samples. Without mixtures
/// and weights it is SupCon (Khosla et al. 2020), with a label of its own for each image SimCLR.
///
/// # Shapes
/// - `embeddings`: `[samples, dimensions]`, taken as they are; `labels`: `[samples]`
/// - returns `[1]`
///
/// # Errors
/// Labels for another number of samples, or another number of lambdas than [`mixed_pairs`].
pub fn loss(embeddings: Tensor<2>, labels: &[f64], terms: &Terms<'_>) -> Result<Tensor<1>, CoreError> {
    let samples = embeddings.dims()[0];
    if labels.len() != samples {
        return Err(CoreError::Invalid(format!("{} labels for {samples} embeddings", labels.len())));
    }
    if let Some(lambdas) = terms.lambdas.filter(|lambdas| lambdas.len() != mixed_pairs(labels)) {
        let (lambdas, pairs) = (lambdas.len(), mixed_pairs(labels));
        return Err(CoreError::Invalid(format!("{lambdas} lambdas for {pairs} pairs of different labels")));
    }
    let points = embeddings.clone().inner();
    let scaled = points.clone().div_scalar(terms.tau.get());
    let similarities = to_host(scaled.clone().matmul(points.transpose()))?;
    let (value, slopes) = Anchors::new(labels, terms).loss(&similarities);
    let slopes = TensorData::new(slopes, [samples, samples]);
    let slopes = Tensor::<2>::from_data(slopes, (&scaled.device(), scaled.dtype()));
    with_known_gradient(embeddings, value, slopes.matmul(scaled))
}

/// Number of (anchor, sample) with different labels.
pub fn mixed_pairs(labels: &[f64]) -> usize {
    labels.iter().map(|own| labels.iter().filter(|other| *other != own).count()).sum()
}

/// The samples, by their labels.
struct Anchors<'a> {
    labels: &'a [f64],
    terms: &'a Terms<'a>,
    /// Each label with its samples, in order of labels.
    values: Vec<(f64, Vec<usize>)>,
}

/// The positive mixtures of an anchor with all samples of two labels.
struct Product<'a> {
    /// Share of the lower ones.
    alpha: f64,
    lower: &'a [usize],
    upper: &'a [usize],
    /// `exp(alpha (s - shift))` of the lower ones and their sum, `exp((1 - alpha) (s - shift))` of the upper ones.
    powers: [Vec<f64>; 2],
    sums: [f64; 2],
}

/// A negative mixture: the other sample, the anchor's share, the similarity, the weight.
struct Negative {
    other: usize,
    lambda: f64,
    similarity: f64,
    weight: f64,
}

/// Slopes of an anchor's loss by its row of similarities: to samples, and to samples as parts of mixtures.
struct Slopes {
    real: Vec<f64>,
    mixed: Vec<f64>,
}

impl<'a> Anchors<'a> {
    fn new(labels: &'a [f64], terms: &'a Terms<'a>) -> Self {
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by(|a, b| labels[*a].total_cmp(&labels[*b]));
        let values =
            order.chunk_by(|a, b| labels[*a] == labels[*b]).map(|equal| (labels[equal[0]], equal.to_vec()));
        Self { labels, terms, values: values.collect() }
    }

    /// The loss, and `C` of its gradient `C z / tau`: for real samples a similarity is of both sides, for mixtures of the
    /// anchor's alone.
    fn loss(&self, similarities: &[f64]) -> (f64, Vec<f64>) {
        let samples = self.labels.len();
        let (mut loss, mut slopes, mut used) = (0.0, vec![0.0; samples * samples], 0);
        for (anchor, row) in similarities.chunks_exact(samples).enumerate() {
            let negatives = self.negatives(anchor, row, used);
            used += negatives.len();
            let (own, of_anchor) = self.of_anchor(anchor, row, &negatives);
            loss += own / samples as f64;
            for other in 0..samples {
                let real = of_anchor.real[other] / samples as f64;
                slopes[anchor * samples + other] += real + of_anchor.mixed[other] / samples as f64;
                slopes[other * samples + anchor] += real;
            }
        }
        (loss, slopes)
    }

    /// The negative mixtures of an anchor, whose lambdas begin at `from`.
    fn negatives(&self, anchor: usize, row: &[f64], from: usize) -> Vec<Negative> {
        let Some(lambdas) = self.terms.lambdas else { return Vec::new() };
        let own = self.labels[anchor];
        let others = (0..row.len()).filter(|other| self.labels[*other] != own);
        let mixed = |(other, lambda): (usize, &f64)| {
            let difference = (1.0 - lambda) * (own - self.labels[other]);
            let similarity = lambda * row[anchor] + (1.0 - lambda) * row[other];
            let weight = self.terms.distance.map_or(1.0, |distance| distance.of_mixture(difference));
            Negative { other, lambda: *lambda, similarity, weight }
        };
        others.zip(&lambdas[from..]).map(mixed).collect()
    }

    /// For each lower and each upper label in the window.
    fn products(&self, anchor: usize) -> Vec<Product<'_>> {
        let (own, Some(window)) = (self.labels[anchor], self.terms.window) else { return Vec::new() };
        let near = move |gap: f64| gap > 0.0 && gap < window;
        let lower = self.values.iter().filter(move |(label, _)| near(own - label));
        lower
            .flat_map(|(low, lower)| {
                let upper = self.values.iter().filter(move |(label, _)| near(label - own));
                upper.map(move |(high, upper)| {
                    let alpha = share_of_lower(*low, own, *high, MIN_GAP);
                    Product { alpha, lower, upper, powers: [Vec::new(), Vec::new()], sums: [0.0; 2] }
                })
            })
            .collect()
    }

    /// What is subtracted from real similarities, and from those of mixtures.
    fn shifts(
        &self,
        anchor: usize,
        row: &[f64],
        negatives: &[Negative],
        products: &[Product<'_>],
    ) -> [f64; 2] {
        let negatives = negatives.iter().map(|negative| negative.similarity);
        let mixtures = negatives.chain(products.iter().map(|product| product.largest(row)));
        match self.terms.form {
            // The largest term of the sum, which the anchor itself is not.
            Form::Clean => {
                let others = [&row[..anchor], &row[anchor + 1..]].into_iter().flatten().copied();
                [others.chain(mixtures).fold(f64::NEG_INFINITY, f64::max); 2]
            }
            Form::Official => {
                let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                [largest, mixtures.fold(0.0, f64::max)]
            }
        }
    }

    fn of_anchor(&self, anchor: usize, row: &[f64], negatives: &[Negative]) -> (f64, Slopes) {
        let mut products = self.products(anchor);
        let [real, mixed] = self.shifts(anchor, row, negatives, &products);
        let own = self.labels[anchor];
        let weight =
            |other: usize| self.terms.distance.map_or(1.0, |by| by.of_sample(own - self.labels[other]));
        let positive_weight = self.terms.distance.map_or(1.0, |distance| distance.of_mixture(0.0));
        let mut slopes = Slopes { real: vec![0.0; row.len()], mixed: vec![0.0; row.len()] };
        let (mut numerator, mut positives, mut denominator) = (0.0_f64, 0.0_f64, 0.0_f64);
        for other in (0..row.len()).filter(|other| *other != anchor) {
            slopes.real[other] = weight(other) * (row[other] - real).exp();
            denominator += slopes.real[other];
            if self.labels[other] == own {
                numerator += row[other] - real;
                positives += 1.0;
            }
        }
        for negative in negatives {
            let term = negative.weight * (negative.similarity - mixed).exp();
            denominator += term;
            slopes.mixed[anchor] += negative.lambda * term;
            slopes.mixed[negative.other] += (1.0 - negative.lambda) * term;
        }
        for product in &mut products {
            denominator += positive_weight * product.exponentiate(row, mixed);
            numerator += product.similarities(row) - product.count() * mixed;
            positives += product.count();
            product.add_slopes(positive_weight, &mut slopes.mixed);
        }
        // From here on slopes are those of the logarithm, and the numerator's come to them.
        slopes.real.iter_mut().chain(&mut slopes.mixed).for_each(|slope| *slope /= denominator);
        if positives > 0.0 {
            for other in (0..row.len()).filter(|other| *other != anchor && self.labels[*other] == own) {
                slopes.real[other] -= 1.0 / positives;
            }
            products.iter().for_each(|product| product.add_counts(-1.0 / positives, &mut slopes.mixed));
        }
        (denominator.ln() - numerator / f64::max(positives, 1.0), slopes)
    }
}

impl Product<'_> {
    /// Number of mixtures.
    fn count(&self) -> f64 {
        (self.lower.len() * self.upper.len()) as f64
    }

    fn sides(&self) -> [(f64, &[usize]); 2] {
        [(self.alpha, self.lower), (1.0 - self.alpha, self.upper)]
    }

    /// The largest similarity of a mixture.
    fn largest(&self, row: &[f64]) -> f64 {
        let side = |(share, samples): (f64, &[usize])| {
            samples.iter().map(|sample| share * row[*sample]).fold(f64::NEG_INFINITY, f64::max)
        };
        self.sides().map(side).iter().sum()
    }

    /// The sum of the similarities of all mixtures.
    fn similarities(&self, row: &[f64]) -> f64 {
        let side = |(share, samples): (f64, &[usize])| {
            let partners = self.count() / samples.len() as f64;
            share * partners * samples.iter().map(|sample| row[*sample]).sum::<f64>()
        };
        self.sides().map(side).iter().sum()
    }

    /// Computes the powers; the sum over all mixtures of `exp(s - shift)`.
    fn exponentiate(&mut self, row: &[f64], shift: f64) -> f64 {
        self.powers = self.sides().map(|(share, samples)| {
            samples.iter().map(|sample| (share * (row[*sample] - shift)).exp()).collect()
        });
        self.sums = [0, 1].map(|side| self.powers[side].iter().sum());
        self.sums[0] * self.sums[1]
    }

    /// Slopes of `weight` times that sum.
    fn add_slopes(&self, weight: f64, slopes: &mut [f64]) {
        for (side, (share, samples)) in self.sides().into_iter().enumerate() {
            for (sample, power) in samples.iter().zip(&self.powers[side]) {
                slopes[*sample] += weight * share * power * self.sums[1 - side];
            }
        }
    }

    /// Slopes of `factor` times the sum of the similarities.
    fn add_counts(&self, factor: f64, slopes: &mut [f64]) {
        for (share, samples) in self.sides() {
            let partners = self.count() / samples.len() as f64;
            samples.iter().for_each(|sample| slopes[*sample] += factor * share * partners);
        }
    }
}

#[cfg(test)]
mod tests;
