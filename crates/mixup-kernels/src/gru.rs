//! A gated recurrent layer over a whole sequence.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};
use crate::gemm::{Matrix, Write, gemm};
use crate::linear::column_sums;
use crate::parallel::{in_pieces, in_pieces2, sum_pieces, with_buffers};
use crate::simd;

/// Samples of a task: sequences do not depend on one another.
const SAMPLES: usize = 64;

/// Weights of a GRU, gates in the order r, z, n.
#[derive(Debug, Clone)]
pub struct GruWeights {
    /// `[inputs, 3 hidden]`
    pub input: Tensor<2>,
    /// `[3 hidden]`
    pub input_bias: Tensor<1>,
    /// `[hidden, 3 hidden]`
    pub recurrent: Tensor<2>,
    /// `[3 hidden]`
    pub recurrent_bias: Tensor<1>,
}

/// Last hidden state of PyTorch's GRU, from a start of zeros:
/// `r = s(W_ir x + W_hr h)`, `z = s(W_iz x + W_hz h)`, `n = tanh(W_in x + r * (W_hn h))`,
/// `h' = (1 - z) n + z h`, every product with its bias.
///
/// # Shapes
/// - `sequence`: `[batch, steps, inputs]`
/// - returns `[batch, hidden]`
///
/// # Panics
/// Where burn's operations do: shapes that do not agree.
pub fn gru(sequence: Tensor<3>, weights: GruWeights) -> Tensor<2> {
    let [batch, steps, inputs] = sequence.dims();
    let hidden = weights.recurrent.dims()[0];
    let agree = weights.input.dims() == [inputs, 3 * hidden]
        && weights.recurrent.dims()[1] == 3 * hidden
        && weights.input_bias.dims() == [3 * hidden]
        && weights.recurrent_bias.dims() == [3 * hidden]
        && batch * steps * inputs * hidden > 0;
    let GruWeights { input, input_bias, recurrent, recurrent_bias } = weights.clone();
    let suits = fusible(&sequence) && fusible(&input) && fusible(&recurrent);
    if !(agree && suits && fusible(&input_bias) && fusible(&recurrent_bias)) {
        return composed(sequence, weights);
    }
    let sizes = Sizes { batch, steps, inputs, hidden };
    let inputs = vec![
        sequence.into_dispatch(),
        input.into_dispatch(),
        input_bias.into_dispatch(),
        recurrent.into_dispatch(),
        recurrent_bias.into_dispatch(),
    ];
    apply_to_one(inputs, move |inputs| sizes.pass(inputs))
}

fn composed(sequence: Tensor<3>, weights: GruWeights) -> Tensor<2> {
    let [batch, steps, inputs] = sequence.dims();
    let hidden = weights.recurrent.dims()[0];
    let (gates, candidate) = (0..2 * hidden, 2 * hidden..3 * hidden);
    let start = Tensor::zeros([batch, hidden], (&sequence.device().inner(), sequence.dtype()));
    // One split: slicing steps out of a tracked tensor would make the backward pass quadratic in their number.
    sequence.split(1, 1).into_iter().take(steps).fold(start, |state, x| {
        let x = x.reshape([batch, inputs]);
        let from_input = x.matmul(weights.input.clone()) + weights.input_bias.clone().unsqueeze();
        let from_state =
            state.clone().matmul(weights.recurrent.clone()) + weights.recurrent_bias.clone().unsqueeze();
        let rz = sigmoid(
            from_input.clone().slice_dim(1, gates.clone()) + from_state.clone().slice_dim(1, gates.clone()),
        );
        let r = rz.clone().slice_dim(1, 0..hidden);
        let z = rz.slice_dim(1, hidden..2 * hidden);
        let n =
            tanh(from_input.slice_dim(1, candidate.clone()) + r * from_state.slice_dim(1, candidate.clone()));
        n.clone() + z * (state - n)
    })
}

#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    steps: usize,
    inputs: usize,
    hidden: usize,
}

/// Values kept per sample, step and hidden unit: r, z, n, `W_hn h + b_hn` and the state before the step.
const KEPT: usize = 5;

impl Sizes {
    fn pass(self, inputs: Vec<FlexTensor>) -> Pass {
        let Self { batch, steps, hidden, .. } = self;
        let per_sample = steps * KEPT * hidden;
        let sizes = [(batch * hidden, SAMPLES * hidden), (batch * per_sample, SAMPLES * per_sample)];
        let (last, kept) = in_pieces2(sizes[0], sizes[1], |task, last, kept| {
            let x = &values(&inputs[0])[task * SAMPLES * steps * self.inputs..];
            let [weight, bias, recurrent, recurrent_bias] =
                [&inputs[1], &inputs[2], &inputs[3], &inputs[4]].map(values);
            self.forward(x, (weight, bias), (recurrent, recurrent_bias), last, kept);
        });
        let saved = inputs;
        let backward = BackwardPass::new(move |dy, wanted| self.backward(&saved, &kept, values(&dy), wanted));
        Pass { outputs: vec![tensor(last, [batch, hidden])], backward }
    }

    fn forward(
        self,
        x: &[f32],
        (weight, bias): (&[f32], &[f32]),
        (recurrent, recurrent_bias): (&[f32], &[f32]),
        state: &mut [f32],
        kept: &mut [f32],
    ) {
        let Self { steps, inputs, hidden, .. } = self;
        let samples = state.len() / hidden;
        let gates = 3 * hidden;
        with_buffers([samples * steps * gates, samples * gates], |[from_input, from_state]| {
            let x = Matrix::new(&x[..samples * steps * inputs], samples * steps, inputs);
            gemm(from_input, Write::Replace, x, Matrix::new(weight, inputs, gates));
            for step in 0..steps {
                let recurrent = Matrix::new(recurrent, hidden, gates);
                gemm(from_state, Write::Replace, Matrix::new(state, samples, hidden), recurrent);
                simd::simd(
                    #[inline(always)]
                    || {
                        for sample in 0..samples {
                            let at = sample * steps + step;
                            let input = &from_input[at * gates..][..gates];
                            let product = &from_state[sample * gates..][..gates];
                            let state = &mut state[sample * hidden..][..hidden];
                            let kept = &mut kept[at * KEPT * hidden..][..KEPT * hidden];
                            advance(hidden, (input, bias), (product, recurrent_bias), state, kept);
                        }
                    },
                );
            }
        });
    }

    fn backward(
        self,
        saved: &[FlexTensor],
        kept: &[f32],
        dy: &[f32],
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let Self { batch, steps, inputs, hidden } = self;
        let gates = 3 * hidden;
        let [x, weight, recurrent] = [&saved[0], &saved[1], &saved[3]].map(values);
        // Gradients of the two products of all steps; they differ in the candidate only.
        let size = SAMPLES * steps * gates;
        let sizes = (batch * steps * gates, size);
        let (dinput, dproduct) = in_pieces2(sizes, sizes, |task, dinput, dproduct| {
            let kept = &kept[task * SAMPLES * steps * KEPT * hidden..];
            self.back_through_time(recurrent, kept, &dy[task * SAMPLES * hidden..], dinput, dproduct);
        });
        let tasks = batch.div_ceil(SAMPLES);
        let (from, to) = (inputs * gates, hidden * gates);
        let dw = in_pieces(tasks * (from + to), from + to, |task, dw| {
            let start = task * SAMPLES * steps;
            let rows = (SAMPLES * steps).min(batch * steps - start);
            let (dweight, drecurrent) = dw.split_at_mut(from);
            let dinput = Matrix::new(&dinput[start * gates..], rows, gates);
            let dproduct = Matrix::new(&dproduct[start * gates..], rows, gates);
            let x = Matrix::new(&x[start * inputs..], rows, inputs);
            let before = Matrix {
                values: &kept[start * KEPT * hidden + 4 * hidden..],
                rows,
                cols: hidden,
                row_stride: KEPT * hidden,
                col_stride: 1,
            };
            gemm(dweight, Write::Replace, x.t(), dinput);
            gemm(drecurrent, Write::Replace, before.t(), dproduct);
        });
        let dw = sum_pieces(dw, from + to);
        let dx = wanted[0].then(|| {
            let dx = in_pieces(batch * steps * inputs, SAMPLES * steps * inputs, |task, dx| {
                let dinput = Matrix::new(&dinput[task * size..], dx.len() / inputs, gates);
                gemm(dx, Write::Replace, dinput, Matrix::new(weight, inputs, gates).t());
            });
            tensor(dx, [batch, steps, inputs])
        });
        vec![
            dx,
            Some(tensor(dw[..from].to_vec(), [inputs, gates])),
            Some(tensor(column_sums(&dinput, gates), [gates])),
            Some(tensor(dw[from..].to_vec(), [hidden, gates])),
            Some(tensor(column_sums(&dproduct, gates), [gates])),
        ]
    }

    /// From the gradient of the last state to those of both products of every step.
    fn back_through_time(
        self,
        recurrent: &[f32],
        kept: &[f32],
        dy: &[f32],
        dinput: &mut [f32],
        dproduct: &mut [f32],
    ) {
        let Self { steps, hidden, .. } = self;
        let gates = 3 * hidden;
        let samples = dinput.len() / (steps * gates);
        with_buffers([samples * hidden, samples * hidden], |[dstate, through]| {
            dstate.copy_from_slice(&dy[..samples * hidden]);
            for step in (0..steps).rev() {
                simd::simd(
                    #[inline(always)]
                    || {
                        for sample in 0..samples {
                            let at = sample * steps + step;
                            let kept = &kept[at * KEPT * hidden..][..KEPT * hidden];
                            let dinput = &mut dinput[at * gates..][..gates];
                            let dproduct = &mut dproduct[at * gates..][..gates];
                            retreat(hidden, kept, &mut dstate[sample * hidden..][..hidden], dinput, dproduct);
                        }
                    },
                );
                let dproduct = Matrix {
                    values: &dproduct[step * gates..],
                    rows: samples,
                    cols: gates,
                    row_stride: steps * gates,
                    col_stride: 1,
                };
                gemm(through, Write::Replace, dproduct, Matrix::new(recurrent, hidden, gates).t());
                dstate.iter_mut().zip(&*through).for_each(|(dstate, through)| *dstate += through);
            }
        });
    }
}

/// One step of one sample; `state` becomes the next one.
#[inline(always)]
fn advance(
    hidden: usize,
    (input, bias): (&[f32], &[f32]),
    (product, product_bias): (&[f32], &[f32]),
    state: &mut [f32],
    kept: &mut [f32],
) {
    let (r, rest) = kept.split_at_mut(hidden);
    let (z, rest) = rest.split_at_mut(hidden);
    let (n, rest) = rest.split_at_mut(hidden);
    let (candidate, before) = rest.split_at_mut(hidden);
    gate(r, 0, (input, bias), (product, product_bias));
    gate(z, hidden, (input, bias), (product, product_bias));
    let (a, b) = (&input[2 * hidden..3 * hidden], &product[2 * hidden..3 * hidden]);
    let (c, d) = (&bias[2 * hidden..3 * hidden], &product_bias[2 * hidden..3 * hidden]);
    for i in 0..hidden {
        candidate[i] = b[i] + d[i];
        n[i] = simd::tanh(a[i] + c[i] + r[i] * candidate[i]);
        before[i] = state[i];
        state[i] = n[i] + z[i] * (state[i] - n[i]);
    }
}

/// `sigmoid` of both products with their biases, from place `first` on.
#[inline(always)]
fn gate(
    out: &mut [f32],
    first: usize,
    (input, bias): (&[f32], &[f32]),
    (product, product_bias): (&[f32], &[f32]),
) {
    let size = out.len();
    let (a, b) = (&input[first..first + size], &product[first..first + size]);
    let (c, d) = (&bias[first..first + size], &product_bias[first..first + size]);
    for i in 0..size {
        out[i] = simd::sigmoid(a[i] + b[i] + c[i] + d[i]);
    }
}

/// The gradients of one step of one sample; `dstate` becomes what reaches the state before it directly.
#[inline(always)]
fn retreat(hidden: usize, kept: &[f32], dstate: &mut [f32], dinput: &mut [f32], dproduct: &mut [f32]) {
    let (r, rest) = kept.split_at(hidden);
    let (z, rest) = rest.split_at(hidden);
    let (n, rest) = rest.split_at(hidden);
    let (candidate, before) = rest.split_at(hidden);
    let (dr_in, rest) = dinput.split_at_mut(hidden);
    let (dz_in, dn_in) = rest.split_at_mut(hidden);
    let (dr, rest) = dproduct.split_at_mut(hidden);
    let (dz, dn) = rest.split_at_mut(hidden);
    for i in 0..hidden {
        let dtanh = dstate[i] * (1.0 - z[i]) * (1.0 - n[i] * n[i]);
        let dreset = dtanh * candidate[i] * r[i] * (1.0 - r[i]);
        let dupdate = dstate[i] * (before[i] - n[i]) * z[i] * (1.0 - z[i]);
        dr_in[i] = dreset;
        dz_in[i] = dupdate;
        dn_in[i] = dtanh;
        dr[i] = dreset;
        dz[i] = dupdate;
        dn[i] = dtanh * r[i];
        dstate[i] *= z[i];
    }
}
