//! A workspace in a temporary folder, and the toy binary to run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub const MANIFEST: &str = "\
slug: toy
title: Bagged ridge regression
arxiv: \"0000.00000\"
venue: nowhere
code: none
claims:
  - id: light-beats-heavy
    text: A light penalty has the lower RMSE.
    experiment: ridge
    metric: rmse
    method: light
    against: heavy
    direction: lower
";

pub const RIDGE: &str = "\
experiment: ridge
paper: toy
title: Diabetes
data: diabetes
train: {epochs: 6, batch: 1, select: last}
methods:
  light: {penalty: 0.01}
  heavy: {penalty: 100000.0}
seeds: 3
metrics: [rmse, mae]
routine: ridge
";

/// A workspace.
pub struct Lab {
    folder: TempDir,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Lab {
    /// A workspace with paper `toy` and its experiment `ridge`.
    pub fn new() -> Self {
        let lab = Self { folder: TempDir::new().unwrap() };
        lab.write("Cargo.lock", "version = 4\n");
        lab.write("papers/toy/src/lib.rs", "// what the fingerprint reads\n");
        lab.write("papers/toy/paper.yaml", MANIFEST);
        lab.write("experiments/toy/ridge.yaml", RIDGE);
        lab
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    /// The command, with nothing of the developer's own environment: no data, no cache, no network.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .arg("--root")
            .arg(self.folder.path())
            .args(args)
            .env_remove("MIXUP_DATA_DIR")
            .env_remove("MIXUP_STORE_DIR")
            .env_remove("TOY_CODE")
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("ALL_PROXY", "http://127.0.0.1:1")
            .stdin(Stdio::null());
        command
    }

    /// The command without `--root`, in a folder.
    pub fn command_in(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(folder).args(args).env_remove("CARGO_MANIFEST_DIR").env_remove("MIXUP_DATA_DIR");
        command.env_remove("MIXUP_STORE_DIR").env("XDG_CACHE_HOME", self.path("cache")).stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// The outcome of an experiment, without the circumstances of its runs.
    pub fn numbers(&self, file: &str) -> Value {
        let mut outcome: Value = serde_json::from_slice(&fs::read(self.path(file)).unwrap()).unwrap();
        for circumstance in ["provenance", "core_seconds", "peak_memory_mib"] {
            outcome.as_object_mut().unwrap().remove(circumstance);
        }
        for method in outcome["methods"].as_object_mut().unwrap().values_mut() {
            method.as_object_mut().unwrap().remove("identity");
        }
        outcome
    }

    /// Every file below a folder, relative to the workspace.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.path(folder), &mut found);
        let relative = |file: &PathBuf| file.strip_prefix(self.folder.path()).unwrap().display().to_string();
        let mut names: Vec<String> = found.iter().map(relative).collect();
        names.sort();
        names
    }
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the toy binary starts");
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts an exit status; shows everything where it is another one.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts exit status 2 with one clear message and no result.
    #[track_caller]
    pub fn refused(self, message: &str) {
        let ran = self.expect(2);
        assert!(ran.stderr.contains(message), "{}\n  lacks: {message}", ran.stderr);
        assert_eq!(ran.stderr.matches("error: ").count(), 1, "one message: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// The example beside this test; cargo builds it with the tests of the package.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(2).unwrap();
    let binary = target.join("examples").join(format!("toy-lab{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.is_file(), "{}: `cargo build -p mixup-lab --example toy-lab` makes it", binary.display());
    binary
}
