//! One regression tree.

/// Rows that walk down a tree in step: the processor works on the others while it waits for one.
const LANES: usize = 8;

/// A tree whose leaves hold nats, the learning rate applied.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Node of each leaf, by the leaf's number.
    leaves: Vec<u32>,
    /// Steps from the root to the deepest leaf.
    depth: usize,
}

/// A question to a mixture: is the weight of `feature` at most `threshold`? A leaf is a node that
/// leads to itself whatever the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    threshold: f64,
    feature: u32,
    /// Steps from the root.
    depth: u32,
    /// Where to go on `[yes, no]`.
    next: [u32; 2],
    /// Value of a leaf.
    value: f64,
}

impl Node {
    fn leaf(index: usize, depth: u32, value: f64) -> Self {
        Self { threshold: f64::INFINITY, feature: 0, depth, next: [index as u32; 2], value }
    }
}

impl Tree {
    /// A tree of one leaf.
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::leaf(0, 0, 0.0)], leaves: vec![0], depth: 0 }
    }

    /// Splits a leaf: it becomes the left side, the right side is a new leaf with the next number.
    pub(super) fn split(&mut self, leaf: usize, feature: usize, threshold: f64, values: [f64; 2]) {
        let (parent, left) = (self.leaves[leaf] as usize, self.nodes.len());
        let depth = self.nodes[parent].depth + 1;
        self.nodes.push(Node::leaf(left, depth, values[0]));
        self.nodes.push(Node::leaf(left + 1, depth, values[1]));
        let next = [left as u32, left as u32 + 1];
        self.nodes[parent] = Node { threshold, feature: feature as u32, next, ..self.nodes[parent] };
        self.leaves[leaf] = next[0];
        self.leaves.push(next[1]);
        self.depth = self.depth.max(depth as usize);
    }

    /// Values of the leaves, by their numbers.
    pub(super) fn leaf_values(&self) -> impl Iterator<Item = f64> {
        self.leaves.iter().map(|&node| self.nodes[node as usize].value)
    }

    /// Adds the tree's value for each mixture to its score.
    ///
    /// `mixtures` is `[rows, features]`, row-major; `scores` is `[rows]`.
    pub(super) fn add_to(&self, scores: &mut [f64], mixtures: &[f64], features: usize) {
        for (scores, mixtures) in scores.chunks_mut(LANES).zip(mixtures.chunks(LANES * features)) {
            let mut at = [0_u32; LANES];
            for _ in 0..self.depth {
                for (at, mixture) in at.iter_mut().zip(mixtures.chunks_exact(features)) {
                    let node = &self.nodes[*at as usize];
                    *at = node.next[usize::from(mixture[node.feature as usize] > node.threshold)];
                }
            }
            for (score, at) in scores.iter_mut().zip(at) {
                *score += self.nodes[at as usize].value;
            }
        }
    }
}
