//! Finished runs are kept, numbers do not depend on how they were made, and results stay put.

use std::fs;

use serde_json::Value;

use crate::lab::{Lab, RIDGE};

#[test]
fn the_second_call_executes_nothing_and_changes_nothing() {
    let lab = Lab::new();
    let first = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(first.stderr.contains("6 runs executed"), "{}", first.stderr);
    let read = || -> Vec<(String, Vec<u8>)> {
        let files = lab.files("results").into_iter();
        files.map(|name| (name.clone(), fs::read(lab.path(&name)).unwrap())).collect()
    };
    let before = read();
    let names: Vec<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["README.md", "ridge.json", "verdicts.json"] {
        assert!(names.contains(&format!("results/toy/{name}").as_str()), "{names:?}");
    }
    let second = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(second.stderr.contains("0 runs executed"), "{}", second.stderr);
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(read(), before);
    assert_eq!(lab.files(".mixup-lab/checkpoints"), [""; 0], "checkpoints go when runs are recorded");
}

#[test]
fn a_picture_of_finished_runs_executes_nothing() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy"]).expect(0);
    let figures = "figures:\n  residuals: {methods: [heavy, light], seed: 1}\n";
    lab.write("experiments/toy/ridge.yaml", format!("{RIDGE}{figures}"));
    assert!(lab.run(&["check", "toy"]).expect(1).stdout.contains("figure: residuals was run"));
    let ran = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(ran.stderr.contains("0 runs executed"), "{}", ran.stderr);
    let readme = fs::read_to_string(lab.path("results/toy/README.md")).unwrap();
    let picture = "![ridge: Residuals of the test rows](ridge-figure-residuals.svg)";
    assert!(
        readme.contains(picture) && readme.contains("Each point is a row. Shown is seed 1 of 3 seeds."),
        "{readme}"
    );
    let svg = fs::read_to_string(lab.path("results/toy/ridge-figure-residuals.svg")).unwrap();
    // 133 test rows, for two methods.
    assert_eq!(svg.matches("<circle").count(), 2 * 133, "{svg}");
    assert!(lab.run(&["check", "toy"]).expect(0).stdout.contains("bit-identical"));
}

#[test]
fn the_number_of_workers_does_not_matter() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy", "--fresh", "--jobs", "1"]).expect(0);
    let one = lab.numbers("results/toy/ridge.json");
    let fresh = lab.run(&["reproduce", "toy", "--fresh", "--jobs", "2"]).expect(0);
    assert!(fresh.stderr.contains("6 runs executed"), "{}", fresh.stderr);
    assert_eq!(lab.numbers("results/toy/ridge.json"), one);
}

#[test]
fn a_changed_spec_is_run_again_and_what_is_only_shown_is_not() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy"]).expect(0);
    let executes = |yaml: String, runs: &str| {
        lab.write("experiments/toy/ridge.yaml", yaml);
        let ran = lab.run(&["reproduce", "toy"]).expect(0);
        assert!(ran.stderr.contains(&format!("{runs} runs executed")), "{}", ran.stderr);
    };
    executes(RIDGE.replace("[rmse, mae]", "[mae, rmse]"), "0");
    executes(RIDGE.replace("[rmse, mae]", "[rmse]"), "0");
    executes(RIDGE.replace("title: Diabetes", "title: Sugar"), "0");
    // Only the changed method.
    executes(RIDGE.replace("penalty: 0.01", "penalty: 0.02"), "3");
}

/// Sources that are spelled differently and do the same, and sources that do something else.
#[test]
fn runs_are_kept_while_the_code_does_the_same() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy"]).expect(0);
    let numbers = lab.numbers("results/toy/ridge.json");
    let executes = |code: &str, runs: &str| {
        let output = lab.command(&["reproduce", "toy"]).env("TOY_CODE", code).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(&format!("{runs} runs executed")), "{code}: {stderr}");
    };
    lab.write("papers/other/src/lib.rs", "// another paper\n");
    executes("same", "0");
    lab.write("papers/toy/src/lib.rs", "// a comment\n");
    let dry = lab.run(&["reproduce", "toy", "--dry-run"]).expect(0);
    assert!(dry.stdout.contains("0 + 6?") && dry.stdout.contains("made by other sources"), "{}", dry.stdout);
    executes("same", "0");
    let dry = lab.run(&["reproduce", "toy", "--dry-run"]).expect(0);
    assert!(!dry.stdout.contains('?'), "confirmed: {}", dry.stdout);
    assert_eq!(lab.numbers("results/toy/ridge.json"), numbers);
    // The heavy penalty is another one now, and only its runs are made again.
    lab.write("papers/toy/src/lib.rs", "// what TOY_CODE stands for\n");
    executes("heavy", "3");
    assert_ne!(lab.numbers("results/toy/ridge.json"), numbers);
    // Back to the first sources: what they do is looked at again.
    lab.write("papers/toy/src/lib.rs", "// what the fingerprint reads\n");
    executes("same", "3");
    assert_eq!(lab.numbers("results/toy/ridge.json"), numbers);
}

#[test]
fn a_torn_record_is_run_again_with_a_warning() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy"]).expect(0);
    let numbers = lab.numbers("results/toy/ridge.json");
    let record = lab.path(&lab.files(".mixup-lab/runs")[0]);
    let content = fs::read(&record).unwrap();
    fs::write(&record, &content[..content.len() / 2]).unwrap();
    let ran = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(ran.stderr.contains("torn") && ran.stderr.contains("1 runs executed"), "{}", ran.stderr);
    assert_eq!(lab.numbers("results/toy/ridge.json"), numbers);
}

#[test]
fn other_seeds_and_profiles_leave_the_report_alone() {
    let lab = Lab::new();
    let ran = lab.run(&["reproduce", "toy", "--seeds", "2"]).expect(0);
    assert!(ran.stderr.contains("results/ is as it was"), "{}", ran.stderr);
    assert_eq!(lab.files("results"), [""; 0]);
    assert!(lab.path(".mixup-lab/outcomes/toy/ridge.json").is_file());
    lab.run(&["reproduce", "toy", "--profile", "smoke"]).expect(0);
    assert_eq!(lab.files("results"), ["results/toy/smoke/ridge.snap"]);
}

#[test]
fn verdicts_do_not_depend_on_which_experiments_were_asked_for() {
    let lab = Lab::new();
    let again = RIDGE.replace("experiment: ridge", "experiment: again").replace("seeds: 3", "seeds: 4");
    lab.write("experiments/toy/again.yaml", again);
    let claim = "  - id: again\n    text: Again.\n    experiment: again\n    metric: mae\n    method: light\n    \
                 against: heavy\n    direction: lower\n";
    lab.write("papers/toy/paper.yaml", format!("{}{claim}", crate::lab::MANIFEST));
    lab.run(&["reproduce", "toy"]).expect(0);
    let verdicts = fs::read(lab.path("results/toy/verdicts.json")).unwrap();
    lab.run(&["reproduce", "toy", "--experiment", "again"]).expect(0);
    assert_eq!(fs::read(lab.path("results/toy/verdicts.json")).unwrap(), verdicts);
}

#[test]
fn a_dry_run_tells_the_plan_and_runs_nothing() {
    let lab = Lab::new();
    let ran = lab.run(&["reproduce", "toy", "--dry-run"]).expect(0);
    assert!(ran.stdout.contains("ridge") && ran.stdout.contains("not known"), "{}", ran.stdout);
    assert_eq!(lab.files(".mixup-lab"), [""; 0]);
    assert!(!lab.path("results").exists());
    lab.run(&["reproduce", "toy"]).expect(0);
    lab.write("experiments/toy/ridge.yaml", RIDGE.replace("penalty: 0.01", "penalty: 0.02"));
    let ran = lab.run(&["reproduce", "toy", "--dry-run"]).expect(0);
    assert!(!ran.stdout.contains("not known"), "the committed outcome tells the cost: {}", ran.stdout);
}

#[test]
fn check_tells_a_regression_from_the_same_numbers_and_writes_nothing() {
    let lab = Lab::new();
    lab.run(&["check"]).refused("nothing could be compared");
    lab.run(&["reproduce", "toy"]).expect(0);
    let same = lab.run(&["check", "toy", "--fresh"]).expect(0);
    assert!(same.stdout.contains("bit-identical"), "{}", same.stdout);
    let before = fs::read(lab.path("results/toy/ridge.json")).unwrap();
    lab.write("experiments/toy/ridge.yaml", RIDGE.replace("penalty: 0.01", "penalty: 1000.0"));
    let changed = lab.run(&["check"]).expect(1);
    assert!(changed.stdout.contains("light rmse"), "{}", changed.stdout);
    assert_eq!(fs::read(lab.path("results/toy/ridge.json")).unwrap(), before);
}

#[test]
fn an_experiment_of_one_profile_is_run_in_no_other() {
    let lab = Lab::new();
    let large = RIDGE.replace("experiment: ridge", "experiment: large\nonly: paper")
        + "profiles:\n  paper: {core_hours_per_run: 3}\n";
    lab.write("experiments/toy/large.yaml", large);
    let desk = lab.run(&["reproduce", "toy", "--dry-run"]).expect(0);
    assert!(!desk.stdout.contains("large"), "{}", desk.stdout);
    lab.run(&["reproduce", "toy", "--experiment", "large"]).refused("is for `--profile paper` only");
    let paper = lab.run(&["reproduce", "toy", "--dry-run", "--profile", "paper"]).expect(0);
    assert!(paper.stdout.contains("large") && paper.stdout.contains("~18.0 h"), "{}", paper.stdout);
    assert!(paper.stdout.contains("~ as the experiment's file reckons it"), "{}", paper.stdout);
    lab.run(&["reproduce", "toy", "--profile", "gpu"]).refused("toy: no experiment is for `--profile gpu`");
}

#[test]
fn the_profile_gpu_has_its_own_experiments_price_and_folder() {
    let lab = Lab::new();
    let small = RIDGE.replace("experiment: ridge", "experiment: small\nonly: gpu")
        + "profiles:\n  gpu: {gpu_hours_per_run: 0.05}\n";
    lab.write("experiments/toy/small.yaml", small);
    let refused = lab.run(&["reproduce", "toy", "--experiment", "ridge", "--profile", "gpu"]);
    refused.refused("is for `--profile smoke` or `desk` or `paper` only");
    let gpu = ["reproduce", "all", "--profile", "gpu"];
    let plan = lab.run(&[&gpu[..], &["--dry-run"]].concat()).expect(0).stdout;
    assert!(plan.contains("small") && !plan.contains("ridge"), "{plan}");
    assert!(plan.contains("GPU time left") && plan.contains("~18 min"), "six runs of three minutes: {plan}");
    assert!(plan.contains("not measured on one; the device here is flex"), "{plan}");
    let json = lab.run(&[&gpu[..], &["--dry-run", "--format", "json"]].concat()).expect(0).json();
    let known = &json[0]["experiments"][0];
    assert_eq!((&known["priced_by"], &known["core_seconds"]), (&"reckoned-gpu".into(), &Value::Null));
    assert!((known["gpu_seconds"].as_f64().unwrap() - 1080.0).abs() < 1e-6, "{known}");
    // On the CPU its numbers stand for nothing that is committed.
    let ran = lab.run(&[&gpu[..], &["--jobs", "1"]].concat()).expect(0);
    assert!(
        ran.stderr.contains("the others take about 18 min with 1 at a time, as experiments' files reckon")
    );
    assert!(ran.stderr.contains("results/ is as it was"), "{}", ran.stderr);
    assert_eq!(lab.files("results"), [""; 0]);
    assert_eq!(lab.files(".mixup-lab/outcomes"), [".mixup-lab/outcomes/toy/gpu/small.json"]);
    // What a run took is known now.
    let plan = lab.run(&[&gpu[..], &["--dry-run", "--fresh"]].concat()).expect(0).stdout;
    assert!(!plan.contains('~') && !plan.contains("min"), "{plan}");
}

/// Three bags of a base that both methods of a seed are pulled to.
fn with_base() -> String {
    RIDGE.replace("methods:\n", "setting: {base: 3}\nmethods:\n")
}

#[test]
fn a_stage_is_trained_once_per_seed_and_kept() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy"]).expect(0);
    let without = lab.numbers("results/toy/ridge.json");
    lab.write("experiments/toy/ridge.yaml", with_base());
    let dry = lab.run(&["reproduce", "toy", "--dry-run", "--format", "json"]).expect(0);
    assert_eq!(dry.json()[0]["experiments"][0]["stages"], 3);
    let ran = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(ran.stderr.contains("3 stages to train first"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("stages: 3/3 runs") && ran.stderr.contains("6 runs executed"),
        "{}",
        ran.stderr
    );
    assert_eq!(lab.files(".mixup-lab/weights").len(), 3);
    let with = lab.numbers("results/toy/ridge.json");
    assert_ne!(with, without);
    assert!(lab.run(&["reproduce", "toy"]).expect(0).stderr.contains("0 runs executed"));
    // A method more needs no stage anew.
    let more = with_base().replace("methods:\n", "methods:\n  middle: {penalty: 10.0}\n");
    lab.write("experiments/toy/ridge.yaml", more);
    let ran = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(ran.stderr.contains("3 runs executed") && !ran.stderr.contains("stages"), "{}", ran.stderr);
    // Weights that are lost are trained again when a run needs them, and are the same.
    fs::remove_dir_all(lab.path(".mixup-lab/weights")).unwrap();
    lab.write("experiments/toy/ridge.yaml", with_base());
    let fresh = lab.run(&["reproduce", "toy", "--fresh"]).expect(0);
    assert!(fresh.stderr.contains("stages: 3/3 runs"), "{}", fresh.stderr);
    assert_eq!(lab.numbers("results/toy/ridge.json"), with);
}

#[test]
fn every_data_set_of_a_run_is_asked_for() {
    let lab = Lab::new();
    lab.write(
        "experiments/toy/ridge.yaml",
        RIDGE.replace("methods:\n", "setting: {also: airfoil}\nmethods:\n"),
    );
    let ran = lab.run(&["reproduce", "toy"]).expect(2);
    assert!(ran.stderr.contains("skipped: ridge") && ran.stderr.contains("airfoil"), "{}", ran.stderr);
    lab.write(
        "experiments/toy/ridge.yaml",
        RIDGE.replace("methods:\n", "setting: {also: wine-quality}\nmethods:\n"),
    );
    lab.run(&["reproduce", "toy"]).expect(0);
    let outcome: Value =
        serde_json::from_slice(&fs::read(lab.path("results/toy/ridge.json")).unwrap()).unwrap();
    assert_eq!(outcome["provenance"]["other_data"]["wine-quality"].as_str().unwrap().len(), 64);
    assert_eq!(outcome["methods"]["light"]["identity"].as_str().unwrap().len(), 64);
}
