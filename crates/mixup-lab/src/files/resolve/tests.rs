use std::path::Path;

use mixup_core::{
    augment::{AugmentConfig, Normalise},
    checked::Positive,
    split::HoldOut,
};
use serde::{Deserialize, Serialize};

use super::*;
use crate::files::experiment::Resource;
use crate::outcomes::fixtures::scatter;
use mixup_paper::{Direction, FigureInfo, Measured, Routine, RunContext, RunError};

/// A routine whose runs are never executed here.
struct Demo;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Method {
    #[serde(default)]
    alpha: Option<Positive>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    #[serde(default)]
    limit: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    augment: Option<AugmentConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    normalise: Option<Normalise>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<HoldOut>,
}

mixup_paper::as_json!(Method, Setting);

impl Routine for Demo {
    type Method = Method;
    type Setting = Setting;
    const NAME: &'static str = "demo-runs";

    fn metrics() -> Vec<MetricInfo> {
        ["rmse", "mape"]
            .map(|name| MetricInfo {
                name: name.to_owned(),
                label: name.to_uppercase(),
                better: Some(Direction::Lower),
                decimals: 3,
            })
            .into()
    }

    fn figures() -> Vec<FigureInfo> {
        vec![scatter("residuals")]
    }

    fn check(spec: &RunSpec<Method, Setting>) -> Result<(), String> {
        if spec.seed > 40 {
            return Err(format!("there is no seed {}", spec.seed));
        }
        match spec.parameters.alpha {
            Some(alpha) if alpha.get() > 10.0 => Err("`alpha` must be at most 10".to_owned()),
            _ => Ok(()),
        }
    }

    fn run(spec: &RunSpec<Method, Setting>, _: &RunContext<'_>) -> Result<Measured, RunError> {
        Err(RunError::Spec(format!("{} is never executed", spec.method)))
    }
}

const GOOD: &str = "\
experiment: wine
paper: demo
title: Wine
data: wine-quality
train: {epochs: 100, batch: 16, select: last}
setting: {limit: 0.5}
methods:
  mixup: {alpha: 2}
  erm: {}
seeds: 3
metrics: [mape, rmse]
profiles:
  paper: {data: diabetes, train: {epochs: 200}, train_samples: 50}
routine: demo-runs
";

fn resolved(text: &str, profile: Profile, overrides: &Overrides) -> Result<Resolved, InputError> {
    let document = Document::from_text(Path::new("experiments/demo/wine.yaml"), text.to_owned())?;
    let paper = Paper { slug: "demo", routines: vec![RoutineEntry::of::<Demo>()], golden: Vec::new() };
    resolve(&paper, &document, profile, overrides)
}

fn exactly(count: u32) -> Count {
    Count::Exactly(NonZeroU32::new(count).unwrap())
}

fn good(profile: Profile) -> Resolved {
    resolved(GOOD, profile, &Overrides::default()).unwrap()
}

#[test]
fn every_method_meets_every_seed() {
    let desk = good(Profile::Desk);
    let runs: Vec<(&str, u64)> = desk.runs.iter().map(|run| (run.method.as_str(), run.seed)).collect();
    assert_eq!(runs, [("mixup", 0), ("erm", 0), ("mixup", 1), ("erm", 1), ("mixup", 2), ("erm", 2)]);
    assert_eq!(desk.methods, ["mixup", "erm"]);
    let names: Vec<&str> = desk.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["mape", "rmse"], "in the order of the file");
}

#[test]
fn a_spec_says_all_that_its_run_depends_on() {
    let spec = &good(Profile::Desk).runs[0].spec;
    assert_eq!(
        spec.to_string(),
        "{\"data\":\"wine-quality\",\"device\":\"flex\",\"experiment\":\"wine\",\"method\":\"mixup\",\
         \"metrics\":[\"mape\",\"rmse\"],\"model\":null,\"optimizer\":null,\"paper\":\"demo\",\
         \"parameters\":{\"alpha\":2.0},\"routine\":\"demo-runs\",\"seed\":0,\"setting\":{\"limit\":0.5},\"train\":{\"batch\":16,\
         \"epochs\":100,\"schedule\":{\"kind\":\"constant\"},\"select\":\"last\",\"shuffle\":\"every-epoch\"},\
         \"train_samples\":null}"
    );
}

#[test]
fn profiles_change_what_they_name() {
    let desk = good(Profile::Desk);
    assert_eq!((desk.seeds.len(), &desk.runs[0].spec["train"]["epochs"]), (3, &100.into()));
    let paper = good(Profile::Paper);
    let spec = &paper.runs[0].spec;
    assert_eq!((paper.seeds.len(), paper.data.as_str()), (3, "diabetes"));
    assert_eq!(spec["train"]["epochs"], 200);
    assert_eq!(spec["train"]["batch"], 16);
    assert_eq!((&spec["data"], &spec["train_samples"]), (&"diabetes".into(), &50.into()));
    let smoke = good(Profile::Smoke);
    assert_eq!(smoke.seeds.len(), 2, "without a smoke profile: 2 seeds and 2 epochs");
    assert_eq!(smoke.runs[0].spec["train"]["epochs"], 2);
    let given = "profiles:\n  smoke: {seeds: 1}\n  desk: {train: {schedule: {kind: cosine}}, core_hours_per_run: 2}\n";
    let given = GOOD.replace("profiles:\n", given);
    let desk = resolved(&given, Profile::Desk, &Overrides::default()).unwrap();
    assert_eq!(desk.runs[0].spec["train"]["schedule"]["kind"], "cosine");
    assert_eq!((desk.price, paper.price), (Some(Price { seconds: 7200.0, of: Resource::Core }), None));
    let smoke = resolved(&given, Profile::Smoke, &Overrides::default()).unwrap();
    assert_eq!((smoke.seeds.len(), &smoke.runs[0].spec["train"]["epochs"]), (1, &100.into()));
}

#[test]
fn the_profile_gpu_has_only_what_names_it_and_is_priced_in_its_own_hours() {
    use Profile::{Desk, Gpu, Paper, Smoke};
    let with = |only: &str, profiles: &str| {
        let text = GOOD.replace("data: wine-quality\n", &format!("data: wine-quality\n{only}"));
        resolved(&text.replace("profiles:\n", &format!("profiles:\n{profiles}")), Gpu, &Overrides::default())
    };
    assert_eq!(with("", "").unwrap().in_profiles, [Smoke, Desk, Paper]);
    assert_eq!(with("only: paper\n", "").unwrap().in_profiles, [Paper]);
    assert_eq!(with("only: gpu\n", "").unwrap().in_profiles, [Gpu]);
    let both = with("", "  gpu: {train: {epochs: 5}, gpu_hours_per_run: 0.5}\n").unwrap();
    assert_eq!(both.in_profiles, Profile::ALL);
    assert_eq!(both.price, Some(Price { seconds: 1800.0, of: Resource::Gpu }));
    assert_eq!(both.runs[0].spec["train"]["epochs"], 5);
    for wrong in ["gpu: {core_hours_per_run: 1}", "desk: {gpu_hours_per_run: 1}"] {
        let error = with("", &format!("  {wrong}\n")).unwrap_err().to_string();
        assert!(error.contains("priced by `gpu_hours_per_run`, all others by"), "{error}");
    }
}

/// `GOOD` with an optimiser, and with this as its smoke profile.
fn with_smoke(change: &str) -> String {
    GOOD.replace("setting:", "optimizer: {kind: adam, lr: 0.01}\nsetting:")
        .replace("profiles:\n", &format!("profiles:\n  smoke: {{{change}}}\n"))
}

#[test]
fn a_profile_changes_rows_and_optimiser() {
    let change = "seeds: 1, test_samples: 20, methods: {erm: {alpha: 3}}, optimizer: {kind: sgd, lr: 1}";
    let smoke = resolved(&with_smoke(change), Profile::Smoke, &Overrides::default()).unwrap();
    let [mixup, erm] = &smoke.runs[..] else { panic!("{smoke:?}") };
    assert_eq!(
        (&mixup.spec["parameters"]["alpha"], &erm.spec["parameters"]["alpha"]),
        (&2.0.into(), &3.0.into())
    );
    assert_eq!((&erm.spec["optimizer"]["kind"], &erm.spec["test_samples"]), (&"sgd".into(), &20.into()));
    let desk = resolved(&with_smoke(change), Profile::Desk, &Overrides::default()).unwrap();
    assert_eq!(desk.runs[1].spec["parameters"]["alpha"], Value::Null);
    assert_eq!(desk.runs[1].spec["optimizer"]["kind"], "adam");
    assert!(desk.runs[1].spec.get("test_samples").is_none(), "{}", desk.runs[1].spec);
}

#[test]
fn what_a_profile_changes_is_refused_at_its_place() {
    let refused = |change: &str| {
        resolved(&with_smoke(change), Profile::Smoke, &Overrides::default()).unwrap_err().to_string()
    };
    for (change, named) in [
        ("methods: {emr: {alpha: 3}}", ["profiles.smoke.methods.emr", "unknown method `emr`"]),
        ("methods: {erm: {alpha: -3}}", ["profiles.smoke.methods.erm.alpha", "above 0"]),
        ("methods: {erm: 3}", ["profiles.smoke.methods.erm", "must be a mapping"]),
        ("setting: {limt: 3}", ["profiles.smoke.setting", "limt"]),
    ] {
        let error = refused(change);
        assert!(named.iter().all(|part| error.contains(part)), "{change}: {error}");
    }
    let without = GOOD.replace("profiles:\n", "profiles:\n  smoke: {optimizer: {kind: sgd, lr: 1}}\n");
    let error = resolved(&without, Profile::Smoke, &Overrides::default()).unwrap_err().to_string();
    assert!(error.contains("changes `optimizer`, which the experiment does not have"), "{error}");
}

#[test]
fn the_command_line_goes_over_the_profile() {
    let overrides = Overrides { seeds: exactly(5), device: "cuda:0".to_owned() };
    let smoke = resolved(GOOD, Profile::Smoke, &overrides).unwrap();
    assert_eq!(smoke.seeds, [0, 1, 2, 3, 4]);
    assert!(smoke.runs.iter().all(|run| run.spec["device"] == "cuda:0"));
}

/// An experiment on images, with all that core has for them.
fn with_images() -> String {
    let settings = "setting: {limit: 0.5, augment: {crop: {padding: 4}, flip: true}, normalise: {given: {mean: \
                    [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}, split: {validation: 5000, stratified: true}}\n\
                    optimizer: {kind: sgd, lr: 0.1, momentum: 0.9, weight_decay: 5e-4, nesterov: true, clip: \
                    {norm: 2}}";
    GOOD.replace("setting: {limit: 0.5}", settings).replace("wine-quality", "cifar10-jpeg")
}

#[test]
fn image_experiments_say_how_they_train() {
    let resolved = resolved(&with_images(), Profile::Desk, &Overrides::default()).unwrap();
    let spec = &resolved.runs[0].spec;
    assert_eq!(spec["data"], "cifar10-jpeg");
    assert_eq!(spec["setting"]["augment"]["crop"]["padding"], 4);
    assert_eq!(spec["setting"]["normalise"]["given"]["mean"][0], 0.5);
    assert_eq!(spec["setting"]["split"]["validation"], 5000);
    assert_eq!(
        (&spec["optimizer"]["clip"]["norm"], &spec["optimizer"]["nesterov"]),
        (&2.0.into(), &true.into())
    );
}

#[test]
fn image_experiments_are_checked() {
    for (from, to, message) in [
        ("padding: 4", "padding: 0", "wine.yaml:6:"),
        ("mean: [0.5", "mean: [125", "a number from 0 to 1"),
        ("validation: 5000", "validation: 0", "wine.yaml:6:"),
        ("clip: {norm: 2}", "clip: {norm: 0}", "a finite number above 0"),
        ("clip: {norm: 2}", "clip: {length: 2}", "wine.yaml:7:"),
    ] {
        let text = with_images();
        assert!(text.contains(from), "the test's own text lacks {from}");
        let error = resolved(&text.replacen(from, to, 1), Profile::Desk, &Overrides::default());
        let shown = error.expect_err("must be refused").to_string();
        assert!(shown.contains(message), "{shown}\n  lacks: {message}");
    }
}

#[test]
fn every_data_set_of_the_catalogue_resolves() {
    for set in catalogue::ALL {
        let text = GOOD.replace("data: wine-quality", &format!("data: {}", set.name));
        assert_eq!(resolved(&text, Profile::Desk, &Overrides::default()).unwrap().data, set.name);
    }
}

#[test]
fn samples_may_be_simulated_and_are_no_data_set() {
    let text = GOOD.replace("data: wine-quality", "data: simulated");
    assert_eq!(resolved(&text, Profile::Desk, &Overrides::default()).unwrap().data, catalogue::SIMULATED);
    assert!(catalogue::find(catalogue::SIMULATED).is_err());
}

#[track_caller]
fn refused(from: &str, to: &str, message: &str) {
    assert!(GOOD.contains(from), "the test's own text lacks {from}");
    let error = resolved(&GOOD.replacen(from, to, 1), Profile::Desk, &Overrides::default());
    let shown = error.expect_err("must be refused").to_string();
    assert!(shown.contains(message), "{shown}\n  lacks: {message}");
}

#[test]
fn refuses_names_that_lead_nowhere() {
    refused(
        "experiment: wine",
        "experiment: vine",
        "wine.yaml:1:1: experiment: must be the file's name, `wine`",
    );
    refused("paper: demo", "paper: domo", ":2:1: paper: must be the folder's name, `demo`");
    refused("data: wine-quality", "data: wine-qualty", ":4:1: data: unknown data set `wine-qualty`");
    refused("data: diabetes", "data: diabets", ":13:11: profiles.paper.data: unknown data set `diabets`");
    refused(
        "rmse]",
        "rsme]",
        ":11:17: metrics[1]: unknown metric `rsme`; did you mean `rmse`? Known metrics:",
    );
    refused("rmse]", "mape]", ":11:17: metrics[1]: `mape` is given twice");
    refused("[mape, rmse]", "[]", ":11:1: metrics: give at least one metric; known metrics: rmse, mape");
    refused("\n  mixup: {alpha: 2}\n  erm: {}", " {}", "methods: give at least one method");
    refused("train: {epochs: 100, batch: 16, select: last}\n", "", "profiles.paper.train: changes `train`");
}

/// [`GOOD`] with a picture.
fn with_figure(figure: &str) -> String {
    GOOD.replacen("profiles:\n", &format!("figures:\n  {figure}\nprofiles:\n"), 1)
}

#[test]
fn figures_are_those_of_the_paper_where_the_profile_has_their_seed() {
    let text = with_figure("residuals: {methods: [erm], seed: 2}");
    let desk = resolved(&text, Profile::Desk, &Overrides::default()).unwrap();
    assert_eq!(desk.figures.len(), 1);
    assert_eq!(
        (desk.figures[0].info.title.as_str(), desk.figures[0].request.seed),
        ("Title of residuals", 2)
    );
    let smoke = resolved(&text, Profile::Smoke, &Overrides::default()).unwrap();
    assert!(smoke.figures.is_empty(), "2 seeds");
    assert_eq!(desk.runs, good(Profile::Desk).runs, "a picture changes no run");
}

#[test]
fn refuses_figures_that_cannot_be_drawn() {
    let refused = |figure: &str, message: &str| {
        let error = resolved(&with_figure(figure), Profile::Desk, &Overrides::default());
        let shown = error.expect_err("must be refused").to_string();
        assert!(shown.contains(message), "{shown}\n  lacks: {message}");
    };
    refused(
        "residual: {methods: [erm]}",
        ":13:3: figures.residual: unknown figure `residual`; did you mean `residuals`?",
    );
    refused("residuals: {methods: []}", "figures.residuals.methods: give at least one method");
    refused("residuals: {methods: [emr]}", "methods[0]: unknown method `emr`; did you mean `erm`?");
    refused(
        "residuals: {methods: [erm], seed: 3}",
        "figures.residuals.seed: must be below `seeds`, 3, not 3",
    );
    refused("residuals: {methods: [erm], sed: 1}", "unknown key `sed`");
}

#[test]
fn what_the_paper_refuses_points_at_its_method() {
    refused("alpha: 2", "alpha: 11", "wine.yaml:8:3: methods.mixup: `alpha` must be at most 10");
}

#[test]
fn a_profile_changes_single_settings() {
    let changed = GOOD.replace("profiles:\n", "profiles:\n  smoke: {setting: {limit: 0.25}}\n");
    let smoke = resolved(&changed, Profile::Smoke, &Overrides::default()).unwrap();
    assert_eq!(smoke.runs[0].spec["setting"]["limit"], 0.25);
    let wrong = changed.replace("0.25}}", "0.25, limt: 1}}");
    let error = resolved(&wrong, Profile::Smoke, &Overrides::default()).unwrap_err().to_string();
    assert!(error.contains("profiles.smoke.setting") && error.contains("limt"), "{error}");
}

#[test]
fn every_seed_is_checked_before_anything_runs() {
    let many = |seeds| Overrides { seeds: exactly(seeds), ..Overrides::default() };
    assert_eq!(resolved(GOOD, Profile::Desk, &many(41)).unwrap().runs.len(), 82);
    let error = resolved(GOOD, Profile::Desk, &many(42)).unwrap_err().to_string();
    assert!(error.contains("there is no seed 41"), "{error}");
    let error = resolved(GOOD, Profile::Desk, &many(u32::MAX)).unwrap_err().to_string();
    assert!(error.contains("seeds: must be at most 10000, not 4294967295"), "{error}");
}

#[test]
fn a_range_is_resolved_at_either_end_and_cut_between() {
    let ranged = with_figure("residuals: {methods: [erm], seed: 2}")
        .replace("seeds: 3", "seeds: {from: 7, at_least: 3, at_most: 6}");
    let with =
        |seeds| resolved(&ranged, Profile::Desk, &Overrides { seeds, ..Overrides::default() }).unwrap();
    let (least, most) = (with(Count::AtLeast), with(Count::AtMost));
    assert_eq!((&least.seeds[..], most.seeds.len()), (&[7, 8, 9][..], 6));
    assert_eq!(most.first(least.range.at_least), least);
    assert_eq!(most.first(NonZeroU32::new(5).unwrap()), with(exactly(5)));
    assert_eq!(most.first(NonZeroU32::new(2).unwrap()).figures, [], "the seed of the picture is cut off");
    assert_eq!(most.first(NonZeroU32::new(9).unwrap()), most, "there are no more");
}

#[test]
fn the_routine_is_one_of_the_papers() {
    let error = resolved(&GOOD.replace("demo-runs", "demo-run"), Profile::Desk, &Overrides::default());
    let shown = error.unwrap_err().to_string();
    assert!(shown.contains("routine: unknown routine `demo-run`; did you mean `demo-runs`?"), "{shown}");
}
