//! The smoke numbers of every experiment.
//!
//! After a change that is meant to move them: `INSTA_UPDATE=always cargo test --test snapshots`.

#[path = "../../../crates/mixup-lab/test-support/snapshots.rs"]
mod snapshots;

use c_mixup::CMixup;

#[test]
fn smoke_numbers_have_not_moved() {
    snapshots::check::<CMixup>();
}
