use std::num::NonZeroU32;

use crate::files::seeds::Seeds;
use crate::outcomes::outcome::Pairs;
use std::path::Path;

use super::*;

/// An experiment `wine` with methods `erm` and `mixup` and metrics `rmse` and `mape`.
fn wine() -> Resolved {
    let metric = |name: &str| mixup_paper::MetricInfo {
        name: name.to_owned(),
        label: name.to_owned(),
        better: Some(mixup_paper::Direction::Lower),
        decimals: 3,
    };
    Resolved {
        all_data: vec!["wine-quality".to_owned()],
        routine: "demo-runs".to_owned(),
        paper: "demo".to_owned(),
        experiment: "wine".to_owned(),
        title: "Wine".to_owned(),
        sweep: None,
        in_profiles: Profile::ALL.to_vec(),
        price: None,
        profile: Profile::Desk,
        data: "wine-quality".to_owned(),
        device: "flex".to_owned(),
        seeds: vec![0],
        range: Seeds::fixed(NonZeroU32::MIN),
        pairs: Pairs::Seeds,
        overlap: None,
        metrics: vec![metric("rmse"), metric("mape")],
        methods: vec!["erm".to_owned(), "mixup".to_owned()],
        figures: Vec::new(),
        runs: Vec::new(),
    }
}

const GOOD: &str = "\
slug: demo
title: A demonstration
arxiv: \"0000.00000\"
venue: nowhere
code: none
reported:
  - {table: 1, experiment: wine, metric: rmse, method: mixup, mean: 0.5, source: paper}
reference:
  - {experiment: wine, metric: mape, method: erm, mean: 0.5, runs: 3}
claims:
  - id: better
    text: mixup is better
    experiment: wine
    metric: rmse
    method: mixup
    against: erm
    direction: lower
untested:
  - {id: bigger, text: also on large data, reason: not here}
findings:
  - id: form
    text: the code differs
    names: two rows
    shown: {experiment: wine, metric: rmse, official: mixup, paper: erm}
";

fn checked(text: &str) -> Result<(), InputError> {
    let document = Document::from_text(Path::new("papers/demo/paper.yaml"), text.to_owned())?;
    let manifest = document.parse()?;
    check_manifest(&document, &manifest, "demo", &[wine()])
}

#[track_caller]
fn refused(from: &str, to: &str, message: &str) {
    assert!(GOOD.contains(from), "the test's own text lacks {from}");
    let shown = checked(&GOOD.replacen(from, to, 1)).expect_err("must be refused").to_string();
    assert!(shown.contains(message), "{shown}\n  lacks: {message}");
}

#[test]
fn names_must_be_those_of_the_experiments() {
    checked(GOOD).unwrap();
    refused(
        "slug: demo",
        "slug: domo",
        "paper.yaml:1:1: slug: must be the folder's name, `demo`, not `domo`",
    );
    refused(
        "    experiment: wine",
        "    experiment: win",
        ":13:5: claims[0].experiment: unknown name `win`; did you mean `wine`? Known experiments: wine",
    );
    refused(
        "    metric: rmse",
        "    metric: r2",
        ":14:5: claims[0].metric: unknown name `r2`; known metrics of `wine`",
    );
    refused(
        "    method: mixup",
        "    method: mixip",
        ":15:5: claims[0].method: unknown name `mixip`; did you mean",
    );
    refused("against: erm", "against: ermm", ":16:5: claims[0].against: unknown name `ermm`");
    refused("against: erm", "against: mixup", ":16:5: claims[0].against: must be another method");
    refused("metric: rmse, method", "metric: rms, method", ":7:34: reported[0].metric: unknown name `rms`");
    refused("metric: mape", "metric: map", ":9:24: reference[0].metric: unknown name `map`");
}

#[test]
fn a_finding_names_two_things_that_there_are() {
    let shown = "shown: {experiment: wine, metric: rmse, official: mixup, paper: erm}";
    let of = |to: &str, message: &str| refused(shown, to, message);
    of(
        "shown: {experiment: wine, metric: rmse, official: mixup, paper: er}",
        "findings[0].shown.paper: unknown name `er`",
    );
    of(
        "shown: {experiment: wine, metric: rmse, official: erm, paper: erm}",
        "findings[0].shown.paper: must be another row than `official`",
    );
    of(
        "shown: {experiment: wine, metric: rmse, official: erm, paper: erm, paper_metric: map}",
        "findings[0].shown.paper_metric: unknown name `map`",
    );
    let other = "shown: {experiment: wine, metric: rmse, official: erm, paper: erm, paper_metric: mape}";
    checked(&GOOD.replacen(shown, other, 1)).unwrap();
    refused("id: form", "id: bigger", "findings[0].id: `bigger` is the id of an earlier claim");
}

#[test]
fn ids_are_unique_over_tested_and_untested_claims() {
    refused("id: bigger", "id: better", ":19:6: untested[0].id: `better` is the id of an earlier claim");
}

#[test]
fn a_wrong_direction_is_refused_where_it_stands() {
    refused("direction: lower", "direction: less", ":17:5: claims[0].direction: unknown name `less`");
    refused("arxiv: \"0000.00000\"", "arxiv: 0000.00000", ":3:1: arxiv: must be a string, not 0.0");
}
