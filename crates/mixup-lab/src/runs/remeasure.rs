//! Metrics of finished runs from what they predicted, where a metric is new or another one now: nothing is
//! trained.

use std::collections::BTreeMap;

use crate::error::LabError;
use crate::runs::execute::Experiment;
use crate::runs::executor::{Executor, Place, Subject, What};
use crate::runs::job::{MeasureTask, Task};
use crate::runs::progress::Progress;
use crate::runs::standing::Standing;

impl Executor<'_> {
    /// Measures what [can be](Standing::Measurable). A run is kept if it then holds what is wanted of it;
    /// else, with a warning where its predictions cannot be read, it is missing.
    pub(super) fn remeasure(
        &self,
        experiments: &mut [Experiment],
        identities: &BTreeMap<String, String>,
    ) -> Result<(), LabError> {
        let mut places = Vec::new();
        for (at, experiment) in experiments.iter().enumerate() {
            let measurable = |run: &usize| matches!(experiment.runs[*run], Standing::Measurable(_));
            let runs = (0..experiment.runs.len()).filter(measurable);
            places.extend(runs.map(|run| Place { experiment: at, at: run }));
        }
        if places.is_empty() {
            return Ok(());
        }
        let job = |place: &Place| {
            let plan = &experiments[place.experiment].plan;
            let planned = &plan.runs[place.at];
            let task = MeasureTask {
                spec: planned.spec.clone(),
                key: planned.key.clone(),
                identity: identities.get(&planned.group).cloned().unwrap_or_default(),
                sources: self.sources.clone(),
            };
            self.session.job(plan, Task::Measure(task))
        };
        let jobs: Vec<_> = places.iter().map(job).collect();
        let bar = ("kept predictions".to_owned(), jobs.len(), 0);
        let pursued = self.pursue(
            &jobs,
            Progress::new([bar]),
            |index| (0, index),
            |index| {
                let plan = &experiments[places[index].experiment].plan;
                Subject { plan, planned: &plan.runs[places[index].at], what: What::Measurement }
            },
        );
        self.unless_cut_off(&pursued, jobs.len())?;
        for place in places {
            let Experiment { plan, runs, .. } = &mut experiments[place.experiment];
            let planned = &plan.runs[place.at];
            let record = self.session.look_up(&planned.key).filter(|record| {
                Some(&record.identity) == identities.get(&planned.group)
                    && self.session.wanted(plan, planned).held_by(record)
            });
            runs[place.at] = record.map_or(Standing::Missing, |record| Standing::Kept(Box::new(record)));
        }
        Ok(())
    }
}
