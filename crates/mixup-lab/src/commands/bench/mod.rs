//! `bench`: how fast training is, against the machine's peak and against PyTorch.

mod child;
mod mixing;
mod table;
pub(crate) mod worker;
pub(crate) mod workload;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::commands::cli::Format;
use crate::commands::{print, print_json};
use crate::error::{LabError, Status};
use crate::runs::host;
use child::Child;
use mixing::Mixing;
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
}

/// One workload with one number of threads.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub workload: Workload,
    pub threads: usize,
    /// Median of our rounds' medians, milliseconds a step.
    pub milliseconds: f64,
    /// Smallest and largest median of a round.
    pub spread: [f64; 2],
    /// Billion floating-point operations a second.
    pub gflops: f64,
    /// Of the matrix product's rate on as many threads.
    pub share_of_peak: f64,
    pub peak_mib: f64,
    /// Our median over the peer's, round by round.
    pub ratios: Vec<f64>,
    /// The peer's milliseconds and peak memory.
    pub peer: Option<[f64; 2]>,
}

/// What it costs to mix a batch of a workload, on one thread.
#[derive(Debug, Serialize)]
pub(crate) struct MixingCost {
    pub mixing: Mixing,
    pub workload: Workload,
    /// Median, milliseconds a batch.
    pub milliseconds: f64,
    /// Of the training step.
    pub share_of_step: f64,
}

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub host: String,
    /// Threads and GFLOP/s of a product of two 1024 x 1024 matrices.
    pub matmul: Vec<(usize, f64)>,
    pub rows: Vec<Row>,
    pub mixings: Vec<MixingCost>,
    /// Steps per second of two one-thread processes side by side over those of one, by workload.
    pub two_processes: Vec<(Workload, f64)>,
}

/// Carries out the command.
pub(crate) fn run(request: &Request, format: Format) -> Result<Status, LabError> {
    let workloads =
        if request.workloads.is_empty() { Workload::value_variants() } else { &request.workloads[..] };
    let mut report = Report {
        host: host::description(),
        matmul: Vec::new(),
        rows: Vec::new(),
        mixings: Vec::new(),
        two_processes: Vec::new(),
    };
    for threads in &request.threads {
        let peak = matmul_peak(*threads)?;
        report.matmul.push((threads.get(), peak));
        for workload in workloads {
            eprintln!("{} with {threads} thread(s) ...", table::name(*workload));
            report.rows.push(measure(request, *workload, *threads, peak)?);
        }
    }
    for workload in workloads.iter().filter(|workload| workload.mixes()) {
        eprintln!("mixing for {} ...", table::name(*workload));
        report.mixings.extend(mixings(*workload)?);
    }
    if host::cores().get() >= 2 {
        for workload in workloads {
            eprintln!("{} in two processes ...", table::name(*workload));
            report.two_processes.push((*workload, two_processes(*workload, request.rounds)?));
        }
    }
    match format {
        Format::Text => print(&table::text(&report))?,
        Format::Json => print_json(&report)?,
    }
    Ok(Status::Fine)
}

const MATRIX: usize = 1024;

/// GFLOP/s of the fastest of some products.
fn matmul_peak(threads: NonZeroUsize) -> Result<f64, LabError> {
    let answer =
        Child::ours(threads)?.ask(Ask::Matmul { size: MATRIX, count: 30, threads: threads.get() })?;
    let fastest = answer.seconds.into_iter().fold(f64::INFINITY, f64::min);
    Ok(2.0 * (MATRIX as f64).powi(3) / fastest / 1e9)
}

fn measure(request: &Request, workload: Workload, threads: NonZeroUsize, peak: f64) -> Result<Row, LabError> {
    let ask = Ask::Steps(workload, workload.steps());
    let mut ours = Child::ours(threads)?;
    let mut peer = request.peer.as_deref().map(|python| Child::peer(python, threads)).transpose()?;
    // Both have started and built their network before the clock runs: a Python that still imports torch
    // would take a core from our first round.
    for child in [Some(&mut ours), peer.as_mut()].into_iter().flatten() {
        child.ask(Ask::Steps(workload, 1))?;
    }
    let (mut mine, mut theirs, mut memory) = (Vec::new(), Vec::new(), [0.0; 2]);
    for _ in 0..request.rounds.get() {
        let answer = ours.ask(ask)?;
        mine.push(1e3 * median(answer.seconds));
        memory[0] = answer.peak_mib;
        if let Some(peer) = &mut peer {
            let answer = peer.ask(ask)?;
            theirs.push(1e3 * median(answer.seconds));
            memory[1] = answer.peak_mib;
        }
    }
    let milliseconds = median(mine.clone());
    let gflops = workload.flops() / milliseconds / 1e6;
    Ok(Row {
        workload,
        threads: threads.get(),
        milliseconds,
        spread: [
            mine.iter().copied().fold(f64::INFINITY, f64::min),
            mine.iter().copied().fold(0.0, f64::max),
        ],
        gflops,
        share_of_peak: gflops / peak,
        peak_mib: memory[0],
        ratios: mine.iter().zip(&theirs).map(|(mine, theirs)| mine / theirs).collect(),
        peer: (!theirs.is_empty()).then(|| [median(theirs), memory[1]]),
    })
}

/// Batches of each way of mixing.
const BATCHES: usize = 50;

/// Every way of mixing beside a training step, in one process that has taken some.
fn mixings(workload: Workload) -> Result<Vec<MixingCost>, LabError> {
    let mut ours = Child::ours(NonZeroUsize::MIN)?;
    let step = 1e3 * median(ours.ask(Ask::Steps(workload, workload.steps()))?.seconds);
    let cost = |mixing| -> Result<MixingCost, LabError> {
        let milliseconds = 1e3 * median(ours.ask(Ask::Mixing(mixing, workload, BATCHES))?.seconds);
        Ok(MixingCost { mixing, workload, milliseconds, share_of_step: milliseconds / step })
    };
    Mixing::ALL.into_iter().map(cost).collect()
}

/// Alternates one process and two at a time, and takes the median of the ratios.
fn two_processes(workload: Workload, rounds: NonZeroUsize) -> Result<f64, LabError> {
    let ask = Ask::Steps(workload, workload.steps());
    let mut first = Child::ours(NonZeroUsize::MIN)?;
    let mut second = Child::ours(NonZeroUsize::MIN)?;
    let rate = |seconds: Vec<f64>| seconds.len() as f64 / seconds.iter().sum::<f64>();
    first.ask(ask)?;
    second.ask(ask)?;
    let mut ratios = Vec::new();
    for _ in 0..rounds.get() {
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
