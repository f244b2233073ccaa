//! Reduction of losses whose anchors are proxies.

use burn::tensor::Tensor;

use super::Terms;

/// What the sides of a proxy loss are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divisors {
    /// Classes that have a sample in the batch.
    pub present: usize,
    /// All classes.
    pub all: usize,
}

impl Divisors {
    /// Those of a batch.
    pub fn of(classes: &[usize], all: usize) -> Self {
        let present: std::collections::BTreeSet<_> = classes.iter().collect();
        Self { present: present.len(), all }
    }
}

/// The two sides of Proxy Anchor (Kim et al. 2020, eq. 4), `[1]` each: positive terms over the number of classes
/// in the batch, negative ones over that of all classes. The loss is their sum.
///
/// # Shapes
/// - `terms`: those of the proxies, of which only some need be there where the others have none
pub fn proxy_anchor(terms: Terms, divisors: Divisors) -> [Tensor<1>; 2] {
    let over = |terms: Tensor<2>, count: usize| terms.sum().div_scalar(count.max(1) as f64);
    [over(terms.positive, divisors.present), over(terms.negative, divisors.all)]
}
