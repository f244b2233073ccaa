//! The sets of sounds and of sentences of the catalogue.

use super::{PLAIN, file};
use crate::dataset::{Archive, Content, DataSet, File, Source};
use crate::digest::Sum;
use crate::members::Members;

/// The recordings 0 to 39 of each digit and speaker.
const FSDD_MEMBERS: Members = Members {
    globs: &["recordings/*_[0-9].wav", "recordings/*_[1-3][0-9].wav"],
    count: 2400,
    bytes: 16_937_436,
    sha256: "8f9ed3b270a8dd63ecfea43d0cb8498afce773225d3bf88430d4a79f281dba99",
};

/// Spoken digits.
pub static FSDD: DataSet = DataSet {
    name: "fsdd",
    folder: "fsdd",
    title: "Free Spoken Digit Dataset: 2400 of its 3000 recordings of 10 digits by 6 speakers, 8000 Hz",
    citation: "Jackson et al., Free Spoken Digit Dataset, github.com/Jakobovski/free-spoken-digit-dataset",
    licence: "CC BY-SA 4.0",
    page: "https://github.com/Jakobovski/free-spoken-digit-dataset",
    note: "Recordings 0 to 39 of each digit and speaker; 40 to 49 are left out here, so that the official training \
           part has 2100 recordings instead of 2700. The archive of the repository has not been downloaded here; \
           the sums are of its files at that commit.",
    content: Content::Members(FSDD_MEMBERS),
    archive: Some(Archive {
        url: "https://codeload.github.com/Jakobovski/free-spoken-digit-dataset/tar.gz/\
              26eb9aaf76e81b692f806f9140c2d2777410d7a1",
        members: FSDD_MEMBERS,
    }),
    ..PLAIN
};

/// A file in the STS-B folder of a repository at a commit.
macro_rules! sts_b {
    ($commit:literal, $name:literal, $bytes:literal, $sha256:literal) => {
        file!(
            $name,
            concat!("https://raw.githubusercontent.com/", $commit, "/sts-b-dir/glue_data/STS-B/", $name),
            [$bytes: $sha256]
        )
    };
}

const STS_B_CITATION: &str = "Agirre, Cer, Diab, Lopez-Gazpio, Specia (2017), SemEval-2017 task 1, SemEval";
const STS_B_LICENCE: &str = "scores CC BY-SA 4.0; each source of the sentences has terms of its own";

/// STS-Benchmark as GLUE has it.
pub static STS_B: DataSet = DataSet {
    name: "sts-b",
    folder: "sts_b",
    title: "STS-Benchmark in the split of GLUE: 8628 pairs of sentences, similarity from 0 to 5",
    citation: STS_B_CITATION,
    licence: STS_B_LICENCE,
    page: "http://ixa2.si.ehu.eus/stswiki",
    note: "The scores of the 1379 test pairs are not public in this copy. The files are those of a repository of the \
           STS-B-DIR split; not compared with GLUE's own download.",
    content: Content::Files(&[
        sts_b!(
            "YyzHarry/imbalanced-regression/c37d6f46d35e5a0b37277d8d925ad112ed8ef487",
            "train.tsv",
            984_099,
            "41c4d978b6162abdcada7e49a982211954cca5459c228db478af333124b257a2"
        ),
        sts_b!(
            "YyzHarry/imbalanced-regression/c37d6f46d35e5a0b37277d8d925ad112ed8ef487",
            "dev.tsv",
            276_928,
            "fe7dc0632a5033562f3cadff991f6e8d9b9b6311861660e78c3c82eb7db67f59"
        ),
        sts_b!(
            "YyzHarry/imbalanced-regression/c37d6f46d35e5a0b37277d8d925ad112ed8ef487",
            "test.tsv",
            292_587,
            "16b4223d7d44a644fbc10f1b449472cfe81e1715fb07cf44023b0aa88ce856eb"
        ),
    ]),
    ..PLAIN
};

/// STS-Benchmark, split for imbalanced regression.
pub static STS_B_DIR: DataSet = DataSet {
    name: "sts-b-dir",
    folder: "sts_b/dir_yang2021",
    title: "STS-B-DIR: 7249 pairs of sentences, validation and test part with evenly spread similarity",
    citation: "Yang, Zha, Chen, Wang, Katabi (2021), Delving into deep imbalanced regression, ICML, \
               arXiv:2102.09554; pairs: STS-Benchmark",
    licence: STS_B_LICENCE,
    page: "https://github.com/YyzHarry/imbalanced-regression",
    note: "Made by its authors from the pairs of STS-Benchmark that have scores.",
    content: Content::Files(&[
        sts_b!(
            "YyzHarry/imbalanced-regression/c37d6f46d35e5a0b37277d8d925ad112ed8ef487",
            "train_new.tsv",
            915_210,
            "4da3322ae29f7ad1b7d03cdeafcb2480c276e5df1d08737678a7856697218a9a"
        ),
        sts_b!(
            "YyzHarry/imbalanced-regression/c37d6f46d35e5a0b37277d8d925ad112ed8ef487",
            "dev_new.tsv",
            171_688,
            "9ec12d785aa817ffe4b0f88fde442d3bf57161d8cbeaa84aaa1fdf764cca6dd6"
        ),
        sts_b!(
            "YyzHarry/imbalanced-regression/c37d6f46d35e5a0b37277d8d925ad112ed8ef487",
            "test_new.tsv",
            173_097,
            "55f90b3c5a0b2947d5ff64c41536191e9e1ba3bb5ffe64aca5465ab25fa8e94c"
        ),
    ]),
    ..PLAIN
};

/// STS-B-DIR as SupReMix has it.
pub static STS_B_DIR_SUPREMIX: DataSet = DataSet {
    name: "sts-b-dir-supremix",
    folder: "sts_b/dir_supremix",
    title: "STS-B-DIR in the split of SupReMix's code: 7249 pairs of sentences, other rows than sts-b-dir",
    citation: "Wu et al. (2023), Mixup your own pairs, arXiv:2309.16633; pairs: STS-Benchmark",
    licence: STS_B_LICENCE,
    page: "https://github.com/Dingyijiang1/Mixup-Your-Own-Pairs",
    note: "The files in the repository of the SupReMix authors: a split of the same size as sts-b-dir, but not its \
           rows.",
    content: Content::Files(&[
        sts_b!(
            "Dingyijiang1/Mixup-Your-Own-Pairs/ae56a5358a9c560a536b9acbb7c129df03571177",
            "train_new.tsv",
            919_589,
            "bc585f3f2f281666be62fc63731712c3157696627b6a44cffe12603bcaa51441"
        ),
        sts_b!(
            "Dingyijiang1/Mixup-Your-Own-Pairs/ae56a5358a9c560a536b9acbb7c129df03571177",
            "dev_new.tsv",
            171_450,
            "ebf87e2d372d39e267dda26aab4596f9b4b42868d580cf024deeb3cdc2307ee0"
        ),
        sts_b!(
            "Dingyijiang1/Mixup-Your-Own-Pairs/ae56a5358a9c560a536b9acbb7c129df03571177",
            "test_new.tsv",
            168_956,
            "ae93d3818057a08ae3973e4c4b181f4305f5f33a5da52ce6607496684d912668"
        ),
    ]),
    ..PLAIN
};
