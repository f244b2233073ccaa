//! Out-of-distribution detection: how well a score tells known samples (inside of the distribution) from others
//! (outside). Scores are larger inside.
//!
//! The literature does not agree on ties, thresholds and on which side is the positive one, and the same word then
//! means several numbers. Each rule has a name here ([`Rules`], [`Ties`]); what the routines report is said there.

mod auroc;
mod official;
mod score;
mod textbook;

pub use auroc::{Ties, auroc};
pub use score::{Score, max_probability};
pub use textbook::{average_precision, fpr_at_tpr};

use crate::{CoreError, checked::UnitInterval};

/// By which rules [`Detection::of`] counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rules {
    /// Equal scores are accepted or rejected together. The operating point is the first threshold, from above, that
    /// accepts at least the asked share of samples inside. Precision and recall start from precision 1 at recall 0
    /// and are joined by straight lines, as in scikit-learn's curve and its `auc`.
    #[default]
    Textbook,
    /// The code of MixOE (zjysteven/MixOE, 1222147): samples are rejected one after the other, of equal scores those
    /// inside first. The operating point is where the accepted share inside is *nearest* to the one asked for, which may
    /// be below it, the first of equals. Precision is 1/2 at the end where nothing is rejected (in) or accepted (out),
    /// and 0 at the other.
    Mixoe,
}

/// What is measured of two lists of scores; all of them shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Area under the ROC curve; equal scores count half by [`Rules::Textbook`] and nothing by [`Rules::Mixoe`].
    pub auroc: f64,
    /// Share of samples outside that is rejected at the operating point: TNR at 95 % TPR, samples inside being the
    /// positive ones.
    pub tnr: f64,
    /// Largest mean of the accepted share inside and the rejected share outside, over all thresholds.
    pub accuracy: f64,
    /// Area under precision and recall, samples inside being the positive ones.
    pub aupr_in: f64,
    /// The same, samples outside being the positive ones.
    pub aupr_out: f64,
}

impl Detection {
    /// All of them, at the operating point where a share `level` of the samples inside is accepted. A sort, and a pass.
    ///
    /// # Errors
    /// No scores on a side, or a score that is NaN.
    pub fn of(inside: &[f64], outside: &[f64], level: UnitInterval, rules: Rules) -> Result<Self, CoreError> {
        check("detection", inside, outside)?;
        Ok(match rules {
            Rules::Textbook => textbook::detection(inside, outside, level),
            Rules::Mixoe => official::detection(inside, outside, level),
        })
    }
}

/// Refuses what has no order.
fn check(name: &str, inside: &[f64], outside: &[f64]) -> Result<(), CoreError> {
    if inside.is_empty() || outside.is_empty() {
        return Err(CoreError::Invalid(format!(
            "{name} of {} scores inside and {} outside: both are needed",
            inside.len(),
            outside.len()
        )));
    }
    if inside.iter().chain(outside).any(|score| score.is_nan()) {
        return Err(CoreError::Invalid(format!("{name}: a score is NaN")));
    }
    Ok(())
}

fn ascending(scores: &[f64]) -> Vec<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests;
