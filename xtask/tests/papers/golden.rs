//! Golden vectors of official implementations, values and gradients.

use std::collections::BTreeSet;

use mixup_lab::verdicts::parity;
use walkdir::WalkDir;
use xtask::papers;

#[test]
fn every_case_of_every_paper_passes() {
    let ops = parity::ops(&papers::all()).unwrap();
    let folders: Vec<_> = papers::all()
        .iter()
        .map(|paper| crate::root().join("papers").join(paper.slug).join("tests/golden"))
        .collect();
    let result = parity::run(&folders, &ops).unwrap();
    println!("{result}");
    assert_eq!(result.missed, 0, "{result}");
    // Every file is a case that was run, and every op has one.
    let entries = folders.iter().flat_map(WalkDir::new).map(|entry| entry.unwrap().into_path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).count();
    assert_eq!(result.cases, files);
    let run: BTreeSet<&str> = result.ops.iter().map(|op| op.op.as_str()).collect();
    let registered: BTreeSet<&str> = ops.keys().copied().collect();
    assert_eq!(run, registered, "an op without a case, or a case without an op");
}
