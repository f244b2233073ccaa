//! `bench`: how fast training is, against the machine's peak and against PyTorch.

mod against;
mod child;
mod mixing;
mod peer;
pub(crate) mod profile;
mod table;
pub(crate) mod worker;
pub(crate) mod workload;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::commands::cli::Format;
use crate::commands::{print, print_json};
use crate::error::{LabError, Status};
use crate::runs::{devices, host, sources};
use against::Finding;
use child::Child;
use mixing::Mixing;
use peer::Variant;
use worker::Ask;
use workload::Workload;

/// What to measure.
pub(crate) struct Request {
    /// All where empty.
    pub workloads: Vec<Workload>,
    /// Threads of both sides, one table each.
    pub threads: Vec<NonZeroUsize>,
    /// Alternations of the two sides.
    pub rounds: NonZeroUsize,
    /// A python with torch.
    pub peer: Option<PathBuf>,
    /// A kept report to compare with.
    pub against: Option<PathBuf>,
    /// Of our tensors; the peer's are on the CPU.
    pub device: String,
}

/// One workload with one number of threads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub workload: Workload,
    pub threads: usize,
    /// Median of our rounds' medians, milliseconds a step.
    pub milliseconds: f64,
    /// Median of each round.
    pub rounds: Vec<f64>,
    /// GFLOP/s of the matrix product, just before each round: how fast the machine was then.
    #[serde(default)]
    pub pace: Vec<f64>,
    /// Billion floating-point operations a second.
    pub gflops: f64,
    /// Of the matrix product's rate on as many threads.
    pub share_of_peak: f64,
    pub peak_mib: f64,
    /// Our median over that of the fastest peer in f32, round by round.
    pub ratios: Vec<f64>,
    /// The peer in each way that it ran.
    pub peers: Vec<PeerRow>,
}

/// The peer's steps in one way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PeerRow {
    pub variant: Variant,
    /// Median of the rounds' medians, milliseconds a step.
    pub milliseconds: f64,
    /// Median of each round.
    pub rounds: Vec<f64>,
    pub peak_mib: f64,
    /// Of the first step, which compiles where that is the way.
    pub first_seconds: f64,
}

impl Row {
    /// The fastest way in f32.
    fn fastest(&self) -> Option<&PeerRow> {
        let same = self.peers.iter().filter(|peer| peer.variant.is_f32());
        same.min_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds))
    }
}

/// What it costs to mix a batch of a workload, on one thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MixingCost {
    pub mixing: Mixing,
    pub workload: Workload,
    /// Median, milliseconds a batch.
    pub milliseconds: f64,
    /// Of the training step.
    pub share_of_step: f64,
}

/// All that was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub host: String,
    /// Of the sources.
    #[serde(default)]
    pub commit: String,
    /// Threads and GFLOP/s of a product of two 1024 x 1024 matrices.
    pub matmul: Vec<(usize, f64)>,
    pub rows: Vec<Row>,
    pub mixings: Vec<MixingCost>,
    /// Steps per second of two one-thread processes side by side over those of one, by workload.
    pub two_processes: Vec<(Workload, f64)>,
}

/// Carries out the command.
pub(crate) fn run(root: &Path, request: &Request, format: Format) -> Result<Status, LabError> {
    devices::check(&request.device)?;
    let before = request.against.as_deref().map(against::read).transpose()?;
    let workloads =
        if request.workloads.is_empty() { Workload::value_variants() } else { &request.workloads[..] };
    let mut report = Report {
        host: host::description_on(&request.device),
        commit: sources::commit(root),
        ..Report::default()
    };
    for threads in &request.threads {
        let peak = matmul_peak(*threads, &request.device)?;
        report.matmul.push((threads.get(), peak));
        for workload in workloads {
            eprintln!("{} with {threads} thread(s) ...", table::name(*workload));
            report.rows.push(measure(request, *workload, *threads, peak)?);
        }
    }
    for workload in workloads.iter().filter(|workload| workload.mixes()) {
        eprintln!("mixing for {} ...", table::name(*workload));
        report.mixings.extend(mixings(*workload, &request.device)?);
    }
    if host::cores().get() >= 2 {
        for workload in workloads {
            eprintln!("{} in two processes ...", table::name(*workload));
            report.two_processes.push((*workload, two_processes(*workload, request)?));
        }
    }
    let changes = before.as_ref().map(|before| against::changes(before, &report)).unwrap_or_default();
    let mut text = table::text(&report);
    if let Some(before) = &before {
        text += &table::changes(before, &report.host, &changes);
    }
    match format {
        Format::Text => print(&text)?,
        // Standard output is the report, so that it can be kept.
        Format::Json => {
            eprint!("{text}");
            print_json(&report)?;
        }
    }
    let slower = changes.iter().any(|change| change.finding == Finding::Slower);
    Ok(if slower { Status::Failed } else { Status::Fine })
}

const MATRIX: usize = 1024;

/// GFLOP/s of the fastest of some products.
fn matmul_peak(threads: NonZeroUsize, device: &str) -> Result<f64, LabError> {
    let answer = Child::ours(threads, device)?.ask(products(30, threads))?;
    Ok(rate(answer.seconds.into_iter().fold(f64::INFINITY, f64::min)))
}

fn products(count: usize, threads: NonZeroUsize) -> Ask {
    Ask::Matmul { size: MATRIX, count, threads: threads.get() }
}

/// GFLOP/s of a product that takes so long.
fn rate(seconds: f64) -> f64 {
    2.0 * (MATRIX as f64).powi(3) / seconds / 1e9
}

fn measure(request: &Request, workload: Workload, threads: NonZeroUsize, peak: f64) -> Result<Row, LabError> {
    let ask = Ask::Steps(workload, workload.steps());
    let mut ours = Child::ours(threads, &request.device)?;
    // All have started and built their network before the clock runs: a Python that still imports torch would take a
    // core from our first round.
    ours.ask(Ask::Steps(workload, 1))?;
    let mut peers = match &request.peer {
        Some(python) => peers(python, workload, threads)?,
        None => Vec::new(),
    };
    let mut pacemaker = Child::ours(threads, &request.device)?;
    let (mut mine, mut pace, mut peak_mib) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..request.rounds.get() {
        pace.push(rate(median(pacemaker.ask(products(8, threads))?.seconds)));
        let answer = ours.ask(ask)?;
        mine.push(1e3 * median(answer.seconds));
        peak_mib = answer.peak_mib;
        for (child, row) in &mut peers {
            let answer = child.ask(ask)?;
            row.rounds.push(1e3 * median(answer.seconds));
            row.peak_mib = answer.peak_mib;
        }
    }
    let milliseconds = median(mine.clone());
    let gflops = workload.flops() / milliseconds / 1e6;
    let peers = peers.into_iter().map(|(_, row)| PeerRow { milliseconds: median(row.rounds.clone()), ..row });
    let mut row = Row {
        workload,
        threads: threads.get(),
        milliseconds,
        rounds: mine,
        pace,
        gflops,
        share_of_peak: gflops / peak,
        peak_mib,
        ratios: Vec::new(),
        peers: peers.collect(),
    };
    if let Some(fastest) = row.fastest() {
        row.ratios = row.rounds.iter().zip(&fastest.rounds).map(|(ours, theirs)| ours / theirs).collect();
    }
    Ok(row)
}

/// The peer, started in every way that it can take the workload's steps, with its first one taken.
fn peers(
    python: &Path,
    workload: Workload,
    threads: NonZeroUsize,
) -> Result<Vec<(Child, PeerRow)>, LabError> {
    let mut started = Vec::new();
    for variant in Variant::of(workload) {
        let mut child = Child::peer(python, threads, variant)?;
        match child.ask(Ask::Steps(workload, 1)) {
            Ok(answer) => {
                let first_seconds = answer.first_seconds.unwrap_or(f64::NAN);
                let (rounds, milliseconds, peak_mib) = (Vec::new(), f64::NAN, answer.peak_mib);
                started.push((child, PeerRow { variant, milliseconds, rounds, peak_mib, first_seconds }));
            }
            // Without a C++ compiler PyTorch cannot compile; the other ways are still worth comparing with.
            Err(error) if variant.compiles() => eprintln!("{} is left out: {error}", variant.name()),
            Err(error) => return Err(error),
        }
    }
    Ok(started)
}

/// Batches of each way of mixing.
const BATCHES: usize = 50;

/// Every way of mixing beside a training step, in one process that has taken some.
fn mixings(workload: Workload, device: &str) -> Result<Vec<MixingCost>, LabError> {
    let mut ours = Child::ours(NonZeroUsize::MIN, device)?;
    let step = 1e3 * median(ours.ask(Ask::Steps(workload, workload.steps()))?.seconds);
    let cost = |mixing| -> Result<MixingCost, LabError> {
        let milliseconds = 1e3 * median(ours.ask(Ask::Mixing(mixing, workload, BATCHES))?.seconds);
        Ok(MixingCost { mixing, workload, milliseconds, share_of_step: milliseconds / step })
    };
    Mixing::ALL.into_iter().map(cost).collect()
}

/// Alternates one process and two at a time, and takes the median of the ratios.
fn two_processes(workload: Workload, request: &Request) -> Result<f64, LabError> {
    let ask = Ask::Steps(workload, workload.steps());
    let mut first = Child::ours(NonZeroUsize::MIN, &request.device)?;
    let mut second = Child::ours(NonZeroUsize::MIN, &request.device)?;
    let rate = |seconds: Vec<f64>| seconds.len() as f64 / seconds.iter().sum::<f64>();
    first.ask(ask)?;
    second.ask(ask)?;
    let mut ratios = Vec::new();
    for _ in 0..request.rounds.get() {
        let alone = rate(first.ask(ask)?.seconds);
        first.send(ask)?;
        second.send(ask)?;
        let together = rate(first.receive()?.seconds) + rate(second.receive()?.seconds);
        ratios.push(together / alone);
    }
    Ok(median(ratios))
}

/// The middle value, or the mean of the two in the middle; NaN for none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.get(middle) {
        None => f64::NAN,
        Some(_) if values.len().is_multiple_of(2) => (values[middle - 1] + values[middle]) / 2.0,
        Some(value) => *value,
    }
}
