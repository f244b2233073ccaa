//! Breaks the code in a dozen places, one at a time, and looks at the identities of small runs: those that
//! the place reaches must change, all others must stay; what breaks nothing must change none. And in places
//! that `check` has to see by the smoke outcomes alone, or to forgive.
//!
//! It compiles a copy of the workspace anew for each place, a quarter of an hour in all, and the first time
//! everything else too: `cargo test --workspace --test broken -- --ignored`. CI does so weekly.
#![allow(clippy::unwrap_used, reason = "a test stops at what goes wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// A place in the code, and the runs that it reaches, or the rows of a table.
struct Break {
    what: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    reaches: &'static [&'static str],
}

/// Papers with the experiments that are looked at by their smoke outcomes, and what is broken there: the
/// rows that it reaches must be a regression to `check`, and no others.
const SMOKE: &[(&str, &str, &[Break])] = &[
    (
        "rankmixup",
        "margins",
        &[
            Break {
                what: "RankMixup's margin is ignored",
                file: "papers/rankmixup/src/loss.rs",
                from: ".add_scalar(config.margin.get())",
                to: ".add_scalar(2.0)",
                reaches: &["margin-0.5", "margin-5"],
            },
            REORDERED,
        ],
    ),
    (
        "rankmixup",
        "fashion-mnist",
        &[
            Break {
                what: "MbLS's penalty is dropped",
                file: "crates/mixup-core/src/loss/logit_margin.rs",
                from: "relu(distance.sub_scalar(margin.get())).mean();",
                to: "relu(distance.sub_scalar(margin.get())).mean().mul_scalar(0.0);",
                reaches: &["mbls"],
            },
            REORDERED,
        ],
    ),
    (
        "c-mixup",
        "wine-quality",
        &[
            Break {
                what: "a loss is doubled under Adam",
                file: "crates/mixup-core/src/loss/mse.rs",
                from: "mean_squared_error(prediction, target))",
                to: "mean_squared_error(prediction, target).mul_scalar(2.0))",
                reaches: &["c-mixup", "erm", "manifold", "mixup"],
            },
            Break {
                what: "Adam rounds otherwise",
                file: "crates/mixup-kernels/src/optimizer.rs",
                from: "m[i] = b1 * m[i] + c1 * g[i];",
                to: "m[i] += c1 * (g[i] - m[i]);",
                reaches: NONE,
            },
        ],
    ),
];

/// The same sums, rounded otherwise: what another processor does.
const REORDERED: Break = Break {
    what: "sums in another order",
    file: "crates/mixup-kernels/src/simd.rs",
    from: "lanes.iter().sum::<f32>() + rest",
    to: "lanes.iter().rev().sum::<f32>() + rest",
    reaches: NONE,
};

const DIGITS: &[&str] = &["augment", "base", "ce", "convnet", "m-ndcg", "mixup", "mrl", "patience"];
const WINE: &[&str] = &["erm", "wine-mixup"];
const NONE: &[&str] = &[];

const BREAKS: &[Break] = &[
    Break {
        what: "a comment",
        file: "crates/mixup-core/src/optim/schedule.rs",
        from: "//! Learning-rate schedules.",
        to: "//! Schedules of the learning rate, in other words.",
        reaches: NONE,
    },
    Break {
        what: "a loss that nothing reaches",
        file: "crates/mixup-core/src/loss/mse.rs",
        from: "use burn",
        to: "/// Nobody's.\npub fn nobodys(x: f64) -> f64 {\n    x + 1.0\n}\nuse burn",
        reaches: NONE,
    },
    Break {
        what: "what mixup makes of lambda",
        file: "crates/mixup-routines/src/classification/baselines.rs",
        from: ".draw(step.streams.get(\"lambda\"))",
        to: ".draw(step.streams.get(\"lambda\")).powi(2)",
        reaches: &["mixup"],
    },
    Break {
        what: "the last epoch of the cosine",
        file: "crates/mixup-core/src/optim/schedule.rs",
        from: "(PI * elapsed(*per) / all)",
        to: "(PI * elapsed(*per) / (all - 1.0))",
        reaches: &["augment", "base", "ce", "convnet", "m-ndcg", "mixup", "mrl"],
    },
    Break {
        what: "the bins of the calibration errors",
        file: "crates/mixup-routines/src/classification/measure.rs",
        from: "nonzero(15)",
        to: "nonzero(14)",
        reaches: DIGITS,
    },
    Break {
        what: "the step of the temperature grid",
        file: "crates/mixup-routines/src/classification/measure.rs",
        from: "Positive::new(0.1)",
        to: "Positive::new(0.07)",
        reaches: DIGITS,
    },
    Break {
        what: "patience, by one epoch",
        file: "crates/mixup-core/src/train/course.rs",
        from: "self.losses.len() > self.best + patience.get()",
        to: "self.losses.len() > self.best + patience.get() + 1",
        reaches: &["patience"],
    },
    Break {
        what: "the stream of the permutations",
        file: "crates/mixup-core/src/mix/draw.rs",
        from: "Mixture::permuted(rows, ratio, streams.get(\"pairs\"))",
        to: "Mixture::permuted(rows, ratio, streams.get(\"partners\"))",
        reaches: &["m-ndcg", "mrl"],
    },
    Break {
        what: "the sign of RankMixup's margin",
        file: "papers/rankmixup/src/loss.rs",
        from: ".add_scalar(config.margin.get())",
        to: ".sub_scalar(config.margin.get())",
        reaches: &["mrl"],
    },
    Break {
        what: "the discount of NDCG",
        file: "papers/rankmixup/src/loss.rs",
        from: "log1p().div_scalar(std::f64::consts::LN_2)",
        to: "log1p().div_scalar(std::f64::consts::LN_10)",
        reaches: &["m-ndcg"],
    },
    Break {
        what: "Adam's first moment",
        file: "crates/mixup-core/src/optim/rule.rs",
        from: "beta1: 0.9",
        to: "beta1: 0.8",
        reaches: WINE,
    },
    Break {
        what: "momentum of batch norm's statistics",
        file: "crates/mixup-core/src/nn/batch_norm.rs",
        from: "const MOMENTUM: f64 = 0.1;",
        to: "const MOMENTUM: f64 = 0.2;",
        reaches: &["convnet"],
    },
    Break {
        what: "how large the first weights are",
        file: "crates/mixup-core/src/nn/init.rs",
        from: "(d_input as f32).sqrt().recip()",
        to: "(d_input as f32).sqrt().recip() * 0.9",
        reaches: &[
            "augment",
            "base",
            "ce",
            "convnet",
            "erm",
            "m-ndcg",
            "mixup",
            "mrl",
            "patience",
            "wine-mixup",
        ],
    },
    Break {
        what: "the root of the RMSE",
        file: "crates/mixup-core/src/metrics/regression.rs",
        from: "Ok(mse(prediction, target)?.sqrt())",
        to: "mse(prediction, target)",
        reaches: WINE,
    },
    Break {
        what: "which images are flipped",
        file: "crates/mixup-core/src/augment/batch.rs",
        from: "self.augment.flip && rng.random()",
        to: "self.augment.flip && !rng.random::<bool>()",
        reaches: &["augment"],
    },
    Break {
        what: "a cap that a glimpse is too small to reach",
        file: "crates/mixup-routines/src/classification/mod.rs",
        from: "const TRAIN_IMAGES: usize = 10_000;",
        to: "const TRAIN_IMAGES: usize = 9_000;",
        reaches: DIGITS,
    },
];

#[test]
#[ignore = "compiles a copy of the workspace for every place; half an hour the first time"]
fn an_identity_changes_with_what_the_code_does_and_with_nothing_else() {
    let copy = Copy::of_this_workspace();
    let sound = copy.identities();
    let mut wrong = Vec::new();
    for broken in BREAKS {
        let applied = copy.apply(broken);
        let identities = copy.identities();
        drop(applied);
        let changed: BTreeSet<&str> = sound
            .iter()
            .filter(|(name, of)| identities[*name] != **of)
            .map(|(name, _)| name.as_str())
            .collect();
        let expected: BTreeSet<&str> = broken.reaches.iter().copied().collect();
        let verdict = if changed == expected { "as it should" } else { "WRONG" };
        println!("{}: {changed:?}, {verdict}", broken.what);
        if changed != expected {
            wrong.push(format!("{}: changed {changed:?}, expected {expected:?}", broken.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "compiles a copy of the workspace for every place; half an hour the first time"]
fn check_sees_what_is_broken_by_the_smoke_outcomes() {
    let copy = Copy::of_this_workspace();
    let mut wrong = Vec::new();
    for (paper, experiment, breaks) in SMOKE {
        copy.build(&["--bin", "xtask"]);
        let what = [*paper, "--experiment", *experiment, "--profile", "smoke", "--fresh"];
        let sound = copy.xtask(&[&["reproduce"], &what[..]].concat());
        if !sound.status.success() {
            println!("SKIPPED {paper}, {experiment}: {}", String::from_utf8_lossy(&sound.stderr));
            continue;
        }
        for broken in *breaks {
            let applied = copy.apply(broken);
            copy.build(&["--bin", "xtask"]);
            let check = copy.xtask(&[&["check"], &what[..], &["--format", "json"]].concat());
            drop(applied);
            let found: Value = serde_json::from_slice(&check.stdout).unwrap();
            let found = &found[0]["experiments"][0];
            let seen = regressions(found);
            let expected: BTreeSet<String> = broken.reaches.iter().map(|row| (*row).to_owned()).collect();
            let failed = !expected.is_empty();
            println!("{paper}, {experiment}, {}: {}, {seen:?}", broken.what, found["level"]);
            if seen != expected
                || check.status.code() != Some(i32::from(failed))
                || found["level"] == "identical"
            {
                wrong
                    .push(format!("{experiment}, {}: {seen:?}, expected {expected:?}; {found}", broken.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rows of a checked experiment of which a curve or a metric is a regression.
fn regressions(experiment: &Value) -> BTreeSet<String> {
    let checks = ["cells", "curves"].into_iter().filter_map(|kind| experiment[kind].as_array()).flatten();
    let rows =
        checks.filter(|check| check["level"] == "regression").filter_map(|check| check["method"].as_str());
    rows.map(str::to_owned).collect()
}

/// The text that is broken is there, once: otherwise the tests above would break nothing.
#[test]
fn every_place_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for broken in BREAKS.iter().chain(SMOKE.iter().flat_map(|(_, _, breaks)| *breaks)) {
        let text = fs::read_to_string(root.join(broken.file)).unwrap();
        let times = text.matches(broken.from).count();
        assert!(times >= 1, "{}: {} has no `{}`", broken.what, broken.file, broken.from);
    }
}

/// A copy of the sources with artifacts of its own: cargo gives crates at the same place of two workspaces
/// the same file names, and would take broken ones for those of this workspace. One test has it at a time.
struct Copy {
    target: PathBuf,
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

static COPY: Mutex<()> = Mutex::new(());

/// A place that is broken until this is dropped, also by a test that fails.
struct Applied<'a>(&'a Copy, &'a Break);

impl Drop for Applied<'_> {
    fn drop(&mut self) {
        let Self(copy, broken) = self;
        copy.replace(broken, broken.to, broken.from);
    }
}

impl Copy {
    fn of_this_workspace() -> Self {
        let alone = COPY.lock().unwrap_or_else(PoisonError::into_inner);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_xtask"));
        let place = binary.ancestors().nth(2).unwrap().join("broken");
        let (target, folder) = (place.join("target"), place.join("workspace"));
        fs::create_dir_all(&folder).unwrap();
        for part in ["Cargo.toml", "Cargo.lock", ".cargo", "crates", "experiments", "papers", "xtask"] {
            // Only what is newer or differs would be compiled again; the last run restored what it broke.
            let status = Command::new("cp").args(["-r", "-u"]).arg(root.join(part)).arg(&folder).status();
            assert!(status.is_ok_and(|status| status.success()), "{part} cannot be copied");
        }
        Self { target, folder, _alone: alone }
    }

    fn apply<'a>(&'a self, broken: &'a Break) -> Applied<'a> {
        self.replace(broken, broken.from, broken.to);
        Applied(self, broken)
    }

    fn replace(&self, broken: &Break, from: &str, to: &str) {
        let file = self.folder.join(broken.file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{}", broken.what);
        fs::write(file, text.replacen(from, to, 1)).unwrap();
    }

    fn build(&self, target: &[&str]) {
        // With xtask, so that features are the workspace's and its dependencies are not compiled again.
        let built = Command::new(env!("CARGO"))
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .args(["build", "--quiet", "-p", "rankmixup", "-p", "xtask"])
            .args(target)
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }

    /// The command line of the copy.
    fn xtask(&self, arguments: &[&str]) -> Output {
        Command::new(self.target.join("debug/xtask"))
            .current_dir(&self.folder)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// Compiles the copy and asks it.
    fn identities(&self) -> BTreeMap<String, String> {
        self.build(&["--example", "identities"]);
        let ran = Command::new(self.target.join("debug/examples/identities")).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        serde_json::from_slice(&ran.stdout).unwrap()
    }
}
