//! Identities of real rows: the same row gives the same one, other rows others. That an identity follows
//! the code is seen by breaking it (tests/broken.rs).

use mixup_data::Library;
use mixup_lab::files::experiment::Profile;
use mixup_lab::files::paper_files::PaperFiles;
use mixup_lab::files::resolve::Overrides;
use mixup_lab::files::workspace::Workspace;
use xtask::papers;

#[test]
fn every_row_of_a_table_does_something_else() {
    let workspace = Workspace::open(&crate::root()).unwrap();
    let paper = papers::all().into_iter().find(|paper| paper.slug == "c-mixup").unwrap();
    let files = PaperFiles::read(&workspace, &paper, Profile::Desk, &Overrides::default()).unwrap();
    // Its data come with the binary.
    let wine = files.experiments.iter().find(|known| known.experiment == "wine-quality").unwrap();
    let routine = paper.routine(&wine.routine).unwrap();
    let library = Library::from_env(None);
    let identity = |run: usize| routine.identity(&wine.runs[run].spec, &library).unwrap();
    let identities: Vec<String> = (0..wine.methods.len()).map(identity).collect();
    for (row, of_row) in identities.iter().enumerate() {
        assert_eq!(*of_row, identity(row), "{} is not the same twice", wine.methods[row]);
        let twins = identities.iter().filter(|other| *other == of_row).count();
        assert_eq!(twins, 1, "{} does what another row does", wine.methods[row]);
    }
}
