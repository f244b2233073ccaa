//! What becomes of the shares of mixed classes: weights of their decoupled terms, or targets of their sigmoids.

use burn::tensor::Tensor;
use mixup_core::checked::{Positive, UnitInterval};
use mixup_core::mix::MixedLabels;
use mixup_routines::positive;
use serde::{Deserialize, Serialize};

/// What a share becomes: `constant`, `{pow: {threshold: 1, index: 1}}` ...
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// 1, whatever the share.
    Constant,
    /// `(share / threshold)^|index|`, at most 1; the share itself where both are 1.
    Pow(Curve),
    /// `(|index|^(2 share - 2 threshold) - b) / (1 - b)` with `b = |index|^(-2 threshold)`, at most 1: from 0 to 1
    /// along an exponential.
    Exp(Curve),
}

/// Where a [`Scale`] reaches 1, and how it goes there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// The share from which on it is 1.
    pub threshold: Positive,
    /// Exponent, or base of the exponential.
    pub index: f64,
}

impl Default for Scale {
    /// The share itself: the base configuration of the official code.
    fn default() -> Self {
        Self::Pow(Curve { threshold: positive(1.0), index: 1.0 })
    }
}

impl Scale {
    /// What a share from 0 to 1 becomes (`lambda_adjust` of the official head).
    pub fn of(self, share: f64) -> f64 {
        match self {
            Self::Pow(curve) | Self::Exp(curve) if share >= curve.threshold.get() => 1.0,
            Self::Constant => 1.0,
            Self::Pow(Curve { threshold, index }) => (share / threshold.get()).powf(index.abs()),
            Self::Exp(Curve { threshold, index }) => {
                let (base, threshold) = (index.abs(), threshold.get());
                let at_zero = base.powf(-2.0 * threshold);
                (base.powf(2.0 * (share - threshold)) - at_zero) / (1.0 - at_zero)
            }
        }
    }

    /// What is wrong with it.
    ///
    /// # Errors
    /// The message for the user.
    pub fn check(self) -> Result<(), String> {
        let (Self::Pow(curve) | Self::Exp(curve)) = self else { return Ok(()) };
        if !curve.index.is_finite() || curve.threshold.get() > 1.0 {
            return Err("`scale`: a finite `index`, and a `threshold` of at most 1".into());
        }
        if matches!(self, Self::Exp(_)) && [0.0, 1.0].contains(&curve.index.abs()) {
            return Err("`scale`: an exponential of base 0 or 1 goes nowhere".into());
        }
        Ok(())
    }
}

/// Which of the two terms counts: `both`, `{less: 0.5}`, `{more: 0.5}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Both.
    #[default]
    Both,
    /// The own class where its share is below this, else the partner's.
    Less(UnitInterval),
    /// The own class where its share is not below this, else the partner's.
    More(UnitInterval),
}

impl Side {
    /// The shares of own and partner's class, one of which may become 0.
    pub(crate) fn of(self, lambda: f64) -> [f64; 2] {
        let own = match self {
            Self::Both => return [lambda, 1.0 - lambda],
            Self::Less(threshold) => lambda < threshold.get(),
            Self::More(threshold) => lambda >= threshold.get(),
        };
        if own { [lambda, 0.0] } else { [0.0, 1.0 - lambda] }
    }
}

/// Targets of the sigmoids of the binary form: `mixed`, or `{two-hot: constant}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// The shares.
    #[default]
    Mixed,
    /// What the shares become by a [`Scale`], each for itself.
    TwoHot(Scale),
}

impl Targets {
    /// Targets of mixed labels, `[batch, classes]`. A row of one class twice has the sum of both: above 1 where both are
    /// scaled. A point whose `scaled` is false keeps its share, unless the scale is constant.
    pub fn of(self, labels: &MixedLabels, scaled: &[bool]) -> Tensor<2> {
        let Self::TwoHot(scale) = self else { return labels.soft() };
        let keeps = |point| scale != Scale::Constant && scaled.get(point) == Some(&false);
        labels.with_shares(|point, share| if keeps(point) { share } else { scale.of(share) }).soft()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn curve(threshold: f64, index: f64) -> Curve {
        Curve { threshold: Positive::new(threshold).unwrap(), index }
    }

    proptest! {
        #[test]
        fn scales_rise_from_zero_to_one(threshold in 0.05_f64..1.0, index in 0.1_f64..4.0, share in 0.0_f64..1.0) {
            prop_assume!((index - 1.0).abs() > 1e-3);
            for scale in [Scale::Pow(curve(threshold, index)), Scale::Exp(curve(threshold, index))] {
                prop_assert!(scale.of(0.0).abs() < 1e-9);
                prop_assert_eq!(scale.of(threshold), 1.0);
                let (here, further) = (scale.of(share), scale.of((share + 0.01).min(1.0)));
                prop_assert!((0.0..=1.0).contains(&here) && here <= further + 1e-12, "{here} {further}");
                // The sign of the index does not count.
                let turned = match scale {
                    Scale::Exp(_) => Scale::Exp(curve(threshold, -index)),
                    _ => Scale::Pow(curve(threshold, -index)),
                };
                prop_assert_eq!(turned.of(share), here);
            }
            prop_assert_eq!(Scale::default().of(share), share);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_words_are_short() {
        for bad in [
            Scale::Exp(curve(1.0, 1.0)),
            Scale::Exp(curve(1.0, 0.0)),
            Scale::Pow(curve(1.5, 1.0)),
            Scale::Pow(curve(1.0, f64::NAN)),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        assert!(Scale::default().check().is_ok() && Scale::Constant.check().is_ok());
        assert_eq!(serde_json::from_str::<Scale>(r#""constant""#).unwrap(), Scale::Constant);
        assert_eq!(serde_json::to_string(&Side::Both).unwrap(), r#""both""#);
        let less: Side = serde_json::from_str(r#"{"less": 0.5}"#).unwrap();
        assert_eq!(less, Side::Less(UnitInterval::new(0.5).unwrap()));
    }
}
