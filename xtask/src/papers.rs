//! The papers of this workspace, by slug; `cargo xtask new-paper` adds a line.

use mixup_paper::Paper;

/// Every paper.
pub fn all() -> Vec<Paper> {
    vec![
        // papers, one a line
        adaptive_smoothing::paper(),
        admire_bayesopt::paper(),
        c_mixup::paper(),
        decoupled_mixup::paper(),
        fmix::paper(),
        intra_cluster_mixup::paper(),
        metrix::paper(),
        mixed_barlow_twins::paper(),
        mixoe::paper(),
        mixup::paper(),
        mixup_calibration_overlap::paper(),
        mixup_feature_learning::paper(),
        mixup_kd::paper(),
        mixup_neural_collapse::paper(),
        mochi::paper(),
        openmixup::paper(),
        rankmixup::paper(),
        regmix::paper(),
        supremix::paper(),
        unmix_tns::paper(),
        // end of papers
    ]
}
