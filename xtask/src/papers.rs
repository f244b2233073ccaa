//! The papers of this workspace, by slug; `cargo xtask new-paper` adds a line.

use mixup_lab::registry::PaperEntry;

/// Every paper.
pub fn all() -> Vec<PaperEntry> {
    vec![
        // papers, one a line
        PaperEntry::of::<c_mixup::CMixup>(),
        PaperEntry::of::<rankmixup::RankMixup>(),
        PaperEntry::of::<regmix::RegMix>(),
        // end of papers
    ]
}
