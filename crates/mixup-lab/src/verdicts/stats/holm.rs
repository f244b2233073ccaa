//! Holm's correction for testing several claims at once.

/// Holm's step-down adjustment: the smallest `p` is multiplied by `n`, the next by `n - 1`, and
/// so on; an adjusted value is never below that of a smaller `p`, nor above 1. The order of the
/// input is kept. Rejecting where the adjusted value is below a level keeps the probability of any
/// false rejection at that level, whatever the dependence between the tests.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; n];
    let mut floor = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        floor = floor.max(p_values[index] * (n - rank) as f64).min(1.0);
        adjusted[index] = floor;
    }
    adjusted
}

/// For each p its level in Holm's procedure over tests at level `alpha`: where the test is rejected
/// at step `k` of `m` (from 1) `alpha / (m - k + 1)`, and of all others the level at which the
/// procedure stopped. A test is rejected exactly when its p is below its level, so an interval at
/// that level excludes what the test rejects.
pub fn holm_levels(p_values: &[f64], alpha: f64) -> Vec<f64> {
    let n = p_values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut levels = vec![alpha; n];
    let mut stopped = None;
    for (rank, &index) in order.iter().enumerate() {
        let level = stopped.unwrap_or(alpha / (n - rank) as f64);
        levels[index] = level;
        if p_values[index] >= level {
            stopped = Some(level);
        }
    }
    levels
}
