//! The rows of this paper's tables: mixup, manifold mixup and C-Mixup differ in whom a sample is mixed
//! with and in what is mixed.

use mixup_core::{
    CoreError,
    checked::Positive,
    mix::{BatchKde, Kde, Kernel, Partner},
};
use mixup_routines::regression::{Mixup, Partners};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// A row of a table: `{}` is ERM, `{alpha: 2.0}` is mixup, with `partner: {kde: {bandwidth: 1.75}}`
/// C-Mixup.
pub type Method = Mixup<PartnerChoice>;

/// Whom a sample is mixed with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartnerChoice {
    /// Any training sample, with replacement (the official code's baseline).
    #[default]
    Uniform,
    /// A random permutation of the batch (Zhang et al.'s mixup).
    Permutation,
    /// A training sample with a near label, self pair included.
    Kde(KdeChoice),
    /// A sample of the batch, or of a second uniform one, with a near label, self pair included
    /// ([`crate::batch_pairs`]).
    BatchKde(KdeChoice),
}

/// Parameters of [`PartnerChoice::Kde`] and [`PartnerChoice::BatchKde`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KdeChoice {
    /// Bandwidth h, in label units.
    pub bandwidth: Positive,
    /// Shape of the kernel.
    #[serde(default)]
    pub kernel: Kernel,
}

impl Partners for PartnerChoice {
    fn partner(&self, labels: ArrayView2<'_, f64>) -> Result<Partner, CoreError> {
        Ok(match self {
            Self::Uniform => Partner::Uniform { samples: labels.nrows() },
            Self::Permutation => Partner::Permutation,
            Self::Kde(kde) => Partner::Kde(Kde::new(rounded(labels).view(), kde.bandwidth, kde.kernel)?),
            Self::BatchKde(kde) => {
                Partner::BatchKde(BatchKde::new(rounded(labels).view(), kde.bandwidth, kde.kernel)?)
            }
        })
    }
}

/// The official code rounds labels to f32 and evaluates the density in f64.
fn rounded(labels: ArrayView2<'_, f64>) -> Array2<f64> {
    labels.mapv(|label| f64::from(label as f32))
}
