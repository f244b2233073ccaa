//! Batch normalisation of images, with the sum and the ReLU that follow it in a residual block.
//!
//! Memory is what it costs, so the passes over it are counted: two forward (statistics, result) and two backward
//! (sums, gradients), where a chain of elementwise operations takes more than ten.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation};

use crate::extension::{BackwardPass, Pass, apply, fusible, owned, tensor, values};
use crate::parallel::{in_fresh_pieces, in_pieces, over_pieces};
use crate::simd::{simd, sum, sum2, sum3};

/// What follows the normalisation in the same pass over memory.
#[derive(Debug, Clone, Default)]
pub struct Then {
    /// Is added: the shortcut of a residual block, `[batch, channels, height, width]`.
    pub add: Option<Tensor<4>>,
    /// Negative values become zero, after the sum.
    pub relu: bool,
}

impl Then {
    /// Nothing but a ReLU.
    pub fn relu() -> Self {
        Self { add: None, relu: true }
    }
}

/// A normalised batch and the statistics that normalised it; these have no gradient.
#[derive(Debug, Clone)]
pub struct BatchNormalized {
    /// `[batch, channels, height, width]`
    pub y: Tensor<4>,
    /// Mean over batch and image, `[channels]`.
    pub mean: Tensor<1>,
    /// Biased variance over batch and image, `[channels]`.
    pub variance: Tensor<1>,
}

/// Batch normalisation with the batch's own statistics (Ioffe and Szegedy 2015, algorithm 1):
/// `gamma (x - mean) / sqrt(variance + epsilon) + beta`.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - `gamma`, `beta`: `[channels]`
///
/// # Panics
/// Where burn's operations do: shapes that do not agree.
pub fn batch_norm(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    then: Then,
) -> BatchNormalized {
    let shape = x.dims();
    let agree = gamma.dims() == [shape[1]] && beta.dims() == [shape[1]];
    let added = then.add.as_ref().is_none_or(|add| add.dims() == shape && fusible(add));
    if !(agree && added && fusible(&x) && fusible(&gamma) && fusible(&beta)) || shape.contains(&0) {
        return composed(x, gamma, beta, epsilon, then);
    }
    let relu = then.relu;
    let mut inputs = vec![x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch()];
    inputs.extend(then.add.map(Tensor::into_dispatch));
    let outputs = apply(inputs, move |inputs| pass(shape, epsilon as f32, relu, inputs));
    let [y, mean, variance] = match <[_; 3]>::try_from(outputs) {
        Ok(outputs) => outputs,
        Err(outputs) => panic!("batch norm has three outputs, not {}", outputs.len()),
    };
    BatchNormalized {
        y: Tensor::from_dispatch(y),
        mean: untracked(Tensor::from_dispatch(mean)),
        variance: untracked(Tensor::from_dispatch(variance)),
    }
}

/// Normalisation with given statistics, as networks do it after training.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - `gamma`, `beta`, `mean`, `variance`: `[channels]`
pub fn batch_norm_with(
    x: Tensor<4>,
    (gamma, beta): (Tensor<1>, Tensor<1>),
    (mean, variance): (Tensor<1>, Tensor<1>),
    epsilon: f64,
    then: Then,
) -> Tensor<4> {
    let scale = gamma * (variance + epsilon).sqrt().recip();
    let shift = beta - mean * scale.clone();
    let shape = x.dims();
    let added = then.add.as_ref().is_none_or(|add| add.dims() == shape && fusible(add));
    if x.device().is_autodiff() || !(added && fusible(&x) && fusible(&scale)) || shape.contains(&0) {
        return finish(x * per_channel(scale) + per_channel(shift), then);
    }
    let relu = then.relu;
    let mut inputs = vec![x.into_dispatch(), scale.into_dispatch(), shift.into_dispatch()];
    inputs.extend(then.add.map(Tensor::into_dispatch));
    let outputs = apply(inputs, move |inputs| {
        let y = affine(
            shape,
            values(&inputs[0]),
            values(&inputs[1]),
            values(&inputs[2]),
            inputs.get(3).map(values),
            relu,
        );
        Pass { outputs: vec![tensor(y, shape)], backward: BackwardPass::none() }
    });
    Tensor::from_dispatch(outputs.into_iter().next().unwrap_or_else(|| unreachable!("one output")))
}

fn composed(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64, then: Then) -> BatchNormalized {
    let mean = x.clone().mean_dims(&[0, 2, 3]);
    let centred = x - mean.clone();
    let variance = centred.clone().square().mean_dims(&[0, 2, 3]);
    let normal = centred / (variance.clone() + epsilon).sqrt();
    let y = finish(normal * per_channel(gamma) + per_channel(beta), then);
    let channels = y.dims()[1];
    let flat = |statistic: Tensor<4>| untracked(statistic.reshape([channels]));
    BatchNormalized { y, mean: flat(mean), variance: flat(variance) }
}

fn finish(y: Tensor<4>, then: Then) -> Tensor<4> {
    let y = match then.add {
        Some(add) => y + add,
        None => y,
    };
    if then.relu { activation::relu(y) } else { y }
}

fn per_channel(values: Tensor<1>) -> Tensor<4> {
    let [channels] = values.dims();
    values.reshape([1, channels, 1, 1])
}

/// Statistics have no gradient, whichever way they were computed.
fn untracked(statistic: Tensor<1>) -> Tensor<1> {
    if statistic.device().is_autodiff() { statistic.inner() } else { statistic }
}

fn pass(shape: [usize; 4], epsilon: f32, relu: bool, inputs: Vec<FlexTensor>) -> Pass {
    let [_, channels, height, width] = shape;
    let plane = height * width;
    let (x, gamma, beta) = (values(&inputs[0]), values(&inputs[1]), values(&inputs[2]));
    let (mean, variance) = statistics(x, channels, plane);
    let scale: Vec<f32> =
        gamma.iter().zip(&variance).map(|(gamma, v)| gamma / (v + epsilon).sqrt()).collect();
    let shift: Vec<f32> = beta.iter().zip(&mean).zip(&scale).map(|((beta, m), s)| beta - m * s).collect();
    let y = tensor(affine(shape, x, &scale, &shift, inputs.get(3).map(values), relu), shape);
    let kept = (relu && inputs.len() > 3).then(|| y.clone());
    let outputs = vec![y, tensor(mean.clone(), [channels]), tensor(variance.clone(), [channels])];
    let [x, gamma] = [inputs[0].clone(), inputs[1].clone()];
    let backward = BackwardPass::new(move |dy, wanted| {
        let saved = Saved {
            channels,
            plane,
            x: values(&x),
            cut: match &kept {
                Some(y) => Cut::Result(values(y)),
                None if relu => Cut::Affine(&scale, &shift),
                None => Cut::None,
            },
            mean: &mean,
            deviation: variance.iter().map(|v| (v + epsilon).sqrt()).collect(),
        };
        let mut dx = owned(dy);
        let (dgamma, dbeta, dadd) =
            saved.gradients(dx.storage_mut(), values(&gamma), wanted.get(3) == Some(&true));
        let mut gradients = vec![Some(dx), Some(tensor(dgamma, [channels])), Some(tensor(dbeta, [channels]))];
        gradients.push(dadd.map(|dadd| tensor(dadd, shape)));
        gradients
    });
    Pass { outputs, backward }
}

/// Mean and biased variance by channel. Each image's planes are summed apart and put together in
/// the images' order (Chan, Golub and LeVeque 1979), in f64.
fn statistics(x: &[f32], channels: usize, plane: usize) -> (Vec<f32>, Vec<f32>) {
    let partial = in_pieces(x.len() / plane * 2, 2 * channels, |image, partial| {
        let x = &x[image * channels * plane..][..channels * plane];
        simd(
            #[inline(always)]
            || {
                for (out, plane) in partial.chunks_exact_mut(2).zip(x.chunks_exact(plane)) {
                    let mean = sum(plane, |v| v) / plane.len() as f32;
                    out[0] = mean;
                    out[1] = sum(plane, |v| (v - mean) * (v - mean));
                }
            },
        );
    });
    let mut total = vec![(0f64, 0f64); channels];
    for (image, partial) in partial.chunks_exact(2 * channels).enumerate() {
        let (before, new) = (image as f64 * plane as f64, plane as f64);
        for (total, partial) in total.iter_mut().zip(partial.chunks_exact(2)) {
            let difference = f64::from(partial[0]) - total.0;
            total.0 += difference * new / (before + new);
            total.1 += f64::from(partial[1]) + difference * difference * before * new / (before + new);
        }
    }
    let count = (x.len() / channels) as f64;
    total.into_iter().map(|(mean, squares)| (mean as f32, (squares / count) as f32)).unzip()
}

/// `relu(scale x + shift + add)` by channel.
fn affine(
    [batch, channels, height, width]: [usize; 4],
    x: &[f32],
    scale: &[f32],
    shift: &[f32],
    add: Option<&[f32]>,
    relu: bool,
) -> Vec<f32> {
    let plane = height * width;
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    in_fresh_pieces(batch * channels * plane, channels * plane, |image, y| {
        let start = image * channels * plane;
        let at = |channel: usize| start + channel * plane..start + (channel + 1) * plane;
        simd(
            #[inline(always)]
            || {
                y.lines(
                    plane,
                    #[inline(always)]
                    |channel, y| {
                        let (a, b) = (scale[channel], shift[channel]);
                        let x = &x[at(channel)];
                        match add {
                            Some(add) => y.map2(
                                x,
                                &add[at(channel)],
                                #[inline(always)]
                                |x, add| above(a * x + b + add, floor),
                            ),
                            None => y.map(
                                x,
                                #[inline(always)]
                                |x| above(a * x + b, floor),
                            ),
                        }
                    },
                )
            },
        )
    })
}

/// The larger one; NaN stays, so that a diverged run is seen.
#[inline(always)]
fn above(value: f32, floor: f32) -> f32 {
    if value < floor { floor } else { value }
}

/// Where a ReLU let nothing through: where its result is not positive.
#[derive(Clone, Copy)]
enum Cut<'a> {
    /// There is none.
    None,
    /// The result is `scale x + shift`, computed anew: x is read anyway.
    Affine(&'a [f32], &'a [f32]),
    /// The result.
    Result(&'a [f32]),
}

struct Saved<'a> {
    channels: usize,
    plane: usize,
    x: &'a [f32],
    cut: Cut<'a>,
    mean: &'a [f32],
    /// `sqrt(variance + epsilon)`
    deviation: Vec<f32>,
}

type Gradients = (Vec<f32>, Vec<f32>, Option<Vec<f32>>);

impl Saved<'_> {
    /// Gradients of gamma, beta and, if asked for, of what was added; the one of x takes the place of `dy`.
    fn gradients(&self, dy: &mut [f32], gamma: &[f32], want_add: bool) -> Gradients {
        let sums = self.sums(dy);
        let count = (self.x.len() / self.channels) as f64;
        let dbeta = sums.iter().map(|sums| sums.0 as f32).collect();
        let dgamma =
            sums.iter().zip(&self.deviation).map(|(sums, d)| (sums.1 / f64::from(*d)) as f32).collect();
        // dx = a g + b (x - mean) + c, g being dy where the ReLU let it through.
        let coefficients: Vec<[f32; 3]> = (0..self.channels)
            .map(|channel| {
                let deviation = f64::from(self.deviation[channel]);
                let a = f64::from(gamma[channel]) / deviation;
                let (sum, product) = sums[channel];
                [a, -a * product / (deviation * deviation * count), -a * sum / count].map(|v| v as f32)
            })
            .collect();
        let image = self.channels * self.plane;
        let added = if want_add { (self.x.len(), image) } else { (0, 0) };
        let dadd = over_pieces(dy, image, added, |index, dy, dadd| {
            self.image_gradient(&coefficients, index, dy, want_add.then_some(dadd));
        });
        (dgamma, dbeta, want_add.then_some(dadd))
    }

    /// Per channel the sums of `g` and of `g (x - mean)`.
    fn sums(&self, dy: &[f32]) -> Vec<(f64, f64)> {
        let (channels, plane) = (self.channels, self.plane);
        let partial = in_pieces(self.x.len() / plane * 2, 2 * channels, |image, partial| {
            simd(
                #[inline(always)]
                || {
                    for (channel, out) in partial.chunks_exact_mut(2).enumerate() {
                        let start = (image * channels + channel) * plane;
                        let (x, dy) = (&self.x[start..start + plane], &dy[start..start + plane]);
                        let mean = self.mean[channel];
                        match self.cut {
                            Cut::Affine(scale, shift) => {
                                let (a, b) = (scale[channel], shift[channel]);
                                out[0] = sum2(dy, x, |dy, x| pass_through(dy, a * x + b));
                                out[1] = sum2(dy, x, |dy, x| pass_through(dy, a * x + b) * (x - mean));
                            }
                            Cut::Result(y) => {
                                let y = &y[start..start + plane];
                                out[0] = sum2(dy, y, pass_through);
                                out[1] = sum3(dy, y, x, |dy, y, x| pass_through(dy, y) * (x - mean));
                            }
                            Cut::None => {
                                out[0] = sum(dy, |dy| dy);
                                out[1] = sum2(dy, x, |dy, x| dy * (x - mean));
                            }
                        }
                    }
                },
            );
        });
        let mut total = vec![(0f64, 0f64); channels];
        for partial in partial.chunks_exact(2 * channels) {
            for (total, partial) in total.iter_mut().zip(partial.chunks_exact(2)) {
                total.0 += f64::from(partial[0]);
                total.1 += f64::from(partial[1]);
            }
        }
        total
    }

    /// Of an image: `dy` becomes the gradient of x.
    fn image_gradient(
        &self,
        coefficients: &[[f32; 3]],
        image: usize,
        dy: &mut [f32],
        mut dadd: Option<&mut [f32]>,
    ) {
        let plane = self.plane;
        simd(
            #[inline(always)]
            || {
                for (channel, dy) in dy.chunks_exact_mut(plane).enumerate() {
                    let start = (image * self.channels + channel) * plane;
                    let x = &self.x[start..start + plane];
                    if let Some(dadd) = &mut dadd {
                        let dadd = &mut dadd[channel * plane..(channel + 1) * plane];
                        match self.cut {
                            Cut::Result(y) => {
                                for ((dadd, dy), y) in dadd.iter_mut().zip(&*dy).zip(&y[start..start + plane])
                                {
                                    *dadd = pass_through(*dy, *y);
                                }
                            }
                            // With something added, a ReLU's result is kept.
                            Cut::None | Cut::Affine(..) => dadd.copy_from_slice(dy),
                        }
                    }
                    let ([a, b, c], mean) = (coefficients[channel], self.mean[channel]);
                    match self.cut {
                        Cut::Affine(scale, shift) => {
                            let (scale, shift) = (scale[channel], shift[channel]);
                            for (dy, x) in dy.iter_mut().zip(x) {
                                *dy = a * pass_through(*dy, scale * x + shift) + b * (x - mean) + c;
                            }
                        }
                        Cut::Result(y) => {
                            for ((dy, x), y) in dy.iter_mut().zip(x).zip(&y[start..start + plane]) {
                                *dy = a * pass_through(*dy, *y) + b * (x - mean) + c;
                            }
                        }
                        Cut::None => {
                            for (dy, x) in dy.iter_mut().zip(x) {
                                *dy = a * *dy + b * (x - mean) + c;
                            }
                        }
                    }
                }
            },
        );
    }
}

#[inline(always)]
fn pass_through(dy: f32, y: f32) -> f32 {
    if y > 0.0 { dy } else { 0.0 }
}
