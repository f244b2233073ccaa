//! The rows of the paper's tables and their hyper-parameters, as `methods:` of a YAML gives them.
//!
//! Defaults are those of the official configurations for CIFAR, unless said otherwise.

use std::num::NonZeroUsize;

use mixup_core::checked::{NonNegative, Positive, UnitInterval};
use serde::{Deserialize, Serialize};

use crate::loss::{Masking, RankingLoss, Ratio, Score};

/// A row of a table: `{kind: ce}`, `{kind: mrl, margin: 1.0}` ...
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Cross-entropy.
    Ce {},
    /// Cross-entropy of mixed samples only (Thulasidasan et al. 2019).
    Mixup(Mixup),
    /// Label smoothing (LS).
    LabelSmoothing(LabelSmoothing),
    /// Focal loss (FL).
    Focal(Focal),
    /// Sample-dependent focal loss (FLSD-53).
    Flsd(Focal),
    /// Margin-based label smoothing (MbLS).
    Mbls(Mbls),
    /// Brier score.
    Brier {},
    /// Confidence penalty (ECP).
    Ecp(Ecp),
    /// Cross-entropy with the maximum mean calibration error.
    Mmce(Mmce),
    /// Cross-entropy of raw samples plus that of mixed ones (Pinto et al. 2022).
    Regmixup(Regmixup),
    /// RankMixup with the ranking loss of one mixed copy.
    Mrl(Mrl),
    /// RankMixup with the order of several mixed copies.
    MNdcg(Mndcg),
}

macro_rules! parameters {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

parameters!(
    /// Parameters of [`Method::Mixup`].
    Mixup {
        /// lambda ~ Beta(alpha, alpha), one per batch; 1 as in Zhang et al. 2018.
        alpha: Positive = positive(1.0),
    }
);
parameters!(
    /// Parameters of [`Method::LabelSmoothing`].
    LabelSmoothing {
        /// Share of the uniform distribution in the target.
        smoothing: UnitInterval = unit(0.2),
    }
);
parameters!(
    /// Parameters of [`Method::Focal`] and [`Method::Flsd`].
    Focal {
        /// Power of `1 - p`; for FLSD that of samples with `p >= 0.5`.
        gamma: NonNegative = non_negative(3.0),
    }
);
parameters!(
    /// Parameters of [`Method::Mbls`].
    Mbls {
        /// Distance from the largest logit from which on a logit is penalised.
        margin: NonNegative = non_negative(6.0),
        /// Weight of the penalty.
        weight: NonNegative = non_negative(0.1),
    }
);
parameters!(
    /// Parameters of [`Method::Ecp`].
    Ecp {
        /// Weight of the entropy.
        weight: NonNegative = non_negative(0.1),
    }
);
parameters!(
    /// Parameters of [`Method::Mmce`].
    Mmce {
        /// Weight of the calibration error.
        weight: NonNegative = non_negative(1.0),
    }
);
parameters!(
    /// Parameters of [`Method::Regmixup`]. The official repository does not have this method; the
    /// defaults are RegMixup's own as commonly cited, not verified.
    Regmixup {
        /// lambda ~ Beta(alpha, alpha), one per batch.
        alpha: Positive = positive(10.0),
        /// Weight of the mixed samples' cross-entropy.
        weight: NonNegative = non_negative(1.0),
    }
);
parameters!(
    /// Parameters of [`Method::Mrl`].
    Mrl {
        /// lambda ~ Beta(alpha, alpha), one per batch; 1 for Tiny-ImageNet.
        alpha: Positive = positive(2.0),
        /// Weight of the ranking loss.
        weight: NonNegative = non_negative(0.1),
        /// By how much the raw sample should be more confident; 1 for Tiny-ImageNet.
        margin: NonNegative = non_negative(2.0),
        /// What counts as confidence.
        score: Score = Score::default(),
        /// What becomes of pairs that have no order.
        masking: Masking = Masking::default(),
    }
);
parameters!(
    /// Parameters of [`Method::MNdcg`].
    Mndcg {
        /// lambda ~ Beta(alpha, alpha), one per copy; 1 for Tiny-ImageNet.
        alpha: Positive = positive(2.0),
        /// Weight of the ranking loss.
        weight: NonNegative = non_negative(0.1),
        /// Mixed copies of each batch.
        copies: NonZeroUsize = THREE,
        /// What orders the copies.
        relevance: Relevance = Relevance::default(),
        /// How the gains are compared.
        ratio: Ratio = Ratio::default(),
    }
);

const THREE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);

/// What orders mixed copies in M-NDCG.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relevance {
    /// The largest target, `max(lambda, 1 - lambda)` or 1 within a class: the official code.
    #[default]
    LargestTarget,
    /// The own sample's share, lambda: the paper.
    Lambda,
}

impl Mrl {
    /// The ranking loss with these parameters.
    pub fn ranking(&self) -> RankingLoss {
        RankingLoss { margin: self.margin, score: self.score, masking: self.masking }
    }
}

fn positive(value: f64) -> Positive {
    Positive::new(value).expect("defaults are in range")
}

fn non_negative(value: f64) -> NonNegative {
    NonNegative::new(value).expect("defaults are in range")
}

fn unit(value: f64) -> UnitInterval {
    UnitInterval::new(value).expect("defaults are in range")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Method, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_kind_alone_has_the_defaults() {
        assert_eq!(read(r#"{"kind": "ce"}"#), Ok(Method::Ce {}));
        assert_eq!(read(r#"{"kind": "m-ndcg"}"#), Ok(Method::MNdcg(Mndcg::default())));
        let Ok(Method::Mrl(mrl)) = read(r#"{"kind": "mrl", "margin": 5, "score": "probability"}"#) else {
            panic!("an mrl with two parameters is one");
        };
        assert_eq!((mrl.margin.get(), mrl.score, mrl.weight.get()), (5.0, Score::Probability, 0.1));
        assert_eq!(Mndcg::default().copies.get(), 3);
    }

    #[test]
    fn what_a_method_does_not_have_is_refused() {
        assert!(read(r#"{"kind": "ce", "alpha": 1}"#).unwrap_err().contains("alpha"));
        assert!(read(r#"{"kind": "mrl", "copies": 3}"#).unwrap_err().contains("copies"));
        assert!(read(r#"{"kind": "m-ndcg", "copies": 0}"#).is_err());
        assert!(read(r#"{"kind": "label-smoothing", "smoothing": 1.5}"#).is_err());
        assert!(read(r#"{"kind": "crl"}"#).unwrap_err().contains("m-ndcg"));
    }
}
