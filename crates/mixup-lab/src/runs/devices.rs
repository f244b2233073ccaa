//! Devices are tried before anything runs, in a process of their own: a driver that is missing makes the
//! tensor library panic, in threads that nobody can catch.

use std::process::{Command, ExitCode};

use burn::tensor::Tensor;
use mixup_core::device;

use crate::commands::print;
use crate::error::{LabError, Status};

/// Makes sure that tensors can live on a device.
///
/// # Errors
/// A name that is unknown or not compiled in, or a device that does not open here.
pub(crate) fn check(name: &str) -> Result<(), LabError> {
    device::open(name)?;
    if name == "flex" {
        return Ok(());
    }
    let tried =
        std::env::current_exe().and_then(|own| Command::new(own).args(["open-device", name]).output());
    let reason = match tried {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => reason(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => error.to_string(),
    };
    Err(LabError::Usage(format!(
        "device `{name}` does not open on this machine: {reason}; `--device flex` is the CPU"
    )))
}

/// Carries out `devices`.
///
/// # Errors
/// A closed standard output.
pub(crate) fn list() -> Result<Status, LabError> {
    let line = |name: &str| match check(name) {
        Ok(()) => format!("{name}: opens"),
        Err(error) => format!("{name}: {error}"),
    };
    let mut lines: Vec<String> = device::available().into_iter().map(line).collect();
    let absent = [("wgpu", "wgpu"), ("cuda", "cuda:0")];
    let absent = absent.into_iter().filter(|(_, name)| !device::available().contains(name));
    lines.extend(absent.map(|(feature, name)| {
        format!("{name}: not compiled in; `cargo run -p xtask --features {feature} -- ...` does")
    }));
    print(&lines.join("\n"))?;
    Ok(Status::Fine)
}

/// Carries out the hidden command that [`check`] runs.
pub(crate) fn open(name: &str) -> ExitCode {
    let answer = device::open(name).map_err(|error| error.to_string()).and_then(|device| {
        let sum = Tensor::<1>::ones([2], &device).sum();
        mixup_core::tensor::to_host(sum).map_err(|error| error.to_string())
    });
    match answer {
        Ok(sum) if sum == [2.0] => ExitCode::SUCCESS,
        Ok(sum) => fail(&format!("1 + 1 is {sum:?} there")),
        Err(error) => fail(&error),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

/// The first line that says why, of what a process wrote that may have panicked.
fn reason(text: &str) -> String {
    let says = |line: &&str| !line.is_empty() && !line.starts_with("thread '") && !line.starts_with("note:");
    let line = text.lines().map(str::trim).find(says).unwrap_or("it ended without a word");
    line.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_one_sentence() {
        let text =
            "\nthread 'main' (7) panicked at cuda.rs:12:3:\nUnable to load libcuda.so.\nnote: run with ...\n";
        assert_eq!(reason(text), "Unable to load libcuda.so");
        assert_eq!(reason(""), "it ended without a word");
    }

    #[test]
    fn the_cpu_opens_and_other_names_are_refused() {
        check("flex").unwrap();
        assert!(check("gpu").unwrap_err().to_string().contains("unknown device `gpu`"));
        assert_eq!(open("flex"), ExitCode::SUCCESS);
    }
}
