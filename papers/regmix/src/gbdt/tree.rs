//! One regression tree.

use ndarray::ArrayView1;

/// A tree whose leaves hold nats, the learning rate applied.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    /// Where each leaf hangs: its node and its side there; the root hangs nowhere.
    parents: Vec<Option<(usize, usize)>>,
}

/// A question to a mixture: is the weight of `feature` at most `threshold`?
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    threshold: f64,
    feature: u32,
    /// Where to go on `[yes, no]`.
    children: [Child; 2],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Child {
    Node(u32),
    Leaf(u32),
}

impl Tree {
    /// A tree of one leaf.
    pub(super) fn new() -> Self {
        Self { nodes: Vec::new(), leaves: vec![0.0], parents: vec![None] }
    }

    /// Splits a leaf: it becomes the left side; the right side is a new leaf, whose number is returned.
    pub(super) fn split(&mut self, leaf: usize, feature: usize, threshold: f64, values: [f64; 2]) -> usize {
        let (node, new_leaf) = (self.nodes.len(), self.leaves.len());
        let children = [Child::Leaf(leaf as u32), Child::Leaf(new_leaf as u32)];
        self.nodes.push(Node { threshold, feature: feature as u32, children });
        if let Some((parent, side)) = self.parents[leaf] {
            self.nodes[parent].children[side] = Child::Node(node as u32);
        }
        self.parents[leaf] = Some((node, 0));
        self.parents.push(Some((node, 1)));
        self.leaves[leaf] = values[0];
        self.leaves.push(values[1]);
        new_leaf
    }

    /// Values of the leaves.
    pub(super) fn leaves(&self) -> &[f64] {
        &self.leaves
    }

    /// The value for one mixture `[domains]`.
    pub(super) fn predict(&self, mixture: ArrayView1<'_, f64>) -> f64 {
        let mut node = match self.nodes.first() {
            Some(root) => root,
            None => return self.leaves[0],
        };
        loop {
            let yes = mixture[node.feature as usize] <= node.threshold;
            match node.children[usize::from(!yes)] {
                Child::Node(next) => node = &self.nodes[next as usize],
                Child::Leaf(leaf) => return self.leaves[leaf as usize],
            }
        }
    }
}
