//! Mixed copies of a batch (section 3.1, `mixup_process` of the official code).

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    mix::{Lambda, Partner, mix_within},
    stream::Streams,
};

/// How one copy of a batch is mixed.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyDraw {
    /// Share of the own sample, one for the whole batch, not folded to `max(lambda, 1 - lambda)`.
    pub lambda: f64,
    /// For every row of the batch the row that it is mixed with.
    pub partners: Vec<usize>,
}

/// Mixed copies of a batch, all of copy 0 first.
#[derive(Debug, Clone)]
pub struct MixedCopies<const D: usize> {
    /// `[copies * batch, ...]`
    pub inputs: Tensor<D>,
    /// `[copies * batch, classes]`
    pub targets: Tensor<2>,
    /// Lambda of each copy.
    pub lambdas: Vec<f64>,
}

/// For each copy a lambda and a random permutation of the batch, independent of the others. Fixed
/// points and partners of the own class occur.
///
/// Streams read here: `lambda` and `pairs`.
pub fn draw_copies(
    copies: NonZeroUsize,
    batch: usize,
    lambda: &Lambda,
    streams: &mut Streams,
) -> Vec<CopyDraw> {
    let rows: Vec<usize> = (0..batch).collect();
    let mut draw = || CopyDraw {
        lambda: lambda.draw(streams.get("lambda")),
        partners: Partner::Permutation.draw(&rows, streams.get("pairs")),
    };
    (0..copies.get()).map(|_| draw()).collect()
}

/// Mixes a batch with itself, once per draw: inputs (or hidden states) and targets alike.
///
/// # Shapes
/// - `x`: `[batch, ...]`; `targets`: `[batch, classes]`
///
/// # Errors
/// No draws, or partners that do not fit the batch.
pub fn mix_copies<const D: usize>(
    x: Tensor<D>,
    targets: Tensor<2>,
    draws: &[CopyDraw],
) -> Result<MixedCopies<D>, CoreError> {
    if draws.is_empty() {
        return Err(CoreError::Invalid("mix_copies: at least one copy is needed".into()));
    }
    let mut inputs = Vec::with_capacity(draws.len());
    let mut mixed_targets = Vec::with_capacity(draws.len());
    for CopyDraw { lambda, partners } in draws {
        inputs.push(mix_within(x.clone(), partners, *lambda)?);
        mixed_targets.push(mix_within(targets.clone(), partners, *lambda)?);
    }
    Ok(MixedCopies {
        inputs: Tensor::cat(inputs, 0),
        targets: Tensor::cat(mixed_targets, 0),
        lambdas: draws.iter().map(|draw| draw.lambda).collect(),
    })
}
