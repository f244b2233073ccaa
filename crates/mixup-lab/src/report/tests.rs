use std::collections::BTreeMap;

use super::*;
use crate::files::manifest::{Claim, ReferenceValue, ReportedValue, Source, UntestedClaim};
use crate::outcomes::figure::Figure;
use crate::outcomes::fixtures::{lower, manifest, outcome, scatter};
use crate::verdicts::verdict::{compare_with_reference, judge};
use mixup_paper::{Direction, MetricInfo};
use mixup_paper::{FigureInfo, FigureKind, OtherBars};

const ERM: [f64; 5] = [2.90, 2.71, 3.05, 2.80, 2.92];
const MIXUP: [f64; 5] = [3.70, 3.61, 3.95, 3.66, 3.80];
const C_MIXUP: [f64; 5] = [2.91, 2.74, 2.99, 2.83, 2.88];

/// A paper with one experiment that was run, one that was not, and a claim that cannot be tested.
struct Demo {
    manifest: Manifest,
    outcome: Outcome,
    verdicts: Vec<Verdict>,
    notes: Vec<ReferenceNote>,
}

fn demo() -> Demo {
    let claim = |against: &str, id: &str| Claim { id: id.to_owned(), ..lower("airfoil", "c-mixup", against) };
    let mut manifest = manifest(vec![
        claim("mixup", "beats-mixup"),
        claim("erm", "beats-erm"),
        Claim { id: "mixup-beats-erm".to_owned(), ..lower("airfoil", "mixup", "erm") },
        lower("no2", "c-mixup", "erm"),
    ]);
    manifest.untested.push(UntestedClaim {
        id: "echo".to_owned(),
        text: "C-Mixup is best on Echo.".to_owned(),
        reason: "The videos need an access form.".to_owned(),
    });
    manifest.reported.push(ReportedValue {
        table: 1,
        experiment: "airfoil".to_owned(),
        metric: "rmse".to_owned(),
        method: "c-mixup".to_owned(),
        mean: 2.717,
        std: None,
        source: Source::ThirdParty,
    });
    for (method, mean, std) in [("c-mixup", 2.874, 0.189), ("mixup", 3.2, 0.1)] {
        manifest.reference.push(ReferenceValue {
            experiment: "airfoil".to_owned(),
            metric: "rmse".to_owned(),
            method: method.to_owned(),
            mean,
            std: Some(std),
            runs: 5,
        });
    }
    let mut outcome = outcome("airfoil", &[("erm", &ERM), ("mixup", &MIXUP), ("c-mixup", &C_MIXUP)]);
    for method in outcome.methods.values_mut() {
        for curve in ["train-loss", "validation-loss"] {
            method.curves.insert(curve.to_owned(), vec![300.0, 40.0, 9.0]);
        }
    }
    let verdicts = judge(&manifest, &[&outcome]);
    let notes = compare_with_reference(&manifest, &outcome);
    Demo { manifest, outcome, verdicts, notes }
}

#[test]
fn the_terminal_shows_table_verdicts_and_agreement() {
    let Demo { outcome, verdicts, notes, .. } = demo();
    let text = experiment(&outcome, &verdicts, &notes, Style::default());
    for line in [
        "airfoil: Title of airfoil",
        "desk profile, data airfoil, 5 seeds",
        "* 2.870 ± 0.093",
        "2.874 ± 0.189",
        "REPRODUCED    c-mixup has a lower RMSE than mixup on airfoil. (beats-mixup)",
        "UNDECIDED     c-mixup has a lower RMSE than erm on airfoil. (beats-erm)",
        "CONTRADICTED  mixup has a lower RMSE than erm on airfoil. (mixup-beats-erm)",
        "1 of 2 means lie within the spread of the official code's runs.",
        "RMSE (dB) of mixup is 3.744",
    ] {
        assert!(text.contains(line), "{text}\ndoes not have {line}");
    }
    assert!(!text.contains("not-run") && !text.contains("Echo"), "claims of other experiments: {text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(!text.contains('\u{1b}'), "colours that nobody asked for");
    let colored = experiment(&outcome, &verdicts, &notes, Style { color: true, width: 100 });
    assert!(colored.contains("\u{1b}[1;32mREPRODUCED    \u{1b}[0m"));
}

#[test]
fn a_narrow_terminal_is_respected() {
    let Demo { outcome, verdicts, notes, .. } = demo();
    let text = experiment(&outcome, &verdicts, &notes, Style { color: false, width: 60 });
    let verdict_lines = text.lines().skip(2);
    assert!(verdict_lines.map(|line| line.chars().count()).max() <= Some(60), "{text}");
}

#[test]
fn the_summary_counts_every_claim_and_names_those_without_numbers() {
    let text = summary(&demo().verdicts, Style::default());
    assert!(text.contains("NOT RUN       c-mixup has a lower RMSE than erm on no2."), "{text}");
    assert!(text.contains("Experiment `no2` has not been run."), "{text}");
    assert!(text.contains("UNTESTED      C-Mixup is best on Echo. (echo)"), "{text}");
    assert!(text.contains("The videos need an access form."), "{text}");
    assert!(
        text.ends_with("5 claims: 1 reproduced, 1 contradicted, 1 undecided, 1 not run, 1 untested\n"),
        "{text}"
    );
}

#[test]
fn the_readme_links_exactly_the_plots_that_are_written() {
    let Demo { manifest, outcome, verdicts, notes } = demo();
    let files = files(&manifest, &[&outcome], &verdicts, &notes);
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["README.md", "airfoil-differences.svg", "airfoil-curve-validation-loss.svg"]);
    let readme = &files[0].content;
    let linked: Vec<&str> = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.starts_with("http") && !link.starts_with("../"))
        .collect();
    assert_eq!(linked, names[1..]);
    for line in [
        "# Results: A demonstration\n\nNowhere 2022, [arXiv:0000.00000]",
        "5 claims: 1 reproduced, 1 contradicted, 1 undecided, 1 not run, 1 untested.",
        "| method | RMSE (dB) | paper | official code |\n|---|---:|---:|---:|\n",
        "| c-mixup | **2.870 ± 0.093** | 2.717 | 2.874 ± 0.189 |",
        "| `beats-mixup`: c-mixup has a lower RMSE than mixup on airfoil. | primary | - | -0.8740 [",
        "-0.7535] | 5 | REPRODUCED |",
        "- **CONTRADICTED** `mixup-beats-erm`: ",
        "RMSE (dB) of c-mixup is 2.870 ± 0.093 over 5 seeds: within the spread of the official code's 2.874",
        "## Not tested\n\n- **NOT RUN** `no2: c-mixup<erm`",
        "Run on a processor, 2 cores, linux (device `flex`) with mixup-lab 0.1.0: 12 core-seconds, at most 100 MiB a \
         run. Data SHA-256 `00ff`.",
    ] {
        assert!(readme.contains(line), "{readme}\ndoes not have {line}");
    }
}

#[test]
fn the_same_outcome_gives_the_same_bytes_even_after_json() {
    let Demo { manifest, outcome, verdicts, notes } = demo();
    let text = serde_json::to_string(&outcome).unwrap();
    let back: Outcome = serde_json::from_str(&text).unwrap();
    assert_eq!(
        files(&manifest, &[&outcome], &verdicts, &notes),
        files(&manifest, &[&back], &verdicts, &compare_with_reference(&manifest, &back))
    );
}

#[test]
fn failed_runs_and_equal_means_are_shown_as_such() {
    let half = [2.90, f64::NAN, 3.05, 2.80, 2.92];
    let near = half.map(|value| value + 1e-5);
    let mut outcome =
        outcome("a", &[("erm", &half), ("near", &near), ("gone", &[f64::NAN; 5]), ("none", &[f64::NAN; 5])]);
    outcome.metrics.push(MetricInfo {
        name: "r".to_owned(),
        label: "Pearson r".to_owned(),
        better: Some(Direction::Higher),
        decimals: 2,
    });
    for (method, r) in outcome.methods.values_mut().zip([0.5, 0.9, f64::NAN, 0.1]) {
        method.values.insert("r".to_owned(), vec![r; 5]);
    }
    let text = experiment(&outcome, &[], &[], Style::default());
    assert_eq!(text.matches("* 2.918 ± 0.103 (4 of 5)").count(), 2, "{text}");
    assert!(text.contains("* 0.90 ± 0.00"), "{text}");
    assert_eq!(text.matches("failed").count(), 2, "{text}");
    assert!(
        text.lines().any(|line| line.contains("none") && line.contains(" - ")),
        "of another metric: {text}"
    );
    assert!(!text.contains("* 0.50"), "{text}");
}

#[test]
fn a_papers_own_pictures_come_first_with_their_captions() {
    let mut outcome = outcome("airfoil", &[("erm", &ERM), ("mixup", &MIXUP), ("c-mixup", &C_MIXUP)]);
    let points = |shift: f64| (0..7).map(|i| [f64::from(i), f64::from(i) + shift]).collect();
    let info = scatter("predicted");
    let points = BTreeMap::from([("mixup".to_owned(), points(0.5)), ("erm".to_owned(), points(0.0))]);
    outcome.figures.push(Figure { info, seed: 2, points });
    let written = files(&manifest(Vec::new()), &[&outcome], &[], &[]);
    let names: Vec<&str> = written.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["README.md", "airfoil-figure-predicted.svg", "airfoil-differences.svg"]);
    let readme = &written[0].content;
    assert!(
        readme.contains(
            "![airfoil: Title of predicted](airfoil-figure-predicted.svg)\n\nCaption of predicted. Shown is seed 2 of 5 \
             seeds.\n"
        ),
        "{readme}"
    );
    let svg = &written[1].content;
    // Two methods of three, seven points each.
    assert_eq!(svg.matches("<circle").count(), 14, "{svg}");
    for text in [">erm (RMSE (dB): 3.050)</text>", ">mixup (RMSE (dB): 3.950)</text>", ">true (dB)</text>"] {
        assert!(svg.contains(text), "{svg}\nhas no {text}");
    }
    assert!(!svg.contains("c-mixup"), "{svg}");
}

#[test]
fn bars_stand_beside_those_of_others_where_both_are_known() {
    let mut outcome = outcome("mixture", &[("ours", &[1.0])]);
    let others = vec![OtherBars { name: "human".to_owned(), values: vec![Some(0.4), None] }];
    let kind = FigureKind::Bars {
        label: "weight".to_owned(),
        decimals: 3,
        categories: vec!["web".to_owned(), "books".to_owned()],
        others,
    };
    let info = FigureInfo { kind, metric: None, ..scatter("weights") };
    let points = BTreeMap::from([("ours".to_owned(), vec![[1.0, 0.1], [0.0, 0.9]])]);
    outcome.figures.push(Figure { info, seed: 0, points });
    let written = files(&manifest(Vec::new()), &[&outcome], &[], &[]);
    assert!(written[0].content.contains("Caption of weights.\n"), "one seed needs no words");
    let svg = &written[1].content;
    let at = |text: &str| svg.find(text).unwrap_or_else(|| panic!("{svg}\nhas no {text}"));
    assert!(at(">0.900</text>") < at(">0.400</text>") && at(">0.400</text>") < at(">0.100</text>"), "{svg}");
}

#[test]
fn a_metric_without_a_better_side_marks_nothing() {
    let mut outcome = outcome("a", &[("erm", &ERM), ("mixup", &MIXUP)]);
    outcome.metrics[0].better = None;
    let text = experiment(&outcome, &[], &[], Style::default());
    assert!(!text.contains('*') && !text.contains("best"), "{text}");
    let readme = &files(&manifest(Vec::new()), &[&outcome], &[], &[])[0].content;
    assert!(!readme.contains("**") && !readme.contains("best"), "{readme}");
    let json = serde_json::to_string(&outcome).unwrap();
    assert!(!json.contains("\"better\""), "{json}");
    assert_eq!(serde_json::from_str::<Outcome>(&json).unwrap(), outcome);
}
