//! Linear layers with bias and activation.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation};

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};
use crate::gemm::{Matrix, Write, gemm, product};
use crate::parallel::{in_fresh_pieces, in_pieces, with_buffers};
use crate::simd::simd;

/// The most rows of a task.
const ROWS: usize = 256;
/// The most where there are many weights, which the `gemm` crate arranges anew for each task.
const ROWS_OF_MANY: usize = 1024;
/// Rows that are few beside the weights.
const FEW_ROWS: usize = 32;
/// Products that the `gemm` crate puts in one sum, whatever the other sizes.
const LONGEST_SUM: usize = 256;
/// The most rows and columns of a product that the `gemm` crate cuts in other sums than larger ones.
const SMALL: usize = 64;

/// What follows a linear layer in the same operation. Its gradient is read off its result, so a slope
/// must be positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `x`, or `slope x` where `x` is negative; `0 < slope < 1`.
    LeakyRelu(f64),
}

impl Activation {
    /// Slope for negative values, as the fused operation rounds it.
    fn slope(self) -> f32 {
        match self {
            Self::Identity => 1.0,
            Self::Relu => 0.0,
            Self::LeakyRelu(slope) => slope as f32,
        }
    }

    fn composed(self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Identity => x,
            Self::Relu => activation::relu(x),
            Self::LeakyRelu(slope) => activation::leaky_relu(x, slope),
        }
    }
}

/// `activation(x weight + bias)`.
///
/// # Shapes
/// - `x`: `[rows, inputs]`
/// - `weight`: `[inputs, outputs]`
/// - `bias`: `[outputs]`
/// - returns `[rows, outputs]`
///
/// # Panics
/// Where burn's operations do: shapes that do not agree.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
    let ([rows, inputs], [depth, outputs]) = (x.dims(), weight.dims());
    let agree = inputs == depth && bias.dims() == [outputs] && rows * inputs * outputs > 0;
    let suits = activation.slope() >= 0.0 && fusible(&x) && fusible(&weight) && fusible(&bias);
    if !(agree && suits) {
        return activation.composed(x.matmul(weight) + bias.unsqueeze());
    }
    let sizes = Sizes { rows, inputs, outputs, slope: activation.slope() };
    apply_to_one(vec![x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()], move |inputs| {
        sizes.pass(inputs)
    })
}

#[derive(Clone, Copy)]
struct Sizes {
    rows: usize,
    inputs: usize,
    outputs: usize,
    slope: f32,
}

impl Sizes {
    /// Rows of a task; with many weights as many in each, of an even number of tasks. Does not depend on the number of threads.
    fn of_task(self) -> usize {
        let tasks = self.rows.div_ceil(ROWS_OF_MANY);
        match self.inputs.min(self.outputs) {
            128.. if tasks > 1 => self.rows.div_ceil(tasks.next_multiple_of(2)),
            _ => ROWS,
        }
    }

    fn pass(self, inputs: Vec<FlexTensor>) -> Pass {
        let [x, weight] = [inputs[0].clone(), inputs[1].clone()];
        let y =
            tensor(self.forward(values(&x), values(&weight), values(&inputs[2])), [self.rows, self.outputs]);
        let saved = y.clone();
        let backward = BackwardPass::new(move |dy, wanted| {
            let passed;
            let dy = if self.slope == 1.0 {
                values(&dy)
            } else {
                passed = self.through_activation(values(&saved), values(&dy));
                &passed
            };
            vec![
                wanted[0].then(|| tensor(self.input_gradient(values(&weight), dy), [self.rows, self.inputs])),
                wanted[1].then(|| tensor(self.weight_gradient(values(&x), dy), [self.inputs, self.outputs])),
                wanted[2].then(|| tensor(column_sums(dy, self.outputs), [self.outputs])),
            ]
        });
        Pass { outputs: vec![y], backward }
    }

    fn forward(self, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let Self { inputs, outputs, slope, .. } = self;
        in_fresh_pieces(self.rows * outputs, self.of_task() * outputs, |piece, y| {
            let x = Matrix::new(&x[piece * self.of_task() * inputs..], y.len() / outputs, inputs);
            // Where it is added to one sum, it makes no difference on which side: then no pass is needed for it alone. Two
            // products, or those of one row or one column, are added one by one.
            let first = (3..=LONGEST_SUM).contains(&inputs) && outputs > 1 && y.len() > outputs;
            let weight = Matrix::new(weight, inputs, outputs);
            let y = if first {
                let y = y.repeated(bias);
                gemm(y, Write::Add, x, weight);
                y
            } else {
                product(y, x, weight)
            };
            if !first || slope != 1.0 {
                simd(
                    #[inline(always)]
                    || {
                        for row in y.chunks_exact_mut(outputs) {
                            for (y, bias) in row.iter_mut().zip(bias) {
                                let z = if first { *y } else { *y + bias };
                                *y = if z < 0.0 { slope * z } else { z };
                            }
                        }
                    },
                );
            }
            y
        })
    }

    fn through_activation(self, y: &[f32], dy: &[f32]) -> Vec<f32> {
        in_pieces(dy.len(), self.of_task() * self.outputs, |piece, out| {
            let start = piece * self.of_task() * self.outputs;
            simd(
                #[inline(always)]
                || {
                    for ((out, dy), y) in out.iter_mut().zip(&dy[start..]).zip(&y[start..]) {
                        *out = if *y > 0.0 { *dy } else { self.slope * dy };
                    }
                },
            );
        })
    }

    fn input_gradient(self, weight: &[f32], dy: &[f32]) -> Vec<f32> {
        if self.rows <= FEW_ROWS && self.outputs <= LONGEST_SUM {
            return self.input_gradient_of_few(weight, dy);
        }
        // Each task arranges the weights: as few as there may be for the bits.
        let rows = if self.inputs > SMALL { few_pieces(self.rows, ROWS) } else { self.of_task() };
        in_fresh_pieces(self.rows * self.inputs, rows * self.inputs, |piece, dx| {
            let dy = &dy[piece * rows * self.outputs..];
            let dy = Matrix::new(dy, dx.len() / self.inputs, self.outputs);
            product(dx, dy, Matrix::new(weight, self.inputs, self.outputs).t())
        })
    }

    /// Turned, `weight dy^T`: the `gemm` crate arranges the left one of two matrices whose sums run along its rows, and here that
    /// is the small one. The sums are the same to the bit.
    fn input_gradient_of_few(self, weight: &[f32], dy: &[f32]) -> Vec<f32> {
        let Self { rows, inputs, outputs, .. } = self;
        with_buffers([inputs * rows], |[turned]| {
            let dy = Matrix::new(dy, rows, outputs);
            gemm(turned, Write::Replace, Matrix::new(weight, inputs, outputs), dy.t());
            in_pieces(rows * inputs, rows * inputs, |_, dx| {
                for (row, dx) in dx.chunks_exact_mut(inputs).enumerate() {
                    for (dx, of_rows) in dx.iter_mut().zip(turned.chunks_exact(rows)) {
                        *dx = of_rows[row];
                    }
                }
            })
        })
    }

    fn weight_gradient(self, x: &[f32], dy: &[f32]) -> Vec<f32> {
        // Cut by inputs, not by rows: no sums to put together. Each task arranges the gradients: as few as there may be for
        // the bits.
        let inputs = match self.rows * self.inputs * self.outputs > 1 << 20 {
            true if self.outputs > SMALL => few_pieces(self.inputs, 32),
            true => SMALL,
            false => self.inputs,
        };
        in_fresh_pieces(self.inputs * self.outputs, inputs * self.outputs, |piece, dw| {
            let x = Matrix {
                values: &x[piece * inputs..],
                rows: self.rows,
                cols: dw.len() / self.outputs,
                row_stride: self.inputs,
                col_stride: 1,
            };
            product(dw, x.t(), Matrix::new(dy, self.rows, self.outputs))
        })
    }
}

/// Size of as few even pieces as let all threads end together, of at least about `least`: for what is the same to the bit in
/// any number of them.
fn few_pieces(all: usize, least: usize) -> usize {
    let enough = match rayon::current_num_threads() {
        1 => 1,
        // No more, or the last piece could be much smaller than the others.
        threads => (2 * threads).min(16),
    };
    all.div_ceil(enough.min(all / least).max(1))
}

/// Sum over rows, in their order.
pub(crate) fn column_sums(dy: &[f32], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    simd(
        #[inline(always)]
        || {
            for row in dy.chunks_exact(columns) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        },
    );
    sums
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn noise(seed: usize, count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
    }

    #[test]
    fn however_it_is_cut_the_bits_are_the_same() {
        let pools =
            [1, 2, 3].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
        for (rows, inputs, outputs) in [
            (1, 70, 70),
            (257, 65, 66),
            (515, 64, 65),
            (770, 129, 64),
            (1100, 33, 90),
            (1030, 128, 1),
            (700, 1, 128),
            (600, 130, 130),
            (520, 2, 600),
        ] {
            let sizes = Sizes { rows, inputs, outputs, slope: 1.0 };
            let (x, weight) = (noise(1, rows * inputs), noise(2, inputs * outputs));
            let (bias, dy) = (noise(3, outputs), noise(4, rows * outputs));
            let [one, two, three] = pools.each_ref().map(|pool| {
                pool.install(|| {
                    [
                        sizes.forward(&x, &weight, &bias),
                        sizes.input_gradient(&weight, &dy),
                        sizes.weight_gradient(&x, &dy),
                    ]
                })
            });
            assert!(one == two && two == three, "{rows} {inputs} {outputs}");
            // The bias is what a sum is added to, or is added to it.
            let mut y = vec![0.0; rows * outputs];
            let task = sizes.of_task();
            for (piece, y) in y.chunks_mut(task * outputs).enumerate() {
                let x = Matrix::new(&x[piece * task * inputs..], y.len() / outputs, inputs);
                gemm(y, Write::Replace, x, Matrix::new(&weight, inputs, outputs));
            }
            y.chunks_exact_mut(outputs).for_each(|row| row.iter_mut().zip(&bias).for_each(|(y, b)| *y += b));
            assert_eq!(one[0], y, "{rows} {inputs} {outputs}");
        }
    }

    #[test]
    fn turned_products_are_the_same_to_the_bit() {
        for (rows, inputs, outputs) in
            [(1, 1, 1), (1, 300, 7), (2, 5, 256), (16, 128, 128), (17, 33, 100), (32, 5, 128), (31, 257, 256)]
        {
            let sizes = Sizes { rows, inputs, outputs, slope: 1.0 };
            let (weight, dy) = (noise(1, inputs * outputs), noise(2, rows * outputs));
            let mut expected = vec![0.0; rows * inputs];
            let transposed = Matrix::new(&weight, inputs, outputs).t();
            gemm(&mut expected, Write::Replace, Matrix::new(&dy, rows, outputs), transposed);
            assert_eq!(sizes.input_gradient_of_few(&weight, &dy), expected, "{rows} {inputs} {outputs}");
        }
    }
}
