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
