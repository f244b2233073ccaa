//! The official random numbers: NumPy's and Python's own outputs for small seeds, and the mixtures
//! that the official sampler's steps make of them.

use crate::pile::prior;
use crate::{Draws, MixtureSampler, NumpyLegacy};

/// `np.random.seed(42)`, then `np.random.dirichlet([0.05, 1.0, 3.5, 0.7])` three times: shapes
/// below, at and above 1.
#[test]
fn dirichlet_draws_are_numpys() {
    let mut draws = NumpyLegacy::seeded(42);
    let expected = [
        [1.0156740388394074e-09, 0.45319945534077716, 0.5408964969645552, 0.00590404667899356],
        [7.23362676802723e-06, 0.003965094174376017, 0.7184554659484554, 0.2775722062504003],
        [1.1134511253873571e-15, 0.2589480746859444, 0.3009599388479278, 0.4400919864661267],
    ];
    for expected in expected {
        let weights = draws.dirichlet(&[0.05, 1.0, 3.5, 0.7]).unwrap();
        for (weight, expected) in weights.iter().zip(expected) {
            assert!((weight - expected).abs() <= 1e-14 * expected, "{weight} is not {expected}");
        }
    }
}

/// `random.seed(42)`, then `random.randrange` of each bound.
#[test]
fn whole_numbers_are_pythons() {
    let mut draws = NumpyLegacy::seeded(42);
    let bounds = [15, 15, 15, 100, 1, 25_785, u32::MAX];
    assert_eq!(bounds.map(|bound| draws.below(bound)), [10, 1, 0, 94, 0, 8024, 958_682_846]);
    assert_eq!(draws.below(0), 0);
}

/// The official sampler's first and last mixture of 512, and its column sums; multiples of 2e-4.
#[test]
fn mixtures_are_the_official_samplers() {
    let mixtures = MixtureSampler::default().sample(&prior(), 512, &mut NumpyLegacy::seeded(42)).unwrap();
    let in_minimums = |value: f64| (value / 2e-4).round() as u32;
    let first: Vec<u32> = mixtures.row(0).iter().map(|&weight| in_minimums(weight)).collect();
    let last: Vec<u32> = mixtures.row(511).iter().map(|&weight| in_minimums(weight)).collect();
    let sums: Vec<u32> = mixtures.columns().into_iter().map(|column| in_minimums(column.sum())).collect();
    assert_eq!(first, [956, 61, 77, 13, 96, 9, 27, 0, 1684, 0, 480, 646, 57, 0, 2, 629, 265]);
    assert_eq!(last, [1382, 3618, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let expected = [
        332_402, 277_506, 4116, 483_254, 156_351, 23_203, 269_595, 2684, 264_165, 730, 45_894, 436_460,
        20_793, 9794, 10_481, 98_837, 123_720,
    ];
    assert_eq!(sums, expected);
}
