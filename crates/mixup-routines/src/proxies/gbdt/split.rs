//! Histograms of one leaf and the best split in them.

use super::bins::BinnedColumn;

/// LightGBM adds it to sums of hessians so that none is zero (`kEpsilon`, a 32-bit constant there).
/// It decides the last bit of a leaf's value, and with that ties in later trees.
pub(super) const EPSILON: f64 = 1e-15_f32 as f64;

/// First and second derivatives of the loss, summed over rows. For the squared loss the second is
/// 1 per row, so `hessian` counts rows up to a few [`EPSILON`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) gradient: f64,
    pub(super) hessian: f64,
}

impl Sums {
    fn minus(self, other: Self) -> Self {
        Self { gradient: self.gradient - other.gradient, hessian: self.hessian - other.hessian }
    }

    /// Twice the drop of the squared loss when these rows get their best common value.
    fn gain(self) -> f64 {
        self.gradient * self.gradient / self.hessian
    }

    /// The best common value of these rows.
    fn value(self) -> f64 {
        -self.gradient / self.hessian
    }
}

/// A side of a split.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) sums: Sums,
    /// Value of the leaf before the learning rate.
    pub(super) value: f64,
}

/// A way to cut a leaf in two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    pub(super) feature: usize,
    /// Last bin of the left side.
    pub(super) bin: usize,
    /// Always positive.
    pub(super) gain: f64,
    pub(super) left: Side,
    pub(super) right: Side,
}

impl Split {
    /// Whether it comes before `other`: by gain, between equal gains by the feature's number.
    pub(super) fn beats(&self, other: &Self) -> bool {
        self.gain > other.gain || (self.gain == other.gain && self.feature < other.feature)
    }
}

/// Adds the gradients of a leaf's rows, in the order of `rows`, to the bins they fall in.
/// `gradients` has one value per entry of `rows`.
pub(super) fn fill(
    histogram: &mut [Sums],
    column: &BinnedColumn,
    rows: &[u32],
    gradients: &[f64],
    leaf: Sums,
) {
    histogram.fill(Sums::default());
    for (&row, &gradient) in rows.iter().zip(gradients) {
        let cell = &mut histogram[column.bins[row as usize] as usize];
        cell.gradient += gradient;
        cell.hessian += 1.0;
    }
    if column.most_frequent > 0 {
        histogram[column.most_frequent] = histogram
            .iter()
            .enumerate()
            .filter(|(bin, _)| *bin != column.most_frequent)
            .fold(leaf, |rest, (_, cell)| rest.minus(*cell));
    }
}

/// Turns the histogram of a parent into that of the child whose sibling has `sibling`.
pub(super) fn subtract(parent: &mut [Sums], sibling: &[Sums]) {
    for (cell, other) in parent.iter_mut().zip(sibling) {
        *cell = cell.minus(*other);
    }
}

/// The best threshold of one feature in a leaf of `rows` rows: both sides keep `min_rows` rows and
/// the gain is positive. Equal gains go to the largest threshold, because bins are scanned from the
/// right; a bin that is empty in this leaf changes nothing and so never moves the threshold.
pub(super) fn best_threshold(
    feature: usize,
    histogram: &[Sums],
    leaf: Sums,
    rows: usize,
    min_rows: usize,
) -> Option<Split> {
    let leaf = Sums { hessian: leaf.hessian + 2.0 * EPSILON, ..leaf };
    let unsplit = leaf.gain();
    // Hessians count rows but for rounding.
    let (fewest, most) = (min_rows as f64 - 0.5, rows as f64 - min_rows as f64 + 0.5);
    let mut right = Sums { gradient: 0.0, hessian: EPSILON };
    let mut best: Option<(usize, f64, Sums)> = None;
    for (bin, cell) in histogram.iter().enumerate().skip(1).rev() {
        if *cell == Sums::default() {
            continue;
        }
        right = Sums { gradient: right.gradient + cell.gradient, hessian: right.hessian + cell.hessian };
        if right.hessian < fewest {
            continue;
        }
        if right.hessian > most {
            break;
        }
        let left = leaf.minus(right);
        let gain = left.gain() + right.gain();
        if gain > best.map_or(unsplit, |(_, gain, _)| gain) {
            best = Some((bin - 1, gain, left));
        }
    }
    best.map(|(bin, gain, left)| {
        let right = leaf.minus(left);
        Split { feature, bin, gain: gain - unsplit, left: Side::new(left), right: Side::new(right) }
    })
}

impl Side {
    fn new(sums: Sums) -> Self {
        Self { value: sums.value(), sums: Sums { hessian: sums.hessian - EPSILON, ..sums } }
    }
}
