use super::*;
use crate::tensor::to_host;
use burn::tensor::{DType, Device};
use ndarray::{Array3, array};
use proptest::prelude::*;

/// `[rows, channels, height, width]` of made-up values, in f64 and tracked.
fn images(shape: [usize; 4]) -> Tensor<4> {
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|i| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0).collect();
    let options = (&Device::flex().autodiff(), DType::F64);
    Tensor::from_data(TensorData::new(values, shape), options).require_grad()
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    to_host(x).unwrap()
}

fn mixture(partners: &[usize], ratio: Ratio) -> Mixture {
    Mixture::new(partners.to_vec(), ratio).unwrap()
}

#[test]
fn a_batch_is_mixed_with_its_own_rows() {
    let x = Tensor::<2>::from_data([[1.0, 2.0], [5.0, 6.0]], &Device::flex());
    let mixed = mixture(&[1, 1], Ratio::Batch(0.25)).inputs(x.clone()).unwrap();
    assert_eq!(to_host(mixed).unwrap(), [4.0, 5.0, 5.0, 6.0]);
    let each = mixture(&[1, 0], Ratio::Sample(vec![0.25, 1.0])).inputs(x.clone()).unwrap();
    assert_eq!(to_host(each).unwrap(), [4.0, 5.0, 5.0, 6.0]);
    let fewer = mixture(&[1], Ratio::Batch(0.5)).inputs(x).unwrap();
    assert_eq!(to_host(fewer).unwrap(), [3.0, 4.0]);
}

#[test]
fn a_mask_mixes_pixels_and_its_area_mixes_labels() {
    let x = Tensor::<4>::from_data([[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]], &Device::flex());
    let mask = Mask::shared(array![[1.0, 0.0], [1.0, 1.0]]).unwrap();
    let cut = mixture(&[1, 0], Ratio::Mask(mask));
    assert_eq!(to_host(cut.inputs(x).unwrap()).unwrap(), [1.0, 6.0, 3.0, 4.0, 5.0, 2.0, 7.0, 8.0]);
    let targets = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &Device::flex());
    assert_eq!(to_host(cut.targets(targets).unwrap()).unwrap(), [0.75, 0.25, 0.25, 0.75]);
}

#[test]
fn a_mask_of_hidden_states_is_resized_and_one_of_inputs_is_not() {
    let mut values = Array3::ones((2, 4, 4));
    values.slice_mut(ndarray::s![1, .., 2..]).fill(0.0);
    let cut = mixture(&[1, 0], Ratio::Mask(Mask::per_sample(values).unwrap()));
    assert_eq!(cut.shares().unwrap(), [1.0, 0.5]);
    let x = Tensor::<4>::from_data([[[[1.0, 2.0]]], [[[5.0, 6.0]]]], &Device::flex());
    assert_eq!(to_host(cut.hidden(x.clone()).unwrap()).unwrap(), [1.0, 2.0, 5.0, 2.0]);
    let message = cut.inputs(x.clone()).unwrap_err().to_string();
    assert_eq!(message, "a mask of [4, 4] pixels for images of [1, 2]");
    let message = cut.hidden(x.flatten::<2>(1, 3)).unwrap_err().to_string();
    assert!(message.contains("not a tensor of shape [2, 2]"), "{message}");
}

#[test]
fn partners_are_others_where_ten_draws_can_have_it() {
    let streams = &mut crate::stream::Streams::new("others", 0);
    // A permutation has no fixed point in 1/e of draws, and ten draws all have one in a hundredth of cases.
    let fixed = (0..2000).filter(|_| {
        let others = Mixture::of_others(8, Ratio::Batch(0.5), streams.get("pairs")).unwrap();
        others.partners.iter().enumerate().any(|(row, &partner)| row == partner)
    });
    let expected = 2000.0 * (1.0 - (-1f64).exp()).powi(10);
    let fixed = fixed.count() as f64;
    assert!((fixed - expected).abs() < 5.0 * expected.sqrt(), "{fixed} {expected}");
    assert_eq!(Mixture::of_others(1, Ratio::Batch(0.5), streams.get("pairs")).unwrap().partners, [0]);
}

#[test]
fn sizes_that_do_not_agree_are_refused() {
    assert!(Mixture::new(vec![], Ratio::Batch(0.5)).is_err());
    assert!(Mixture::new(vec![0, 1], Ratio::Sample(vec![0.5])).is_err());
    let mask = Mask::per_sample(Array3::ones((3, 2, 2))).unwrap();
    assert!(Mixture::new(vec![0, 1], Ratio::Mask(mask)).is_err());
    let x = Tensor::<2>::ones([2, 3], &Device::flex());
    let refused = |partners: Vec<usize>| {
        Mixture { partners, ratio: Ratio::Batch(0.5) }.inputs(x.clone()).unwrap_err().to_string()
    };
    assert_eq!(refused(vec![0, 1, 1]), "3 partners for a batch of 2");
    assert!(refused(vec![0, 2]).contains("row 2"));
    assert!(refused(vec![]).contains("0 partners"));
}

#[test]
fn joined_rows_are_sliced_to_the_values_and_gradients_of_a_gather() {
    let joined = Mixture::joined(3, Ratio::Batch(0.3)).unwrap();
    let x = images([6, 2, 2, 2]);
    let gathered = mix(x.clone().slice_dim(0, 0..3), select_rows(x.clone(), &[3, 4, 5]).unwrap(), 0.3);
    let gradient = |y: Tensor<4>| values(x.grad(&y.powi_scalar(2).sum().backward()).unwrap());
    let sliced = joined.inputs(x.clone()).unwrap();
    assert_eq!(values(sliced.clone()), values(gathered.clone()));
    assert_eq!(gradient(sliced), gradient(gathered));
}

/// The gradient of `sum c (w x_i + (1 - w) x_p(i))` in closed form, with a partner that is named twice.
#[test]
fn gradients_flow_into_both_rows() {
    let lambdas = [0.2, 0.7, 0.9];
    let partners = [2, 0, 0];
    let x = images([3, 1, 2, 2]);
    let (mixture, cotangent) = (mixture(&partners, Ratio::Sample(lambdas.to_vec())), images([3, 1, 2, 2]));
    let c = values(cotangent.clone());
    let mixed = mixture.inputs(x.clone()).unwrap();
    assert_eq!(mixed.dtype(), DType::F64);
    let gradient = values(x.grad(&(mixed * cotangent).sum().backward()).unwrap());
    let mut expected = vec![0.0; 12];
    for (row, (lambda, partner)) in lambdas.iter().zip(partners).enumerate() {
        for pixel in 0..4 {
            expected[row * 4 + pixel] += lambda * c[row * 4 + pixel];
            expected[partner * 4 + pixel] += (1.0 - lambda) * c[row * 4 + pixel];
        }
    }
    for (ours, expected) in gradient.iter().zip(expected) {
        assert!((ours - expected).abs() < 1e-15, "{ours} {expected}");
    }
}

#[test]
fn gradients_flow_through_a_mask() {
    let x = images([2, 3, 2, 2]);
    let mask = Mask::shared(array![[1.0, 0.0], [0.25, 0.5]]).unwrap();
    let mixed = mixture(&[1, 1], Ratio::Mask(mask)).inputs(x.clone()).unwrap();
    let gradient = values(x.grad(&mixed.sum().backward()).unwrap());
    for channel in 0..3 {
        assert_eq!(gradient[4 * channel..][..4], [1.0, 0.0, 0.25, 0.5]);
        assert_eq!(gradient[12 + 4 * channel..][..4], [1.0, 2.0, 1.75, 1.5]);
    }
}

proptest! {
    #[test]
    fn lambda_one_is_the_own_row_and_zero_the_partners(partners in prop::collection::vec(0usize..4, 4)) {
        let x = images([4, 2, 2, 3]);
        for (lambda, expected) in [(1.0, x.clone()), (0.0, select_rows(x.clone(), &partners).unwrap())] {
            let mask = Mask::shared(ndarray::Array2::from_elem((2, 3), lambda)).unwrap();
            for ratio in [Ratio::Batch(lambda), Ratio::Sample(vec![lambda; 4]), Ratio::Mask(mask)] {
                let mixed = mixture(&partners, ratio).inputs(x.clone()).unwrap();
                prop_assert_eq!(values(mixed), values(expected.clone()));
            }
        }
    }

    #[test]
    fn equal_lambdas_give_equal_bits_however_they_are_spelled(
        lambda in 0.0f64..=1.0, partners in prop::collection::vec(0usize..4, 4), double: bool,
    ) {
        let x = images([4, 2, 2, 3]);
        let x = if double { x } else { x.cast(DType::F32) };
        let expected = values(mixture(&partners, Ratio::Batch(lambda)).inputs(x.clone()).unwrap());
        let mask = Mask::shared(ndarray::Array2::from_elem((2, 3), lambda)).unwrap();
        for ratio in [Ratio::Sample(vec![lambda; 4]), Ratio::Mask(mask)] {
            let mixed = mixture(&partners, ratio).inputs(x.clone()).unwrap();
            prop_assert_eq!(mixed.dtype(), x.dtype());
            prop_assert_eq!(values(mixed), expected.clone());
        }
    }

    #[test]
    fn shares_are_the_means_of_the_masks(pixels in prop::collection::vec(0.0f64..=1.0, 2 * 3 * 4)) {
        let values = Array3::from_shape_vec((2, 3, 4), pixels).unwrap();
        let cut = mixture(&[1, 0], Ratio::Mask(Mask::per_sample(values.clone()).unwrap()));
        for (share, mask) in cut.shares().unwrap().iter().zip(values.outer_iter()) {
            prop_assert!((share - mask.mean().unwrap()).abs() < 1e-15);
        }
    }
}
