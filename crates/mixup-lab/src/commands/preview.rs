//! `reproduce --dry-run`: what would be run, and nothing is.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::estimate::{costs, duration};
use super::{print, print_json};
use crate::cli::Format;
use crate::error::{LabError, Status};
use crate::session::{PaperPlan, Session};

#[derive(Serialize)]
struct Preview {
    paper: &'static str,
    experiments: Vec<Experiment>,
}

#[derive(Serialize)]
struct Experiment {
    experiment: String,
    data: String,
    /// Where the data are; absent where they are not at hand.
    data_place: Option<String>,
    runs: usize,
    in_store: usize,
    /// Core seconds of the missing runs; absent where nothing like them was run before.
    core_seconds: Option<f64>,
}

/// Prints the plan of every paper.
pub(super) fn run(session: &Session<'_>, papers: &[PaperPlan], format: Format) -> Result<Status, LabError> {
    let previews: Vec<Preview> =
        papers.iter().map(|paper| preview(session, paper)).collect::<Result<_, _>>()?;
    match format {
        Format::Json => print_json(&previews)?,
        Format::Text => print(&text(session, &previews))?,
    }
    Ok(Status::Fine)
}

fn preview(session: &Session<'_>, paper: &PaperPlan) -> Result<Preview, LabError> {
    let costs = costs(session, paper)?;
    let experiments = paper.plans.iter().zip(costs).map(|(plan, cost)| Experiment {
        experiment: plan.experiment.experiment.clone(),
        data: plan.experiment.data.clone(),
        data_place: session.locate(plan).ok(),
        runs: plan.keys.len(),
        in_store: cost.finished,
        core_seconds: cost.seconds,
    });
    Ok(Preview { paper: paper.slug, experiments: experiments.collect() })
}

fn text(session: &Session<'_>, previews: &[Preview]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header([
        "paper",
        "experiment",
        "runs",
        "in store",
        "core time left",
        "data",
    ]);
    for preview in previews {
        for known in &preview.experiments {
            let place = known.data_place.as_deref().unwrap_or("not at hand");
            table.add_row([
                preview.paper.to_owned(),
                known.experiment.clone(),
                known.runs.to_string(),
                known.in_store.to_string(),
                known.core_seconds.map_or("not known".to_owned(), duration),
                format!("{} ({place})", known.data),
            ]);
        }
    }
    format!("{}\n{} runs at a time; nothing was run", table.trim_fmt(), session.jobs())
}
