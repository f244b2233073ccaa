//! What was mixed, row by row.

use burn::tensor::{Tensor, TensorData};
use mixup_core::{CoreError, mix::Mixture, tensor::to_host};

/// Labels of mixed samples: the class of each point that a sample was mixed of, and its share.
#[derive(Debug, Clone)]
pub struct MixedLabels {
    /// Of each point the one-hot classes, `[batch, classes]`.
    points: Vec<Tensor<2>>,
    /// Of each point its share in every row, `[batch]`.
    shares: Vec<Vec<f64>>,
}

impl MixedLabels {
    /// Labels of checked sizes: one-hot classes of two points or more, and as many lists of shares.
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
    pub fn mixed(mixture: &Mixture, targets: Tensor<2>) -> Result<Self, CoreError> {
        let (own, partner) = mixture.pairs(targets)?;
        Self::of_two(own, partner, &mixture.shares()?)
    }

    /// One-hot classes of each point.
    pub fn points(&self) -> &[Tensor<2>] {
        &self.points
    }

    /// Shares of each point.
    pub fn shares(&self) -> &[Vec<f64>] {
        &self.shares
    }

    /// The soft labels of mixup: classes weighted by shares, `[batch, classes]`.
    pub fn soft(&self) -> Tensor<2> {
        let weighted =
            self.points.iter().zip(&self.shares).map(|(point, shares)| point.clone() * column(shares, point));
        sum(weighted).unwrap_or_else(|| self.points[0].zeros_like())
    }

    /// 1 for a row of as many classes as points, 0 where two points are of one class, `[batch, 1]`.
    pub fn distinct(&self) -> Tensor<2> {
        let hits = sum(self.points.iter().cloned()).unwrap_or_else(|| self.points[0].zeros_like());
        let twice = hits.max_dim(1).greater_scalar(1.5);
        self.points[0].clone().slice_dim(1, 0..1).ones_like().mask_fill(twice, 0.0)
    }

    /// The classes of all points of each row.
    ///
    /// # Errors
    /// A device that failed to answer.
    pub fn classes(&self) -> Result<Vec<Vec<usize>>, CoreError> {
        let [batch, classes] = self.points[0].dims();
        let mut rows = vec![Vec::with_capacity(self.points.len()); batch];
        for point in &self.points {
            for (row, one_hot) in rows.iter_mut().zip(to_host(point.clone())?.chunks(classes.max(1))) {
                row.push(one_hot.iter().position(|&value| value > 0.5).unwrap_or_default());
            }
        }
        Ok(rows)
    }
}

/// Numbers, one per row, as a column beside a tensor.
pub(crate) fn column(values: &[f64], beside: &Tensor<2>) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len(), 1]);
    Tensor::from_data(data, (&beside.device(), beside.dtype()))
}

/// The sum of tensors; of none there is none.
pub(crate) fn sum(tensors: impl Iterator<Item = Tensor<2>>) -> Option<Tensor<2>> {
    tensors.reduce(|sum, next| sum + next)
}
