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
    assert_eq!((row["ratios"].as_array().unwrap().len(), row["peer"].is_null()), (0, true));
}

#[cfg(unix)]
#[test]
fn the_peer_takes_turns() {
    use std::os::unix::fs::PermissionsExt;

    let lab = Lab::new();
    lab.write(
        "python",
        "#!/bin/sh\nwhile read -r line; do echo '{\"seconds\": [0.002, 0.001, 0.003], \"peak_mib\": 7.0}'; done\n",
    );
    let python = lab.path("python");
    std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
    let python = python.to_str().unwrap();
    let table =
        lab.run(&["bench", "mlp", "--threads", "1", "--rounds", "2", "--peer", python]).expect(0).stdout;
    let row = table.lines().find(|line| line.trim_start().starts_with("mlp ")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    let [ours, peer, ratio] = [cells[2], cells[8], cells[10]].map(|cell| cell.parse::<f64>().unwrap());
    assert_eq!(peer, 2.0, "the median: {row}");
    // Two rounds of which the median of ours is shown; each ratio is of its own round.
    assert!(ours > 0.0 && (ratio - ours / peer).abs() < 0.02 && cells.len() == 13, "{row}");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let lab = Lab::new();
    lab.run(&["bench", "resnet19"]).refused("resnet18");
    lab.run(&["bench", "mlp", "--threads", "0"]).refused("--threads");
    lab.run(&["bench", "mlp", "--threads", "1", "--peer", "/nowhere/python"]).refused("/nowhere/python");
}
