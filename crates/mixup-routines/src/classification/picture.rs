//! What a method does to two images, as a picture that a run keeps.

use mixup_core::{CoreError, mix::Mixture, stream::Streams, train::Step};
use mixup_paper::{FigureInfo, FigureKind, Picture};

use super::image_mixing::grey;
use super::{ImageTraining, Method};

/// The picture's name.
pub(super) const NAME: &str = "mixed-images";

/// Draws among which one with both images well seen is chosen.
const DRAWS: usize = 200;

/// The share of the first image that is wanted: not a half, so that labels that do not go with their pixels show.
const SHARE: f64 = 0.65;

/// The picture, for those who show it.
pub(super) fn figure() -> FigureInfo {
    FigureInfo {
        name: NAME.to_owned(),
        title: "What each method makes of two training images".to_owned(),
        caption: "Two training images of different classes, as a method that mixes none sees them (1 and 0), and the first \
                  mixed with the second. Below each: the share of the first image in the label. Of up to 200 draws of \
                  each method the one is shown whose share is nearest to 0.65. What is mixed inside of the network, or \
                  by turns, is not shown."
            .to_owned(),
        metric: None,
        kind: FigureKind::Images { scale: false },
    }
}

/// Of a method that mixes images the first image mixed with the second; of others both.
///
/// # Errors
/// A training part without an image, or images that the method cannot mix.
pub(super) fn points<M: Method>(
    task: &ImageTraining<M>,
    state: &Option<M::State>,
    seed: u64,
) -> Result<Vec<[f64; 2]>, CoreError> {
    let labels = &task.parts().train.labels;
    let Some(first) = labels.first() else {
        return Err(CoreError::Invalid("a picture of no images".into()));
    };
    let second = labels.iter().position(|label| label != first).unwrap_or(0);
    let x = task.plain(&task.parts().train, &[0, second]);
    let originals = [grey(&x, 0)?, grey(&x, 1)?];
    let all = || originals.iter().flatten().copied();
    let (darkest, brightest) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let picture = |share: f64, image: &ndarray::Array2<f64>| {
        let scaled = image.iter().map(|value| (value - darkest) / (brightest - darkest));
        Picture::new(share, image.nrows(), scaled)
    };
    let mut streams = Streams::new(NAME, seed);
    let pictures = match chosen(task, &x, state, &mut streams)? {
        None => vec![picture(1.0, &originals[0]), picture(0.0, &originals[1])],
        Some((mixture, share)) => vec![picture(share, &grey(&mixture.inputs(x)?, 0)?)],
    };
    Ok(Picture::to_points(&pictures))
}

/// The mixture of the two whose share is nearest to [`SHARE`], with that share.
fn chosen<M: Method>(
    task: &ImageTraining<M>,
    x: &burn::tensor::Tensor<4>,
    state: &Option<M::State>,
    streams: &mut Streams,
) -> Result<Option<(Mixture, f64)>, CoreError> {
    let mut best: Option<(Mixture, f64)> = None;
    for _ in 0..DRAWS {
        let mut step = Step { rows: &[0, 1], epoch: 0, epochs: 1, step: 0, steps: 1, streams };
        let Some(mixture) = task.mixture(x, state, &mut step)? else { break };
        let share = mixture.shares()?.first().copied().unwrap_or(1.0);
        let nearer = best.as_ref().is_none_or(|(_, best)| (share - SHARE).abs() < (best - SHARE).abs());
        if mixture.partners == [1, 0] && nearer {
            best = Some((mixture, share));
        }
    }
    Ok(best)
}
