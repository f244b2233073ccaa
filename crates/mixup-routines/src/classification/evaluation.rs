//! What is asked of a trained network: its logits, and from them all metrics but the accuracy in training.

use std::collections::BTreeMap;

use mixup_core::{
    CoreError, metrics::ece::top_label, nn::ImageNetwork, split::evenly_spaced, stream::Streams,
    train::Selection,
};
use mixup_data::LabelledImages;
use mixup_paper::{Predictions, RunError};
use ndarray::Array2;

use super::detection::{self, OTHER, UNSEEN};
use super::measure::{BINS, Logits, RAW, measure, measure_raw};
use super::mixtures::{self, TOP2, TOP2_RAW, top2};
use super::teacher::{self, TEACHER};
use super::{ImageTraining, MEDIAN_ACCURACY, Method, Parts, TAIL_ERROR, TRAIN_ACCURACY, TRAIN_IMAGES};

/// The epochs whose networks are evaluated. Where the last one is the best there is only the last.
const LAST: &str = "last";
const BEST: &str = "best-validation";

/// The images that they are asked about.
const TEST: &str = "test";
const VALIDATION: &str = "validation";
/// The test images, after batch-norm statistics were renewed by raw images.
const RENEWED: &str = "test-raw-statistics";
/// Mixtures of test images, and the same after statistics were renewed.
const MIXED: &str = "mixtures";
const MIXED_RENEWED: &str = "mixtures-raw-statistics";
/// The classes of the two images of each.
const MIXED_LABELS: [&str; 2] = ["mixtures/labels", "mixtures/partner-labels"];

/// Evaluates the networks of a run.
pub(super) struct Evaluation<'a, M> {
    pub(super) task: &'a ImageTraining<M>,
    /// Test images of another set.
    pub(super) other: Option<&'a LabelledImages>,
    /// The batch by which batch-norm statistics are renewed, where that is wanted.
    pub(super) renewal: Option<usize>,
    /// Networks of epochs before the last one, the earliest first.
    pub(super) tail: &'a [ImageNetwork],
    /// What the method learnt from.
    pub(super) teacher: Option<&'a ImageNetwork>,
    /// Test images that are mixed; none where no metric of mixtures is wanted.
    pub(super) mixtures: Vec<[usize; 2]>,
}

impl<M: Method> Evaluation<'_, M> {
    /// What the networks of the last epoch and of the best one, where that is another, say of all images;
    /// and their accuracies on training images, named by epoch as `select` does.
    ///
    /// Streams read here: those of [`ImageTraining::with_raw_statistics`], first for the last network.
    ///
    /// # Errors
    /// As [`ImageTraining::logits`].
    pub(super) fn of(
        &self,
        last: &ImageNetwork,
        best: Option<&ImageNetwork>,
        select: Selection,
        streams: &mut Streams,
    ) -> Result<(Predictions, BTreeMap<String, f64>), CoreError> {
        let mut predictions = Predictions::default();
        self.predict(LAST, last, &mut predictions, streams)?;
        for (before, earlier) in (1..).zip(self.tail.iter().rev()) {
            keep(
                &mut predictions,
                &before_last(before),
                TEST,
                &self.task.logits(earlier, &self.task.parts().test)?,
            );
        }
        if let Some(teacher) = self.teacher {
            keep(&mut predictions, TEACHER, TEST, &self.task.logits(teacher, &self.task.parts().test)?);
        }
        let of_last = self.train_accuracy(last)?;
        let of_best = match best {
            Some(best) => {
                self.predict(BEST, best, &mut predictions, streams)?;
                self.train_accuracy(best)?
            }
            None => of_last.clone(),
        };
        Ok((predictions, select.named(&of_best, &of_last)))
    }

    fn predict(
        &self,
        epoch: &str,
        model: &ImageNetwork,
        into: &mut Predictions,
        streams: &mut Streams,
    ) -> Result<(), CoreError> {
        let Parts { validation, test, .. } = self.task.parts();
        keep(into, epoch, TEST, &self.task.logits(model, test)?);
        keep(into, epoch, VALIDATION, &self.task.logits(model, validation)?);
        for (part, images) in self.outside() {
            keep(into, epoch, part, &self.task.logits(model, images)?);
        }
        self.keep_mixtures_with_outliers(&with_outliers(epoch), model, into)?;
        if let Some(batch) = self.renewal {
            let renewed = self.task.with_raw_statistics(model, batch, streams);
            keep(into, epoch, RENEWED, &self.task.logits(&renewed, test)?);
            if self.is_about_outliers() {
                for (part, images) in self.outside() {
                    keep(into, epoch, &renewed_of(part), &self.task.logits(&renewed, images)?);
                }
            }
            self.keep_mixtures_with_outliers(&renewed_of(&with_outliers(epoch)), &renewed, into)?;
            self.predict_mixtures(&outputs_of(epoch, MIXED_RENEWED), &renewed, into)?;
        }
        self.predict_mixtures(&outputs_of(epoch, MIXED), model, into)
    }

    /// What is told apart from the test images.
    fn outside(&self) -> impl Iterator<Item = (&'static str, &LabelledImages)> {
        let unseen = self.task.parts().unseen.as_ref();
        [(OTHER, self.other), (UNSEEN, unseen)].into_iter().filter_map(|(part, images)| Some((part, images?)))
    }

    /// Elsewhere renewed statistics are asked about the test images only.
    fn is_about_outliers(&self) -> bool {
        let Parts { unseen, outliers, .. } = self.task.parts();
        unseen.is_some() || outliers.is_some()
    }

    fn keep_mixtures_with_outliers(
        &self,
        name: &str,
        model: &ImageNetwork,
        into: &mut Predictions,
    ) -> Result<(), CoreError> {
        let confidences = self.task.mixture_confidence(model, &detection::lambdas())?;
        if !confidences.is_empty() {
            into.add_values(name, Array2::from(confidences).view());
        }
        Ok(())
    }

    fn predict_mixtures(
        &self,
        name: &str,
        model: &ImageNetwork,
        into: &mut Predictions,
    ) -> Result<(), CoreError> {
        if self.mixtures.is_empty() {
            return Ok(());
        }
        let test = &self.task.parts().test;
        into.add_outputs(name, mixtures::logits(self.task, model, test, &self.mixtures)?.view());
        for (side, name) in MIXED_LABELS.into_iter().enumerate() {
            let classes = self.mixtures.iter().map(|pair| usize::from(test.labels[pair[side]]));
            into.add_classes(name, &classes.collect::<Vec<_>>());
        }
        Ok(())
    }

    fn train_accuracy(&self, model: &ImageNetwork) -> Result<BTreeMap<String, f64>, CoreError> {
        let train = &self.task.parts().train;
        let rows: Vec<usize> = (0..train.len()).collect();
        let logits = self.task.logits(model, &train.select(&evenly_spaced(&rows, TRAIN_IMAGES)))?;
        Ok([(TRAIN_ACCURACY.to_owned(), 100.0 * logits.predictions()?.accuracy())].into())
    }
}

/// Every metric that the predictions of a run tell, of both epochs; those of rare classes where the training
/// part was long-tailed.
///
/// # Errors
/// Predictions of another routine, or logits that are not finite.
pub(super) fn metrics(
    predictions: &Predictions,
    select: Selection,
    long_tailed: bool,
) -> Result<BTreeMap<String, f64>, RunError> {
    let of_epoch = |epoch| {
        let mut metrics = of_epoch(predictions, epoch)?;
        if long_tailed {
            let error = tail_error(&logits(predictions, epoch, TEST)?)?;
            metrics.extend(error.map(|error| (TAIL_ERROR.to_owned(), error)));
        }
        Ok::<_, RunError>(metrics)
    };
    let last = of_epoch(LAST)?;
    let best = if has_best(predictions) { of_epoch(BEST)? } else { last.clone() };
    let mut metrics = select.named(&best, &last);
    metrics.extend(median_accuracy(predictions)?.map(|median| (MEDIAN_ACCURACY.to_owned(), median)));
    if predictions.contains(&outputs_of(TEACHER, TEST)) {
        metrics.extend(teacher::measure(&logits(predictions, TEACHER, TEST)?)?);
    }
    Ok(metrics)
}

/// The epoch so many before the last one.
fn before_last(epochs: usize) -> String {
    format!("{LAST}-{epochs}")
}

/// Median of the accuracies of the last epochs, in percent, the mean of the middle two of an even number; none of one
/// epoch.
fn median_accuracy(predictions: &Predictions) -> Result<Option<f64>, RunError> {
    let earlier = (1..).map(before_last);
    let earlier = earlier.take_while(|epoch| predictions.contains(&outputs_of(epoch, TEST)));
    let epochs = std::iter::once(LAST.to_owned()).chain(earlier);
    let accuracy = |epoch: String| -> Result<f64, RunError> {
        Ok(100.0 * logits(predictions, &epoch, TEST)?.predictions()?.accuracy())
    };
    let mut accuracies = epochs.map(accuracy).collect::<Result<Vec<f64>, RunError>>()?;
    accuracies.sort_by(f64::total_cmp);
    let middle = accuracies.len() / 2;
    Ok(match accuracies.len() {
        1 => None,
        odd if odd % 2 == 1 => Some(accuracies[middle]),
        _ => Some(f64::midpoint(accuracies[middle - 1], accuracies[middle])),
    })
}

/// Percent of wrong answers among the images of the last half of the classes; none where there is no such
/// image. Of an odd number of classes the middle one is left out.
fn tail_error(test: &Logits) -> Result<Option<f64>, CoreError> {
    let classes = test.logits.ncols();
    let predictions = test.predictions()?;
    let tail = predictions.correct().into_iter().zip(&test.labels);
    let tail: Vec<bool> =
        tail.filter(|(_, label)| **label >= classes.div_ceil(2)).map(|(correct, _)| correct).collect();
    let wrong = tail.iter().filter(|correct| !**correct).count();
    Ok((!tail.is_empty()).then(|| 100.0 * wrong as f64 / tail.len() as f64))
}

/// Mean confidence and accuracy of every bin of the test images that has some.
///
/// # Errors
/// As [`metrics`].
pub(super) fn reliability(predictions: &Predictions, select: Selection) -> Result<Vec<[f64; 2]>, RunError> {
    let selected = selected(predictions, select);
    let bins = top_label(&logits(predictions, selected, TEST)?.predictions()?, BINS);
    let filled = bins.iter().filter(|bin| bin.count > 0);
    Ok(filled.map(|bin| [bin.confidence, bin.accuracy]).collect())
}

fn has_best(predictions: &Predictions) -> bool {
    predictions.contains(&outputs_of(BEST, TEST))
}

fn of_epoch(predictions: &Predictions, epoch: &str) -> Result<BTreeMap<String, f64>, RunError> {
    let test = logits(predictions, epoch, TEST)?;
    let mut metrics = measure(&test, &logits(predictions, epoch, VALIDATION)?)?;
    if predictions.contains(&outputs_of(epoch, RENEWED)) {
        metrics.extend(measure_raw(&logits(predictions, epoch, RENEWED)?)?);
    }
    for (part, metric) in [(MIXED, TOP2), (MIXED_RENEWED, TOP2_RAW)] {
        let [own, partner] = MIXED_LABELS.map(|name| predictions.classes(name));
        if let (Some(logits), Some(own), Some(partner)) =
            (predictions.values(&outputs_of(epoch, part)), own, partner)
        {
            metrics.insert(metric.to_owned(), top2(&logits, [&own, &partner]));
        }
    }
    for set in [OTHER, UNSEEN] {
        if predictions.contains(&outputs_of(epoch, set)) {
            let outside = logits(predictions, epoch, set)?.logits;
            metrics.extend(detection::measure(set, &test.logits, &outside)?);
        }
        if predictions.contains(&outputs_of(epoch, &renewed_of(set))) {
            let inside = logits(predictions, epoch, RENEWED)?.logits;
            let outside = logits(predictions, epoch, &renewed_of(set))?.logits;
            metrics.extend(detection::measure_raw(set, &inside, &outside)?);
        }
    }
    for (name, suffix) in [(with_outliers(epoch), ""), (renewed_of(&with_outliers(epoch)), RAW)] {
        if let Some(confidences) = predictions.values(&name) {
            let measured = detection::of_mixtures(confidences.view(), test.logits.ncols());
            metrics.extend(measured.map(|(metric, value)| (format!("{metric}{suffix}"), value)));
        }
    }
    Ok(metrics)
}

/// Mean confidence over lambda, in mixtures of test images and outliers; none without outliers.
pub(super) fn mixtures_with_outliers(predictions: &Predictions, select: Selection) -> Option<Vec<[f64; 2]>> {
    let confidences = predictions.values(&with_outliers(selected(predictions, select)))?;
    Some(confidences.rows().into_iter().map(|row| [row[0], row[1]]).collect())
}

fn selected(predictions: &Predictions, select: Selection) -> &'static str {
    if has_best(predictions) { select.of::<&str>(&BEST, &LAST) } else { LAST }
}

fn outputs_of(epoch: &str, part: &str) -> String {
    format!("{epoch}/{part}/logits")
}

/// Mean confidences in mixtures of test images and outliers, rows `[lambda, confidence]`.
fn with_outliers(epoch: &str) -> String {
    format!("{epoch}/mixtures-with-outliers")
}

/// The same after batch-norm statistics were renewed by raw images.
fn renewed_of(part: &str) -> String {
    format!("{part}{RAW}")
}

fn labels_of(part: &str) -> String {
    format!("{part}/labels")
}

fn keep(predictions: &mut Predictions, epoch: &str, part: &str, logits: &Logits) {
    predictions.add_outputs(&outputs_of(epoch, part), logits.logits.view());
    predictions.add_classes(&labels_of(part), &logits.labels);
}

fn logits(predictions: &Predictions, epoch: &str, part: &str) -> Result<Logits, RunError> {
    let (outputs, labels) = (outputs_of(epoch, part), labels_of(part));
    match (predictions.values(&outputs), predictions.classes(&labels)) {
        (Some(logits), Some(labels)) => Ok(Logits { logits, labels }),
        _ => Err(RunError::Spec(format!("the predictions have no `{outputs}` with `{labels}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_the_epochs_that_were_kept() {
        let mut predictions = Predictions::default();
        let mut add = |epoch: &str, right: usize| {
            let logits =
                Array2::from_shape_fn((4, 2), |(row, class)| f64::from((class == 0) == (row < right)));
            keep(&mut predictions, epoch, TEST, &Logits { logits, labels: vec![0; 4] });
            median_accuracy(&predictions).unwrap()
        };
        assert_eq!(add(LAST, 4), None);
        assert_eq!(add(&before_last(1), 1), Some(62.5));
        assert_eq!(add(&before_last(2), 2), Some(50.0));
    }

    #[test]
    fn rare_classes_are_the_last_half() {
        // Everything is said to be of class 2.
        let says_two = |classes: usize, labels: &[usize]| {
            let logits = Array2::from_shape_fn((labels.len(), classes), |(_, class)| f64::from(class == 2));
            tail_error(&Logits { logits, labels: labels.to_vec() }).unwrap()
        };
        assert_eq!(says_two(4, &[0, 1, 2, 3, 3, 2]), Some(50.0));
        assert_eq!(says_two(5, &[0, 1, 2, 3, 4]), Some(100.0));
        assert_eq!(says_two(4, &[0, 1]), None);
    }
}
