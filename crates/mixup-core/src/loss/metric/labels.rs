//! What anchors know of their entries.

use burn::tensor::{Bool, DType, Device, Tensor, TensorData};

use crate::CoreError;

/// For every anchor and entry: nothing, where the entry is not in the anchor's set, or its label `y`, 1 for a
/// positive, 0 for a negative, and between them for a mixture of both.
#[derive(Debug, Clone, PartialEq)]
pub struct PairLabels {
    anchors: usize,
    entries: usize,
    labels: Labels,
}

/// Row by row.
#[derive(Debug, Clone, PartialEq)]
enum Labels {
    Each(Vec<Option<f64>>),
    /// One label for all entries that are in a set: a batch of mixtures has ten thousands of them.
    One {
        label: f64,
        used: Vec<bool>,
    },
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
        labels.iter().flatten().try_for_each(|label| check(*label))?;
        Ok(Self { anchors, entries, labels: Labels::Each(labels) })
    }

    /// All other samples of a batch: those of the anchor's class are positives, the others negatives, and the
    /// anchor itself is in no set.
    pub fn of_batch(classes: &[usize]) -> Self {
        Self::from_fn([classes.len(); 2], |anchor, entry| {
            (anchor != entry).then(|| f64::from(u8::from(classes[anchor] == classes[entry])))
        })
    }

    /// Samples as seen from proxies: those of the proxy's class are positives, all others negatives.
    pub fn of_proxies(proxies: &[usize], classes: &[usize]) -> Self {
        Self::from_fn([proxies.len(), classes.len()], |proxy, sample| {
            Some(f64::from(u8::from(proxies[proxy] == classes[sample])))
        })
    }

    /// One label for all entries that are in a set, row by row.
    ///
    /// # Errors
    /// A label that is not from 0 to 1, or rows of different lengths.
    pub fn uniform(anchors: usize, label: f64, used: Vec<bool>) -> Result<Self, CoreError> {
        check(label)?;
        if anchors == 0 || !used.len().is_multiple_of(anchors) {
            return Err(CoreError::Invalid(format!("{} entries of {anchors} anchors", used.len())));
        }
        Ok(Self { anchors, entries: used.len() / anchors, labels: Labels::One { label, used } })
    }

    fn from_fn([anchors, entries]: [usize; 2], label: impl Fn(usize, usize) -> Option<f64>) -> Self {
        let pairs = (0..anchors).flat_map(|anchor| (0..entries).map(move |entry| (anchor, entry)));
        let labels = pairs.map(|(anchor, entry)| label(anchor, entry)).collect();
        Self { anchors, entries, labels: Labels::Each(labels) }
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
        self.at(anchor * self.entries + entry)
    }

    fn at(&self, place: usize) -> Option<f64> {
        match &self.labels {
            Labels::Each(labels) => labels[place],
            Labels::One { label, used } => used[place].then_some(*label),
        }
    }

    /// The same labels without the entries that a miner leaves out.
    #[must_use]
    pub fn only(self, keep: impl Fn(usize, usize) -> bool) -> Self {
        Self::from_fn(self.dims(), |anchor, entry| self.get(anchor, entry).filter(|_| keep(anchor, entry)))
    }

    /// Number of entries in each anchor's set.
    pub fn sizes(&self) -> Vec<usize> {
        self.of_anchors(|label| label.is_some()).into_iter().map(|found| found.count()).collect()
    }

    /// For each anchor whether any entry counts on a side.
    pub fn has(&self, side: Side) -> Vec<bool> {
        self.of_anchors(move |label| side.weight(label) > 0.0)
            .into_iter()
            .map(|mut found| found.next().is_some())
            .collect()
    }

    /// For each anchor the places whose label is wanted.
    fn of_anchors(&self, wanted: impl Fn(Option<f64>) -> bool + Copy) -> Vec<impl Iterator<Item = usize>> {
        let of = |anchor: usize| (anchor * self.entries)..((anchor + 1) * self.entries);
        (0..self.anchors).map(|anchor| of(anchor).filter(move |place| wanted(self.at(*place)))).collect()
    }

    /// The anchors that no entry counts for on one of the sides, `[anchors, 1]`.
    pub(super) fn lack_a_side(&self, device: &Device) -> Tensor<2, Bool> {
        let sides = self.has(Side::Positive).into_iter().zip(self.has(Side::Negative));
        let lack: Vec<bool> = sides.map(|(positive, negative)| !(positive && negative)).collect();
        Tensor::from_data(TensorData::new(lack, [self.anchors, 1]), device)
    }

    /// `y` and `1 - y` of each entry in a set, 0 of the others, in the precision of `like` and on its device.
    ///
    /// # Errors
    /// Similarities of another shape.
    pub(super) fn weights(&self, like: &Tensor<2>) -> Result<[Weights; 2], CoreError> {
        self.sides(like, |weight| weight, 0.0, 1.0)
    }

    /// The logarithms of [`weights`](Self::weights), far below all else for a weight of 0.
    ///
    /// # Errors
    /// Similarities of another shape.
    pub(super) fn log_weights(&self, like: &Tensor<2>) -> Result<[Weights; 2], CoreError> {
        self.sides(like, |weight| if weight > 0.0 { weight.ln() } else { NO_WEIGHT }, NO_WEIGHT, 0.0)
    }

    /// Both sides: a value of each weight, or where all have one label a tensor of `unused` and `used`, and the value
    /// of that label beside it.
    fn sides(
        &self,
        like: &Tensor<2>,
        value: impl Fn(f64) -> f64,
        unused: f64,
        used: f64,
    ) -> Result<[Weights; 2], CoreError> {
        if like.dims() != self.dims() {
            let dims = like.dims();
            return Err(CoreError::Invalid(format!("similarities {dims:?} for labels {:?}", self.dims())));
        }
        let sides = [Side::Positive, Side::Negative];
        Ok(match &self.labels {
            Labels::Each(labels) => sides.map(|side| {
                let values = labels.iter().map(|label| value(side.weight(*label)));
                Weights { each: tensor(values, like), one: None }
            }),
            Labels::One { label, used: places } => {
                let each = tensor(places.iter().map(|place| if *place { used } else { unused }), like);
                sides.map(|side| Weights { each: each.clone(), one: Some(value(side.weight(Some(*label)))) })
            }
        })
    }
}

/// Weights of the entries on a side, or their logarithms.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    each: Tensor<2>,
    /// What all entries share.
    one: Option<f64>,
}

impl Weights {
    /// `sum_v w_v x_v` of each row.
    pub(super) fn sum(self, values: Tensor<2>) -> Tensor<2> {
        let sum = (self.each * values).sum_dim(1);
        self.one.map_or(sum.clone(), |weight| sum.mul_scalar(weight))
    }

    /// `w_v x_v`.
    pub(super) fn times(self, values: Tensor<2>) -> Tensor<2> {
        let product = self.each * values;
        self.one.map_or(product.clone(), |weight| product.mul_scalar(weight))
    }

    /// `scale x_v + shift + log w_v`, of logarithms.
    pub(super) fn in_exponents(self, values: Tensor<2>, scale: f64, shift: f64) -> Tensor<2> {
        values.mul_scalar(scale).add_scalar(shift + self.one.unwrap_or(0.0)) + self.each
    }
}

fn tensor(values: impl Iterator<Item = f64>, like: &Tensor<2>) -> Tensor<2> {
    let data = match like.dtype() {
        DType::F32 => TensorData::new(values.map(|value| value as f32).collect::<Vec<_>>(), like.dims()),
        _ => TensorData::new(values.collect::<Vec<_>>(), like.dims()),
    };
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

fn check(label: f64) -> Result<(), CoreError> {
    match (0.0..=1.0).contains(&label) {
        true => Ok(()),
        false => Err(CoreError::Invalid(format!("a label of {label}: it is from 0 to 1"))),
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
