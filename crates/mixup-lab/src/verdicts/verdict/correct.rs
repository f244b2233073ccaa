//! Holm's correction over the comparisons of a family.

use crate::files::manifest::{Claim, Origin};
use crate::verdicts::stats::{Tails, holm};
use mixup_paper::Direction;

use super::Pairs;

/// Corrected p-values of one claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Corrected {
    /// In the claimed direction.
    pub(super) claimed: f64,
    /// In the opposite direction.
    pub(super) opposite: f64,
    /// Comparisons in the family.
    pub(super) family: usize,
}

/// A comparison that claims agree or differ on: who is said to have the lower metric is apart.
#[derive(PartialEq)]
struct Ordering<'a> {
    experiment: &'a str,
    metric: &'a str,
    lower: &'a str,
    higher: &'a str,
}

impl<'a> Ordering<'a> {
    fn of(claim: &'a Claim) -> Self {
        let (lower, higher) = match claim.direction {
            Direction::Lower => (&claim.method, &claim.against),
            Direction::Higher => (&claim.against, &claim.method),
        };
        Self { experiment: &claim.experiment, metric: &claim.metric, lower, higher }
    }

    fn reversed(&self) -> Self {
        Self { lower: self.higher, higher: self.lower, ..*self }
    }
}

/// Corrected p-values per claim, in the order of the claims; 1 for those without a test.
pub(super) fn correct(claims: &[Claim], examined: &[Result<Pairs<'_>, String>]) -> Vec<Corrected> {
    let mut corrected = vec![Corrected { claimed: 1.0, opposite: 1.0, family: 0 }; claims.len()];
    for origin in [Origin::Paper, Origin::Ours] {
        let members: Vec<usize> =
            (0..claims.len()).filter(|&i| claims[i].origin == origin && examined[i].is_ok()).collect();
        let mut comparisons: Vec<Ordering<'_>> = Vec::new();
        let mut claimed: Vec<f64> = Vec::new();
        let mut opposite: Vec<f64> = Vec::new();
        for &i in &members {
            let ordering = Ordering::of(&claims[i]);
            if !comparisons.contains(&ordering) && !comparisons.contains(&ordering.reversed()) {
                let (toward, away) = p_values(&claims[i], &examined[i]);
                comparisons.push(ordering);
                claimed.push(toward);
                opposite.push(away);
            }
        }
        let (claimed, opposite) = (holm(&claimed), holm(&opposite));
        for &i in &members {
            let ordering = Ordering::of(&claims[i]);
            let family = comparisons.len();
            for (at, known) in comparisons.iter().enumerate() {
                if *known == ordering {
                    corrected[i] = Corrected { claimed: claimed[at], opposite: opposite[at], family };
                } else if *known == ordering.reversed() {
                    corrected[i] = Corrected { claimed: opposite[at], opposite: claimed[at], family };
                }
            }
        }
    }
    corrected
}

/// p of the t-test in the claimed and in the opposite direction.
fn p_values(claim: &Claim, examined: &Result<Pairs<'_>, String>) -> (f64, f64) {
    let no_evidence = Tails { lower: 1.0, higher: 1.0 };
    let tails = examined.as_ref().ok().and_then(|pairs| pairs.test.ok()).map_or(no_evidence, |test| test.t);
    match claim.direction {
        Direction::Lower => (tails.lower, tails.higher),
        Direction::Higher => (tails.higher, tails.lower),
    }
}
