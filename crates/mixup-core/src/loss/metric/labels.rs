//! What anchors know of their entries.

use burn::tensor::{Bool, Device, Tensor, TensorData};

use crate::CoreError;

/// For every anchor and entry: nothing, where the entry is not in the anchor's set, or its label `y`, 1 for a
/// positive, 0 for a negative, and between them for a mixture of both.
#[derive(Debug, Clone, PartialEq)]
pub struct PairLabels {
    anchors: usize,
    entries: usize,
    /// Row-major.
    labels: Vec<Option<f64>>,
}

/// A side of a loss: an entry counts `y` on the positive one and `1 - y` on the negative one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What anchors should be near to.
    Positive,
    /// What they should be far from.
    Negative,
}

/// The logarithm of no weight: no exponent of a loss lifts it to anything.
const NO_WEIGHT: f64 = -1e30;

impl PairLabels {
    /// Labels of any kind, row by row.
    ///
    /// # Errors
    /// Labels for another number of pairs, or one that is not from 0 to 1.
    pub fn new(anchors: usize, entries: usize, labels: Vec<Option<f64>>) -> Result<Self, CoreError> {
        if labels.len() != anchors * entries {
            let found = labels.len();
            return Err(CoreError::Invalid(format!("{found} labels of {anchors} x {entries} pairs")));
        }
        match labels.iter().flatten().find(|label| !(0.0..=1.0).contains(*label)) {
            Some(label) => Err(CoreError::Invalid(format!("a label of {label}: it is from 0 to 1"))),
            None => Ok(Self { anchors, entries, labels }),
        }
    }

    /// All other samples of a batch: those of the anchor's class are positives, the others negatives, and the
    /// anchor itself is in no set.
    pub fn of_batch(classes: &[usize]) -> Self {
        let known =
            |anchor, entry| (anchor != entry).then(|| f64::from(u8::from(classes[anchor] == classes[entry])));
        Self::from_fn([classes.len(); 2], known)
    }

    /// Samples as seen from proxies: those of the proxy's class are positives, all others negatives.
    pub fn of_proxies(proxies: &[usize], classes: &[usize]) -> Self {
        Self::from_fn([proxies.len(), classes.len()], |proxy, sample| {
            Some(f64::from(u8::from(proxies[proxy] == classes[sample])))
        })
    }

    /// One label for all entries that are in a set, none for the others.
    ///
    /// # Errors
    /// A label that is not from 0 to 1.
    pub fn uniform(
        [anchors, entries]: [usize; 2],
        label: f64,
        in_set: impl Fn(usize, usize) -> bool,
    ) -> Result<Self, CoreError> {
        let Self { labels, .. } =
            Self::from_fn([anchors, entries], |anchor, entry| in_set(anchor, entry).then_some(label));
        Self::new(anchors, entries, labels)
    }

    fn from_fn([anchors, entries]: [usize; 2], label: impl Fn(usize, usize) -> Option<f64>) -> Self {
        let pairs = (0..anchors).flat_map(|anchor| (0..entries).map(move |entry| (anchor, entry)));
        Self { anchors, entries, labels: pairs.map(|(anchor, entry)| label(anchor, entry)).collect() }
    }

    /// Anchors and entries.
    pub fn dims(&self) -> [usize; 2] {
        [self.anchors, self.entries]
    }

    /// The label of an entry, if it is in the anchor's set.
    ///
    /// # Panics
    /// When the pair is not there.
    pub fn get(&self, anchor: usize, entry: usize) -> Option<f64> {
        self.labels[anchor * self.entries + entry]
    }

    /// The same labels without the entries that a miner leaves out.
    #[must_use]
    pub fn only(mut self, keep: impl Fn(usize, usize) -> bool) -> Self {
        for (place, label) in self.labels.iter_mut().enumerate() {
            *label = label.filter(|_| keep(place / self.entries, place % self.entries));
        }
        self
    }

    /// Number of entries in each anchor's set.
    pub fn sizes(&self) -> Vec<usize> {
        self.rows().map(|row| row.iter().flatten().count()).collect()
    }

    /// For each anchor whether any entry counts on a side.
    pub fn has(&self, side: Side) -> Vec<bool> {
        self.rows().map(|row| row.iter().any(|label| side.weight(*label) > 0.0)).collect()
    }

    /// The anchors that no entry counts for on one of the sides, `[anchors, 1]`.
    pub(super) fn lack_a_side(&self, device: &Device) -> Tensor<2, Bool> {
        let sides = self.has(Side::Positive).into_iter().zip(self.has(Side::Negative));
        let lack: Vec<bool> = sides.map(|(positive, negative)| !(positive && negative)).collect();
        Tensor::from_data(TensorData::new(lack, [self.anchors, 1]), device)
    }

    fn rows(&self) -> impl Iterator<Item = &[Option<f64>]> {
        (0..self.anchors).map(|anchor| &self.labels[anchor * self.entries..(anchor + 1) * self.entries])
    }

    /// `y` or `1 - y` of each entry in a set, 0 of the others, in the precision of `like` and on its device.
    ///
    /// # Errors
    /// Similarities of another shape.
    pub(super) fn weights(&self, side: Side, like: &Tensor<2>) -> Result<Tensor<2>, CoreError> {
        self.tensor(like, |label| side.weight(label))
    }

    /// The logarithms of [`weights`](Self::weights), far below all else for a weight of 0.
    ///
    /// # Errors
    /// Similarities of another shape.
    pub(super) fn log_weights(&self, side: Side, like: &Tensor<2>) -> Result<Tensor<2>, CoreError> {
        self.tensor(like, |label| match side.weight(label) {
            weight if weight > 0.0 => weight.ln(),
            _ => NO_WEIGHT,
        })
    }

    fn tensor(&self, like: &Tensor<2>, value: impl Fn(Option<f64>) -> f64) -> Result<Tensor<2>, CoreError> {
        if like.dims() != self.dims() {
            let dims = like.dims();
            return Err(CoreError::Invalid(format!("similarities {dims:?} for labels {:?}", self.dims())));
        }
        let values: Vec<f64> = self.labels.iter().map(|label| value(*label)).collect();
        Ok(Tensor::from_data(TensorData::new(values, self.dims()), (&like.device(), like.dtype())))
    }
}

impl Side {
    fn weight(self, label: Option<f64>) -> f64 {
        match (self, label) {
            (_, None) => 0.0,
            (Self::Positive, Some(label)) => label,
            (Self::Negative, Some(label)) => 1.0 - label,
        }
    }
}
