//! Every committed verdict, judged anew by a script that shares no code with ours (`judge.py`, with scipy):
//! tests, intervals, E-values, levels and words agree to 1e-9.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use xtask::papers;

fn folder() -> PathBuf {
    crate::root().join("xtask/tests/papers/recompute")
}

/// Why the script cannot run here.
fn missing() -> Option<String> {
    match Command::new("python3").args(["-c", "import numpy, scipy.stats, yaml"]).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            Some(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("it failed").to_owned())
        }
        Err(error) => Some(format!("python3: {error}")),
    }
}

fn judge(paper: &str, results: &Path) -> Output {
    let manifest = crate::root().join("papers").join(paper).join("paper.yaml");
    let mut command = Command::new("python3");
    // No `__pycache__` in the sources.
    command.arg("-B").arg(folder().join("judge.py")).arg(manifest).arg(results);
    command.output().unwrap()
}

/// Papers with committed verdicts, and their folder.
fn judged() -> Vec<(&'static str, PathBuf)> {
    let of = |slug| (slug, crate::root().join("results").join(slug));
    papers::all()
        .iter()
        .map(|paper| of(paper.slug))
        .filter(|(_, results)| results.join("verdicts.json").is_file())
        .collect()
}

#[test]
fn scipy_comes_to_the_same_verdicts() {
    if let Some(why) = missing() {
        println!("SKIPPED: no python3 with numpy, scipy and yaml ({why})");
        return;
    }
    let judged = judged();
    assert!(!judged.is_empty());
    for (paper, results) in judged {
        let output = judge(paper, &results);
        let told = String::from_utf8_lossy(&output.stdout);
        println!("{paper}: {told}");
        assert!(output.status.success(), "{paper}: {told}{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The script sees what it is there to see.
#[test]
fn a_number_that_is_off_in_the_eighth_digit_is_seen() {
    if let Some(why) = missing() {
        println!("SKIPPED: no python3 with numpy, scipy and yaml ({why})");
        return;
    }
    let (paper, results) = judged().remove(0);
    let copy = tempfile::tempdir().unwrap();
    for file in results.read_dir().unwrap().map(Result::unwrap) {
        if file.path().extension().is_some_and(|extension| extension == "json") {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    let path = copy.path().join("verdicts.json");
    let mut verdicts: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let row = verdicts.as_array_mut().unwrap().iter_mut().find_map(|verdict| {
        verdict.pointer_mut("/evidence/rows/0/std").filter(|std| std.as_f64().is_some_and(|std| std > 0.1))
    });
    let std = row.unwrap();
    *std = (std.as_f64().unwrap() * (1.0 + 2e-8)).into();
    std::fs::write(&path, verdicts.to_string()).unwrap();
    let output = judge(paper, copy.path());
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && told.contains(" 1 differ") && told.contains(", std: "), "{told}");
}
