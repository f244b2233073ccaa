//! Small outcomes and manifests for tests.

use std::collections::BTreeMap;

use crate::files::manifest::{Against, Claim, Manifest, Origin, Rank, Test};
use crate::outcomes::outcome::{MethodOutcome, Outcome, Pairs, Provenance};
use mixup_paper::{Direction, FigureInfo, FigureKind, MetricInfo};

/// RMSE in dB with three decimals, lower is better.
pub(crate) fn rmse() -> MetricInfo {
    MetricInfo {
        name: "rmse".to_owned(),
        label: "RMSE (dB)".to_owned(),
        better: Some(Direction::Lower),
        decimals: 3,
    }
}

/// A desk outcome of paper `demo` with the RMSE of each method, one value per seed.
pub(crate) fn outcome(experiment: &str, methods: &[(&str, &[f64])]) -> Outcome {
    let seeds = methods.first().map_or(0, |(_, values)| values.len() as u64);
    let row = |values: &[f64]| MethodOutcome {
        values: BTreeMap::from([("rmse".to_owned(), values.to_vec())]),
        ..MethodOutcome::default()
    };
    Outcome {
        schema: 1,
        paper: "demo".to_owned(),
        experiment: experiment.to_owned(),
        title: format!("Title of {experiment}"),
        sweep: None,
        profile: "desk".to_owned(),
        data: "airfoil".to_owned(),
        seeds: (0..seeds).collect(),
        pairs: Pairs::Seeds,
        sequential: false,
        overlap: None,
        metrics: vec![rmse()],
        methods: methods.iter().map(|(name, values)| ((*name).to_owned(), row(values))).collect(),
        figures: Vec::new(),
        provenance: Provenance {
            host: "a processor, 2 cores, linux".to_owned(),
            version: "0.1.0".to_owned(),
            device: "flex".to_owned(),
            data_sha256: "00ff".to_owned(),
            ..Provenance::default()
        },
        core_seconds: 12.0,
        peak_memory_mib: 100.0,
    }
}

/// A declared scatter plot.
pub(crate) fn scatter(name: &str) -> FigureInfo {
    FigureInfo {
        name: name.to_owned(),
        title: format!("Title of {name}"),
        caption: format!("Caption of {name}."),
        metric: Some("rmse".to_owned()),
        kind: FigureKind::Scatter {
            x_label: "true (dB)".to_owned(),
            y_label: "predicted (dB)".to_owned(),
            diagonal: true,
            joined: false,
        },
    }
}

/// The claim that `method` has the lower RMSE than `against`, its id `method<against`.
pub(crate) fn lower(experiment: &str, method: &str, against: &str) -> Claim {
    Claim {
        id: format!("{experiment}: {method}<{against}"),
        text: format!("{method} has a lower RMSE than {against} on {experiment}."),
        rank: Rank::Primary,
        test: Test::Difference,
        experiment: experiment.to_owned(),
        metric: "rmse".to_owned(),
        method: method.to_owned(),
        against: Against(vec![against.to_owned()]),
        less: None,
        beyond: None,
        over: Vec::new(),
        direction: Direction::Lower,
        effect: None,
        margin: None,
        repeated: Vec::new(),
        origin: Origin::Paper,
    }
}

/// Paper `demo` with these claims.
pub(crate) fn manifest(claims: Vec<Claim>) -> Manifest {
    Manifest {
        slug: "demo".to_owned(),
        title: "A demonstration".to_owned(),
        arxiv: "0000.00000".to_owned(),
        venue: "Nowhere 2022".to_owned(),
        code: "https://example.org/code".to_owned(),
        commit: None,
        reported: Vec::new(),
        reference: Vec::new(),
        claims,
        untested: Vec::new(),
        findings: Vec::new(),
    }
}
