//! Every golden vector of the official code.

use std::path::PathBuf;

use mixup_lab::golden::{self, Case, compare};
use mixup_lab::registry::Paper;
use regmix::RegMix;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn every_case_passes() {
    let ops = RegMix::golden().into_iter().collect();
    let result = golden::run(&[folder()], &ops).unwrap();
    println!("{result}");
    assert_eq!(result.cases, 29);
    assert_eq!(result.missed, 0, "{result}");
}

/// The vectors allow 2e-5; the trees are LightGBM's to 1e-12.
#[test]
fn trees_are_exact() {
    let gbdt = RegMix::golden().into_iter().find(|(name, _)| *name == "regmix.gbdt").unwrap().1;
    for number in 1..=6 {
        let case = Case::read(&folder().join(format!("gbdt-{number:02}.json"))).unwrap();
        let case = Case { rtol: 0.0, atol: 1e-12, ..case };
        let compared = compare(&case, &gbdt(&case).unwrap());
        assert!(compared.mismatches.is_empty(), "gbdt-{number:02}: {:?}", compared.mismatches);
    }
}
