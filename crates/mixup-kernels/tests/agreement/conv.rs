//! The fused convolution against burn's own, values and gradients.

use crate::common::{assert_agree, noise};
use burn::tensor::{Device, Tensor, TensorData, module, ops::ConvOptions};
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Case {
    x: [usize; 4],
    weight: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
    bias: bool,
    /// The input comes as a view with its batch and channels swapped.
    view: bool,
}

impl Case {
    fn fits(&self) -> bool {
        (0..2).all(|i| self.x[2 + i] + 2 * self.padding[i] > self.dilation[i] * (self.weight[2 + i] - 1))
    }

    fn agrees(&self, seed: u64) {
        let mut sizes = vec![self.x.iter().product(), self.weight.iter().product()];
        sizes.extend(self.bias.then_some(self.weight[0]));
        let run = |fused: bool| {
            move |mut inputs: Vec<Tensor<1>>| {
                let bias = self.bias.then(|| inputs.remove(2));
                let weight = inputs.remove(1).reshape(self.weight);
                let [batch, channels, height, width] = self.x;
                let x = inputs.remove(0);
                let x = if self.view {
                    x.reshape([channels, batch, height, width]).swap_dims(0, 1)
                } else {
                    x.reshape(self.x)
                };
                let options = ConvOptions::new(self.stride, self.padding, self.dilation, self.groups);
                let conv2d = if fused { mixup_kernels::conv2d } else { module::conv2d };
                let y = conv2d(x, weight, bias, options);
                let size = y.shape().num_elements();
                y.reshape([size])
            }
        };
        assert_agree(&sizes, seed, run(true), run(false));
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    let pair = |range: std::ops::RangeInclusive<usize>| [range.clone(), range].prop_map(|pair| pair);
    (
        (1usize..=5, 1usize..=4, 1usize..=4, 1usize..=3),
        (pair(1..=11), pair(1..=4), pair(1..=3), pair(0..=3), pair(1..=2)),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |((batch, channels, outputs, groups), (size, kernel, stride, padding, dilation), bias, view)| {
                Case {
                    x: [batch, channels * groups, size[0], size[1]],
                    weight: [outputs * groups, channels, kernel[0], kernel[1]],
                    stride,
                    padding,
                    dilation,
                    groups,
                    bias,
                    view,
                }
            },
        )
        .prop_filter("a kernel that fits", Case::fits)
}

/// 3x3, stride 1, many channels: Winograd's path, with any padding and odd sizes.
fn wide_case() -> impl Strategy<Value = Case> {
    (
        (1usize..=9, 16usize..=50, 16usize..=50),
        [1usize..=9, 1usize..=17],
        [0usize..=3, 0usize..=3],
        any::<bool>(),
    )
        .prop_map(|((batch, channels, outputs), size, padding, bias)| Case {
            x: [batch, channels, size[0], size[1]],
            weight: [outputs, channels, 3, 3],
            stride: [1, 1],
            padding,
            dilation: [1, 1],
            groups: 1,
            bias,
            view: false,
        })
        .prop_filter("a kernel that fits", Case::fits)
}

/// As [`wide_case`] with any kernel, stride and dilation: sums over 16 channels side by side.
fn wide_case_of_any_kernel() -> impl Strategy<Value = Case> {
    let pair = |range: std::ops::RangeInclusive<usize>| [range.clone(), range];
    (wide_case(), pair(1..=4), pair(1..=3), pair(1..=2))
        .prop_map(|(case, kernel, stride, dilation)| {
            let weight = [case.weight[0], case.weight[1], kernel[0], kernel[1]];
            Case { weight, stride, dilation, ..case }
        })
        .prop_filter("a kernel that fits", Case::fits)
}

/// Few channels, stride 1, any kernel that overlaps its padding: sums over 16 pixels side by side. Many have enough weights for
/// sums over pixels, too.
fn narrow_case() -> impl Strategy<Value = Case> {
    let pair = |range: std::ops::RangeInclusive<usize>| [range.clone(), range];
    ((1usize..=70, 1usize..=9, 3usize..=40), pair(1..=19), pair(1..=5), pair(0..=4), any::<bool>())
        .prop_map(|((batch, channels, outputs), size, kernel, padding, bias)| Case {
            x: [batch.div_ceil(size[0]), channels, size[0], size[1]],
            weight: [outputs, channels, kernel[0], kernel[1]],
            stride: [1, 1],
            padding: [padding[0].min(kernel[0] - 1), padding[1].min(kernel[1] - 1)],
            dilation: [1, 1],
            groups: 1,
            bias,
            view: false,
        })
        .prop_filter("a kernel that fits", Case::fits)
}

/// 3x3, stride 2, many channels: tiles of 2x2 outputs, cut at the edge where rows or columns are odd.
fn wide_case_of_stride_two() -> impl Strategy<Value = Case> {
    (wide_case(), [13usize..=20, 13usize..=20], [0usize..=2, 0usize..=2], any::<bool>())
        .prop_map(|(case, size, padding, deep)| {
            let [batch, channels, ..] = case.x;
            let x = if deep {
                [batch.div_ceil(3), channels + 112, size[0] - 4, size[1] - 4]
            } else {
                [batch.div_ceil(3), channels.max(48), size[0] + 2, size[1] + 2]
            };
            Case { weight: [case.weight[0], x[1], 3, 3], x, stride: [2, 2], padding, ..case }
        })
        .prop_filter("a kernel that fits", Case::fits)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_convolution_agrees_with_burn(case in any_case(), seed in 1u64..1000) {
        case.agrees(seed);
    }

    #[test]
    fn wide_convolutions_agree_with_burn(case in wide_case_of_any_kernel(), seed in 1u64..1000) {
        case.agrees(seed);
    }

    #[test]
    fn wide_three_by_three_convolutions_agree_with_burn(case in wide_case(), seed in 1u64..1000) {
        case.agrees(seed);
    }

    #[test]
    fn narrow_convolutions_agree_with_burn(case in narrow_case(), seed in 1u64..1000) {
        case.agrees(seed);
    }

    #[test]
    fn wide_convolutions_of_stride_two_agree_with_burn(case in wide_case_of_stride_two(), seed in 1u64..1000) {
        case.agrees(seed);
    }
}

/// More images than a task takes, and a last task that is not full.
#[test]
fn several_tasks_agree_with_burn() {
    let pointwise = Case {
        x: [67, 20, 8, 8],
        weight: [24, 20, 1, 1],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
        bias: true,
        view: false,
    };
    let three = Case { weight: [24, 20, 3, 3], padding: [1, 1], ..pointwise.clone() };
    let strided = Case { stride: [2, 2], ..three.clone() };
    // Sums of more than 512 products, over channels and, for the gradient of the weights, over pixels.
    let deep = Case { x: [3, 80, 9, 31], weight: [40, 80, 4, 2], stride: [1, 2], ..pointwise.clone() };
    let large = Case { x: [2, 16, 27, 29], weight: [16, 16, 5, 5], ..three.clone() };
    let narrow = Case { x: [67, 3, 16, 16], weight: [24, 3, 3, 3], ..three.clone() };
    let tiled = Case { x: [37, 40, 15, 16], weight: [24, 40, 3, 3], ..strided.clone() };
    let cases = [pointwise, three, strided, deep, large, narrow, tiled];
    cases.iter().zip(1..).for_each(|(case, seed)| case.agrees(seed));
}

/// The first layer of a network: its input has no gradient.
#[test]
fn gradients_that_are_not_wanted_change_no_other() {
    let leaf = |shape: [usize; 4], seed| {
        let size = shape.iter().product();
        let values = TensorData::new(noise(size, seed), shape);
        Tensor::<4>::from_data(values, &Device::flex().autodiff())
    };
    for (channels, stride) in [(3, 1), (20, 1), (20, 2), (130, 2)] {
        let options = || ConvOptions::new([stride; 2], [1, 1], [1, 1], 1);
        let gradients = |track: [bool; 2]| {
            let [x, weight] = [leaf([67, channels, 8, 8], 1), leaf([24, channels, 3, 3], 2)];
            let x = if track[0] { x.require_grad() } else { x };
            let weight = if track[1] { weight.require_grad() } else { weight };
            let y = mixup_kernels::conv2d(x.clone(), weight.clone(), None, options());
            let grads = y.square().sum().backward();
            [x, weight]
                .map(|leaf| leaf.grad(&grads).map(|grad| grad.into_data().try_to_vec::<f32>().unwrap()))
        };
        let [dx, dw] = gradients([true, true]);
        assert!(dx.is_some() && dw.is_some());
        assert_eq!(gradients([false, true]), [None, dw], "{channels} channels, stride {stride}");
        assert_eq!(gradients([true, false]), [dx, None], "{channels} channels, stride {stride}");
    }
}
