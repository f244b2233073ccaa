//! Normalisation at test time: by source statistics, by the batch's, by a share of each, and by statistics that are
//! un-mixed into components.

use burn::tensor::{Tensor, activation::softmax};
use mixup_core::{
    CoreError,
    checked::{Positive, UnitInterval},
};

/// Scale and shift behind a normalisation, `[channels]` each.
#[derive(Debug, Clone)]
pub struct Affine {
    /// Scale.
    pub gamma: Tensor<1>,
    /// Shift.
    pub beta: Tensor<1>,
}

/// `gamma (x - mean) / sqrt(variance + epsilon) + beta`.
///
/// # Shapes
/// - `x`, result: `[batch, channels, height, width]`
/// - `mean`, `variance`: `[1, channels, 1, 1]`, or `[batch, channels, 1, 1]` where each image has its own
pub fn normalised(
    x: Tensor<4>,
    mean: Tensor<4>,
    variance: Tensor<4>,
    affine: &Affine,
    epsilon: f64,
) -> Tensor<4> {
    let scale = per_channel(affine.gamma.clone()) / variance.add_scalar(epsilon).sqrt();
    let shift = per_channel(affine.beta.clone()) - mean * scale.clone();
    x * scale + shift
}

/// Batch norm by the batch's own mean and biased variance (TBN), through which gradients flow.
///
/// # Shapes
/// - `x`, result: `[batch, channels, height, width]`
pub fn batch_norm(x: Tensor<4>, affine: &Affine, epsilon: f64) -> Tensor<4> {
    let (mean, variance) = statistics(x.clone(), &[0, 2, 3]);
    normalised(x, mean, variance, affine, epsilon)
}

/// Source statistics with a share of the batch's (alpha-BN). The batch's variance is unbiased, as the official code takes it
/// from a running average.
///
/// # Shapes
/// - `x`, result: `[batch, channels, height, width]`
/// - `source`: mean and variance, `[channels]` each
pub fn alpha_batch_norm(
    x: Tensor<4>,
    [mean, variance]: [Tensor<1>; 2],
    share: UnitInterval,
    affine: &Affine,
    epsilon: f64,
) -> Tensor<4> {
    let [batch, _, height, width] = x.dims();
    let count = (batch * height * width) as f64;
    let (own_mean, own_variance) = statistics(x.clone(), &[0, 2, 3]);
    let unbiased = own_variance.mul_scalar(count / (count - 1.0).max(1.0));
    let blend =
        |source: Tensor<1>, own: Tensor<4>| mixup_core::mix::mix(own, per_channel(source), share.get());
    normalised(x, blend(mean, own_mean), blend(variance, unbiased), affine, epsilon)
}

/// Components of a layer's statistics.
#[derive(Debug, Clone)]
pub struct Components {
    /// `[components, channels]`
    pub means: Tensor<2>,
    /// `[components, channels]`
    pub variances: Tensor<2>,
}

/// Components around source statistics: with noise from N(0, 1), `mean + sqrt(variance K / (2 (K - 1))) noise`, and half of
/// the variance, so that the mixture of all has the source's on average. One component is the source itself.
///
/// # Shapes
/// - `mean`, `variance`: `[channels]`; `noise`: `[components, channels]`, of one component unused
///
/// # Errors
/// No components, or noise for another number of channels.
pub fn start(mean: Tensor<1>, variance: Tensor<1>, noise: Tensor<2>) -> Result<Components, CoreError> {
    let [components, channels] = noise.dims();
    if components == 0 || mean.dims() != [channels] || variance.dims() != [channels] {
        return Err(CoreError::Invalid(format!(
            "components {:?} of statistics of {:?} and {:?} channels",
            noise.dims(),
            mean.dims(),
            variance.dims()
        )));
    }
    let rows = |values: Tensor<1>| values.unsqueeze_dim::<2>(0).expand([components, channels]);
    if components == 1 {
        return Ok(Components { means: rows(mean), variances: rows(variance) });
    }
    let k = components as f64;
    let spread = variance.clone().sqrt().mul_scalar((SOURCE * k / (k - 1.0)).sqrt());
    Ok(Components {
        means: rows(mean) + rows(spread) * noise,
        variances: rows(variance).mul_scalar(1.0 - SOURCE),
    })
}

/// Share of the source's variance that is between components.
const SOURCE: f64 = 0.5;

/// Constants of [`unmix`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unmix {
    /// Share of a batch in the components that it is nearest to.
    pub momentum: f64,
    /// Temperature of the similarities; 0.07 in the official code.
    pub temperature: Positive,
    /// Added to variances.
    pub epsilon: f64,
}

/// What [`unmix`] gives.
#[derive(Debug, Clone)]
pub struct Unmixed {
    /// The normalised batch.
    pub out: Tensor<4>,
    /// The components after it, without a gradient.
    pub next: Components,
}

/// UnMix-TNS of a batch (section 3 of the paper). Each image is assigned to the components by the cosine similarity of its
/// channel means, without a gradient; with its shares p it is mixed into all of them, and the mixture of what comes out is
/// the statistics of this image. So it is normalised by components as they *were*, which then move towards the images that
/// were theirs.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`; components of as many channels
///
/// # Errors
/// Components of another number of channels.
pub fn unmix(
    x: Tensor<4>,
    components: &Components,
    affine: &Affine,
    config: Unmix,
) -> Result<Unmixed, CoreError> {
    let [batch, channels, ..] = x.dims();
    let [count, known] = components.means.dims();
    if known != channels || components.variances.dims() != [count, known] {
        return Err(CoreError::Invalid(format!(
            "components of {known} channels for maps of {channels}, variances {:?}",
            components.variances.dims()
        )));
    }
    let (mean, variance) = statistics(x.clone(), &[2, 3]);
    let flat = |statistic: Tensor<4>| statistic.reshape([batch, channels]);
    let (mean, variance) = (flat(mean), flat(variance));
    let shares = similarities(mean.clone(), components, config.temperature);
    // [batch, components, channels]
    let share: Tensor<3> = shares.unsqueeze_dim(2);
    let into_all = |own: Tensor<2>, known: &Tensor<2>| {
        let known: Tensor<3> = known.clone().unsqueeze_dim(0);
        let own: Tensor<3> = own.unsqueeze_dim(1);
        known.clone() + share.clone() * (own - known)
    };
    let (means, variances) =
        (into_all(mean.clone(), &components.means), into_all(variance.clone(), &components.variances));
    let mixture_mean = means.clone().mean_dim(1);
    // Deviations, and not a difference of squares, which are large numbers in f32.
    let between = (means - mixture_mean.clone()).square().mean_dim(1);
    let mixture_variance = variances.mean_dim(1) + between;
    let per_image = |statistic: Tensor<3>| statistic.reshape([batch, channels, 1, 1]);
    let out = normalised(x, per_image(mixture_mean), per_image(mixture_variance), affine, config.epsilon);
    let moved = |own: Tensor<2>, known: &Tensor<2>| {
        let own: Tensor<3> = constant(own).unsqueeze_dim(1);
        let pull = constant(share.clone()) * (own - known.clone().unsqueeze_dim::<3>(0));
        known.clone() + pull.mean_dim(0).reshape([count, channels]).mul_scalar(config.momentum)
    };
    let next = Components {
        means: moved(mean, &components.means),
        variances: moved(variance, &components.variances),
    };
    Ok(Unmixed { out, next })
}

/// Shares of the components in each image, `[batch, components]`, without a gradient.
fn similarities(means: Tensor<2>, components: &Components, temperature: Positive) -> Tensor<2> {
    let unit = |rows: Tensor<2>| {
        let length = rows.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
        rows / length
    };
    let cosine = unit(constant(means)).matmul(unit(constant(components.means.clone())).transpose());
    softmax(cosine.mul_scalar(1.0 / temperature.get()), 1)
}

/// Share of a batch in its components: the whole `1 - (1 - m)^1` of the batch norm's momentum m for a batch of
/// `largest`, and so much less for a smaller one that as many images have the same weight.
pub fn momentum(batch_norm: UnitInterval, batch: usize, largest: usize) -> f64 {
    1.0 - (1.0 - batch_norm.get()).powf(batch as f64 / largest as f64)
}

/// Mean and biased variance over some dimensions.
fn statistics(x: Tensor<4>, over: &[usize]) -> (Tensor<4>, Tensor<4>) {
    let mean = x.clone().mean_dims(over);
    let variance = (x - mean.clone()).square().mean_dims(over);
    (mean, variance)
}

fn per_channel(values: Tensor<1>) -> Tensor<4> {
    let [channels] = values.dims();
    values.reshape([1, channels, 1, 1])
}

/// A tensor that no gradient goes through.
fn constant<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    tensor.inner()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};
    use mixup_core::tensor::to_host;
    use mixup_routines::{positive, unit};
    use proptest::prelude::*;

    use super::*;

    fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), DType::F64))
    }

    fn plain(channels: usize) -> Affine {
        Affine {
            gamma: tensor(vec![1.0; channels], [channels]),
            beta: tensor(vec![0.0; channels], [channels]),
        }
    }

    fn config(momentum: f64) -> Unmix {
        Unmix { momentum, temperature: positive(0.07), epsilon: 0.0 }
    }

    proptest! {
        /// One component gives instance normalisation: the share is 1 whatever the image.
        #[test]
        fn one_component_is_instance_norm(x in prop::collection::vec(-3.0f64..3.0, 16), mean in -1.0f64..1.0) {
            let images = tensor(x.clone(), [2, 2, 2, 2]);
            prop_assume!(x.chunks(4).all(|map| map.iter().any(|value| (value - map[0]).abs() > 0.1)));
            let components = start(
                tensor(vec![mean; 2], [2]), tensor(vec![1.0; 2], [2]), tensor(vec![0.0; 2], [1, 2]),
            ).unwrap();
            let out = to_host(unmix(images, &components, &plain(2), config(0.1)).unwrap().out).unwrap();
            for map in out.chunks(4) {
                prop_assert!(map.iter().sum::<f64>().abs() < 1e-9);
                prop_assert!((map.iter().map(|value| value * value).sum::<f64>() - 4.0).abs() < 1e-9);
            }
        }

        /// Noise of mean 0 and deviation 1 over the components: their mixture has the source's mean and variance.
        #[test]
        fn components_start_around_the_source(mean in -5.0f64..5.0, variance in 0.1f64..9.0, half in 1usize..5) {
            let count = 2 * half;
            // Deviation sqrt((K - 1) / K), that of K draws on average.
            let size = ((count as f64 - 1.0) / count as f64).sqrt();
            let noise: Vec<f64> = (0..count).map(|at| if at % 2 == 0 { size } else { -size }).collect();
            let start = start(tensor(vec![mean], [1]), tensor(vec![variance], [1]), tensor(noise, [count, 1])).unwrap();
            let means = to_host(start.means).unwrap();
            let average = means.iter().sum::<f64>() / count as f64;
            let between = means.iter().map(|value| (value - average).powi(2)).sum::<f64>() / count as f64;
            prop_assert!((average - mean).abs() < 1e-9);
            prop_assert!((between + to_host(start.variances).unwrap()[0] - variance).abs() < 1e-9);
        }
    }

    #[test]
    fn components_move_towards_their_images_and_outputs_use_the_old_ones() {
        // Two components, in opposite directions; the image is the first one's.
        let components = Components {
            means: tensor(vec![1.0, 0.0, -1.0, 0.0], [2, 2]),
            variances: tensor(vec![1.0; 4], [2, 2]),
        };
        let x = tensor(vec![3.0, 0.0], [1, 2, 1, 1]);
        let still = unmix(x.clone(), &components, &plain(2), config(0.0)).unwrap();
        let moved = unmix(x, &components, &plain(2), config(0.5)).unwrap();
        assert_eq!(to_host(still.out).unwrap(), to_host(moved.out).unwrap());
        let means = to_host(moved.next.means).unwrap();
        // Half of the way from 1 to 3; e^(-2 / 0.07) of the way for the other.
        assert!((means[0] - 2.0).abs() < 1e-9 && (means[2] + 1.0).abs() < 1e-9, "{means:?}");
        let variances = to_host(moved.next.variances).unwrap();
        assert!((variances[0] - 0.5).abs() < 1e-9, "an image of one pixel has no variance: {variances:?}");
        assert!(unmix(tensor(vec![1.0], [1, 1, 1, 1]), &components, &plain(1), config(0.1)).is_err());
    }

    #[test]
    fn a_share_of_all_is_the_batch_and_of_none_the_source() {
        let x = tensor(vec![1.0, 3.0, 5.0, 9.0], [4, 1, 1, 1]);
        let source = || [tensor(vec![2.0], [1]), tensor(vec![4.0], [1])];
        let of =
            |share: f64| to_host(alpha_batch_norm(x.clone(), source(), unit(share), &plain(1), 0.0)).unwrap();
        assert_eq!(of(0.0), [-0.5, 0.5, 1.5, 3.5]);
        // Mean 4.5, unbiased variance 35 / 3; TBN has the biased one.
        assert!((of(1.0)[3] - 4.5 / (35.0f64 / 3.0).sqrt()).abs() < 1e-12);
        let own = to_host(batch_norm(x.clone(), &plain(1), 0.0)).unwrap();
        assert!((own[3] - 4.5 / 8.75f64.sqrt()).abs() < 1e-12);
        assert!((momentum(unit(0.1), 64, 64) - 0.1).abs() < 1e-12);
        assert!((momentum(unit(0.1), 1, 64) - (1.0 - 0.9f64.powf(1.0 / 64.0))).abs() < 1e-15);
    }
}
