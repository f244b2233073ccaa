//! How long runs will take, by what like runs took.

use crate::error::LabError;
use crate::outcomes::outcome::RunRecord;
use crate::report::results;
use crate::runs::plan::Plan;
use crate::runs::session::{PaperPlan, Session};
use crate::runs::standing::Standing;

/// Seconds of one core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    /// Runs in the store.
    pub(crate) finished: usize,
    /// Runs in the store that other sources made; they count as missing.
    pub(crate) unconfirmed: usize,
    /// Stages that missing runs need and the store does not have.
    pub(crate) stages: usize,
    /// Core seconds of the runs that are missing; absent where nothing like them was run before
    /// and the file does not say.
    pub(crate) seconds: Option<f64>,
}

/// The cost of each plan of a paper: by its finished runs, else by the committed outcome, else by what
/// the experiment's file says.
///
/// # Errors
/// A committed file that is no outcome.
pub(crate) fn costs(session: &Session<'_>, paper: &PaperPlan) -> Result<Vec<Cost>, LabError> {
    let folder = session.workspace.results(paper.slug, session.request.profile);
    let committed = results::outcomes(&folder, session.request.profile, &paper.all_experiments)?;
    let per_run = |name: &str| {
        let outcome = committed.iter().find(|outcome| outcome.experiment == name)?;
        mean_seconds(outcome.core_seconds, outcome.seeds.len() * outcome.methods.len())
    };
    let cost = |plan: &Plan| {
        let standings = session.standings(plan, &paper.sources);
        let fresh = session.request.fresh;
        let records: Vec<&RunRecord> = standings.iter().filter_map(Standing::kept).collect();
        let unconfirmed = standings.iter().filter(|known| known.may_stand()).count();
        let seconds = records.iter().map(|record| record.wall_seconds).sum();
        let finished = if fresh { 0 } else { records.len() };
        let missing = plan.runs.len() - finished;
        // What other sources made will probably stay.
        let sure = fresh || standings.contains(&Standing::Missing);
        let stages = if sure { session.stage_standings(plan, &paper.sources) } else { Vec::new() };
        let each = mean_seconds(seconds, records.len())
            .or_else(|| per_run(&plan.experiment.experiment))
            .or_else(|| plan.experiment.core_hours_per_run.map(|hours| 3600.0 * hours));
        Cost {
            finished,
            unconfirmed: if fresh { 0 } else { unconfirmed },
            stages: stages.iter().filter(|known| fresh || **known == Standing::Missing).count(),
            seconds: if missing == 0 { Some(0.0) } else { each.map(|each| each * missing as f64) },
        }
    };
    Ok(paper.plans.iter().map(cost).collect())
}

fn mean_seconds(seconds: f64, runs: usize) -> Option<f64> {
    (runs > 0).then(|| seconds / runs as f64)
}

/// `40 s`, `3 min`, `2.5 h`
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "1 s".to_owned(),
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6000.0 => format!("{:.0} min", s / 60.0),
        s if s < 360_000.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.0} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_round() {
        let printed = [0.0, 40.2, 180.0, 9000.0, 1.8e8].map(duration);
        assert_eq!(printed, ["1 s", "40 s", "3 min", "2.5 h", "50000 h"]);
    }

    #[test]
    fn nothing_run_tells_nothing() {
        assert_eq!(mean_seconds(0.0, 0), None);
        assert_eq!(mean_seconds(3.0, 2), Some(1.5));
    }
}
