//! `new-paper` writes a whole crate and the lists that name it, or nothing.
//!
//! That the crate compiles and passes its test is seen in this repository's own workspace, which is
//! too large to build again here.

use std::fs;

use crate::lab::Lab;

const WORKSPACE: &str = "[workspace.dependencies]\nserde = \"1\"\n# papers, one a line\n# end of papers\n";
const CRATE: &str = "[dependencies]\n# papers, one a line\nc-mixup.workspace = true\n# end of papers\n";
const ENTRIES: &str = "vec![\n    // papers, one a line\n    // end of papers\n]\n";

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("Cargo.toml", WORKSPACE);
    lab.write("xtask/Cargo.toml", CRATE);
    lab.write("xtask/src/papers.rs", ENTRIES);
    lab
}

#[test]
fn a_paper_is_there_with_everything_that_names_it() {
    let lab = lab();
    lab.run(&["new-paper", "my-demo"]).expect(0);
    let read = |name: &str| fs::read_to_string(lab.path(name)).unwrap();
    assert!(read("Cargo.toml").contains("\nmy-demo = { path = \"papers/my-demo\" }\n"));
    assert!(read("xtask/Cargo.toml").contains("c-mixup.workspace = true\nmy-demo.workspace = true\n"));
    assert!(read("xtask/src/papers.rs").contains("    my_demo::paper(),\n"));
    is_whole(&lab, "my-demo", "digits");
    lab.run(&["new-paper", "other", "--routine", "regression"]).expect(0);
    is_whole(&lab, "other", "wine-quality");
    lab.run(&["new-paper", "third", "--routine", "regresion"]).refused("classification");
}

/// Every file is there, has no hole, and all of them are short.
#[track_caller]
fn is_whole(lab: &Lab, slug: &str, experiment: &str) {
    let files = ["Cargo.toml", "README.md", "paper.yaml", "src/lib.rs", "src/method.rs", "src/golden.rs"];
    let files = files.map(|name| format!("papers/{slug}/{name}")).into_iter();
    let files = files.chain([
        format!("papers/{slug}/tests/golden/by-hand-01.json"),
        format!("experiments/{slug}/{experiment}.yaml"),
    ]);
    let mut lines = 0;
    for name in files {
        let text = fs::read_to_string(lab.path(&name)).unwrap();
        assert!(!text.contains("{{slug}}"), "{name} has a hole: {text}");
        lines += text.lines().count();
    }
    assert!(lines < 150, "{slug} has {lines} lines");
}

#[test]
fn refuses_bad_names_and_what_exists_and_writes_nothing() {
    let lab = lab();
    lab.run(&["new-paper", "My_Demo"]).refused("`My_Demo` is no name for a paper");
    lab.run(&["new-paper", "../demo"]).refused("is no name for a paper");
    lab.run(&["new-paper", "toy"]).refused("papers/toy exists already");
    lab.run(&["new-paper", "serde"]).refused("`serde` is the name of a dependency already");
    lab.write("xtask/src/papers.rs", "vec![]\n");
    lab.run(&["new-paper", "demo"]).refused("xtask/src/papers.rs: the marks");
    assert_eq!(fs::read_to_string(lab.path("Cargo.toml")).unwrap(), WORKSPACE);
    assert!(!lab.path("papers/demo").exists() && !lab.path("experiments/demo").exists());
}
