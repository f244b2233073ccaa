//! What a method of regression is: what it mixes, how strongly and with whom.

use std::fmt::Debug;

use mixup_core::{
    CoreError,
    checked::Positive,
    mix::{Lambda, Mixing, Partner, Per},
};
use ndarray::ArrayView2;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The parameters of a row, as `methods:` of a YAML gives them.
pub trait Method: Serialize + DeserializeOwned + Clone + Debug + PartialEq + 'static {
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
    /// One fixed hidden state: after the first block of an MLP, after the convolution of LSTNet
    /// (`use_manifold` of C-Mixup's official code).
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
