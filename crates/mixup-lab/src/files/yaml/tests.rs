use indexmap::IndexMap;
use mixup_core::checked::Positive;
use mixup_core::nn::ModelConfig;
use serde::{Deserialize, Serialize};

use super::*;
use crate::files::experiment::Experiment;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Method {
    alpha: Option<Positive>,
    partner: Option<Partner>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Partner {
    Uniform,
    Kde { bandwidth: Positive },
}

const GOOD: &str = "\
experiment: airfoil
paper: toy
title: Airfoil
data: airfoil
model:
  kind: mlp
  hidden: [128, 64]
  activation: relu
optimizer: {kind: adam, lr: 0.01}
train:
  epochs: 100
  batch: 16
  select: best-validation
methods:
  erm: {}
  mixup: {alpha: 2.0, partner: uniform}
  c-mixup: {alpha: 2, partner: {kde: {bandwidth: 1.75}}}
seeds: 10
metrics: [rmse, mape]
profiles:
  smoke: {seeds: 2, train: {epochs: 2}}
routine: ridge
";

/// The methods of a file, read as a routine reads them.
fn read(text: &str) -> Result<IndexMap<String, Method>, InputError> {
    let document = Document::from_text(Path::new("airfoil.yaml"), text.to_owned())?;
    let experiment: Experiment = document.parse()?;
    let method = |(name, value): (&String, &serde_json::Value)| {
        let method = serde_path_to_error::deserialize(value).map_err(|error| {
            let path = KeyPath::root().key("methods").key(name);
            document.refuse_inside(path, error.path(), &error.inner().to_string())
        });
        Ok((name.clone(), method?))
    };
    experiment.methods.iter().map(method).collect()
}

#[test]
fn reads_a_good_file() {
    let methods = read(GOOD).expect("the file is good");
    assert_eq!(methods.keys().collect::<Vec<_>>(), ["erm", "mixup", "c-mixup"]);
    let bandwidth = Positive::new(1.75).expect("above 0");
    assert_eq!(methods["c-mixup"].partner, Some(Partner::Kde { bandwidth }));
}

/// Replaces `from` by `to` in the good file; the error must be at `line` and begin with `key`.
#[track_caller]
fn refused(from: &str, to: &str, line: usize, message: &str) {
    assert!(GOOD.contains(from), "the test's own text lacks {from}");
    let error = read(&GOOD.replacen(from, to, 1)).expect_err("must be refused");
    let shown = error.to_string();
    assert_eq!(error.place.map(|(line, _)| line), Some(line), "{shown}");
    assert!(shown.contains(message), "{shown}\n  lacks: {message}");
}

#[test]
fn names_line_key_and_what_is_right() {
    refused("  epochs:", "  epoch:", 11, ":3: train.epoch: unknown key `epoch`; did you mean `epochs`?");
    refused("epochs: 100", "epochs: -5", 11, "train.epochs: must be a whole number of at least 1, not -5");
    refused("epochs: 100", "epochs: many", 11, "train.epochs: must be a whole number of at least 1");
    refused("  epochs: 100\n", "", 10, "train: the key `epochs` is missing");
    refused("alpha: 2.0", "alpha: .nan", 16, "methods.mixup.alpha: must be a finite number, not NaN");
    refused("alpha: 2.0", "alpha: NaN", 16, "methods.mixup.alpha: must be a finite number above 0");
    refused("alpha: 2,", "alpha: -2,", 17, "methods.c-mixup.alpha: must be a finite number above 0, not -2");
    refused("1.75", "0", 17, "methods.c-mixup.partner.kde.bandwidth: must be a finite number above 0, not 0");
    refused(
        "uniform",
        "unifrom",
        16,
        "methods.mixup.partner: unknown name `unifrom`; did you mean `uniform`?",
    );
    refused("smoke:", "smok:", 21, "profiles.smok: unknown name `smok`; did you mean `smoke`?");
    refused(
        "seeds: 10",
        "seeds: [1]",
        18,
        "seeds: must be a number above 0, or `{at_least: 10, at_most: 60}`, not a list",
    );
}

#[test]
fn finds_the_place_inside_an_enum_with_a_kind() {
    refused("hidden:", "hiden:", 7, "model.hiden: unknown key `hiden`; did you mean `hidden`?");
    refused("[128, 64]", "[128, 0]", 7, "model.hidden[1]: must be a whole number of at least 1, not 0");
    refused("kind: mlp", "kind: mpl", 6, "model.kind: unknown name `mpl`; did you mean `mlp`?");
    refused("lr: 0.01", "lr: -1", 9, "optimizer.lr: must be a finite number above 0, not -1");
    // Two values could be meant: the message stays at the enum.
    refused("[128, 64]", "[0, 0]", 5, "model: must be a whole number of at least 1, not 0");
}

#[test]
fn refuses_a_key_that_stands_twice() {
    refused("  mixup:", "  erm:", 16, "methods.erm: this key is given twice");
    refused("  batch: 16", "  epochs: 16", 12, "train.epochs: this key is given twice");
    refused("lr: 0.01}", "lr: 0.01, lr: 0.02}", 9, "optimizer.lr: this key is given twice");
}

#[test]
fn refuses_what_is_not_yaml() {
    refused("[128, 64]", "[128, 64", 8, "not well-formed YAML");
    refused("  batch", "\tbatch", 12, "not well-formed YAML");
    refused("{epochs: 2}", "!big {epochs: 2}", 21, "a tag (`!name`) is not used here");
    let error = read("").expect_err("empty");
    assert_eq!(error.to_string(), "airfoil.yaml:1:1: the key `experiment` is missing");
    assert!(read("a: 1\n---\nb: 1\n").is_err(), "two documents");
    assert!(Document::read(Path::new("/nowhere/x.yaml")).is_err());
}

#[test]
fn points_into_the_file_after_parsing() {
    let text = "claims:\n  - id: a\n    metric: rmse\n  -\n    id: b\n    metric: x\n".to_owned();
    let document = Document::from_text(Path::new("p.yaml"), text).expect("well formed");
    let at = |path: &KeyPath| document.refuse(path, "").place;
    let claim = KeyPath::root().key("claims").index(1);
    assert_eq!(at(&claim.clone().key("metric")), Some((6, 5)));
    assert_eq!(at(&claim.clone().key("absent")), Some((5, 5)), "the element that lacks the key");
    assert_eq!(at(&KeyPath::root().key("claims").index(7)), Some((1, 1)), "the list that is too short");
    assert_eq!(at(&KeyPath::root()), Some((1, 1)));
    assert_eq!(claim.key("metric").to_string(), "claims[1].metric");
}

#[test]
fn a_document_reads_as_any_type() {
    let document =
        Document::from_text(Path::new("m.yaml"), "a: {kind: mlp, hidden: [3], activation: relu}".into());
    let models: IndexMap<String, ModelConfig> =
        document.and_then(|document| document.parse()).expect("well formed");
    assert_eq!(models.len(), 1);
}
