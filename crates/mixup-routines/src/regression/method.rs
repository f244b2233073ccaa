//! What a method of regression is: what it mixes, how strongly and with whom.

use std::fmt::Debug;

use mixup_core::{
    CoreError,
    checked::Positive,
    mix::{Lambda, Mixing, Partner, Per},
};
use mixup_paper::{Json, Refusal, json};
use ndarray::ArrayView2;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The parameters of a row, as `methods:` of a YAML gives them.
pub trait Method: Json + Clone + Debug + PartialEq + 'static {
    /// What the types cannot say.
    ///
    /// # Errors
    /// The message for the user.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Who is mixed with whom in a step, how strongly, and what of them; nothing for empirical risk
    /// minimisation.
    ///
    /// # Shapes
    /// - `labels`: `[samples, outputs]`, of the training part, in their own units
    ///
    /// # Errors
    /// A label that is not finite, or an alpha without a Beta distribution.
    fn mixing(&self, labels: ArrayView2<'_, f64>) -> Result<Option<(Mixing, Place)>, CoreError>;
}

/// What is mixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The inputs.
    #[default]
    Input,
    /// One fixed hidden state: after the first block of an MLP, after the convolution of LSTNet, behind the
    /// last stage of an image network (`use_manifold` of C-Mixup's official code).
    Hidden,
}

/// Mixup and its kin: `{}` is empirical risk minimisation (ERM), `{alpha: 2.0}` mixup, with `where:
/// hidden` manifold mixup. `P` says with whom a sample is mixed; a paper that pairs otherwise brings its
/// own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "P: Partners"))]
pub struct Mixup<P = RandomPartner> {
    /// lambda ~ Beta(alpha, alpha), one per batch; without it nothing is mixed (ERM).
    #[serde(default)]
    pub alpha: Option<Positive>,
    /// Whom a sample is mixed with.
    #[serde(default)]
    pub partner: P,
    /// What is mixed.
    #[serde(default, rename = "where")]
    pub place: Place,
}

/// Whom a sample is mixed with.
pub trait Partners: Serialize + DeserializeOwned + Copy + Debug + Default + PartialEq + 'static {
    /// How partners are drawn among samples with these labels, `[samples, outputs]`.
    ///
    /// # Errors
    /// A label that is not finite.
    fn partner(&self, labels: ArrayView2<'_, f64>) -> Result<Partner, CoreError>;
}

/// Partners that labels have no say in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RandomPartner {
    /// Any training sample, with replacement.
    Uniform,
    /// A random permutation of the batch (Zhang et al. 2018).
    #[default]
    Permutation,
}

impl Partners for RandomPartner {
    fn partner(&self, labels: ArrayView2<'_, f64>) -> Result<Partner, CoreError> {
        Ok(match self {
            Self::Uniform => Partner::Uniform { samples: labels.nrows() },
            Self::Permutation => Partner::Permutation,
        })
    }
}

/// Effective number of partners, `1 / sum_j P(j | i)^2` (the inverse of Simpson's index, the Hill number of
/// order 2), mean over the `samples` training samples i: 1 where a sample meets nobody but itself (empirical
/// risk minimisation), their number where everyone is as likely. Of a permutation, over random batches of
/// `batch`. Nothing where partners are drawn by the labels of a batch.
pub fn effective_partners(mixing: Option<&Mixing>, samples: usize, batch: usize) -> Option<f64> {
    match mixing.map(|mixing| &mixing.partner) {
        None => Some(1.0),
        Some(Partner::Uniform { samples }) => Some(*samples as f64),
        Some(Partner::Permutation) => {
            // Itself with 1 / batch, each of the others alike.
            let (own, others) = ((batch as f64).recip(), samples.saturating_sub(1).max(1) as f64);
            Some((own * own + (1.0 - own).powi(2) / others).recip())
        }
        Some(Partner::Kde(kde)) => {
            let of = |sample| kde.rates(sample).iter().map(|rate| rate * rate).sum::<f64>().recip();
            Some((0..kde.samples()).map(of).sum::<f64>() / kde.samples() as f64)
        }
        Some(Partner::BatchKde(_)) => None,
    }
}

impl<P: Partners> Json for Mixup<P> {
    fn from_json(value: &Value) -> Result<Self, Refusal> {
        json::read(value)
    }

    fn to_json(&self) -> Result<Value, Refusal> {
        json::write(self)
    }
}

impl<P: Partners> Method for Mixup<P> {
    fn check(&self) -> Result<(), String> {
        if self.alpha.is_none() && *self != Self::default() {
            return Err("a method that mixes needs `alpha` (`{}` is ERM)".into());
        }
        Ok(())
    }

    fn mixing(&self, labels: ArrayView2<'_, f64>) -> Result<Option<(Mixing, Place)>, CoreError> {
        let Some(alpha) = self.alpha else { return Ok(None) };
        let (lambda, partner) = (Lambda::beta(alpha)?, self.partner.partner(labels)?);
        Ok(Some((Mixing { lambda, per: Per::Batch, partner }, self.place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mixup_core::mix::{BatchKde, Kde, Kernel};
    use ndarray::array;

    fn effective(partner: Partner) -> Option<f64> {
        let lambda = Lambda::beta(Positive::new(1.0).unwrap()).unwrap();
        effective_partners(Some(&Mixing { lambda, per: Per::Batch, partner }), 4, 2)
    }

    fn near(labels: ArrayView2<'_, f64>, bandwidth: f64) -> f64 {
        let kde = Kde::new(labels, Positive::new(bandwidth).unwrap(), Kernel::Gaussian).unwrap();
        effective(Partner::Kde(kde)).unwrap()
    }

    #[test]
    fn effective_partners_go_from_oneself_to_everyone() {
        let labels = array![[0.0], [1.0], [2.0], [40.0]];
        assert_eq!(effective_partners(None, 4, 2), Some(1.0));
        assert_eq!(near(labels.view(), 1e-3), 1.0);
        assert!((near(labels.view(), 1e6) - 4.0).abs() < 1e-9);
        assert_eq!(effective(Partner::Uniform { samples: 4 }), Some(4.0));
        // Itself with 1/2, each of the three others with 1/6.
        assert!((effective(Partner::Permutation).unwrap() - 3.0).abs() < 1e-12);
        let batch = BatchKde::new(labels.view(), Positive::new(1.0).unwrap(), Kernel::Gaussian).unwrap();
        assert_eq!(effective(Partner::BatchKde(batch)), None);
        // Two pairs of twins: each has two partners of probability a half.
        assert!((near(array![[3.0], [3.0], [9.0], [9.0]].view(), 0.1) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn effective_partners_by_hand() {
        // Weights 1 and w = exp(-1/2), for both samples.
        let w = (-0.5f64).exp();
        let expected = (1.0 + w).powi(2) / (1.0 + w * w);
        assert!((near(array![[0.0], [2.0]].view(), 2.0) - expected).abs() < 1e-12);
    }
}
