//! Growing one tree leaf by leaf.

use std::ops::Range;

use super::GbdtConfig;
use super::bins::BinnedData;
use super::split::{Side, Split, Sums, best_threshold, fill, subtract};
use super::tree::Tree;

/// Grows trees on the same rows; keeps its buffers from tree to tree.
pub(super) struct Grower<'a> {
    data: &'a BinnedData,
    config: &'a GbdtConfig,
    /// Where each feature's bins begin in a leaf's histogram, and where the last ends.
    offsets: Vec<usize>,
    /// Row numbers, those of one leaf together, in their first order within a leaf.
    order: Vec<u32>,
    /// Room for the right side while a leaf is split.
    right_rows: Vec<u32>,
    /// Gradients of a leaf's rows.
    gathered: Vec<f64>,
    /// By leaf; only meaningful where `splittable` is set.
    histograms: Vec<Vec<Sums>>,
    leaves: Vec<Leaf>,
}

/// A leaf of the tree that is being grown.
struct Leaf {
    /// Part of `order`.
    rows: Range<usize>,
    sums: Sums,
    /// By feature: it has a split with a positive gain here. LightGBM never looks at a feature
    /// again below a leaf where it has none, although a part of the leaf may well have one.
    splittable: Vec<bool>,
    best: Option<Split>,
}

impl<'a> Grower<'a> {
    pub(super) fn new(data: &'a BinnedData, config: &'a GbdtConfig) -> Self {
        let mut offsets = vec![0];
        let mut end = 0;
        for column in &data.columns {
            end += column.upper_bounds.len();
            offsets.push(end);
        }
        Self {
            data,
            config,
            offsets,
            order: Vec::with_capacity(data.rows),
            right_rows: Vec::new(),
            gathered: Vec::new(),
            histograms: Vec::new(),
            leaves: Vec::new(),
        }
    }

    /// The tree for these gradients (one per row), or nothing where not even the root can be split.
    pub(super) fn grow(&mut self, gradients: &[f32]) -> Option<Tree> {
        self.plant(gradients);
        let mut tree = Tree::new();
        while self.leaves.len() < self.config.num_leaves {
            let Some((leaf, split)) = self.best_leaf() else { break };
            let threshold = self.data.columns[split.feature].upper_bounds[split.bin];
            let values = [split.left.value, split.right.value].map(|value| value * self.config.learning_rate);
            tree.split(leaf, split.feature, threshold, values);
            self.split(leaf, split, gradients);
        }
        (self.leaves.len() > 1).then_some(tree)
    }

    /// Rows of each leaf of the tree grown last, by the number of the leaf.
    pub(super) fn leaf_rows(&self) -> impl Iterator<Item = &[u32]> {
        self.leaves.iter().map(|leaf| &self.order[leaf.rows.clone()])
    }

    /// Begins a tree: all rows in one leaf.
    fn plant(&mut self, gradients: &[f32]) {
        self.order.clear();
        self.order.extend(0..self.data.rows as u32);
        let sums = Sums {
            gradient: gradients.iter().map(|&gradient| f64::from(gradient)).sum(),
            hessian: self.data.rows as f64,
        };
        let splittable = vec![true; self.data.columns.len()];
        self.leaves.clear();
        self.leaves.push(Leaf { rows: 0..self.data.rows, sums, splittable, best: None });
        if self.can_split(0) {
            self.fill_histogram(0, gradients);
            self.find_best(0);
        }
    }

    /// The leaf whose best split beats all others; of equal ones the first.
    fn best_leaf(&self) -> Option<(usize, Split)> {
        let mut best: Option<(usize, Split)> = None;
        for (index, leaf) in self.leaves.iter().enumerate() {
            if let Some(split) = leaf.best
                && best.is_none_or(|(_, other)| split.beats(&other))
            {
                best = Some((index, split));
            }
        }
        best
    }

    /// Splits a leaf in two and finds the best split of each part. The smaller part's histogram is
    /// summed up, the larger part's is what is left of the parent's.
    fn split(&mut self, left: usize, split: Split, gradients: &[f32]) {
        let right = self.divide(left, &split);
        if !self.can_split(left) && !self.can_split(right) {
            return;
        }
        let (smaller, larger) = if self.leaves[left].rows.len() < self.leaves[right].rows.len() {
            (left, right)
        } else {
            (right, left)
        };
        if larger == right {
            self.reserve_histogram(right);
            self.histograms.swap(left, right);
        }
        self.fill_histogram(smaller, gradients);
        self.subtract_histogram(larger, smaller);
        self.find_best(smaller);
        self.find_best(larger);
    }

    /// Moves the rows of the right side behind those of the left side, each in their order.
    fn divide(&mut self, left: usize, split: &Split) -> usize {
        let rows = self.leaves[left].rows.clone();
        let bins = &self.data.columns[split.feature].bins;
        self.right_rows.clear();
        let mut middle = rows.start;
        for index in rows.clone() {
            let row = self.order[index];
            if bins[row as usize] as usize <= split.bin {
                self.order[middle] = row;
                middle += 1;
            } else {
                self.right_rows.push(row);
            }
        }
        self.order[middle..rows.end].copy_from_slice(&self.right_rows);
        let part = |rows, side: Side, splittable| Leaf { rows, sums: side.sums, splittable, best: None };
        let splittable = self.leaves[left].splittable.clone();
        self.leaves[left] = part(rows.start..middle, split.left, splittable.clone());
        self.leaves.push(part(middle..rows.end, split.right, splittable));
        self.leaves.len() - 1
    }

    fn can_split(&self, leaf: usize) -> bool {
        self.leaves[leaf].rows.len() >= 2 * self.config.min_data_in_leaf
    }

    fn reserve_histogram(&mut self, leaf: usize) {
        while self.histograms.len() <= leaf {
            self.histograms.push(vec![Sums::default(); self.offsets[self.data.columns.len()]]);
        }
    }

    fn fill_histogram(&mut self, leaf: usize, gradients: &[f32]) {
        self.reserve_histogram(leaf);
        let Leaf { rows, sums, splittable, .. } = &self.leaves[leaf];
        let rows = &self.order[rows.clone()];
        self.gathered.clear();
        self.gathered.extend(rows.iter().map(|&row| f64::from(gradients[row as usize])));
        for (feature, column) in
            self.data.columns.iter().enumerate().filter(|(feature, _)| splittable[*feature])
        {
            let cells = &mut self.histograms[leaf][self.offsets[feature]..self.offsets[feature + 1]];
            fill(cells, column, rows, &self.gathered, *sums);
        }
    }

    fn subtract_histogram(&mut self, larger: usize, smaller: usize) {
        let Ok([parent, sibling]) = self.histograms.get_disjoint_mut([larger, smaller]) else { return };
        for (feature, _) in
            self.leaves[larger].splittable.iter().enumerate().filter(|(_, splittable)| **splittable)
        {
            let cells = self.offsets[feature]..self.offsets[feature + 1];
            subtract(&mut parent[cells.clone()], &sibling[cells]);
        }
    }

    /// Looks for the leaf's best split and notes which features have one.
    fn find_best(&mut self, leaf: usize) {
        let Leaf { rows, sums, splittable, best } = &mut self.leaves[leaf];
        for (feature, splittable) in splittable.iter_mut().enumerate().filter(|(_, splittable)| **splittable)
        {
            let cells = &self.histograms[leaf][self.offsets[feature]..self.offsets[feature + 1]];
            let split =
                best_threshold(feature, cells, *sums, rows.len(), self.config.min_data_in_leaf.max(1));
            *splittable = split.is_some();
            if let Some(split) = split
                && best.is_none_or(|other| split.beats(&other))
            {
                *best = Some(split);
            }
        }
    }
}
