//! What a user can get wrong: exit status 2, one clear message, nothing half-written.

use crate::lab::{Lab, MANIFEST, RIDGE};

/// Nothing was run and nothing was written.
#[track_caller]
fn untouched(lab: &Lab) {
    assert_eq!(lab.files("results"), [""; 0]);
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0]);
}

/// A change of the experiment's file that must be refused.
#[track_caller]
fn refused_yaml(from: &str, to: &str, message: &str) {
    assert!(RIDGE.contains(from), "the test's own text lacks {from}");
    let lab = Lab::new();
    lab.write("experiments/toy/ridge.yaml", RIDGE.replacen(from, to, 1));
    lab.run(&["reproduce", "toy"]).refused(message);
    untouched(&lab);
}

#[test]
fn malformed_yaml() {
    refused_yaml("{epochs: 6,", "{epochs: 6", "ridge.yaml:5:");
    refused_yaml("seeds: 3", "\tseeds: 3", "ridge.yaml:9:1: not well-formed YAML");
}

#[test]
fn unknown_key() {
    refused_yaml(
        "epochs: 6",
        "epoch: 6",
        "ridge.yaml:5:9: train.epoch: unknown key `epoch`; did you mean `epochs`?",
    );
}

#[test]
fn negative_epochs() {
    refused_yaml(
        "epochs: 6",
        "epochs: -6",
        "ridge.yaml:5:9: train.epochs: must be a whole number of at least 1, not -6",
    );
}

#[test]
fn a_parameter_that_is_not_a_number() {
    refused_yaml(
        "penalty: 0.01",
        "penalty: .nan",
        "ridge.yaml:7:11: methods.light.penalty: must be a finite number, not NaN",
    );
}

#[test]
fn unknown_data_set() {
    refused_yaml("data: diabetes", "data: diabets", "ridge.yaml:4:1: data: unknown data set `diabets`");
}

#[test]
fn a_claim_about_an_unknown_method() {
    let lab = Lab::new();
    lab.write("papers/toy/paper.yaml", MANIFEST.replace("method: light", "method: lite"));
    lab.run(&["reproduce", "toy"]).refused("paper.yaml:11:5: claims[0].method: unknown name `lite`");
    untouched(&lab);
}

#[test]
fn unknown_names_on_the_command_line() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toi"]).refused("unknown paper `toi`; did you mean `toy`? Known papers: toy");
    lab.run(&["check", "toi"]).refused("unknown paper `toi`");
    lab.run(&["reproduce", "toy", "--experiment", "rigde"])
        .refused("unknown experiment `rigde` of toy; did you mean `ridge`? Known experiments: ridge");
    lab.run(&["reproduce", "toy", "--device", "gpu"]).refused("unknown device `gpu`");
    lab.run(&["reproduce", "toy", "--profile", "dsk"]).refused("'desk'");
    lab.run(&["reproduce", "toy", "--seeds", "0"]).refused("--seeds");
    lab.run(&["reproduce", "toy", "--data-dir", "/nowhere/at/all"]).refused("/nowhere/at/all");
    lab.run(&["data", "get", "airfoyl"]).refused("did you mean `airfoil`?");
    lab.run(&["parity", "/nowhere/at/all"]).refused("/nowhere/at/all");
    untouched(&lab);
}

/// An experiment on a set that is a file.
fn with_airfoil() -> Lab {
    let lab = Lab::new();
    let airfoil =
        RIDGE.replace("experiment: ridge", "experiment: airfoil").replace("data: diabetes", "data: airfoil");
    lab.write("experiments/toy/airfoil.yaml", airfoil);
    lab
}

#[test]
fn missing_data_are_named_and_the_rest_goes_on() {
    let lab = with_airfoil();
    let ran = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(ran.stderr.contains("skipped: airfoil: data set `airfoil` is not at hand"), "{}", ran.stderr);
    assert!(ran.stderr.contains("cargo xtask data get airfoil"), "{}", ran.stderr);
    assert!(ran.stdout.contains("ridge: Diabetes"), "{}", ran.stdout);
    assert!(lab.path("results/toy/ridge.json").is_file());
    assert!(!lab.path("results/toy/airfoil.json").exists());

    let alone = with_airfoil();
    let ran = alone.run(&["reproduce", "toy", "--experiment", "airfoil"]).expect(2);
    assert!(ran.stderr.contains("data set `airfoil` is not at hand"), "{}", ran.stderr);
    untouched(&alone);
}

/// A wrong file in the data directory must be refused by name, and nothing be made of it.
#[track_caller]
fn refused_file(content: &[u8]) {
    let lab = with_airfoil();
    lab.write("data/airfoil/airfoil_self_noise.dat", content);
    let data = lab.path("data");
    let args = ["reproduce", "toy", "--experiment", "airfoil", "--data-dir", data.to_str().unwrap()];
    lab.run(&args).refused("airfoil_self_noise.dat is not the file of the catalogue");
    untouched(&lab);
}

/// Bytes of the file that the catalogue knows.
const AIRFOIL_BYTES: usize = 59_984;

#[test]
fn truncated_data_file() {
    refused_file(b"800\t0\t0.3048\t71.3\t0.00266337\t126.201\n");
    refused_file(b"");
}

#[test]
fn data_file_with_other_bytes_of_the_right_number() {
    let line = b"800\t0\t0.3048\t71.3\t0.00266337\t126.201\n";
    let mut content: Vec<u8> = line.iter().copied().cycle().take(AIRFOIL_BYTES).collect();
    refused_file(&content);
    // A cell that is no number.
    content[0] = b'x';
    refused_file(&content);
}

#[test]
fn unwritable_results_are_found_before_anything_is_run() {
    let lab = Lab::new();
    // A file where the folder would be: root may write anywhere, but not below a file.
    lab.write("results", "in the way");
    lab.run(&["reproduce", "toy"]).refused("results/toy: results cannot be written there");
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0]);
}

#[test]
fn unwritable_store() {
    let lab = Lab::new();
    lab.write(".mixup-lab", "in the way");
    lab.run(&["reproduce", "toy"]).refused(".mixup-lab: cannot be written to");
    assert_eq!(lab.files("results"), [""; 0]);
}

#[test]
fn more_seeds_than_fit() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy", "--seeds", "4294967295", "--dry-run"]).refused("must be at most 10000");
    // Of the routine's own limit, before anything is run.
    lab.run(&["reproduce", "toy", "--seeds", "22"]).refused("`seeds` must be at most 21");
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0]);
}

#[test]
fn a_folder_outside_of_any_workspace() {
    let lab = Lab::new();
    let nowhere = tempfile::tempdir().unwrap();
    let mut command = lab.command_in(nowhere.path(), &["list"]);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("no mixup-lab workspace at or above"), "{stderr}");
    // Below a workspace it is found.
    assert!(lab.command_in(&lab.path("papers/toy"), &["list"]).output().unwrap().status.success());
}

#[test]
fn a_root_that_is_no_workspace() {
    let lab = Lab::new();
    std::fs::remove_file(lab.path("Cargo.lock")).unwrap();
    lab.run(&["list"]).refused("is not a mixup-lab workspace");
}

#[test]
fn a_committed_outcome_that_is_torn() {
    let lab = Lab::new();
    lab.write("results/toy/ridge.json", "{\"schema\": 1,");
    lab.run(&["check"]).refused("ridge.json:1:13");
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0], "found before anything was run");
}
