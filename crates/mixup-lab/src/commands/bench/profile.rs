//! `bench --run`: where the time of an experiment's runs goes.

use std::collections::BTreeMap;
use std::time::Instant;

use comfy_table::{Cell, CellAlignment, Table, presets};
use mixup_core::clock::Phase;
use mixup_paper::Paper;
use serde::Serialize;

use crate::commands::cli::Format;
use crate::commands::{print, print_json};
use crate::error::{LabError, Status};
use crate::files::workspace::Workspace;
use crate::outcomes::outcome::RunRecord;
use crate::runs::execute::End;
use crate::runs::host;
use crate::runs::session::{Request, Session};
use crate::runs::store::Store;
use crate::runs::worker::START;

/// The runs of a method, or its stages.
#[derive(Debug, Serialize)]
struct Row {
    method: String,
    runs: usize,
    /// Seconds by phase, of all runs together; what no phase has is `rest`. They add up to the life of the processes.
    phases: BTreeMap<String, f64>,
}

/// Where the time of an experiment went.
#[derive(Debug, Serialize)]
struct Report {
    host: String,
    experiment: String,
    rows: Vec<Row>,
    /// Seconds of the command beside the runs: what the code does is looked at, records are read.
    beside: f64,
}

/// What no phase has: records and checkpoints are made ready.
const REST: &str = "rest";

/// Executes the runs of one experiment, one at a time, into a store that is thrown away.
///
/// # Errors
/// What `reproduce` refuses.
pub(crate) fn run(
    workspace: &Workspace,
    papers: &[Paper],
    request: Request,
    format: Format,
) -> Result<Status, LabError> {
    let folder = tempfile::tempdir()
        .map_err(|error| LabError::Usage(format!("no room for the records of these runs: {error}")))?;
    let mut session = Session::new(workspace, request)?;
    session.store = Store::new(folder.path());
    let plans = session.plan(papers)?;
    let [paper] = &plans[..] else { return Err(LabError::Usage("--run is of one paper".into())) };
    let begun = Instant::now();
    let mut rows = Vec::new();
    for executed in session.execute(paper)? {
        match executed.end {
            End::Complete(_) => {}
            End::NoData(error) | End::BadData(error) => return Err(error.into()),
            End::Failed(failed) => {
                let why = failed
                    .first()
                    .map(|(method, seed, why)| format!("{method}, seed {seed}: {}", why.message));
                return Err(LabError::Usage(format!("a run failed: {}", why.unwrap_or_default())));
            }
        }
        let planned = executed.plan.stages.iter().chain(&executed.plan.runs);
        let records = planned.filter_map(|planned| session.look_up(&planned.key));
        rows.extend(by_method(records));
    }
    let lives: f64 = rows.iter().flat_map(|row| row.phases.values()).sum();
    let report = Report {
        host: host::description(),
        experiment: paper.plans.iter().map(|plan| plan.experiment.experiment.as_str()).collect(),
        rows,
        beside: begun.elapsed().as_secs_f64() - lives,
    };
    match format {
        Format::Text => print(&text(&report))?,
        Format::Json => print_json(&report)?,
    }
    Ok(Status::Fine)
}

/// In the order of the plan.
fn by_method(records: impl Iterator<Item = RunRecord>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for record in records {
        let row = match rows.iter().position(|row| row.method == record.method) {
            Some(row) => &mut rows[row],
            None => {
                let method = record.method.clone();
                rows.push(Row { method, runs: 0, phases: BTreeMap::new() });
                let last = rows.len() - 1;
                &mut rows[last]
            }
        };
        row.runs += 1;
        let within: f64 = record.phases.iter().filter(|(name, _)| *name != START).map(|(_, time)| time).sum();
        let rest = (REST.to_owned(), record.wall_seconds - within);
        for (phase, seconds) in record.phases.into_iter().chain([rest]) {
            *row.phases.entry(phase).or_default() += seconds;
        }
    }
    rows
}

/// All phases in the order of a run.
fn phases() -> Vec<&'static str> {
    [START].into_iter().chain(Phase::ALL.map(Phase::name)).chain([REST]).collect()
}

fn text(report: &Report) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let header = ["ms a run", "runs"].into_iter().chain(phases()).chain(["all"]);
    table.set_header(header.map(str::to_owned));
    let of = |row: &Row, phase: &str| row.phases.get(phase).copied().unwrap_or_default();
    for row in &report.rows {
        let milliseconds = |seconds: f64| right(format!("{:.0}", 1e3 * seconds / row.runs as f64));
        let mut cells = vec![Cell::new(&row.method), right(row.runs.to_string())];
        cells.extend(phases().into_iter().map(|phase| milliseconds(of(row, phase))));
        cells.push(milliseconds(row.phases.values().sum()));
        table.add_row(cells);
    }
    let all: f64 = report.rows.iter().flat_map(|row| row.phases.values()).sum();
    let mut cells = vec![Cell::new("share of all"), Cell::new("")];
    let share = |seconds: f64| right(format!("{:.1} %", 100.0 * seconds / all));
    cells.extend(phases().into_iter().map(|phase| share(report.rows.iter().map(|row| of(row, phase)).sum())));
    cells.push(share(all));
    table.add_row(cells);
    let outside: f64 = {
        let trained = ["forward", "backward", "optimiser"];
        let within = |row: &Row| trained.iter().map(|phase| of(row, phase)).sum::<f64>();
        all - report.rows.iter().map(within).sum::<f64>()
    };
    format!(
        "{}: {}\n{table}\n{all:.1} s in all runs; {:.1} % of it outside forward, backward and optimiser. Beside them the command \
         took {:.1} s.\n",
        report.experiment,
        report.host,
        100.0 * outside / all,
        report.beside
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(method: &str, wall_seconds: f64, phases: &[(&str, f64)]) -> RunRecord {
        let phases: BTreeMap<&str, f64> = phases.iter().copied().collect();
        serde_json::from_value(serde_json::json!({
            "key": "k", "method": method, "seed": 0, "metrics": {}, "curves": {}, "wall_seconds": wall_seconds,
            "peak_memory_mib": 1.0, "identity": "i", "made_by": "s", "phases": phases,
            "provenance": {"host": "h", "version": "0", "device": "flex", "data_sha256": "d"}
        }))
        .unwrap()
    }

    #[test]
    fn shares_add_up_to_the_life_of_the_processes() {
        let first = record("a", 2.0, &[(START, 0.5), ("forward", 1.0), ("backward", 0.75)]);
        let second = record("a", 1.0, &[(START, 0.5), ("forward", 1.0)]);
        let rows = by_method([first, record("b", 1.0, &[]), second].into_iter());
        let [a, b] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((a.method.as_str(), a.runs, b.runs), ("a", 2, 1));
        assert_eq!((a.phases["forward"], a.phases[REST], a.phases[START]), (2.0, 0.25, 1.0));
        assert_eq!(a.phases.values().sum::<f64>(), 4.0);
        assert_eq!(b.phases[REST], 1.0);
        let report = Report { host: "here".into(), experiment: "e".into(), rows, beside: 0.1 };
        let text = text(&report);
        assert!(text.contains("5.0 s in all runs; 45.0 % of it outside"), "{text}");
    }
}
