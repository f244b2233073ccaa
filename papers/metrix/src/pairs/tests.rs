use burn::tensor::{DType, Device, Tensor, TensorData};
use mixup_core::loss::metric::{Length, cosine_similarities, unit_rows};
use mixup_core::tensor::{select_rows, to_host};
use proptest::prelude::*;

use super::*;

const ALL: [Pairs; 6] = [
    Pairs::PositiveNegative,
    Pairs::AnchorNegative,
    Pairs::PositivePositive,
    Pairs::NegativeNegative,
    Pairs::OfficialPositiveNegative,
    Pairs::OfficialAnchorNegative,
];

fn embeddings(values: &[f64], rows: usize, dtype: DType) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [rows, values.len() / rows]);
    Tensor::from_data(data, (&Device::flex().autodiff(), dtype)).require_grad()
}

/// Similarities to mixed vectors that are really built, entry by entry.
fn built(points: Tensor<2>, sets: &MixedSets, lambda: f64, length: Length) -> Vec<f64> {
    let unit = unit_rows(points);
    let rows = |place: usize| {
        let places: Vec<usize> = sets.places().map(|row| row[place]).collect();
        select_rows(unit.clone(), &places).unwrap()
    };
    let mixed = rows(1).mul_scalar(lambda) + rows(2).mul_scalar(1.0 - lambda);
    let mixed = if length == Length::One { unit_rows(mixed) } else { mixed };
    to_host((rows(0) * mixed).sum_dim(1)).unwrap()
}

proptest! {
    #[test]
    fn the_closed_form_is_that_of_the_vectors(
        values in prop::collection::vec(-1.0..1.0_f64, 24), lambda in 0.0..=1.0_f64,
        classes in prop::collection::vec(0_usize..3, 8), one: bool,
    ) {
        let length = if one { Length::One } else { Length::AsMixed };
        let points = embeddings(&values, 8, DType::F64);
        let cosines = cosine_similarities(points.clone(), points.clone()).unwrap();
        for pairs in ALL {
            let sets = pairs.sets(&Points::of_batch(&classes));
            let found = to_host(sets.similarities(&cosines, lambda, length).unwrap()).unwrap();
            let expected = built(points.clone(), &sets, lambda, length);
            for ((found, expected), used) in found.iter().zip(&expected).zip(sets.used()) {
                prop_assert!(!used || (found - expected).abs() < 1e-7, "{pairs:?}: {found}, {expected}");
            }
        }
    }
}

#[test]
fn how_many_pairs_a_balanced_batch_has() {
    let classes: Vec<usize> = (0..20).map(|row| row / 5).collect();
    let sizes = ALL.map(|pairs| {
        let sizes = pairs.sets(&Points::of_batch(&classes)).sizes();
        assert!(sizes.iter().all(|size| *size == sizes[0]));
        sizes[0]
    });
    // Four positives and fifteen negatives; the official anchor-negative pairs are none.
    assert_eq!(sizes, [60, 15, 6, 105, 60, 0]);
    assert!(Pairs::OfficialAnchorNegative.sets(&Points::of_batch(&classes)).is_empty());
    let alone = [0, 0, 1];
    assert_eq!(Pairs::OfficialAnchorNegative.sets(&Points::of_batch(&alone)).sizes(), [0, 0, 2]);
    // Five samples of the proxy's class with fifteen others, and the proxy with fifteen.
    assert_eq!(Pairs::PositiveNegative.sets(&Points::with_proxies(&[2], &classes)).sizes(), [75]);
    assert_eq!(Pairs::AnchorNegative.sets(&Points::with_proxies(&[2], &classes)).sizes(), [15]);
}

#[test]
fn the_official_code_mixes_an_anchors_first_positive_only() {
    let points = Points::of_batch(&[0, 0, 0, 1]);
    assert_eq!(Pairs::OfficialPositiveNegative.of(1, &points), [[0, 3], [0, 3]]);
    assert_eq!(Pairs::PositiveNegative.of(1, &points), [[0, 3], [2, 3]]);
}

#[test]
fn opposite_points_and_equal_ones_have_finite_mixtures() {
    let values = [0.6, 0.8, 0.6, 0.8, -0.6, -0.8, 0.1, -0.2];
    for dtype in [DType::F32, DType::F64] {
        let points = embeddings(&values, 4, dtype);
        let cosines = cosine_similarities(points.clone(), points.clone()).unwrap();
        let sets = Pairs::PositiveNegative.sets(&Points::of_batch(&[0, 0, 1, 1]));
        let mixed = sets.similarities(&cosines, 0.5, Length::One).unwrap();
        let similarities = to_host(mixed.clone()).unwrap();
        let gradient = to_host(points.grad(&mixed.sum().backward()).unwrap()).unwrap();
        assert!(similarities.iter().all(|s| s.abs() < 1.0 + 1e-5), "{similarities:?}");
        assert!(gradient.iter().all(|slope| slope.is_finite()), "{gradient:?}");
    }
}

#[test]
fn points_that_are_not_there_are_refused() {
    let cosines = Tensor::<2>::zeros([2, 2], &Device::flex());
    assert!(
        Pairs::AnchorNegative
            .sets(&Points::of_batch(&[0, 1, 1]))
            .similarities(&cosines, 0.5, Length::One)
            .is_err()
    );
}
