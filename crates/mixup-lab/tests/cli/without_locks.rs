//! A store on a file system without locks: two commands may execute one run at the same time, and nothing is lost.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::lab::{Lab, RIDGE};

/// Runs of some 120 ms, that start from stages of some 200.
fn slow() -> Lab {
    let lab = Lab::new();
    lab.write(
        "experiments/toy/ridge.yaml",
        RIDGE.replace("methods:\n", "setting: {sleep: 20, base: 10}\nmethods:\n"),
    );
    lab
}

/// What makes `flock` fail; none without a C compiler.
fn no_locks(lab: &Lab) -> Option<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/no-locks.c");
    let library = lab.path("no-locks.so");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    if !compiled.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no C compiler `cc`");
        return None;
    }
    Some(library)
}

#[test]
fn two_commands_at_once_do_no_harm() {
    let lab = slow();
    let Some(library) = no_locks(&lab) else { return };
    let start = || {
        let mut command = lab.command(&["reproduce", "toy", "--jobs", "2"]);
        command.env("LD_PRELOAD", &library).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for command in [start(), start()] {
        let output = command.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert_eq!(told.matches("this file system has no locks (No locks available").count(), 1, "{told}");
    }
    let last = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(!last.stderr.contains("no locks") && !last.stderr.contains("warning"), "{}", last.stderr);
    let undisturbed = slow();
    undisturbed.run(&["reproduce", "toy"]).expect(0);
    let file = "results/toy/ridge.json";
    assert_eq!(lab.numbers(file), undisturbed.numbers(file));
    for leftovers in [".mixup-lab/checkpoints", ".mixup-lab/drafts"] {
        assert_eq!(lab.files(leftovers), [""; 0]);
    }
    assert!(!lab.files("results").iter().any(|name| name.ends_with(".tmp")));
}

/// Whoever shares the store may forget runs at any moment.
#[test]
fn a_record_that_is_gone_makes_no_outcome_with_a_hole() {
    let lab = slow();
    let mut command = lab.command(&["reproduce", "toy", "--jobs", "1"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let told = thread::scope(|scope| {
        let ended = scope.spawn(|| command.wait_with_output().unwrap());
        let forget = |record: &String| {
            // The stages' records go too; the weights that runs start from stay.
            let _ = fs::remove_file(lab.path(record));
        };
        while !ended.is_finished() {
            lab.files(".mixup-lab/runs").iter().for_each(forget);
            thread::sleep(Duration::from_millis(2));
        }
        let output = ended.join().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    });
    assert!(told.contains("its record was kept and is gone: another command shares this store"), "{told}");
    assert_eq!(lab.files("results"), [""; 0]);
    lab.run(&["reproduce", "toy"]).expect(0);
}
