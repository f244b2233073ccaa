//! `sweep`: with stand-ins for Slurm's commands here, with a real one in .ci/sweep.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::lab::{Lab, RIDGE, Ran};

/// A workspace beside a folder with commands.
struct Cluster {
    lab: Lab,
}

/// Takes every job, says what it was asked, and executes nothing: `queue` has a line per job, as squeue gives it.
const SBATCH: &str = r#"#!/bin/sh
id=$(($(cat "$FAKE/last") + 1)); echo $id > "$FAKE/last"
echo "$id: $*" >> "$FAKE/asked"
for word; do case $word in --array=0-*) last=${word#--array=0-};; esac; script=$first; first=$word; done
for n in $(seq 0 "$last"); do echo "$id $n PD" >> "$FAKE/queue"; echo "$script $first $n" >> "$FAKE/jobs"; done
echo "$id"
"#;

const SQUEUE: &str = "#!/bin/sh\ncat \"$FAKE/queue\"\n";

impl Cluster {
    fn new(experiment: &str) -> Self {
        let lab = Lab::new();
        lab.write("experiments/toy/ridge.yaml", experiment);
        for (name, text) in [("sbatch", SBATCH), ("squeue", SQUEUE)] {
            let file = format!("fake/bin/{name}");
            lab.write(&file, text);
            fs::set_permissions(lab.path(&file), fs::Permissions::from_mode(0o755)).unwrap();
        }
        lab.write("fake/last", "0");
        lab.write("fake/queue", "");
        Self { lab }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.lab.command(args);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.lab.path("fake/bin").display()));
        command.env("FAKE", self.lab.path("fake"));
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    fn submit(&self) -> Ran {
        self.run(&["sweep", "submit", "toy", "--on", "slurm", "--option=--partition=long"]).expect(0)
    }

    /// Executes the jobs that wait, in their order, as Slurm would; gives their exit statuses.
    fn work(&self) -> Vec<Option<i32>> {
        let jobs = fs::read_to_string(self.lab.path("fake/jobs")).unwrap();
        let statuses = jobs.lines().map(|job| {
            let [script, first, index] = job.split(' ').collect::<Vec<_>>()[..] else { panic!("{job}") };
            let mut sh = Command::new("sh");
            sh.args([script, first]).env("SLURM_ARRAY_TASK_ID", index).env_remove("MIXUP_DATA_DIR");
            sh.env("XDG_CACHE_HOME", self.lab.path("cache")).output().unwrap().status.code()
        });
        let statuses = statuses.collect();
        self.lab.write("fake/queue", "");
        self.lab.write("fake/jobs", "");
        statuses
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.lab.path("fake/asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    fn status(&self) -> Value {
        self.run(&["sweep", "status", "--format", "json"]).expect(0).json()
    }
}

fn ridge(setting: &str) -> String {
    RIDGE.replace("methods:\n", &format!("setting: {setting}\nmethods:\n"))
}

#[test]
fn a_sweep_makes_the_numbers_of_a_plain_run_and_nothing_twice() {
    let cluster = Cluster::new(&ridge("{base: 2}"));
    let first = cluster.submit();
    assert!(first.stdout.contains("3 stages and 6 runs as Slurm's 1, 2"), "{}", first.stdout);
    let asked = cluster.asked();
    assert!(asked[0].contains("--array=0-2") && asked[0].contains("--partition=long"), "{asked:?}");
    assert!(!asked[0].contains("--dependency"), "{asked:?}");
    assert!(asked[1].contains("--array=0-5") && asked[1].contains("--dependency=afterany:1"), "{asked:?}");
    assert_eq!(cluster.status()[0]["waiting"], 9);
    // The same command again: Slurm has all of it.
    let second = cluster.submit();
    assert!(second.stderr.contains("9 jobs are under way already"), "{}", second.stderr);
    assert_eq!(cluster.asked().len(), 2);
    assert_eq!(cluster.work(), [Some(0); 9]);
    assert_eq!(cluster.status()[0]["done"], 9);
    assert!(cluster.submit().stderr.contains("nothing to submit"));
    let ran = cluster.run(&["reproduce", "toy"]).expect(0);
    assert!(ran.stderr.contains("toy: 0 runs executed"), "{}", ran.stderr);
    let plain = Lab::new();
    plain.write("experiments/toy/ridge.yaml", ridge("{base: 2}"));
    plain.run(&["reproduce", "toy"]).expect(0);
    let file = "results/toy/ridge.json";
    assert_eq!(cluster.lab.numbers(file), plain.numbers(file));
}

#[test]
fn what_failed_or_was_lost_is_submitted_again_and_nothing_else() {
    let cluster = Cluster::new(&ridge("{fault: [1, diverge]}"));
    cluster.submit();
    // Two jobs are cancelled before they begin.
    let jobs = fs::read_to_string(cluster.lab.path("fake/jobs")).unwrap();
    let kept: Vec<&str> = jobs.lines().filter(|job| !job.ends_with(" 0") && !job.ends_with(" 5")).collect();
    cluster.lab.write("fake/jobs", kept.join("\n") + "\n");
    let statuses = cluster.work();
    assert_eq!(statuses.iter().filter(|status| **status == Some(1)).count(), 2, "{statuses:?}");
    let status = &cluster.status()[0];
    assert_eq!([&status["done"], &status["failed"], &status["lost"]], [2, 2, 2]);
    assert!(status["why"][0].as_str().unwrap().contains("seed 1"), "{status}");
    let text = cluster.run(&["sweep", "status"]).expect(0).stdout;
    assert!(text.contains("again submits what failed or was lost"), "{text}");
    let again = cluster.submit();
    assert!(again.stdout.contains("0 stages and 4 runs"), "{}", again.stdout);
}

#[test]
fn devices_are_listed_with_what_is_missing() {
    let listed = Lab::new().run(&["devices"]).expect(0).stdout;
    assert!(listed.starts_with("flex: opens"), "{listed}");
    assert_eq!(listed.lines().count(), 3, "{listed}");
}

#[test]
fn without_a_batch_system_one_sentence_says_so() {
    let lab = Lab::new();
    let mut command = lab.command(&["sweep", "submit", "toy", "--on", "slurm"]);
    Ran::of(command.env("PATH", "/nowhere")).refused("sbatch cannot be started");
    lab.run(&["sweep", "submit", "toy", "--on", "slurm", "--host", "n1"]).refused("--host is for");
    assert!(lab.run(&["sweep", "status"]).expect(0).stdout.contains("no sweeps"));
}

/// GNU parallel over a stand-in for ssh that runs the command here, in an environment that names no shell.
#[test]
fn gnu_parallel_does_it_too() {
    if Command::new("parallel").arg("--version").output().is_err() {
        println!("skipped: no GNU parallel here (`apt-get install parallel`)");
        return;
    }
    let lab = Lab::new();
    let ssh = lab.path("ssh");
    lab.write("ssh", "#!/bin/sh\nwhile [ $# -gt 1 ]; do case $1 in -*) shift;; *) break;; esac; done\nshift\n[ \"$1\" = -- ] && shift\nexec \"$THERE\" -c \"$*\"\n");
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    let host = format!("1/{} here", Path::new(&ssh).display());
    let submit = |shell: &str| {
        let mut command =
            lab.command(&["sweep", "submit", "toy", "--on", "parallel", "--jobs", "2", "--host", &host]);
        Ran::of(command.env_remove("SHELL").env("THERE", shell))
    };
    // A host that says 0 and does nothing.
    let ran = submit("true").expect(1);
    assert!(ran.stdout.contains("0 jobs done, 6 failed"), "{}\n{}", ran.stdout, ran.stderr);
    let ran = submit("sh").expect(0);
    assert!(ran.stdout.contains("6 jobs done, 0 failed"), "{}\n{}", ran.stdout, ran.stderr);
    let after = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(after.stderr.contains("toy: 0 runs executed"), "{}", after.stderr);
}
