//! GNU parallel: jobs on this machine, or over ssh on machines that see the same folders.

use std::num::NonZeroUsize;
use std::process::Command;

use super::{Manner, quoted};
use crate::error::LabError;
use crate::runs::sweep::{Jobs, Sweep};

/// Carries out all jobs, stages first, and waits. Which of them are done is for the run store to say: a host whose shell
/// cannot be started ends a job with 0.
pub(super) fn run(
    sweep: &Sweep,
    jobs: &Jobs,
    at_a_time: NonZeroUsize,
    manner: &Manner,
) -> Result<(), LabError> {
    let job = format!(
        "{} sweep-job {} {{}} >> {}/{{}}.log 2>&1",
        quoted(&sweep.binary()),
        quoted(sweep.folder()),
        quoted(&sweep.logs())
    );
    for (first, count) in jobs.arrays(usize::MAX) {
        let mut parallel = Command::new("parallel");
        // It takes the user's shell otherwise, and none where the environment names none.
        parallel.env("PARALLEL_SHELL", "/bin/sh");
        parallel.arg("--will-cite").arg(format!("--jobs={at_a_time}"));
        // A machine that is lost gives its jobs to another.
        parallel.args(["--retries", "2"]);
        let hosts = manner.hosts.iter().flat_map(|host| ["--sshlogin", host.as_str()]);
        parallel.args(hosts).args(&manner.options).arg(&job).arg(":::");
        parallel.args((first..first + count).map(|number| number.to_string()));
        let status = parallel.status().map_err(|error| {
            LabError::Usage(format!(
                "GNU parallel cannot be started: {error}; `apt-get install parallel`, say"
            ))
        })?;
        if status.code().is_none() {
            return Err(LabError::Usage(format!(
                "GNU parallel was ended by a signal ({status}); the same command goes on"
            )));
        }
    }
    Ok(())
}
