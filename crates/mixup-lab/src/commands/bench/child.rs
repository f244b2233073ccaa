//! A worker process, ours or the peer's, that answers one JSON line with another.

use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use super::peer::Variant;
use super::worker::{Answer, Ask};
use crate::error::LabError;
use crate::runs::host;

const PEER: &str = include_str!("peer.py");

/// A running worker; it ends when this is dropped.
pub(super) struct Child {
    name: String,
    process: std::process::Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// This same binary on `threads` threads, with its tensors on a device.
    pub fn ours(threads: NonZeroUsize, device: &str) -> Result<Self, LabError> {
        let binary = std::env::current_exe()
            .map_err(|error| LabError::Usage(format!("this program's own path is unknown: {error}")))?;
        let mut command = Command::new(binary);
        command.args(["bench-worker", device]).envs(host::training_environment(threads.get()));
        Self::start("the bench worker", command)
    }

    /// The peer script in `python` on `threads` threads, in one of its ways.
    pub fn peer(python: &Path, threads: NonZeroUsize, variant: Variant) -> Result<Self, LabError> {
        let mut command = Command::new(python);
        command
            .args(["-c", PEER])
            .arg(threads.to_string())
            .arg(variant.name())
            .env("OMP_NUM_THREADS", threads.to_string());
        Self::start(&format!("`{}` (is torch installed there?)", python.display()), command)
    }

    fn start(name: &str, mut command: Command) -> Result<Self, LabError> {
        let broken = |why: &str| LabError::Usage(format!("{name} cannot be run: {why}"));
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| broken(&error.to_string()))?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or_else(|| broken("no standard output"))?;
        Ok(Self { name: name.to_owned(), process, input, output: BufReader::new(output) })
    }

    /// Sends a line and waits for its answer.
    pub fn ask(&mut self, ask: Ask) -> Result<Answer, LabError> {
        self.send(ask)?;
        self.receive()
    }

    pub fn send(&mut self, ask: Ask) -> Result<(), LabError> {
        let line = serde_json::to_string(&ask).map_err(|error| self.failed(&error.to_string()))?;
        let sent = self.input.as_mut().map(|input| writeln!(input, "{line}").and_then(|()| input.flush()));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(self.failed("it ended early; its message stands above")),
        }
    }

    pub fn receive(&mut self) -> Result<Answer, LabError> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(read) if read > 0 => {
                serde_json::from_str(&line).map_err(|error| self.failed(&error.to_string()))
            }
            _ => Err(self.failed("it ended early; its message stands above")),
        }
    }

    fn failed(&self, why: &str) -> LabError {
        LabError::Usage(format!("{} failed: {why}", self.name))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // The end of its input ends the process.
        drop(self.input.take());
        let _ = self.process.wait();
    }
}
