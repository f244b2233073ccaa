//! `kill -9` and Ctrl-C at any moment: nothing lost, no torn file, no orphan, the same numbers.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab::{Lab, RIDGE};

/// A workspace whose runs take some 120 ms each.
fn slow() -> Lab {
    let lab = Lab::new();
    lab.write("experiments/toy/ridge.yaml", slow_ridge("setting: {sleep: 20}"));
    lab
}

fn slow_ridge(setting: &str) -> String {
    RIDGE.replace("methods:\n", &format!("{setting}\nmethods:\n"))
}

fn start(lab: &Lab) -> Child {
    let mut command = lab.command(&["reproduce", "toy", "--jobs", "2"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn signal(name: &str, process: u32) {
    // The process may have ended by itself in the meantime.
    let _ = Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status();
}

/// Children of a process, by /proc.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // After the name in parentheses: state, parent.
        let of: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        (of == parent).then_some(process)
    });
    processes.collect()
}

fn alive(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // A zombie has ended; nobody has asked for its status yet.
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[track_caller]
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(5));
    }
}

/// Moments from the start of a command to its end, the same in every test run.
fn moments(count: u64) -> impl Iterator<Item = Duration> {
    (0..count).map(move |n| Duration::from_millis(15 + (n * 7919) % 430))
}

/// Every record reads as JSON, whatever was killed.
#[track_caller]
fn no_torn_record(lab: &Lab) {
    for name in lab.files(".mixup-lab/runs").iter().filter(|name| name.ends_with(".json")) {
        let content = fs::read(lab.path(name)).unwrap();
        assert!(serde_json::from_slice::<Value>(&content).is_ok(), "{name} is torn");
    }
}

/// The numbers of a plain rerun, and of the same experiment undisturbed.
#[track_caller]
fn ends_like_undisturbed(lab: &Lab) {
    let ran = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let undisturbed = slow();
    undisturbed.run(&["reproduce", "toy"]).expect(0);
    let file = "results/toy/ridge.json";
    assert_eq!(lab.numbers(file), undisturbed.numbers(file));
    let leftovers: Vec<String> =
        lab.files(".mixup-lab/runs").into_iter().filter(|name| !name.ends_with(".json")).collect();
    assert_eq!(leftovers, [""; 0]);
    assert!(!lab.files("results").iter().any(|name| name.ends_with(".tmp")));
    assert_eq!(lab.files(".mixup-lab/checkpoints"), [""; 0]);
}

#[test]
fn the_parent_is_killed_ten_times() {
    let lab = slow();
    for moment in moments(10) {
        let mut parent = start(&lab);
        sleep(moment);
        let workers = children(parent.id());
        signal("-9", parent.id());
        parent.wait().unwrap();
        no_torn_record(&lab);
        wait_until("an orphan goes on", || !workers.iter().any(|worker| alive(*worker)));
    }
    ends_like_undisturbed(&lab);
}

/// Runs that were cut off are not gone on with by code that does something else.
#[test]
fn other_code_starts_anew() {
    let yaml = slow_ridge("setting: {sleep: 60}");
    let lab = Lab::new();
    lab.write("experiments/toy/ridge.yaml", &yaml);
    let mut parent = start(&lab);
    wait_until("no checkpoint", || {
        lab.files(".mixup-lab/checkpoints").iter().filter(|name| name.ends_with("state.json")).count() == 2
    });
    signal("-9", parent.id());
    parent.wait().unwrap();
    lab.write("papers/toy/src/lib.rs", "// what TOY_CODE stands for\n");
    let changed = |lab: &Lab| {
        assert!(lab.command(&["reproduce", "toy"]).env("TOY_CODE", "heavy").status().unwrap().success());
        lab.numbers("results/toy/ridge.json")
    };
    let undisturbed = Lab::new();
    undisturbed.write("experiments/toy/ridge.yaml", yaml);
    assert_eq!(changed(&lab), changed(&undisturbed));
    assert_eq!(lab.files(".mixup-lab/checkpoints"), [""; 0]);
}

/// The stage is what most of the moments fall into.
#[test]
fn a_stage_is_killed_at_any_moment() {
    let base = slow_ridge("setting: {sleep: 20, base: 10}");
    let lab = Lab::new();
    lab.write("experiments/toy/ridge.yaml", &base);
    for moment in moments(10) {
        let mut parent = start(&lab);
        sleep(moment);
        signal("-9", parent.id());
        parent.wait().unwrap();
        no_torn_record(&lab);
    }
    let kept = lab.files(".mixup-lab/weights");
    let before: Vec<_> =
        kept.iter().map(|name| fs::metadata(lab.path(name)).unwrap().modified().unwrap()).collect();
    lab.run(&["reproduce", "toy"]).expect(0);
    let after: Vec<_> =
        kept.iter().map(|name| fs::metadata(lab.path(name)).unwrap().modified().unwrap()).collect();
    // The last one may have lost its record to the last kill.
    let again = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert!(again <= 1, "{again} stages were trained twice");
    let undisturbed = Lab::new();
    undisturbed.write("experiments/toy/ridge.yaml", base);
    undisturbed.run(&["reproduce", "toy"]).expect(0);
    assert_eq!(lab.numbers("results/toy/ridge.json"), undisturbed.numbers("results/toy/ridge.json"));
    assert_eq!(lab.files(".mixup-lab/weights").len(), 3);
    assert_eq!(lab.files(".mixup-lab/checkpoints"), [""; 0]);
}

#[test]
fn workers_are_killed_ten_times() {
    let lab = slow();
    for moment in moments(10) {
        let mut parent = start(&lab);
        sleep(moment);
        children(parent.id()).into_iter().for_each(|worker| signal("-9", worker));
        // The command outlives its workers; what was killed counts as failed.
        assert!(parent.wait().unwrap().code().is_some_and(|code| code <= 1));
        no_torn_record(&lab);
    }
    ends_like_undisturbed(&lab);
}

#[test]
fn a_rerun_waits_for_no_hanging_orphan() {
    let lab = Lab::new();
    lab.write("experiments/toy/ridge.yaml", slow_ridge("setting: {fault: [0, hang]}"));
    let mut parent = start(&lab);
    wait_until("no checkpoint", || {
        lab.files(".mixup-lab/checkpoints").iter().any(|f| f.ends_with("state.json"))
    });
    let workers = children(parent.id());
    assert!(!workers.is_empty());
    signal("-9", parent.id());
    parent.wait().unwrap();
    wait_until("a hanging orphan goes on", || !workers.iter().any(|worker| alive(*worker)));
}

#[test]
fn ctrl_c_says_how_to_go_on_and_keeps_what_is_done() {
    let lab = Lab::new();
    lab.write("experiments/toy/ridge.yaml", slow_ridge("setting: {sleep: 60}"));
    let mut command = lab.command(&["reproduce", "toy", "--jobs", "1"]);
    let parent = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("no record", || !lab.files(".mixup-lab/runs").is_empty());
    let (id, workers) = (parent.id(), children(parent.id()));
    signal("-INT", id);
    let output = parent.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("run the same command again to go on"), "{told}");
    assert!(!workers.iter().any(|worker| alive(*worker)), "a worker goes on");
    assert!(output.stdout.is_empty() && lab.files("results").is_empty());
    let kept = lab.files(".mixup-lab/runs").len();
    let rest = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(rest.stderr.contains(&format!("{} runs executed", 6 - kept)), "{}", rest.stderr);
}
