//! The pictures: where mixed samples lie in the plane of three classes, how far apart the logits of two
//! classes are, and how training samples collapse.

use std::collections::BTreeMap;

use mixup_core::CoreError;
use mixup_paper::{FigureInfo, FigureKind};
use ndarray::{ArrayView2, Axis};

use crate::channel::Pair;
use crate::etf::{SINGULAR, etf_projection};

/// Mixed samples of three classes in the plane of their rows.
pub const CHANNEL_FIGURE: &str = "channel";

/// Logit gap over the log-odds of lambda.
pub const GAP_FIGURE: &str = "gap";

/// NC1 in the course of training.
pub const TERMINAL_FIGURE: &str = "terminal";

/// Classes that are drawn.
const DRAWN: usize = 3;

/// Pictures of the model.
pub(crate) fn of_model() -> Vec<FigureInfo> {
    vec![
        channel(
            "Free features of pairs of three classes at all lambdas, in the plane of the three rows of the classifier: those that \
             descent found, and the closed form.",
        ),
        gap(
            "Mean logit gap of the two classes of a pair at each lambda: what descent found, and the closed form. On the dashed line \
             probabilities are lambda and 1 - lambda.",
        ),
    ]
}

/// Pictures of networks.
pub(crate) fn of_networks() -> Vec<FigureInfo> {
    vec![
        channel(
            "Features of mixed training images of the first three classes, centred by the mean of all class means, in the plane of \
             the three centred rows of the classifier.",
        ),
        gap(
            "Mean logit gap of the two classes of mixed training images at each lambda. On the dashed line probabilities are lambda \
             and 1 - lambda: there the theory's channel runs.",
        ),
        FigureInfo {
            name: TERMINAL_FIGURE.to_owned(),
            title: "Variability within classes in the course of training".to_owned(),
            caption: "NC1 (logarithm to base 10) of clean training images after each epoch; where it no longer falls, there is no \
                      further collapse to wait for."
                .to_owned(),
            metric: Some("nc1".to_owned()),
            kind: FigureKind::Scatter {
                x_label: "epoch".to_owned(),
                y_label: "log10 NC1".to_owned(),
                diagonal: false,
                joined: true,
            },
        },
    ]
}

fn channel(caption: &str) -> FigureInfo {
    FigureInfo {
        name: CHANNEL_FIGURE.to_owned(),
        title: "Mixed samples of three classes".to_owned(),
        caption: caption.to_owned(),
        metric: Some("off-plane".to_owned()),
        kind: FigureKind::Scatter {
            x_label: "first coordinate".to_owned(),
            y_label: "second coordinate".to_owned(),
            diagonal: false,
            joined: false,
        },
    }
}

fn gap(caption: &str) -> FigureInfo {
    FigureInfo {
        name: GAP_FIGURE.to_owned(),
        title: "Logit gap over log-odds of lambda".to_owned(),
        caption: caption.to_owned(),
        metric: Some("gap-slope".to_owned()),
        kind: FigureKind::Scatter {
            x_label: "log(lambda / (1 - lambda))".to_owned(),
            y_label: "z_own - z_partner".to_owned(),
            diagonal: true,
            joined: true,
        },
    }
}

/// Mean logit gap of pairs of two classes at each lambda, over its log-odds, in order.
///
/// # Shapes
/// - `features`: `[pairs, width]`; `weights`: `[classes, width]`
pub(crate) fn mean_gaps(
    features: ArrayView2<'_, f64>,
    weights: ArrayView2<'_, f64>,
    pairs: &[Pair],
) -> Vec<[f64; 2]> {
    // Lambdas of a grid, so that equal ones have equal bits; those of (0, 1) are in the order of their bits.
    let mut sums = BTreeMap::<u64, (f64, f64)>::new();
    for (feature, pair) in features.rows().into_iter().zip(pairs) {
        if pair.own != pair.partner {
            let gap = feature.dot(&weights.row(pair.own)) - feature.dot(&weights.row(pair.partner));
            let (sum, count) = sums.entry(pair.lambda.to_bits()).or_default();
            (*sum, *count) = (*sum + gap, *count + 1.0);
        }
    }
    let odds = |bits: u64| {
        let lambda = f64::from_bits(bits);
        (lambda / (1.0 - lambda)).ln()
    };
    sums.into_iter().map(|(bits, (sum, count))| [odds(bits), sum / count]).collect()
}

/// Coordinates of the pairs of the first three classes in the plane of their rows.
///
/// # Errors
/// Shapes that do not agree, or fewer than three classes.
pub(crate) fn plane(
    features: ArrayView2<'_, f64>,
    weights: ArrayView2<'_, f64>,
    pairs: &[Pair],
) -> Result<Vec<[f64; 2]>, CoreError> {
    if weights.nrows() < DRAWN {
        return Err(CoreError::Invalid(format!("{} classes; the picture needs {DRAWN}", weights.nrows())));
    }
    let drawn: Vec<usize> =
        (0..pairs.len()).filter(|&row| pairs[row].own.max(pairs[row].partner) < DRAWN).collect();
    let rows: Vec<usize> = (0..DRAWN).collect();
    let (features, weights) = (features.select(Axis(0), &drawn), weights.select(Axis(0), &rows));
    let points = etf_projection(features.view(), weights.view(), SINGULAR)?;
    Ok(points.rows().into_iter().map(|point| [point[0], point[1]]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn gaps_are_means_at_each_lambda_in_order() {
        let weights = array![[1.0, 0.0], [0.0, 1.0]];
        let pair = |own, partner, lambda| Pair { own, partner, lambda };
        let pairs = [pair(0, 1, 0.75), pair(1, 0, 0.75), pair(0, 0, 0.75), pair(0, 1, 0.5)];
        let features = array![[3.0, 1.0], [0.0, 4.0], [9.0, 9.0], [1.0, 1.5]];
        let gaps = mean_gaps(features.view(), weights.view(), &pairs);
        assert_eq!(gaps, [[0.0, -0.5], [3f64.ln(), 3.0]]);
        assert!(plane(features.view(), weights.view(), &pairs).is_err());
    }
}
