//! Results do not depend on the number of threads, to the bit.

use crate::common::values_and_gradients;
use burn::tensor::{Tensor, ops::ConvOptions};
use mixup_kernels::{Activation, GruWeights, Then};

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let size = tensor.shape().num_elements();
    tensor.reshape([size])
}

type Operation = fn(Vec<Tensor<1>>) -> Tensor<1>;

/// Bits of value and gradients with this many threads.
fn bits(threads: usize, sizes: &[usize], operation: Operation) -> Vec<u32> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (value, gradients) = pool.install(|| values_and_gradients(sizes, 5, operation));
    value.into_iter().chain(gradients.into_iter().flatten()).map(f32::to_bits).collect()
}

fn convolution(inputs: Vec<Tensor<1>>, kernel: usize, stride: usize) -> Tensor<1> {
    let x = inputs[0].clone().reshape([23, 16, 16, 16]);
    let weight = inputs[1].clone().reshape([24, 16, kernel, kernel]);
    let options = ConvOptions::new([stride; 2], [kernel / 2; 2], [1, 1], 1);
    flat(mixup_kernels::conv2d(x, weight, Some(inputs[2].clone()), options))
}

fn few_tiles(inputs: Vec<Tensor<1>>, batch: usize) -> Tensor<1> {
    let x = inputs[0].clone().reshape([batch, 64, 4, 4]);
    let weight = inputs[1].clone().reshape([48, 64, 3, 3]);
    flat(mixup_kernels::conv2d(x, weight, None, ConvOptions::new([1; 2], [1; 2], [1, 1], 1)))
}

fn other(inputs: Vec<Tensor<1>>, x: [usize; 4], outputs: usize, stride: usize) -> Tensor<1> {
    let weight = inputs[1].clone().reshape([outputs, x[1], 3, 3]);
    let options = ConvOptions::new([stride; 2], [1; 2], [1, 1], 1);
    flat(mixup_kernels::conv2d(inputs[0].clone().reshape(x), weight, None, options))
}

#[test]
fn every_operation_gives_the_same_bits_on_any_number_of_threads() {
    let image = 23 * 16 * 16 * 16;
    let cases: [(&str, Vec<usize>, Operation); 14] = [
        ("few channels", vec![23 * 3 * 16 * 16, 24 * 3 * 9], |i| other(i, [23, 3, 16, 16], 24, 1)),
        ("stride two", vec![23 * 48 * 14 * 14, 24 * 48 * 9], |i| other(i, [23, 48, 14, 14], 24, 2)),
        ("stride two, deep", vec![64 * 128 * 8 * 8, 40 * 128 * 9], |i| other(i, [64, 128, 8, 8], 40, 2)),
        ("winograd of one task", vec![64 * 64 * 16, 48 * 64 * 9], |i| few_tiles(i, 64)),
        ("winograd with a small last task", vec![65 * 64 * 16, 48 * 64 * 9], |i| few_tiles(i, 65)),
        ("winograd", vec![image, 24 * 16 * 9, 24], |i| convolution(i, 3, 1)),
        ("im2col", vec![image, 24 * 16 * 25, 24], |i| convolution(i, 5, 2)),
        ("pointwise", vec![image, 24 * 16, 24], |i| convolution(i, 1, 1)),
        ("batch norm", vec![image, 16, 16, image], |i| {
            let shape = [23, 16, 16, 16];
            let then = Then { add: Some(i[3].clone().reshape(shape)), relu: true };
            flat(
                mixup_kernels::batch_norm(
                    i[0].clone().reshape(shape),
                    i[1].clone(),
                    i[2].clone(),
                    1e-5,
                    then,
                )
                .y,
            )
        }),
        ("linear", vec![700 * 200, 200 * 90, 90], |i| {
            let (x, w) = (i[0].clone().reshape([700, 200]), i[1].clone().reshape([200, 90]));
            flat(mixup_kernels::linear(x, w, i[2].clone(), Activation::Relu))
        }),
        ("layer norm", vec![700 * 64, 64, 64], |i| {
            flat(mixup_kernels::layer_norm(i[0].clone().reshape([700, 64]), i[1].clone(), i[2].clone(), 1e-5))
        }),
        ("attention", vec![9 * 20 * 96], |i| {
            flat(mixup_kernels::self_attention(i[0].clone().reshape([9, 20, 96]), 4))
        }),
        ("max pool", vec![image], |i| {
            flat(mixup_kernels::max_pool2d(i[0].clone().reshape([23, 16, 16, 16]), 2))
        }),
        ("gru", vec![200 * 5 * 7, 7 * 36, 36, 12 * 36, 36], |i| {
            let weights = GruWeights {
                input: i[1].clone().reshape([7, 36]),
                input_bias: i[2].clone(),
                recurrent: i[3].clone().reshape([12, 36]),
                recurrent_bias: i[4].clone(),
            };
            flat(mixup_kernels::gru(i[0].clone().reshape([200, 5, 7]), weights))
        }),
    ];
    for (name, sizes, operation) in cases {
        let alone = bits(1, &sizes, operation);
        for threads in [2, 3, 7] {
            assert!(bits(threads, &sizes, operation) == alone, "{name} on {threads} threads");
        }
    }
}
