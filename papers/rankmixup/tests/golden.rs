//! Every golden vector of the official code, values and gradients.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::path::PathBuf;

use mixup_lab::golden;
use mixup_lab::registry::Paper;
use rankmixup::RankMixup;

#[test]
fn every_case_passes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let ops = RankMixup::golden().into_iter().collect();
    let result = golden::run(&[folder], &ops).unwrap();
    println!("{result}");
    assert_eq!(result.cases, 120);
    assert_eq!(result.missed, 0, "{result}");
}
