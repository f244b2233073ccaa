//! Hardest negatives, and harder ones that are mixed of them.

use std::num::NonZeroUsize;

use burn::tensor::{Tensor, TensorData};
use mixup_core::{
    CoreError, loss::metric::unit_rows, metrics::neighbours::nearest, tensor::select_rows, tensor::to_host,
};
use ndarray::{Array2, Axis};
use rand::{Rng, RngExt};

/// Which keys of the queue are no negatives of a query: its own image's old ones, say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excluded(Option<Vec<Vec<bool>>>);

impl Excluded {
    /// None.
    pub fn nothing() -> Self {
        Self(None)
    }

    /// By query and key.
    pub fn by(queries: usize, keys: usize, excluded: impl Fn(usize, usize) -> bool) -> Self {
        Self(Some((0..queries).map(|query| (0..keys).map(|key| excluded(query, key)).collect()).collect()))
    }

    /// Whether a key is no negative of a query.
    pub fn has(&self, query: usize, key: usize) -> bool {
        self.0.as_ref().is_some_and(|excluded| excluded[query][key])
    }

    /// All of them, query by query, where there may be some.
    pub(crate) fn flat(&self) -> Option<Vec<bool>> {
        self.0.as_ref().map(|excluded| excluded.concat())
    }
}

/// Similarities of queries to keys on the host, `[queries, keys]`.
///
/// # Errors
/// A device that failed to answer.
pub fn similarities(queries: Tensor<2>, queue: Tensor<2>) -> Result<Array2<f64>, CoreError> {
    let shape = (queries.dims()[0], queue.dims()[0]);
    let products = queries.inner().matmul(queue.inner().transpose());
    Array2::from_shape_vec(shape, to_host(products)?).map_err(|error| CoreError::Invalid(error.to_string()))
}

/// The keys with the largest similarities to each query, the largest first and the earlier of equals; at most `count`, and
/// no excluded one.
pub fn hardest(similarities: &Array2<f64>, count: NonZeroUsize, excluded: &Excluded) -> Vec<Vec<usize>> {
    let of_query = |(query, row): (usize, ndarray::ArrayView1<'_, f64>)| {
        let kept =
            |(key, value): (usize, &f64)| if excluded.has(query, key) { f64::NEG_INFINITY } else { *value };
        let row: ndarray::Array1<f64> = row.iter().enumerate().map(kept).collect();
        let mut found = nearest(row.view(), count);
        found.retain(|key| row[*key] > f64::NEG_INFINITY);
        found
    };
    similarities.axis_iter(Axis(0)).enumerate().map(of_query).collect()
}

/// A negative that is mixed of two hard ones: their places among the query's hardest, and the share of the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Between {
    /// First and second.
    pub hard: [usize; 2],
    /// alpha
    pub share: f64,
}

/// A negative that is mixed of the query and a hard one: the place of this one, and the share of the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Toward {
    /// Among the query's hardest.
    pub hard: usize,
    /// beta
    pub share: f64,
}

impl Between {
    /// Any two of so many, with replacement, and alpha from U(0, 1).
    pub fn draw(hardest: usize, rng: &mut impl Rng) -> Self {
        let mut any = || rng.random_range(0..hardest as u32) as usize;
        Self { hard: [any(), any()], share: rng.random() }
    }
}

impl Toward {
    /// Any one of so many, and beta from `U(0, largest)`.
    pub fn draw(hardest: usize, largest: f64, rng: &mut impl Rng) -> Self {
        Self { hard: rng.random_range(0..hardest as u32) as usize, share: largest * rng.random::<f64>() }
    }
}

/// `h = alpha n_i + (1 - alpha) n_j` (type 1), of length 1 afterwards.
///
/// # Shapes
/// - `queue`: `[keys, dimensions]`; `hardest`, `draws`: of each query, as many draws of each
/// - returns `[queries, draws, dimensions]`, without a gradient
///
/// # Errors
/// A place that is none, other numbers of draws.
pub fn between(
    queue: Tensor<2>,
    hardest: &[Vec<usize>],
    draws: &[Vec<Between>],
) -> Result<Tensor<3>, CoreError> {
    let queue = queue.inner();
    let side = |side: usize| -> Result<Tensor<2>, CoreError> {
        select_rows(queue.clone(), &keys(hardest, draws, |draw| draw.hard[side])?)
    };
    mixed(side(0)?, side(1)?, draws, |draw| draw.share)
}

/// `h' = beta q + (1 - beta) n_j` (type 2), of length 1 afterwards. The query is a constant here.
///
/// # Shapes
/// - `queries`: `[queries, dimensions]`, of length 1; others as of [`between`]
///
/// # Errors
/// As [`between`].
pub fn toward(
    queries: Tensor<2>,
    queue: Tensor<2>,
    hardest: &[Vec<usize>],
    draws: &[Vec<Toward>],
) -> Result<Tensor<3>, CoreError> {
    let own: Vec<usize> =
        draws.iter().enumerate().flat_map(|(query, draws)| vec![query; draws.len()]).collect();
    let hard = keys(hardest, draws, |draw| draw.hard)?;
    mixed(select_rows(queries.inner(), &own)?, select_rows(queue.inner(), &hard)?, draws, |draw| draw.share)
}

/// Keys in the queue of all draws, query by query.
fn keys<D>(
    hardest: &[Vec<usize>],
    draws: &[Vec<D>],
    place: impl Fn(&D) -> usize,
) -> Result<Vec<usize>, CoreError> {
    let none = || CoreError::Invalid("a draw of a hard negative that is not there".into());
    let found = hardest.iter().zip(draws).flat_map(|(hardest, draws)| {
        draws.iter().map(|draw| hardest.get(place(draw)).copied().ok_or_else(none)).collect::<Vec<_>>()
    });
    found.collect()
}

fn mixed<D>(
    first: Tensor<2>,
    second: Tensor<2>,
    draws: &[Vec<D>],
    share: impl Fn(&D) -> f64,
) -> Result<Tensor<3>, CoreError> {
    let ([rows, dimensions], queries) = (first.dims(), draws.len());
    let of_each = draws.first().map_or(0, Vec::len);
    if draws.iter().any(|draws| draws.len() != of_each) || second.dims() != [rows, dimensions] {
        return Err(CoreError::Invalid("queries with different numbers of synthetic negatives".into()));
    }
    let shares: Vec<f64> = draws.iter().flatten().map(share).collect();
    let shares = TensorData::new(shares, [rows, 1]);
    let shares = Tensor::<2>::from_data(shares, (&first.device(), first.dtype()));
    let mixed = second.clone() + (first - second) * shares;
    Ok(unit_rows(mixed).reshape([queries, of_each, dimensions]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};
    use mixup_core::stream::Streams;
    use ndarray::array;

    fn points(rows: usize) -> Tensor<2> {
        let mut streams = Streams::new("points", rows as u64);
        let values: Vec<f64> = (0..rows * 4).map(|_| streams.get("values").random_range(-1.0..1.0)).collect();
        unit_rows(Tensor::from_data(TensorData::new(values, [rows, 4]), (&Device::flex(), DType::F64)))
    }

    #[test]
    fn the_hardest_come_first_and_excluded_ones_never() {
        let similarities = array![[0.1, 0.9, 0.9, -0.2], [0.5, 0.4, 0.3, 0.2]];
        let three = NonZeroUsize::new(3).unwrap();
        assert_eq!(hardest(&similarities, three, &Excluded::nothing()), [[1, 2, 0], [0, 1, 2]]);
        let excluded = Excluded::by(2, 4, |query, key| query == 0 && key != 3 || key == 0);
        assert_eq!(hardest(&similarities, three, &excluded), [vec![3], vec![1, 2, 3]]);
    }

    /// With `c = q n` it is `(beta + (1 - beta) c) / sqrt(beta^2 + (1 - beta)^2 + 2 beta (1 - beta) c)`, never below `c`, and
    /// rises with beta.
    #[test]
    fn a_mixture_with_the_query_is_harder_than_its_negative() {
        let (queries, queue) = (points(3), points(7));
        let own = similarities(queries.clone(), queue.clone()).unwrap();
        let hardest: Vec<Vec<usize>> = (0..3).map(|_| (0..7).collect()).collect();
        let shares = [0.0, 0.1, 0.3, 0.5];
        let draws: Vec<Vec<Toward>> = (0..3)
            .map(|_| (0..7).flat_map(|hard| shares.map(|share| Toward { hard, share })).collect())
            .collect();
        let synthetic = toward(queries.clone(), queue, &hardest, &draws).unwrap();
        let found = to_host((synthetic * queries.reshape([3, 1, 4])).sum_dim(2)).unwrap();
        for (at, found) in found.iter().enumerate() {
            let (query, hard, share) = (at / 28, at % 28 / 4, shares[at % 4]);
            let c = own[[query, hard]];
            let length =
                (share * share + (1.0 - share) * (1.0 - share) + 2.0 * share * (1.0 - share) * c).sqrt();
            assert!((found - (share + (1.0 - share) * c) / length).abs() < 1e-12);
            assert!(*found >= c - 1e-12);
        }
        assert!(found.chunks(4).all(<[f64]>::is_sorted));
    }

    #[test]
    fn a_negative_with_itself_stays_and_all_have_length_1() {
        let queue = points(5);
        let hardest = vec![vec![4, 1, 2]];
        let draw = |hard, share| Between { hard, share };
        let draws = vec![vec![draw([1, 1], 0.3), draw([0, 2], 1.0), draw([0, 2], 0.0), draw([0, 1], 0.4)]];
        let found = to_host(between(queue.clone(), &hardest, &draws).unwrap()).unwrap();
        let rows = to_host(queue.clone()).unwrap();
        for (place, key) in [1, 4, 2].into_iter().enumerate() {
            let same = found[4 * place..].iter().zip(&rows[4 * key..4 * key + 4]);
            assert!(same.into_iter().all(|(a, b)| (a - b).abs() < 1e-12));
        }
        assert!((found[12..].iter().map(|value| value * value).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(between(queue, &hardest, &[vec![draw([0, 3], 0.5)]]).is_err());
    }
}
