//! What was mixed, row by row.

use burn::tensor::Tensor;

use super::Mixture;
use crate::{
    CoreError,
    tensor::{column, to_host},
};

/// Labels of mixed samples: the class of each point that a sample was mixed of, and its share. For losses that ask more
/// than the mean of them, [`Self::soft`], which is what [`Mixture::targets`] gives.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::mix::{MixedLabels, Mixture, Ratio};
/// use mixup_core::tensor::to_host;
///
/// // Three samples of the classes 0, 1 and 1; the last two are mixed with each other.
/// let targets = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], &Device::flex());
/// let mixture = Mixture::new(vec![1, 2, 1], Ratio::Batch(0.75))?;
/// let labels = MixedLabels::of(&mixture, targets)?;
/// assert_eq!(labels.classes()?, [[0, 1], [1, 1], [1, 1]]);
/// assert_eq!(to_host(labels.soft())?, [0.75, 0.25, 0.0, 1.0, 0.0, 1.0]);
/// assert_eq!(to_host(labels.distinct())?, [1.0, 0.0, 0.0]);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MixedLabels {
    /// Of each point the one-hot classes, `[batch, classes]`; two points or more.
    points: Vec<Tensor<2>>,
    /// Of each point its share in every row, `[batch]`.
    shares: Vec<Vec<f64>>,
}

impl MixedLabels {
    /// Labels of checked sizes: one-hot classes of two points or more, and as many lists of shares.
    ///
    /// # Shapes
    /// - `points`: `[batch, classes]` each; `shares`: `[batch]` each
    ///
    /// # Errors
    /// Sizes that do not agree.
    pub fn new(points: Vec<Tensor<2>>, shares: Vec<Vec<f64>>) -> Result<Self, CoreError> {
        let shapes: Vec<[usize; 2]> = points.iter().map(Tensor::dims).collect();
        let same = shapes.len() >= 2 && shapes.iter().all(|shape| shape == &shapes[0]);
        if !same || shares.len() != shapes.len() || shares.iter().any(|of| of.len() != shapes[0][0]) {
            let shares: Vec<usize> = shares.iter().map(Vec::len).collect();
            return Err(CoreError::Invalid(format!(
                "mixed labels of {shapes:?} with shares of {shares:?} rows: two points at least, of one shape, and \
                 a share of each in every row"
            )));
        }
        Ok(Self { points, shares })
    }

    /// Labels `lambda` of the own class and `1 - lambda` of the partner's, lambda one per row.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_two(own: Tensor<2>, partner: Tensor<2>, lambdas: &[f64]) -> Result<Self, CoreError> {
        let others = lambdas.iter().map(|lambda| 1.0 - lambda).collect();
        Self::new(vec![own, partner], vec![lambdas.to_vec(), others])
    }

    /// What a mixture makes of one-hot targets, `[rows, classes]`.
    ///
    /// # Errors
    /// Partners that are no rows.
    pub fn of(mixture: &Mixture, targets: Tensor<2>) -> Result<Self, CoreError> {
        let (own, partner) = mixture.pairs(targets)?;
        Self::of_two(own, partner, &mixture.shares()?)
    }

    /// The same classes with other shares, which need not sum to 1: of each point, by its place, and of each share.
    #[must_use]
    pub fn with_shares(&self, share: impl Fn(usize, f64) -> f64) -> Self {
        let of_point =
            |(point, shares): (usize, &Vec<f64>)| shares.iter().map(|&s| share(point, s)).collect();
        Self { points: self.points.clone(), shares: self.shares.iter().enumerate().map(of_point).collect() }
    }

    /// One-hot classes of each point, `[batch, classes]`.
    pub fn points(&self) -> &[Tensor<2>] {
        &self.points
    }

    /// Shares of each point, `[batch]`.
    pub fn shares(&self) -> &[Vec<f64>] {
        &self.shares
    }

    /// The share of each point where it is one for the whole batch.
    pub fn batch_shares(&self) -> Option<Vec<f64>> {
        let shared =
            |rows: &Vec<f64>| rows.first().copied().filter(|share| rows.iter().all(|row| row == share));
        self.shares.iter().map(shared).collect()
    }

    /// The soft labels of mixup: classes weighted by shares, `[batch, classes]`.
    pub fn soft(&self) -> Tensor<2> {
        self.sum(|place| self.points[place].clone() * column(&self.shares[place], &self.points[place]))
    }

    /// How many points are of each class, `[batch, classes]`: for two points the two-hot labels.
    pub fn hits(&self) -> Tensor<2> {
        self.sum(|place| self.points[place].clone())
    }

    /// 1 for a row of as many classes as points, 0 where two points are of one class, `[batch, 1]`.
    pub fn distinct(&self) -> Tensor<2> {
        let most = self.hits().max_dim(1);
        most.ones_like().mask_fill(most.greater_scalar(1.5), 0.0)
    }

    /// The classes of all points of each row.
    ///
    /// # Errors
    /// A device that failed to answer.
    pub fn classes(&self) -> Result<Vec<Vec<usize>>, CoreError> {
        let mut rows = vec![Vec::with_capacity(self.points.len()); self.points[0].dims()[0]];
        for point in &self.points {
            for (row, class) in rows.iter_mut().zip(to_host(point.clone().argmax(1).float())?) {
                row.push(class as usize);
            }
        }
        Ok(rows)
    }

    /// The sum over the points of what stands at their places.
    fn sum(&self, term: impl Fn(usize) -> Tensor<2>) -> Tensor<2> {
        (1..self.points.len()).fold(term(0), |sum, place| sum + term(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::{Mask, Ratio};
    use crate::tensor::one_hot;
    use burn::tensor::{DType, Device};
    use ndarray::Array3;
    use proptest::prelude::*;

    fn of(classes: &[usize]) -> Tensor<2> {
        one_hot(classes, 4, (&Device::flex(), DType::F64)).unwrap()
    }

    /// Rows of the classes 0, 1, 2 with 1, 1, 3.
    fn two(lambdas: &[f64; 3]) -> MixedLabels {
        MixedLabels::of_two(of(&[0, 1, 2]), of(&[1, 1, 3]), lambdas).unwrap()
    }

    #[test]
    fn three_points_by_hand() {
        let points = [[0, 1], [1, 2], [3, 1]].map(|point| of(&point)).to_vec();
        let labels = MixedLabels::new(points, vec![vec![0.5; 2], vec![0.25; 2], vec![0.25; 2]]).unwrap();
        assert_eq!(to_host(labels.soft()).unwrap(), [0.5, 0.25, 0.0, 0.25, 0.0, 0.75, 0.25, 0.0]);
        assert_eq!(to_host(labels.hits()).unwrap(), [1.0, 1.0, 0.0, 1.0, 0.0, 2.0, 1.0, 0.0]);
        assert_eq!(to_host(labels.distinct()).unwrap(), [1.0, 0.0]);
        assert_eq!(labels.classes().unwrap(), [[0, 1, 3], [1, 2, 1]]);
        assert_eq!(labels.batch_shares().unwrap(), [0.5, 0.25, 0.25]);
    }

    #[test]
    fn shares_change_and_classes_stay() {
        let labels = two(&[0.25, 0.25, 0.5]);
        assert_eq!(labels.batch_shares(), None);
        let doubled = labels.with_shares(|point, share| if point == 0 { 2.0 * share } else { share });
        assert_eq!(doubled.shares(), [[0.5, 0.5, 1.0], [0.75, 0.75, 0.5]]);
        assert_eq!(doubled.classes().unwrap(), labels.classes().unwrap());
        assert_eq!(to_host(doubled.soft()).unwrap()[4..8], [0.0, 1.25, 0.0, 0.0]);
    }

    #[test]
    fn sizes_that_do_not_agree_are_refused() {
        assert!(MixedLabels::new(vec![of(&[0])], vec![vec![1.0]]).is_err());
        assert!(MixedLabels::new(vec![of(&[0]); 2], vec![vec![1.0]]).is_err());
        assert!(MixedLabels::of_two(of(&[0, 1]), of(&[0]), &[0.5, 0.5]).is_err());
        assert!(MixedLabels::of_two(of(&[0]), of(&[1]), &[0.5, 0.5]).is_err());
        let mixture = Mixture { partners: vec![2, 0], ratio: Ratio::Batch(0.5) };
        assert!(MixedLabels::of(&mixture, of(&[0, 1])).is_err());
    }

    proptest! {
        #[test]
        fn soft_labels_are_the_targets_of_the_mixture(
            partners in prop::array::uniform3(0_usize..3), lambdas in prop::array::uniform3(0.0_f64..=1.0),
        ) {
            let targets = of(&[2, 0, 3]);
            let mask = Mask::per_sample(Array3::from_shape_fn((3, 1, 2), |(row, ..)| lambdas[row])).unwrap();
            for ratio in [Ratio::Batch(lambdas[0]), Ratio::Sample(lambdas.to_vec()), Ratio::Mask(mask)] {
                let mixture = Mixture::new(partners.to_vec(), ratio).unwrap();
                let soft = to_host(MixedLabels::of(&mixture, targets.clone()).unwrap().soft()).unwrap();
                let mixed = to_host(mixture.targets(targets.clone()).unwrap()).unwrap();
                prop_assert!(soft.iter().zip(mixed).all(|(a, b)| (a - b).abs() < 1e-12), "{soft:?}");
            }
        }
    }
}
