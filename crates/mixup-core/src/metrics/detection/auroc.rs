//! Area under the ROC curve, as a share of pairs.

use super::{ascending, check};
use crate::CoreError;

/// What two equal scores, one inside and one outside, count as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// Half a success: the usual area under the curve, 0.5 for a constant score.
    #[default]
    Half,
    /// A failure: the rule of the code of MixOE, 0 for a constant score.
    Failure,
}

/// Area under the ROC curve: the share of pairs, one sample inside the distribution and one outside,
/// in which the one inside has the larger score (Mann and Whitney).
///
/// # Errors
/// No scores on a side, or a score that is NaN.
pub fn auroc(inside: &[f64], outside: &[f64], ties: Ties) -> Result<f64, CoreError> {
    check("auroc", inside, outside)?;
    let sorted = ascending(outside);
    let successes = |score: &f64| {
        let below = sorted.partition_point(|other| other < score);
        let equal = sorted.partition_point(|other| other <= score) - below;
        match ties {
            Ties::Half => below as f64 + 0.5 * equal as f64,
            Ties::Failure => below as f64,
        }
    };
    let pairs = inside.len() as f64 * outside.len() as f64;
    Ok(inside.iter().map(successes).sum::<f64>() / pairs)
}
