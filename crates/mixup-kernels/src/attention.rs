//! Multi-head self-attention.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation};

use crate::extension::{BackwardPass, Pass, apply, fusible, tensor, values};
use crate::gemm::{Matrix, Write, gemm};
use crate::parallel::{in_pieces, in_pieces2, with_buffers};
use crate::simd::{exp, max, simd, sum, sum2};

/// `softmax(Q K^T / sqrt(d)) V` for each head (Vaswani et al. 2017, eq. 1), heads side by side.
///
/// # Shapes
/// - `qkv`: `[batch, tokens, 3 * dim]`: queries, keys and values, each `[heads, d]` with `dim = heads d`
/// - returns `[batch, tokens, dim]`
///
/// # Panics
/// Features that are not 3 times a multiple of `heads`.
pub fn self_attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    self_attention_with_weights(qkv, heads).0
}

/// [`self_attention`], and by which weights it took the mean of the values. The weights have no gradient.
///
/// # Shapes
/// - `qkv`: as of [`self_attention`]
/// - returns `[batch, tokens, dim]` and weights `[batch, heads, queries, keys]`, which sum to 1 over the keys
///
/// # Panics
/// As [`self_attention`].
pub fn self_attention_with_weights(qkv: Tensor<3>, heads: usize) -> (Tensor<3>, Tensor<4>) {
    let [batch, tokens, features] = qkv.dims();
    assert!(heads > 0 && features.is_multiple_of(3 * heads), "{features} features for {heads} heads");
    let sizes = Sizes { batch, tokens, heads, depth: features / (3 * heads) };
    if !fusible(&qkv) || batch * tokens * features == 0 {
        return sizes.composed(qkv);
    }
    let mut outputs = apply(vec![qkv.into_dispatch()], move |inputs| sizes.pass(inputs)).into_iter();
    let mut next = || outputs.next().expect("a pass gives the result and the weights");
    (Tensor::from_dispatch(next()), Tensor::from_dispatch(next()))
}

#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    tokens: usize,
    heads: usize,
    /// Features of a head.
    depth: usize,
}

impl Sizes {
    fn dim(self) -> usize {
        self.heads * self.depth
    }

    /// Values of a sample's input.
    fn input(self) -> usize {
        3 * self.output()
    }

    fn output(self) -> usize {
        self.tokens * self.dim()
    }

    /// Attention weights of a sample.
    fn weights(self) -> usize {
        self.heads * self.tokens * self.tokens
    }

    fn scale(self) -> f32 {
        1.0 / (self.depth as f32).sqrt()
    }

    fn pass(self, mut inputs: Vec<FlexTensor>) -> Pass {
        let Self { batch, tokens, heads, .. } = self;
        let qkv = inputs.swap_remove(0);
        let (y, weights) = in_pieces2(
            (batch * self.output(), self.output()),
            (batch * self.weights(), self.weights()),
            |sample, y, weights| {
                self.forward(&values(&qkv)[sample * self.input()..], y, weights);
            },
        );
        let weights = tensor(weights, [batch, heads, tokens, tokens]);
        let saved = weights.clone();
        let backward = BackwardPass::new(move |dy, _| {
            let (qkv, dy, weights) = (values(&qkv), values(&dy), values(&saved));
            let gradient = in_pieces(batch * self.input(), self.input(), |sample, gradient| {
                self.backward(
                    &qkv[sample * self.input()..],
                    &weights[sample * self.weights()..],
                    &dy[sample * self.output()..],
                    gradient,
                );
            });
            vec![Some(tensor(gradient, [batch, tokens, 3 * self.dim()]))]
        });
        Pass { outputs: vec![tensor(y, [batch, tokens, self.dim()]), weights], backward }
    }

    fn composed(self, qkv: Tensor<3>) -> (Tensor<3>, Tensor<4>) {
        let Self { batch, tokens, heads, depth } = self;
        let part = |index: usize| {
            let part = qkv.clone().slice_dim(2, index * self.dim()..(index + 1) * self.dim());
            part.reshape([batch, tokens, heads, depth]).swap_dims(1, 2)
        };
        let scores = part(0).matmul(part(1).swap_dims(2, 3)) / (depth as f64).sqrt();
        let weights = activation::softmax(scores, 3);
        let out = weights.clone().matmul(part(2));
        (out.swap_dims(1, 2).reshape([batch, tokens, self.dim()]), weights.detach())
    }

    /// Queries (0), keys (1) or values (2) of a head, `[tokens, depth]`.
    fn part<'a>(self, qkv: &'a [f32], part: usize, head: usize) -> Matrix<'a> {
        Matrix {
            values: &qkv[part * self.dim() + head * self.depth..],
            rows: self.tokens,
            cols: self.depth,
            row_stride: 3 * self.dim(),
            col_stride: 1,
        }
    }

    fn forward(self, qkv: &[f32], y: &mut [f32], weights: &mut [f32]) {
        let tokens = self.tokens;
        with_buffers([tokens * self.depth], |[out]| {
            for (head, weights) in weights.chunks_exact_mut(tokens * tokens).enumerate() {
                gemm(weights, Write::Replace, self.part(qkv, 0, head), self.part(qkv, 1, head).t());
                softmax_rows(weights, tokens, self.scale());
                gemm(out, Write::Replace, Matrix::new(weights, tokens, tokens), self.part(qkv, 2, head));
                self.place(out, y, self.dim(), head * self.depth);
            }
        });
    }

    fn backward(self, qkv: &[f32], weights: &[f32], dy: &[f32], gradient: &mut [f32]) {
        let (tokens, dim) = (self.tokens, self.dim());
        with_buffers([tokens * tokens, tokens * self.depth], |[ds, part]| {
            for head in 0..self.heads {
                let weights = &weights[head * tokens * tokens..][..tokens * tokens];
                let dy = Matrix {
                    values: &dy[head * self.depth..],
                    rows: tokens,
                    cols: self.depth,
                    row_stride: dim,
                    col_stride: 1,
                };
                gemm(ds, Write::Replace, dy, self.part(qkv, 2, head).t());
                softmax_gradient(weights, ds, tokens, self.scale());
                let (p, ds) = (Matrix::new(weights, tokens, tokens), Matrix::new(ds, tokens, tokens));
                let products =
                    [(ds, self.part(qkv, 1, head)), (ds.t(), self.part(qkv, 0, head)), (p.t(), dy)];
                for (index, (left, right)) in products.into_iter().enumerate() {
                    gemm(part, Write::Replace, left, right);
                    self.place(part, gradient, 3 * dim, index * dim + head * self.depth);
                }
            }
        });
    }

    /// Copies `[tokens, depth]` into the columns of a wider matrix.
    fn place(self, from: &[f32], to: &mut [f32], width: usize, first: usize) {
        for (from, to) in from.chunks_exact(self.depth).zip(to.chunks_mut(width)) {
            to[first..first + self.depth].copy_from_slice(from);
        }
    }
}

fn softmax_rows(scores: &mut [f32], columns: usize, scale: f32) {
    simd(
        #[inline(always)]
        || {
            for row in scores.chunks_exact_mut(columns) {
                let top = max(row);
                row.iter_mut().for_each(|v| *v = exp((*v - top) * scale));
                let norm = 1.0 / sum(row, |v| v);
                row.iter_mut().for_each(|v| *v *= norm);
            }
        },
    );
}

/// From the gradient of the weights to that of the unscaled scores: `p (dp - sum(p dp)) scale`.
fn softmax_gradient(weights: &[f32], gradient: &mut [f32], columns: usize, scale: f32) {
    simd(
        #[inline(always)]
        || {
            for (p, dp) in weights.chunks_exact(columns).zip(gradient.chunks_exact_mut(columns)) {
                let mean = sum2(p, dp, |p, dp| p * dp);
                dp.iter_mut().zip(p).for_each(|(dp, p)| *dp = p * (*dp - mean) * scale);
            }
        },
    );
}
