//! `loss:` of a row: MoCo, with synthetic negatives or without.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{Positive, UnitInterval},
    loss::metric::unit_rows,
    tensor::to_host,
    train::Step,
};
use mixup_paper::{Direction, MetricInfo};
use mixup_routines::classification::Told;
use mixup_routines::contrastive::{Batch, Memory, MemoryPlan, Method, Origin, Sample, Setting};
use mixup_routines::{parameters, positive, size, unit};

use crate::loss::{contrastive, logits, proxy_accuracy};
use crate::synthetic::{Between, Excluded, Toward, between, hardest, similarities, toward};

parameters!(
    /// `{queue: 1024, decay: 0.99, mixing: {hardest: 64, between: 32, toward: 16}}`: MoCo without `mixing`.
    Mochi {
        /// What similarities are divided by.
        tau: Positive = positive(0.2),
        /// Keys in the queue.
        queue: NonZeroUsize = size(1024),
        /// Decay of the network that makes keys.
        decay: UnitInterval = unit(0.99),
        /// Whether keys of the query's class are left out: an upper bound, for it sees the labels.
        oracle: bool = false,
        /// Synthetic negatives; none where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        mixing: Option<Mixing> = None,
    }
);
parameters!(
    /// MoCHi (N, s, s').
    Mixing {
        /// N: hardest negatives of a query, of which synthetic ones are made.
        hardest: NonZeroUsize = size(64),
        /// s: mixtures of two of them.
        between: usize = 32,
        /// s': mixtures of one with the query.
        toward: usize = 16,
        /// The largest share of the query in one.
        largest_share: UnitInterval = unit(0.5),
        /// Share of the training before there are any.
        after: UnitInterval = unit(0.1),
    }
);

/// Share of queries with the own key before all others.
const PROXY: &str = "proxy-accuracy";

/// Share of the hardest keys that are of the query's class.
const FALSE: &str = "false-negatives";

/// Hardest keys that are looked at for it.
const LOOKED_AT: NonZeroUsize = NonZeroUsize::new(50).unwrap();

impl Mochi {
    /// Old keys of the query's own image are no negatives; for the oracle, keys of its class neither.
    fn excluded(&self, rows: &[usize], targets: &[f64], origins: &[Origin], oracle: bool) -> Excluded {
        Excluded::by(rows.len(), origins.len(), |query, key| {
            origins[key].row == rows[query] || (oracle && origins[key].target == targets[query])
        })
    }

    /// Blocks of synthetic negatives. None at the start, nor where a query has no negative at all.
    ///
    /// Streams read here: `between`, `toward`.
    fn synthetics(
        &self,
        queries: &Tensor<2>,
        queue: &Tensor<2>,
        excluded: &Excluded,
        step: &mut Step<'_>,
    ) -> Result<Vec<Tensor<3>>, CoreError> {
        let Some(mixing) = self.mixing.as_ref().filter(|mixing| !step.is_within(mixing.after)) else {
            return Ok(Vec::new());
        };
        let hardest = hardest(&similarities(queries.clone(), queue.clone())?, mixing.hardest, excluded);
        if hardest.iter().any(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut blocks = Vec::new();
        if mixing.between > 0 {
            let rng = step.streams.get("between");
            let draw = |hardest: &Vec<usize>| {
                (0..mixing.between).map(|_| Between::draw(hardest.len(), rng)).collect()
            };
            let draws: Vec<Vec<Between>> = hardest.iter().map(draw).collect();
            blocks.push(between(queue.clone(), &hardest, &draws)?);
        }
        if mixing.toward > 0 {
            let (rng, largest) = (step.streams.get("toward"), mixing.largest_share.get());
            let draw = |hardest: &Vec<usize>| {
                (0..mixing.toward).map(|_| Toward::draw(hardest.len(), largest, rng)).collect()
            };
            let draws: Vec<Vec<Toward>> = hardest.iter().map(draw).collect();
            blocks.push(toward(queries.clone(), queue.clone(), &hardest, &draws)?);
        }
        Ok(blocks)
    }
}

impl Method for Mochi {
    fn check(&self, setting: &Setting) -> Result<(), String> {
        match &self.mixing {
            _ if !setting.labels.are_classes() => Err("setting.labels: classes are needed".into()),
            Some(Mixing { between: 0, toward: 0, .. }) => {
                Err("loss.mixing: neither `between` nor `toward`; leave `mixing` out".into())
            }
            _ => Ok(()),
        }
    }

    fn memory(&self) -> MemoryPlan {
        MemoryPlan { decay: Some(self.decay), queue: Some(self.queue) }
    }

    /// First views are queries, second ones keys, by the average network. The keys go into the queue after the loss.
    ///
    /// Streams read here with `mixing`: `between`, `toward`.
    fn loss(
        &self,
        batch: &Batch<'_>,
        memory: &mut Memory,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let [first, second] = batch.views.clone();
        let queries = unit_rows(batch.network.embeddings(first)?);
        let keys = unit_rows(memory.teacher()?.embeddings(second)?);
        let loss = match memory.queued()? {
            // The first step has no negatives.
            None => queries.sum().mul_scalar(0.0),
            Some((queue, origins)) => {
                let excluded = self.excluded(batch.rows, &batch.targets, &origins, self.oracle);
                let synthetics = self.synthetics(&queries, &queue, &excluded, step)?;
                contrastive(logits(queries, keys.clone(), queue, &synthetics, self.tau, &excluded)?)
            }
        };
        memory.push(keys, batch.rows, &batch.targets)?;
        Ok(loss)
    }

    fn metrics() -> Vec<MetricInfo> {
        vec![
            MetricInfo::new(PROXY, "proxy task (%)", None, 2),
            MetricInfo::new(FALSE, "hardest of the own class (%)", Some(Direction::Lower), 2),
        ]
    }

    /// Of training samples behind the trained network, against the queue as it is at the end.
    fn told(&self, sample: &Sample<'_>, memory: &Memory) -> Result<Told, CoreError> {
        let Some((queue, origins)) = memory.queued()? else { return Ok(Told::default()) };
        let [first, second] = sample.views.clone();
        let queries = unit_rows(sample.network.embeddings(first)?);
        let keys = unit_rows(memory.teacher()?.embeddings(second)?);
        let own = to_host((queries.clone() * keys).sum_dim(1))?;
        let similarities = similarities(queries, queue)?;
        let excluded = self.excluded(&sample.rows, &sample.targets, &origins, false);
        let hardest = hardest(&similarities, LOOKED_AT, &excluded);
        let looked_at: usize = hardest.iter().map(Vec::len).sum();
        let of_class = |(hardest, target): (&Vec<usize>, &f64)| {
            hardest.iter().filter(|key| origins[**key].target == *target).count()
        };
        let of_class: usize = hardest.iter().zip(&sample.targets).map(of_class).sum();
        let metrics = [
            (PROXY, 100.0 * proxy_accuracy(&own, &similarities, &excluded)),
            (FALSE, 100.0 * of_class as f64 / looked_at as f64),
        ];
        Ok(Told { metrics: metrics.map(|(name, value)| (name.to_owned(), value)).into(), ..Told::default() })
    }
}

#[cfg(test)]
mod tests;
