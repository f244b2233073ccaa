//! Auxiliary outliers: images of another set that methods may see in training.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    augment::ImageShape,
    metrics::detection::Score,
    mix::{Mixture, Ratio},
    nn::ImageNetwork,
    split::evenly_spaced,
    stream::Streams,
};
use mixup_data::{DataError, LabelledImages, album, load_images, load_test_images};
use mixup_paper::{RunContext, RunError};
use rand::seq::SliceRandom;

use super::images::developed;
use super::{ImageTraining, Method, Spec, resized};

/// More than these are thinned, evenly.
pub(super) const MOST: usize = 10_000;

/// Pairs of which mixtures are made after training, at most.
pub(super) const MIXED: usize = 500;

/// Images of another set, of the shape of the training images.
#[derive(Debug, Clone)]
pub struct Outliers {
    /// The images; their labels mean nothing here.
    pub images: LabelledImages,
    experiment: String,
    seed: u64,
}

impl Outliers {
    /// Those of `setting.outliers` in the shape of the training images: the training part of the set, or all of
    /// it where it has none.
    pub(super) fn of<M>(
        spec: &Spec<M>,
        shape: ImageShape,
        context: &RunContext<'_>,
    ) -> Result<Option<Self>, RunError> {
        let Some(name) = &spec.setting.outliers else { return Ok(None) };
        let thinned = |images: &LabelledImages| {
            let rows: Vec<usize> = (0..images.len()).collect();
            images.select(&evenly_spaced(&rows, context.at_most(MOST)))
        };
        let own = |images| Self { images, experiment: spec.experiment.clone(), seed: spec.seed };
        if let Some(album) = album(context.library, name)? {
            return Ok(Some(own(developed(&album, &thinned(&album.train()), shape)?)));
        }
        let images = match load_images(context.library, name) {
            Ok(set) if !set.train.is_empty() => set.train,
            Ok(set) => set.test,
            Err(DataError::NotImages { .. }) => load_test_images(context.library, name)?,
            Err(error) => return Err(error.into()),
        };
        Ok(Some(own(resized(&thinned(&images), shape))))
    }

    /// The outliers of a step that sees `count` of them: pass after pass over all, each in an order of its own that
    /// depends on experiment, seed and pass only. So training goes on after a cut without a stream's position.
    pub fn of_step(&self, number: usize, count: usize) -> Vec<usize> {
        let all = self.images.len();
        let mut rows = Vec::with_capacity(count);
        let mut at = number * count;
        while rows.len() < count && all > 0 {
            let (pass, place) = (at / all, at % all);
            let taken = (all - place).min(count - rows.len());
            rows.extend_from_slice(&self.order(pass)[place..place + taken]);
            at += taken;
        }
        rows
    }

    fn order(&self, pass: usize) -> Vec<usize> {
        let mut streams = Streams::new(&format!("{} outliers {pass}", self.experiment), self.seed);
        let mut order: Vec<usize> = (0..self.images.len()).collect();
        order.shuffle(streams.get("order"));
        order
    }
}

impl<M: Method> ImageTraining<M> {
    /// Mean confidence of the network in mixtures of test images and outliers, `lambda x + (1 - lambda) o`, for
    /// each lambda: pairs `[lambda, confidence]`. Evaluation mode, without augmentation, evenly spaced images with
    /// evenly spaced outliers; none without outliers.
    ///
    /// # Errors
    /// A failing device.
    pub(super) fn mixture_confidence(
        &self,
        model: &ImageNetwork,
        lambdas: &[f64],
    ) -> Result<Vec<[f64; 2]>, CoreError> {
        let (test, Some(outliers)) = (&self.parts().test, &self.parts().outliers) else {
            return Ok(Vec::new());
        };
        let pairs = test.len().min(outliers.images.len()).min(MIXED);
        let spaced = |images: &LabelledImages| -> Vec<usize> {
            evenly_spaced(&(0..images.len()).collect::<Vec<_>>(), pairs)
        };
        let (own, others) = (spaced(test), spaced(&outliers.images));
        let confidence = |&lambda: &f64| {
            let logits = self.logits_of(model, pairs, |chunk| {
                let mixture = Mixture::joined(chunk.len(), Ratio::Batch(lambda))?;
                let images = self.plain(test, &own[chunk.clone()]);
                mixture.inputs(Tensor::cat(vec![images, self.plain(&outliers.images, &others[chunk])], 0))
            })?;
            let confidences = Score::MaxProbability.of(logits.view());
            Ok::<_, CoreError>([lambda, confidences.iter().sum::<f64>() / pairs as f64])
        };
        lambdas.iter().map(confidence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pass_has_each_outlier_once_in_another_order() {
        let images = LabelledImages {
            channels: 1,
            height: 1,
            width: 1,
            classes: 1,
            pixels: (0..10).collect(),
            labels: vec![0; 10],
        };
        let outliers = Outliers { images, experiment: "e".to_owned(), seed: 3 };
        // Steps of four: five of them are two passes.
        let rows: Vec<usize> = (0..5).flat_map(|step| outliers.of_step(step, 4)).collect();
        let (first, second) = rows.split_at(10);
        for pass in [first, second] {
            let mut sorted = pass.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(first, second);
        assert_eq!(outliers.of_step(0, 25)[..20], rows, "more than a pass in a step");
    }
}
