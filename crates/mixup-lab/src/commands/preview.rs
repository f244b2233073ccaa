//! `reproduce --dry-run`: what would be run, and nothing is.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::estimate::{Basis, Cost, costs, time_left};
use super::until_decided::Outlook;
use super::{data_words, print, print_json};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::runs::plan::Plan;
use crate::runs::session::{PaperPlan, Session};
use crate::verdicts::numbers::duration;

#[derive(Serialize)]
struct Preview {
    paper: &'static str,
    experiments: Vec<Experiment>,
    /// Primary claims that are open; only of `--until-decided`.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Experiment {
    experiment: String,
    data: String,
    /// Where the data are; absent where they are not at hand.
    data_place: Option<String>,
    #[serde(flatten)]
    amount: Amount,
    in_store: usize,
    /// Runs in the store by other sources: they are kept if these sources do the same.
    unconfirmed: usize,
    /// Trained starts that the missing runs share, each trained once.
    stages: usize,
    /// By what the time of a run is known.
    priced_by: Basis,
    /// The most that `--until-decided` may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<Amount>,
}

#[derive(Serialize)]
struct Amount {
    seeds: usize,
    runs: usize,
    /// Core seconds of the missing runs; absent where nothing like them was run before.
    core_seconds: Option<f64>,
    /// Instead of those, what the experiment's file reckons of one GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_seconds: Option<f64>,
}

/// Prints the plan of every paper.
pub(super) fn run(
    session: &Session<'_>,
    papers: Vec<PaperPlan>,
    until_decided: bool,
    format: Format,
) -> Result<Status, LabError> {
    let preview = |paper| if until_decided { bounds(session, paper) } else { preview(session, &paper) };
    let previews: Vec<Preview> = papers.into_iter().map(preview).collect::<Result<_, _>>()?;
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
        amount: Amount::of(plan, &cost),
        in_store: cost.finished,
        unconfirmed: cost.unconfirmed,
        stages: cost.stages,
        priced_by: cost.by,
        at_most: None,
    });
    Ok(Preview { paper: paper.slug, experiments: experiments.collect(), open: None })
}

/// What `--until-decided` runs in any case, and at most.
fn bounds(session: &Session<'_>, paper: PaperPlan) -> Result<Preview, LabError> {
    let outlook = Outlook::of(session, paper)?;
    let mut preview = preview(session, &outlook.first())?;
    let most = outlook.most()?;
    let costs = costs(session, &most)?;
    for ((experiment, plan), cost) in preview.experiments.iter_mut().zip(&most.plans).zip(&costs) {
        experiment.at_most = Some(Amount::of(plan, cost));
    }
    preview.open = Some(outlook.open().iter().map(|verdict| verdict.claim.clone()).collect());
    Ok(preview)
}

impl Amount {
    fn of(plan: &Plan, cost: &Cost) -> Self {
        let of_gpu = cost.by == Basis::ReckonedGpu;
        let (core_seconds, gpu_seconds) =
            if of_gpu { (None, cost.seconds()) } else { (cost.seconds(), None) };
        Self { seeds: plan.experiment.seeds.len(), runs: plan.runs.len(), core_seconds, gpu_seconds }
    }

    /// What is left, marked where it is reckoned only.
    fn time(&self, by: Basis) -> String {
        let mark = if by.is_reckoned() { "~" } else { "" };
        match self.gpu_seconds.or(self.core_seconds) {
            Some(seconds) => format!("{mark}{}", duration(seconds)),
            None => "not known".to_owned(),
        }
    }
}

fn text(session: &Session<'_>, previews: &[Preview]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header([
        "paper",
        "experiment",
        "seeds",
        "runs",
        "in store",
        "stages",
        time_left(session),
        "data",
    ]);
    for preview in previews {
        for known in &preview.experiments {
            let most = known.at_most.as_ref();
            let range = |shown: &dyn Fn(&Amount) -> String| {
                let (least, most) = (shown(&known.amount), most.map(shown));
                most.filter(|most| *most != least)
                    .map_or_else(|| least.clone(), |most| format!("{least} - {most}"))
            };
            table.add_row([
                preview.paper.to_owned(),
                known.experiment.clone(),
                range(&|amount| amount.seeds.to_string()),
                range(&|amount| amount.runs.to_string()),
                match known.unconfirmed {
                    0 => known.in_store.to_string(),
                    count => format!("{} + {count}?", known.in_store),
                },
                known.stages.to_string(),
                range(&|amount| amount.time(known.priced_by)),
                data_words(&known.data, known.data_place.as_deref()),
            ]);
        }
    }
    let unconfirmed: usize =
        previews.iter().flat_map(|preview| &preview.experiments).map(|known| known.unconfirmed).sum();
    let note = match unconfirmed {
        0 => String::new(),
        count => format!("\n? {count} runs were made by other sources; they are kept if these do the same"),
    };
    let reckoned = previews.iter().flat_map(|preview| &preview.experiments).map(|known| known.priced_by);
    let note = note + reckoned_words(&reckoned.collect::<Vec<_>>(), &session.request.device);
    let open: String = previews.iter().filter_map(open).collect();
    format!("{}{note}{open}\n{} runs at a time; nothing was run", table.trim_fmt(), session.jobs())
}

/// What `~` means.
fn reckoned_words(by: &[Basis], device: &str) -> &'static str {
    match (by.contains(&Basis::ReckonedGpu), by.contains(&Basis::ReckonedCore)) {
        (true, _) if device == "flex" => {
            "\n~ of one GPU, as the experiment's file reckons it, not measured on one; the device here is flex, the CPU, where it \
             takes many times that"
        }
        (true, _) => {
            "\n~ of one GPU, which runs share, as the experiment's file reckons it; nothing like it was measured"
        }
        (false, true) => "\n~ as the experiment's file reckons it; nothing like it was measured",
        (false, false) => "",
    }
}

/// The open claims of a paper, where they were asked for.
fn open(preview: &Preview) -> Option<String> {
    let claims = preview.open.as_ref()?;
    let claims = if claims.is_empty() { "none".to_owned() } else { claims.join(", ") };
    Some(format!("\n{}: open primary claims: {claims}", preview.paper))
}
