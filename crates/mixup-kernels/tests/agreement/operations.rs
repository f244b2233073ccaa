//! Every other fused operation against its composition of burn's own, values and gradients.

use crate::common::{assert_agree, assert_close, assert_same, noise};
use burn::tensor::activation::{self, log_softmax, sigmoid, softmax, tanh};
use burn::tensor::{DType, Device, Tensor, TensorData, module, ops::MaxPoolOptions};
use mixup_kernels::{Activation, AdamStep, GruWeights, SgdStep, Then};
use proptest::prelude::*;

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let size = tensor.shape().num_elements();
    tensor.reshape([size])
}

fn take(inputs: &mut Vec<Tensor<1>>) -> Tensor<1> {
    inputs.remove(0)
}

fn composed_batch_norm(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, then: Then) -> Tensor<4> {
    let channels = gamma.dims()[0];
    let mean = x.clone().mean_dims(&[0, 2, 3]);
    let variance = (x.clone() - mean.clone()).square().mean_dims(&[0, 2, 3]);
    let per_channel = |v: Tensor<1>| v.reshape([1, channels, 1, 1]);
    let y = (x - mean) / (variance + 1e-5).sqrt() * per_channel(gamma) + per_channel(beta);
    let y = then.add.map_or(y.clone(), |add| y + add);
    if then.relu { activation::relu(y) } else { y }
}

fn composed_gru(x: Tensor<3>, w: GruWeights) -> Tensor<2> {
    let [batch, steps, inputs] = x.dims();
    let hidden = w.recurrent.dims()[0];
    let mut state = Tensor::zeros([batch, hidden], &x.device());
    for step in 0..steps {
        let x = x.clone().slice_dim(1, step..step + 1).reshape([batch, inputs]);
        let a = x.matmul(w.input.clone()) + w.input_bias.clone().unsqueeze();
        let b = state.clone().matmul(w.recurrent.clone()) + w.recurrent_bias.clone().unsqueeze();
        let part = |t: &Tensor<2>, i: usize| t.clone().slice_dim(1, i * hidden..(i + 1) * hidden);
        let r = sigmoid(part(&a, 0) + part(&b, 0));
        let z = sigmoid(part(&a, 1) + part(&b, 1));
        let n = tanh(part(&a, 2) + r * part(&b, 2));
        state = (n.clone() * (-z.clone() + 1.0)) + z * state;
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batch_norm(
        (batch, channels) in (1usize..=6, 1usize..=5),
        size in [1usize..=7, 1usize..=7],
        (add, relu, view) in any::<(bool, bool, bool)>(),
        seed in 1u64..1000,
    ) {
        let shape = [batch, channels, size[0], size[1]];
        let n: usize = shape.iter().product();
        prop_assume!(batch * size[0] * size[1] > 3);
        let run = |fused: bool| move |mut inputs: Vec<Tensor<1>>| {
            let x = take(&mut inputs);
            let x = if view {
                x.reshape([channels, batch, size[0], size[1]]).swap_dims(0, 1)
            } else {
                x.reshape(shape)
            };
            let (gamma, beta) = (take(&mut inputs), take(&mut inputs));
            let then = Then { add: add.then(|| take(&mut inputs).reshape(shape)), relu };
            flat(if fused {
                mixup_kernels::batch_norm(x, gamma, beta, 1e-5, then).y
            } else {
                composed_batch_norm(x, gamma, beta, then)
            })
        };
        let mut sizes = vec![n, channels, channels];
        sizes.extend(add.then_some(n));
        assert_agree(&sizes, seed, run(true), run(false));
    }

    #[test]
    fn linear(
        (rows, inputs, outputs) in (1usize..=600, 1usize..=40, 1usize..=40),
        kind in 0usize..3,
        seed in 1u64..1000,
    ) {
        let kind = [Activation::Identity, Activation::Relu, Activation::LeakyRelu(0.1)][kind];
        let run = |fused: bool| move |mut i: Vec<Tensor<1>>| {
            let x = take(&mut i).reshape([rows, inputs]);
            let (w, b) = (take(&mut i).reshape([inputs, outputs]), take(&mut i));
            if fused {
                return flat(mixup_kernels::linear(x, w, b, kind));
            }
            let y: Tensor<2> = x.matmul(w) + b.unsqueeze();
            flat(match kind {
                Activation::Identity => y,
                Activation::Relu => activation::relu(y),
                Activation::LeakyRelu(slope) => activation::leaky_relu(y, slope),
            })
        };
        assert_agree(&[rows * inputs, inputs * outputs, outputs], seed, run(true), run(false));
    }

    #[test]
    fn mean_squared_error((rows, columns) in (1usize..=600, 1usize..=40), seed in 1u64..1000) {
        let run = |fused: bool| move |mut i: Vec<Tensor<1>>| {
            let [prediction, target] = [take(&mut i), take(&mut i)].map(|x| x.reshape([rows, columns]));
            if fused {
                return mixup_kernels::mean_squared_error(prediction, target);
            }
            let difference: Tensor<2> = prediction - target;
            difference.square().mean()
        };
        assert_same(&[rows * columns; 2], seed, run(true), run(false));
    }

    #[test]
    fn layer_norm((rows, features) in (1usize..=600, 2usize..=70), seed in 1u64..1000) {
        let run = |fused: bool| move |mut i: Vec<Tensor<1>>| {
            let x = take(&mut i).reshape([rows, features]);
            let (gamma, beta) = (take(&mut i), take(&mut i));
            if fused {
                return flat(mixup_kernels::layer_norm(x, gamma, beta, 1e-2));
            }
            let mean = x.clone().mean_dim(1);
            let variance = (x.clone() - mean.clone()).square().mean_dim(1);
            let y: Tensor<2> = (x - mean) / (variance + 1e-2).sqrt() * gamma.unsqueeze() + beta.unsqueeze();
            flat(y)
        };
        assert_agree(&[rows * features, features, features], seed, run(true), run(false));
    }

    #[test]
    fn attention(
        (batch, tokens, heads, depth) in (1usize..=3, 1usize..=20, 1usize..=3, 1usize..=9),
        seed in 1u64..1000,
    ) {
        let dim = heads * depth;
        let run = |fused: bool| move |mut i: Vec<Tensor<1>>| {
            let qkv = take(&mut i).reshape([batch, tokens, 3 * dim]);
            if fused {
                return flat(mixup_kernels::self_attention(qkv, heads));
            }
            let part = |p: usize| {
                let part = qkv.clone().slice_dim(2, p * dim..(p + 1) * dim);
                part.reshape([batch, tokens, heads, depth]).swap_dims(1, 2)
            };
            let scores = part(0).matmul(part(1).swap_dims(2, 3)) / (depth as f32).sqrt();
            flat(softmax(scores, 3).matmul(part(2)).swap_dims(1, 2))
        };
        assert_agree(&[batch * tokens * 3 * dim], seed, run(true), run(false));
    }

    #[test]
    fn soft_cross_entropy((batch, classes) in (1usize..=40, 1usize..=40), seed in 1u64..1000) {
        let run = |fused: bool| move |mut i: Vec<Tensor<1>>| {
            let logits = take(&mut i).reshape([batch, classes]) * 5.0;
            let targets = take(&mut i).reshape([batch, classes]);
            if fused {
                mixup_kernels::soft_cross_entropy(logits, targets)
            } else {
                (targets * log_softmax(logits, 1)).sum_dim(1).mean().neg()
            }
        };
        assert_agree(&[batch * classes, batch * classes], seed, run(true), run(false));
    }

    #[test]
    fn pooling(
        (batch, channels, height, width, size) in (1usize..=3, 1usize..=3, 3usize..=9, 3usize..=9, 1usize..=3),
        seed in 1u64..1000,
    ) {
        let shape = [batch, channels, height, width];
        let n: usize = shape.iter().product();
        assert_agree(
            &[n],
            seed,
            |mut i| flat(mixup_kernels::max_pool2d(take(&mut i).reshape(shape), size)),
            |mut i| flat(module::max_pool2d(take(&mut i).reshape(shape), MaxPoolOptions::new([size, size]))),
        );
        assert_agree(
            &[n],
            seed,
            |mut i| flat(mixup_kernels::global_average_pool(take(&mut i).reshape(shape))),
            |mut i| flat(take(&mut i).reshape(shape).mean_dims(&[2, 3])),
        );
    }

    #[test]
    fn activations(size in 1usize..=200, seed in 1u64..1000) {
        let wide = |mut i: Vec<Tensor<1>>| take(&mut i) * 4.0;
        assert_agree(&[size], seed, |i| mixup_kernels::relu(wide(i)), |i| activation::relu(wide(i)));
        assert_agree(&[size], seed, |i| mixup_kernels::gelu(wide(i)), |i| activation::gelu(wide(i)));
    }

    #[test]
    fn gru((batch, steps, inputs, hidden) in (1usize..=70, 1usize..=6, 1usize..=6, 1usize..=20), seed in 1u64..1000) {
        let run = |fused: bool| move |mut i: Vec<Tensor<1>>| {
            let x = take(&mut i).reshape([batch, steps, inputs]);
            let weights = GruWeights {
                input: take(&mut i).reshape([inputs, 3 * hidden]),
                input_bias: take(&mut i),
                recurrent: take(&mut i).reshape([hidden, 3 * hidden]),
                recurrent_bias: take(&mut i),
            };
            flat(if fused { mixup_kernels::gru(x, weights) } else { composed_gru(x, weights) })
        };
        let gates = 3 * hidden;
        assert_agree(&[batch * steps * inputs, inputs * gates, gates, hidden * gates, gates], seed, run(true), run(false));
    }
}

fn plain(size: usize, seed: u64, dtype: DType) -> Tensor<1> {
    Tensor::from_data(TensorData::new(noise(size, seed), [size]), (&Device::flex(), dtype))
}

fn host(tensor: Tensor<1>) -> Vec<f32> {
    tensor.cast(DType::F32).into_data().try_to_vec().unwrap()
}

/// The fused steps against the composed ones, which f64 takes.
#[test]
fn optimiser_steps_agree_with_double_precision() {
    // A task, and more than one.
    for size in [37, 70_000] {
        steps_agree(size);
    }
}

fn steps_agree(size: usize) {
    let adam = |dtype| {
        let mut parameter = plain(size, 1, dtype);
        let mut moments = [parameter.zeros_like(), parameter.zeros_like()];
        for step in 1..=5 {
            let constants = AdamStep { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step };
            (parameter, moments) =
                mixup_kernels::adam(parameter, plain(size, 10 + step as u64, dtype), moments, constants);
        }
        host(parameter)
    };
    assert_close("adam", &adam(DType::F32), &adam(DType::F64));
    for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true)] {
        let sgd = |dtype| {
            let (mut parameter, mut velocity) = (plain(size, 1, dtype), None);
            for step in 1..=5 {
                let constants = SgdStep { lr: 0.1, momentum, weight_decay: 0.01, nesterov };
                (parameter, velocity) =
                    mixup_kernels::sgd(parameter, plain(size, 10 + step, dtype), velocity, constants);
            }
            assert_eq!(velocity.is_some(), momentum != 0.0);
            host(parameter)
        };
        assert_close("sgd", &sgd(DType::F32), &sgd(DType::F64));
    }
}

#[test]
fn batch_norm_reports_its_statistics_and_can_use_given_ones() {
    let shape = [3, 2, 4, 5];
    let x = plain(120, 3, DType::F32).reshape(shape);
    let (gamma, beta) = (plain(2, 4, DType::F32), plain(2, 5, DType::F32));
    let normalized = mixup_kernels::batch_norm(x.clone(), gamma.clone(), beta.clone(), 1e-5, Then::default());
    let mean = x.clone().mean_dims(&[0, 2, 3]);
    let variance = (x.clone() - mean.clone()).square().mean_dims(&[0, 2, 3]);
    assert_close("mean", &host(normalized.mean.clone()), &host(flat(mean)));
    assert_close("variance", &host(normalized.variance.clone()), &host(flat(variance)));
    let then = Then { add: Some(x.clone()), relu: true };
    let again = mixup_kernels::batch_norm_with(
        x.clone(),
        (gamma, beta),
        (normalized.mean, normalized.variance),
        1e-5,
        then,
    );
    assert_close("given", &host(flat(again)), &host(flat(activation::relu(normalized.y + x))));
}

/// In f64 nothing passes through f32: two tokens of depth 3, whose root is not exact in either.
#[test]
fn attention_in_double_precision_is_as_exact_as_that() {
    let qkv =
        [[0.3, -0.7, 1.1, 0.9, 0.2, -0.4, 1.0, 2.0, 3.0], [-0.5, 0.6, 0.8, -1.2, 0.7, 0.1, -3.0, 0.5, 4.0]];
    let tensor = Tensor::<2>::from_data(TensorData::from(qkv), (&Device::flex(), DType::F64));
    let y = mixup_kernels::self_attention(tensor.unsqueeze(), 1).into_data().try_to_vec::<f64>().unwrap();
    let score = |q: usize, k: usize| (0..3).map(|d| qkv[q][d] * qkv[k][3 + d]).sum::<f64>() / 3f64.sqrt();
    for (q, y) in y.chunks(3).enumerate() {
        let weights = [score(q, 0).exp(), score(q, 1).exp()];
        for (d, y) in y.iter().enumerate() {
            let expected =
                (weights[0] * qkv[0][6 + d] + weights[1] * qkv[1][6 + d]) / (weights[0] + weights[1]);
            assert!((y - expected).abs() < 1e-14, "{y} instead of {expected}");
        }
    }
}

#[test]
fn attention_tells_its_weights() {
    let qkv = |options: (&Device, DType)| {
        let values = noise(2 * 5 * 3 * 6, 3).into_iter().map(|v| f64::from(3.0 * v)).collect::<Vec<_>>();
        Tensor::<3>::from_data(TensorData::new(values, [2, 5, 18]), options)
    };
    let tracked = Device::flex().autodiff();
    let (_, fused) =
        mixup_kernels::self_attention_with_weights(qkv((&tracked, DType::F32)).require_grad(), 2);
    assert_eq!(fused.dims(), [2, 2, 5, 5]);
    let (_, composed) = mixup_kernels::self_attention_with_weights(qkv((&Device::flex(), DType::F64)), 2);
    let host = |weights: Tensor<4>| weights.into_data().iter::<f32>().collect::<Vec<_>>();
    assert_close("weights", &host(fused.inner()), &host(composed));
}
