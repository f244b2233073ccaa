//! `bench`: real steps of this binary, against a peer that answers at once.

use crate::lab::Lab;

#[test]
fn one_workload_is_measured() {
    let json = Lab::new()
        .run(&["bench", "lenet", "--threads", "1", "--rounds", "1", "--format", "json"])
        .expect(0)
        .json();
    let row = &json["rows"][0];
    assert_eq!((&row["workload"], &row["threads"]), (&"lenet".into(), &1.into()));
    assert!(row["milliseconds"].as_f64().unwrap() > 0.1, "{row}");
    let share = row["share_of_peak"].as_f64().unwrap();
    assert!(share > 0.0 && share < 1.0, "{row}");
    let none = |list: &str| row[list].as_array().unwrap().is_empty();
    assert!(none("ratios") && none("peers"), "{row}");
}

#[test]
fn a_device_that_is_not_here_is_one_sentence() {
    let lab = Lab::new();
    lab.run(&["bench", "lenet", "--device", "cuda:0"]).refused("device `cuda:0` is not compiled in");
}

/// A python that has taken its steps already: a file in the lab that answers as the peer does, in milliseconds by its way.
#[cfg(unix)]
fn python(lab: &Lab, answers: &str) -> String {
    use std::os::unix::fs::PermissionsExt;

    lab.write("python", format!("#!/bin/sh\ncase \"$4\" in\n{answers}\nesac\n"));
    let python = lab.path("python");
    std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
    python.to_str().unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn the_fastest_way_of_the_peer_takes_turns() {
    let lab = Lab::new();
    let answer = |seconds: &str| {
        format!(
            "while read -r line; do echo '{{\"seconds\": {seconds}, \"peak_mib\": 7.0, \"first_seconds\": 9.5}}'; done"
        )
    };
    let (slow, fast) = (answer("[0.002, 0.001, 0.003]"), answer("[0.001]"));
    let python = python(&lab, &format!("compiled) {fast};;\n*) {slow};;"));
    let table =
        lab.run(&["bench", "mlp", "--threads", "1", "--rounds", "2", "--peer", &python]).expect(0).stdout;
    let row = table.lines().find(|line| line.trim_start().starts_with("mlp ")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    // An MLP has no images whose channels could be last.
    let [ours, eager, compiled, ratio] =
        [cells[2], cells[8], cells[9], cells[11]].map(|cell| cell.parse::<f64>().unwrap());
    assert_eq!((eager, compiled), (2.0, 1.0), "medians: {row}");
    // Two rounds of which the median of ours is shown; each ratio is of its own round.
    assert!(ours > 0.0 && (ratio - ours).abs() < 0.02 && cells.len() == 14, "{row}");
    assert!(table.contains("compiled: the first step, which compiles, took 9.5 s"), "{table}");
}

#[cfg(unix)]
#[test]
fn a_way_that_cannot_compile_is_left_out() {
    let lab = Lab::new();
    let eager = "eager) while read -r line; do echo '{\"seconds\": [0.002], \"peak_mib\": 7.0}'; done;;";
    let python = python(&lab, &format!("{eager}\n*) exit 1;;"));
    let ran = lab.run(&["bench", "mlp", "--threads", "1", "--rounds", "1", "--peer", &python]).expect(0);
    assert!(ran.stderr.contains("compiled is left out"), "{}", ran.stderr);
    assert!(ran.stdout.contains("eager ms") && !ran.stdout.contains("compiled ms"), "{}", ran.stdout);
}

#[test]
fn a_kept_report_tells_what_got_slower() {
    let lab = Lab::new();
    let bench = ["bench", "mlp", "--threads", "1", "--rounds", "3"];
    let mut kept = lab.run(&[&bench[..], &["--format", "json"]].concat()).expect(0).json();
    let against = [&bench[..], &["--against"]].concat();
    let mut compared = |factor: f64| {
        let rounds = kept["rows"][0]["rounds"].as_array_mut().unwrap();
        rounds.iter_mut().for_each(|round| *round = (factor * round.as_f64().unwrap()).into());
        lab.write("kept.json", kept.to_string());
        lab.run(&[&against[..], &[lab.path("kept.json").to_str().unwrap()]].concat())
    };
    // Once a hundredth and once a hundred times of what it takes.
    let slower = compared(0.01).expect(1).stdout;
    assert!(slower.contains("mlp, 1 thread(s)") && slower.contains("SLOWER"), "{slower}");
    let faster = compared(10_000.0).expect(0).stdout;
    assert!(faster.contains(": faster"), "{faster}");
}

#[test]
fn runs_are_split_by_what_they_do() {
    let lab = Lab::new();
    let ran = lab.run(&["bench", "--run", "toy/ridge", "--seeds", "2", "--format", "json"]).expect(0).json();
    let rows = ran["rows"].as_array().unwrap();
    let named: Vec<(&str, u64)> =
        rows.iter().map(|row| (row["method"].as_str().unwrap(), row["runs"].as_u64().unwrap())).collect();
    assert_eq!(named, [("light", 2), ("heavy", 2)]);
    for row in rows {
        let phases = row["phases"].as_object().unwrap();
        assert!(phases.values().all(|seconds| seconds.as_f64().unwrap() >= 0.0), "{row}");
        assert!(phases["preparation"].as_f64().unwrap() > 0.0, "{row}");
    }
    assert!(!lab.path(".mixup-lab/runs").exists() && !lab.path("results").exists());
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let lab = Lab::new();
    lab.run(&["bench", "resnet19"]).refused("resnet18");
    lab.run(&["bench", "mlp", "--threads", "0"]).refused("--threads");
    lab.run(&["bench", "mlp", "--against", "/nowhere/report.json"]).refused("/nowhere/report.json");
    lab.run(&["bench", "--run", "toy"]).refused("PAPER/EXPERIMENT");
    lab.run(&["bench", "--run", "toy/rigde"]).refused("did you mean `ridge`");
    lab.run(&["bench", "mlp", "--run", "toy/ridge"]).refused("--run");
    lab.run(&["bench", "mlp", "--threads", "1", "--peer", "/nowhere/python"]).refused("/nowhere/python");
}
