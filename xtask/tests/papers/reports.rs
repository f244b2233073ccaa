//! Committed pages are what the committed outcomes and `paper.yaml` say today: a claim that is edited, or a
//! report that reads otherwise, without its pages written anew, fails here.

use std::fs;

use mixup_lab::files::experiment::Profile;
use mixup_lab::files::paper_files::PaperFiles;
use mixup_lab::files::resolve::Overrides;
use mixup_lab::files::workspace::Workspace;
use mixup_lab::report::{self, results};
use mixup_lab::site;
use mixup_lab::verdicts::verdict::judge;
use xtask::papers;

#[test]
fn pages_are_those_of_the_committed_outcomes() {
    let workspace = Workspace::open(&crate::root()).unwrap();
    let mut stale = Vec::new();
    for paper in papers::all() {
        let files = PaperFiles::read(&workspace, &paper, Profile::Desk, &Overrides::default()).unwrap();
        let names: Vec<String> = files.experiments.iter().map(|known| known.experiment.clone()).collect();
        let folder = workspace.results(paper.slug, Profile::Desk);
        let outcomes = results::outcomes(&folder, Profile::Desk, &names).unwrap();
        if outcomes.is_empty() {
            println!("{}: no outcome is committed", paper.slug);
            continue;
        }
        let verdicts = judge(&files.manifest, &outcomes.iter().collect::<Vec<_>>());
        let word = |verdicts: &[mixup_lab::verdicts::verdict::Verdict]| -> Vec<String> {
            verdicts.iter().map(|known| format!("{} {}", known.claim, known.words())).collect()
        };
        if word(&results::verdicts(&folder).unwrap()) != word(&verdicts) {
            stale.push(folder.join("verdicts.json"));
        }
        let notes = results::reference_notes(&files.manifest, &outcomes);
        for page in report::files(&files.manifest, &outcomes.iter().collect::<Vec<_>>(), &verdicts, &notes) {
            let path = folder.join(&page.name);
            // Curves in a picture may be drawn a hundredth of a pixel apart on another processor.
            let same = if page.name.ends_with(".md") {
                fs::read_to_string(&path).is_ok_and(|committed| committed == page.content)
            } else {
                path.is_file()
            };
            if !same {
                stale.push(path);
            }
        }
        let readme = workspace.root().join("papers").join(paper.slug).join("README.md");
        let text = fs::read_to_string(&readme).unwrap();
        let filled =
            results::filled((readme.as_path(), text.as_str()), &files.manifest, &names, &outcomes, &verdicts);
        if filled.unwrap_or_else(|error| panic!("{error}")).text != text {
            stale.push(readme);
        }
    }
    let committed = site::committed(&workspace, &papers::all()).unwrap();
    if fs::read_to_string(workspace.ledger()).ok() != Some(site::ledger_markdown(&committed)) {
        stale.push(workspace.ledger());
    }
    assert!(
        stale.is_empty(),
        "`cargo xtask reproduce SLUG`, for the ledger alone `cargo xtask report`, writes these anew: {stale:#?}"
    );
}
