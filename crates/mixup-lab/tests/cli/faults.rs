//! A run that fails costs that run and no other.

use crate::lab::{Lab, RIDGE};

fn with_fault(fault: &str) -> Lab {
    let lab = Lab::new();
    let faulty = RIDGE.replace("methods:\n", &format!("setting: {{fault: [1, {fault}]}}\nmethods:\n"));
    lab.write("experiments/toy/ridge.yaml", faulty);
    lab
}

/// Both methods fail with seed 1; the four other runs are kept, and no result is written.
#[track_caller]
fn costs_two_runs(fault: &str, told: &str) {
    let lab = with_fault(fault);
    let ran = lab.run(&["reproduce", "toy"]).expect(1);
    assert!(ran.stderr.contains("failed: ridge, light, seed 1: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 of 6 runs failed"), "{}", ran.stderr);
    assert!(ran.stderr.contains(told), "{}\n  lacks: {told}", ran.stderr);
    assert_eq!(lab.files(".mixup-lab/runs").len(), 4);
    assert_eq!(lab.files("results"), [""; 0]);
}

#[test]
fn a_panic() {
    costs_two_runs("panic", "the toy panics as it was told");
}

#[test]
fn an_abort() {
    costs_two_runs("abort", "the worker ended before its record was kept");
}

#[test]
fn a_loss_that_is_not_finite() {
    costs_two_runs("diverge", "the training loss became NaN at step 1 of epoch 2");
}

/// A store that takes no record: the first run that cannot be kept ends the command.
#[test]
#[cfg(target_os = "linux")]
fn a_store_without_room_stops_everything() {
    let lab = Lab::new();
    // What the worker renames a record to is a folder: as on a full disk, writing fails and nothing else does.
    let slow =
        RIDGE.replace("methods:\n", "setting: {sleep: 20}\nmethods:\n").replace("seeds: 3", "seeds: 20");
    lab.write("experiments/toy/ridge.yaml", slow);
    for first in 0..256 {
        lab.write(&format!(".mixup-lab/runs/{first:02x}"), "in the way");
    }
    let ran = lab.run(&["reproduce", "toy", "--jobs", "2"]).expect(2);
    assert!(ran.stderr.contains("runs are open, whose records need about"), "{}", ran.stderr);
    assert!(ran.stderr.contains("MIXUP_STORE_DIR"), "{}", ran.stderr);
    let failed = ran.stderr.matches("failed: ridge").count();
    assert!((1..=2).contains(&failed), "{failed} of 40 runs were trained in vain: {}", ran.stderr);
}
