//! `reproduce --dry-run`: what would be run, and nothing is.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::estimate::{costs, duration};
use super::{print, print_json};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::runs::session::{PaperPlan, Session};

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
    /// Runs in the store by other sources: they are kept if these sources do the same.
    unconfirmed: usize,
    /// Trained starts that the missing runs share, each trained once.
    stages: usize,
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
        data: plan.experiment.all_data.join(", "),
        data_place: session.locate(plan).ok().map(|places| places.join(", ")),
        runs: plan.runs.len(),
        in_store: cost.finished,
        unconfirmed: cost.unconfirmed,
        stages: cost.stages,
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
        "stages",
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
                match known.unconfirmed {
                    0 => known.in_store.to_string(),
                    count => format!("{} + {count}?", known.in_store),
                },
                known.stages.to_string(),
                known.core_seconds.map_or("not known".to_owned(), duration),
                format!("{} ({place})", known.data),
            ]);
        }
    }
    let unconfirmed: usize =
        previews.iter().flat_map(|preview| &preview.experiments).map(|known| known.unconfirmed).sum();
    let note = match unconfirmed {
        0 => String::new(),
        count => format!("\n? {count} runs were made by other sources; they are kept if these do the same"),
    };
    format!("{}{note}\n{} runs at a time; nothing was run", table.trim_fmt(), session.jobs())
}
