//! What is measured of embeddings.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use mixup_core::{
    CoreError,
    cluster::kmeans,
    metrics::embedding::{alignment, nearest_distances, normalised_mutual_information, uniformity},
    metrics::retrieval::{Gallery, Queries, Retrieval, retrieval},
    stream::Streams,
};
use mixup_paper::{Direction, MetricInfo, Predictions, RunError};
use ndarray::Array2;

/// Ks of Recall@K.
const KS: [usize; 4] = [1, 2, 4, 8];

/// Further Ks, of products and clothes; computed only where they are asked for.
const LARGER_KS: [usize; 4] = [10, 20, 100, 1000];

/// Normalised mutual information of classes and of as many clusters; computed only where it is asked for.
pub(super) const NMI: &str = "nmi";

/// Every metric that comes from embeddings.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let info = MetricInfo::new;
    let (lower, higher) = (Some(Direction::Lower), Some(Direction::Higher));
    let mut metrics: Vec<MetricInfo> =
        KS.iter().chain(&LARGER_KS).map(|k| info(&recall_at(*k), &format!("R@{k} (%)"), higher, 2)).collect();
    metrics.extend([
        info("map-at-r", "mAP@R (%)", higher, 2),
        info("r-precision", "R-precision (%)", higher, 2),
        info(NMI, "NMI (%)", higher, 2),
        info("train-recall-1", "R@1 of training classes (%)", None, 2),
        info("alignment", "alignment", lower, 4),
        info("uniformity", "uniformity", lower, 4),
        info("utilization", "utilization", lower, 4),
    ]);
    metrics
}

fn recall_at(k: usize) -> String {
    format!("recall-{k}")
}

/// Embeddings of a part with the classes of its images.
pub(super) struct Part {
    pub(super) embeddings: Array2<f64>,
    pub(super) classes: Vec<usize>,
}

impl Part {
    pub(super) fn add(&self, predictions: &mut Predictions, name: &str) {
        predictions.add_outputs(name, self.embeddings.view());
        predictions.add_classes(&format!("{name}-classes"), &self.classes);
    }

    fn of(predictions: &Predictions, name: &str) -> Result<Self, RunError> {
        let missing = || RunError::Spec(format!("the predictions have no embeddings `{name}`"));
        Ok(Self {
            embeddings: predictions.values(name).ok_or_else(missing)?,
            classes: predictions.classes(&format!("{name}-classes")).ok_or_else(missing)?,
        })
    }

    fn samples(&self) -> Gallery<'_> {
        Gallery { embeddings: self.embeddings.view(), labels: &self.classes }
    }

    /// How well samples of a gallery, or all others of the part, are found.
    fn retrieval(&self, gallery: Option<&Self>, ks: &[usize]) -> Result<Retrieval, CoreError> {
        match gallery {
            Some(gallery) => retrieval(gallery.samples(), Queries::Others(self.samples()), ks),
            None => retrieval(self.samples(), Queries::Gallery, ks),
        }
    }
}

/// Name of the training part among predictions.
pub(super) const TRAIN: &str = "train";

/// Name of the test part among predictions.
pub(super) const TEST: &str = "test";

/// Name of the gallery among predictions, where it is another part.
pub(super) const GALLERY: &str = "gallery";

/// All metrics of the embeddings; stream read here: `k-means`, where NMI is asked for.
pub(super) fn measure(
    predictions: &Predictions,
    wants: &dyn Fn(&str) -> bool,
    streams: &mut Streams,
) -> Result<BTreeMap<String, f64>, RunError> {
    let (train, test) = (Part::of(predictions, TRAIN)?, Part::of(predictions, TEST)?);
    let gallery = predictions.values(GALLERY).map(|_| Part::of(predictions, GALLERY)).transpose()?;
    let larger = LARGER_KS.into_iter().filter(|k| wants(&recall_at(*k)));
    let ks: Vec<usize> = KS.into_iter().chain(larger).collect();
    let retrieved = test.retrieval(gallery.as_ref(), &ks)?;
    let recall = ks.iter().zip(retrieved.recall).map(|(k, recall)| (recall_at(*k), 100.0 * recall));
    let mut metrics: BTreeMap<String, f64> = recall.collect();
    let distances = nearest_distances(test.embeddings.view(), train.embeddings.view())?;
    for (name, value) in [
        ("map-at-r", 100.0 * retrieved.map_at_r),
        ("r-precision", 100.0 * retrieved.r_precision),
        ("train-recall-1", 100.0 * train.retrieval(None, &KS)?.recall[0]),
        ("alignment", alignment(test.embeddings.view(), &test.classes)?),
        ("uniformity", uniformity(test.embeddings.view())),
        ("utilization", distances.iter().sum::<f64>() / distances.len() as f64),
    ] {
        metrics.insert(name.to_owned(), value);
    }
    if wants(NMI) {
        let classes = test.classes.iter().max().map_or(1, |last| last + 1);
        let clusters = NonZeroUsize::new(classes).unwrap_or(NonZeroUsize::MIN);
        let found = kmeans(test.embeddings.view(), clusters, streams.get("k-means"))?;
        metrics.insert(NMI.to_owned(), 100.0 * normalised_mutual_information(&test.classes, &found)?);
    }
    Ok(metrics)
}

/// Places at which [`quantiles`] looks.
const QUANTILES: usize = 20;

/// How far test samples are from the nearest training sample: (share of the test samples in percent, the squared
/// distance that so many do not exceed).
pub(super) fn quantiles(test: &Part, train: &Part) -> Result<Vec<[f64; 2]>, CoreError> {
    let mut distances = nearest_distances(test.embeddings.view(), train.embeddings.view())?;
    distances.sort_unstable_by(f64::total_cmp);
    let last = distances.len().saturating_sub(1);
    let at = |step: usize| {
        let share = step as f64 / QUANTILES as f64;
        [100.0 * share, distances[(share * last as f64).round() as usize]]
    };
    Ok(if distances.is_empty() { Vec::new() } else { (0..=QUANTILES).map(at).collect() })
}
