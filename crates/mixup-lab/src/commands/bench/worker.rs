//! The bench worker: a process with a fixed number of threads that takes steps when asked to.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use super::mixing::Mixing;
use super::workload::Workload;
use crate::runs::host;

/// A line to a worker, ours or the peer's.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ask {
    /// Take steps of a workload; the first time, warm up before.
    Steps(Workload, usize),
    /// Mix the batch of a workload of images some times.
    Mixing(Mixing, Workload, usize),
    /// Multiply two matrices of this size some times, on so many threads.
    Matmul {
        /// Rows and columns of each.
        size: usize,
        /// How often.
        count: usize,
        /// Threads, each with its share of the rows.
        threads: usize,
    },
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Of each step or product.
    pub seconds: Vec<f64>,
    /// Peak resident memory of the process, in MiB.
    pub peak_mib: f64,
    /// Of the first step since the workload was built, where the peer tells it: it may compile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seconds: Option<f64>,
}

/// Answers the lines of standard input until it ends.
pub(crate) fn main(device: &str) -> ExitCode {
    let device = match mixup_core::device::open(device) {
        Ok(device) => device,
        Err(error) => {
            eprintln!("bench worker: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut steps = None;
    for line in io::stdin().lock().lines() {
        let answer = line
            .map_err(|error| error.to_string())
            .and_then(|line| serde_json::from_str(&line).map_err(|error| error.to_string()))
            .and_then(|ask| answer(ask, &device, &mut steps).map_err(|error| error.to_string()))
            .and_then(|answer| serde_json::to_string(&answer).map_err(|error| error.to_string()));
        let said = match answer {
            Ok(answer) => writeln!(io::stdout(), "{answer}"),
            Err(error) => {
                eprintln!("bench worker: {error}");
                return ExitCode::FAILURE;
            }
        };
        if said.and_then(|()| io::stdout().flush()).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn answer(
    ask: Ask,
    device: &Device,
    kept: &mut Option<(Workload, super::workload::Step)>,
) -> Result<Answer, mixup_core::CoreError> {
    let seconds = match ask {
        Ask::Steps(workload, count) => {
            if kept.as_ref().is_none_or(|(kept, _)| *kept != workload) {
                let mut step = workload.step(device)?;
                for _ in 0..2.max(count / 10) {
                    step()?;
                }
                *kept = Some((workload, step));
            }
            let Some((_, step)) = kept else { unreachable!("set above") };
            (0..count).map(|_| timed(&mut *step)).collect::<Result<_, _>>()?
        }
        Ask::Mixing(mixing, workload, count) => {
            let mut step = mixing.step(workload.batch(device));
            for _ in 0..2.max(count / 10) {
                step()?;
            }
            (0..count).map(|_| timed(&mut *step)).collect::<Result<_, _>>()?
        }
        Ask::Matmul { size, count, threads } => {
            let random = |rows| Tensor::<2>::random([rows, size], Distribution::Uniform(-1.0, 1.0), device);
            let (shares, b) = (vec![random(size.div_ceil(threads)); threads], random(size));
            // Threads of our own: burn's product uses one.
            let mut product = || {
                std::thread::scope(|scope| {
                    let multiply = |a: &Tensor<2>| {
                        let (a, b) = (a.clone(), b.clone());
                        scope.spawn(move || a.matmul(b).slice([0..1, 0..1]).into_scalar::<f32>())
                    };
                    let running: Vec<_> = shares.iter().map(multiply).collect();
                    let sums = running.into_iter().map(|thread| thread.join().unwrap_or(f32::NAN));
                    Ok(sums.sum())
                })
            };
            product()?;
            (0..count).map(|_| timed(&mut product)).collect::<Result<_, _>>()?
        }
    };
    Ok(Answer { seconds, peak_mib: host::peak_memory_mib(), first_seconds: None })
}

fn timed(step: &mut dyn FnMut() -> Result<f32, mixup_core::CoreError>) -> Result<f64, mixup_core::CoreError> {
    let start = Instant::now();
    step()?;
    Ok(start.elapsed().as_secs_f64())
}
