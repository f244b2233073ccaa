use super::*;
use crate::outcomes::figure::FigureRequest;
use crate::outcomes::fixtures::scatter;
use mixup_paper::Direction;

fn record(method: &str, seed: u64, rmse: f64, curve: &[f64]) -> RunRecord {
    RunRecord {
        key: format!("{method}-{seed}"),
        method: method.to_owned(),
        seed,
        metrics: BTreeMap::from([("rmse".to_owned(), rmse), ("unused".to_owned(), 9.0)]),
        curves: BTreeMap::from([("train-loss".to_owned(), curve.to_vec())]),
        points: BTreeMap::from([("residuals".to_owned(), vec![[rmse, 1.0 / 3.0], [f64::NAN, 2.0]])]),
        wall_seconds: 1.5,
        processor_seconds: None,
        phases: BTreeMap::new(),
        peak_memory_mib: 10.0 * seed as f64,
        provenance: Provenance {
            host: if seed == 2 { "there".to_owned() } else { "here".to_owned() },
            version: "0.1.0".to_owned(),
            device: "flex".to_owned(),
            data_sha256: "ab".to_owned(),
            ..Provenance::default()
        },
        ..RunRecord::default()
    }
}

fn aggregated(records: &[RunRecord]) -> Result<Outcome, AggregateError> {
    with_figures(records, &[])
}

fn with_figures(records: &[RunRecord], figures: &[PlannedFigure]) -> Result<Outcome, AggregateError> {
    let metrics = [MetricInfo {
        name: "rmse".to_owned(),
        label: "RMSE (dB)".to_owned(),
        better: Some(Direction::Lower),
        decimals: 3,
    }];
    aggregate(
        &Heading {
            paper: "c-mixup",
            experiment: "airfoil",
            title: "Airfoil",
            sweep: None,
            profile: "desk",
            data: "airfoil",
            seeds: &[0, 1, 2],
            pairs: Pairs::Seeds,
            sequential: false,
            overlap: None,
            metrics: &metrics,
            methods: &["mixup".to_owned(), "erm".to_owned()],
            figures,
        },
        records,
    )
}

#[test]
fn values_stand_in_the_order_of_seeds_and_methods_in_that_of_the_experiment() {
    let records = [
        record("erm", 2, 3.0, &[]),
        record("mixup", 1, 5.0, &[]),
        record("erm", 0, 1.0, &[]),
        record("erm", 1, 2.0, &[]),
    ];
    let outcome = aggregated(&records).unwrap();
    assert_eq!(outcome.methods.keys().collect::<Vec<_>>(), ["mixup", "erm"]);
    assert_eq!(outcome.methods["erm"].values["rmse"], [1.0, 2.0, 3.0]);
    let mixup = &outcome.methods["mixup"].values["rmse"];
    assert!(mixup[0].is_nan() && mixup[1] == 5.0 && mixup[2].is_nan());
    assert!(!outcome.methods["erm"].values.contains_key("unused"));
    assert_eq!((outcome.core_seconds, outcome.peak_memory_mib), (6.0, 20.0));
    assert_eq!(outcome.provenance.host, "there + here");
    assert_eq!(outcome.provenance.device, "flex");
}

#[test]
fn a_seed_that_stopped_early_counts_until_its_last_epoch() {
    let records = [
        record("erm", 0, 1.0, &[4.0, 2.0, 1.0]),
        record("erm", 1, 1.0, &[6.0]),
        record("erm", 2, 1.0, &[5.0, 4.0]),
    ];
    let outcome = aggregated(&records).unwrap();
    assert_eq!(outcome.methods["erm"].curves["train-loss"], [5.0, 3.0, 1.0]);
    assert!(outcome.methods["mixup"].curves.is_empty());
}

#[test]
fn an_epoch_that_is_not_finite_does_not_spoil_the_mean() {
    let records = [record("erm", 0, 1.0, &[4.0, f64::NAN]), record("erm", 1, 1.0, &[6.0, 3.0])];
    assert_eq!(aggregated(&records).unwrap().methods["erm"].curves["train-loss"], [5.0, 3.0]);
}

#[test]
fn an_outcome_with_failed_runs_survives_json() {
    let outcome = aggregated(&[record("erm", 0, 0.1 + 0.2, &[f64::NAN, 1.0])]).unwrap();
    let text = serde_json::to_string(&outcome).unwrap();
    let back: Outcome = serde_json::from_str(&text).unwrap();
    let values = &back.methods["erm"].values["rmse"];
    assert_eq!(values[0].to_bits(), (0.1_f64 + 0.2).to_bits());
    assert!(values[1].is_nan() && back.methods["erm"].curves["train-loss"][0].is_nan());
}

/// The picture of residuals of one seed.
fn residuals(seed: u64) -> PlannedFigure {
    let methods = vec!["mixup".to_owned(), "erm".to_owned()];
    PlannedFigure { info: scatter("residuals"), request: FigureRequest { methods, seed } }
}

#[test]
fn a_figure_has_the_rounded_points_of_its_seed() {
    let records = [record("erm", 0, 1.0, &[]), record("erm", 1, 0.123_456_789, &[])];
    let outcome = with_figures(&records, &[residuals(1)]).unwrap();
    let figure = &outcome.figures[0];
    assert_eq!(figure.seed, 1);
    assert_eq!(figure.points.keys().collect::<Vec<_>>(), ["erm"]);
    let points = &figure.points["erm"];
    assert_eq!(points[0], [0.12346, 0.33333]);
    assert!(points[1][0].is_nan() && points[1][1] == 2.0);
    let text = serde_json::to_string(&outcome).unwrap();
    let back: Outcome = serde_json::from_str(&text).unwrap();
    assert_eq!(back.figures[0].info, figure.info);
    assert_eq!(back.figures[0].points["erm"][0], points[0]);
    assert!(back.figures[0].points["erm"][1][0].is_nan());
}

#[test]
fn lines_are_means_over_all_seeds() {
    let mut planned = residuals(0);
    planned.info.kind =
        FigureKind::Lines { x_label: "cost".to_owned(), log_x: true, y_label: "loss".to_owned() };
    let mut records = [record("erm", 0, 1.0, &[]), record("erm", 1, 2.0, &[])];
    for (record, last) in records.iter_mut().zip([4.0, 1.0]) {
        record.points.insert("residuals".to_owned(), vec![[1.0, last], [10.0, 2.0 * last]]);
    }
    records[1].points.entry("residuals".to_owned()).or_default().push([100.0, 0.0]);
    let outcome = with_figures(&records, &[planned]).unwrap();
    assert_eq!(outcome.figures[0].points["erm"], [[1.0, 2.5], [10.0, 5.0]]);
}

#[test]
fn an_outcome_from_before_there_were_figures_is_read() {
    let outcome = aggregated(&[record("erm", 0, 1.0, &[])]).unwrap();
    let text = serde_json::to_string(&outcome).unwrap();
    assert!(!text.contains("figures"), "{text}");
    assert!(serde_json::from_str::<Outcome>(&text).unwrap().figures.is_empty());
}

#[test]
fn a_run_without_the_points_of_its_figure_is_told() {
    let mut without = record("erm", 0, 1.0, &[]);
    without.points.clear();
    let error = with_figures(&[without], &[residuals(0)]).unwrap_err();
    assert!(matches!(&error, AggregateError::NoPoints { method, seed: 0, .. } if method == "erm"), "{error}");
}

#[test]
fn records_that_make_no_outcome_are_refused() {
    assert_eq!(aggregated(&[]), Err(AggregateError::NoRecords("airfoil".to_owned())));
    let twice = aggregated(&[record("erm", 0, 1.0, &[]), record("erm", 0, 1.0, &[])]);
    assert!(matches!(twice, Err(AggregateError::Duplicate { seed: 0, .. })));
    for stranger in [record("erm", 3, 1.0, &[]), record("cutmix", 0, 1.0, &[])] {
        assert!(matches!(aggregated(&[stranger]), Err(AggregateError::Unplanned { .. })));
    }
}

#[test]
fn a_sample_is_summarised_by_itself_and_its_spread_by_its_resamples() {
    let values = [5.0, 1.0, 3.0];
    assert_eq!(Summary::over(Pairs::Seeds, &values), Summary::of(&values));
    let summary = Summary::over(Pairs::Bootstrap, &values).unwrap();
    assert_eq!((summary.n, summary.mean, summary.std, summary.ci), (3, 5.0, Some(2f64.sqrt()), None));
    assert_eq!(Summary::over(Pairs::Bootstrap, &[4.0]).unwrap().std, None);
    assert_eq!(Summary::over(Pairs::Bootstrap, &[f64::NAN, 1.0, 2.0]), None);
}

#[test]
fn a_summary_counts_finite_values_only() {
    let summary = Summary::of(&[1.0, f64::NAN, 3.0, f64::INFINITY]).unwrap();
    assert_eq!((summary.n, summary.mean, summary.std), (2, 2.0, Some(2_f64.sqrt())));
    assert_eq!(Summary::of(&[f64::NAN]), None);
    let single = Summary::of(&[4.0]).unwrap();
    assert_eq!((single.n, single.mean, single.std, single.ci), (1, 4.0, None, None));
}

#[test]
fn openings_stand_in_the_order_of_seeds_and_are_written_to_the_bit() {
    let opened =
        |seed: u64, opening: &[f64]| RunRecord { opening: opening.to_vec(), ..record("erm", seed, 1.0, &[]) };
    let records =
        [opened(2, &[f64::from(0.1f32), 1.0 / 3.0]), opened(0, &[0.1 + 0.2]), record("mixup", 1, 5.0, &[])];
    let outcome = aggregated(&records).unwrap();
    let expected = [vec![0.1 + 0.2], vec![], vec![f64::from(0.1f32), 1.0 / 3.0]];
    assert_eq!(outcome.methods["erm"].openings, expected);
    assert!(outcome.methods["mixup"].openings.is_empty());
    let json = String::from_utf8(crate::outcomes::pretty::to_json(&outcome).unwrap()).unwrap();
    let back: Outcome = serde_json::from_str(&json).unwrap();
    assert_eq!(back.methods["erm"].openings, expected);
    assert_eq!(json.matches("openings").count(), 1, "{json}");
}
