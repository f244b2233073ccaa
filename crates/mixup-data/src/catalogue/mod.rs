//! The catalogue: every data set, what it is, who may use it, where it comes from.
//!
//! Each SHA-256 was computed from a file at hand or read in a published list; where our file is not
//! known to be the canonical one byte for byte, `note` says so.

mod images;
mod placed;
mod words;

pub use images::{
    CIFAR_10, CIFAR_100, CIFAR10_JPEG, DIGITS, FASHION_MNIST, MNIST_T10K, OMNIGLOT_SMALL, TINY_IMAGENET_200,
};
pub use placed::{
    BUTTERFLY_200, CIFAR_10_C, CIFAR_100_C, CUB_200_2011, FGVC_AIRCRAFT, IN_SHOP, NABIRDS, RESNET50_IMAGENET,
    STANFORD_CARS, STANFORD_ONLINE_PRODUCTS, WEBVISION,
};
pub use words::{FSDD, STS_B, STS_B_DIR, STS_B_DIR_SUPREMIX};

use crate::dataset::{Content, DataSet, File, Source};
use crate::digest::Sum;
use crate::embedded;
use crate::error::DataError;

/// What `data:` of an experiment says whose runs draw their samples themselves: no set of the catalogue, and a
/// routine that asks for none.
pub const SIMULATED: &str = "simulated";

/// The data set of this name.
///
/// # Errors
/// [`DataError::UnknownDataSet`] with the names that exist.
pub fn find(name: &str) -> Result<&'static DataSet, DataError> {
    if let Some(set) = ALL.iter().find(|set| set.name == name) {
        return Ok(set);
    }
    // What begins so before what is spelled alike: `fashion` is no `fsdd`.
    let distance =
        |set: &&&DataSet| (!set.name.starts_with(name), strsim::damerau_levenshtein(name, set.name));
    let nearest = ALL.iter().min_by_key(distance);
    Err(DataError::UnknownDataSet {
        name: name.to_owned(),
        nearest: nearest.map_or("", |set| set.name),
        known: ALL.map(|set| set.name).join(", "),
    })
}

/// Every data set.
pub static ALL: [&DataSet; 31] = [
    &AIRFOIL,
    &NO2,
    &WINE_QUALITY,
    &DIABETES,
    &SKILLCRAFT,
    &COMMUNITIES_CRIME,
    &EXCHANGE_RATE,
    &REGMIX,
    &DIGITS,
    &FASHION_MNIST,
    &CIFAR_10,
    &CIFAR_100,
    &CIFAR10_JPEG,
    &TINY_IMAGENET_200,
    &MNIST_T10K,
    &OMNIGLOT_SMALL,
    &FSDD,
    &STS_B,
    &STS_B_DIR,
    &STS_B_DIR_SUPREMIX,
    &CUB_200_2011,
    &STANFORD_CARS,
    &STANFORD_ONLINE_PRODUCTS,
    &IN_SHOP,
    &FGVC_AIRCRAFT,
    &BUTTERFLY_200,
    &NABIRDS,
    &WEBVISION,
    &CIFAR_10_C,
    &CIFAR_100_C,
    &RESNET50_IMAGENET,
];

/// A file: name, URL, accepted sums.
macro_rules! file {
    ($name:expr, $url:expr, [$($bytes:literal: $sha256:literal),+]) => {
        File {
            name: $name,
            sums: &[$(Sum { sha256: $sha256, bytes: $bytes }),+],
            source: Some(Source { url: $url, gzip: None }),
        }
    };
}
use file;

/// What most sets do not have.
const PLAIN: DataSet = DataSet {
    name: "",
    folder: "",
    title: "",
    citation: "",
    licence: "",
    page: "",
    note: "",
    content: Content::Files(&[]),
    howto: None,
    system: None,
    archive: None,
    debian: None,
};

/// Airfoil self-noise.
pub static AIRFOIL: DataSet = DataSet {
    name: "airfoil",
    folder: "airfoil",
    title: "Airfoil self-noise (UCI 291): 1503 rows, 5 inputs, sound pressure level in dB",
    citation: "Brooks, Pope, Marcolini (1989), Airfoil self-noise and prediction, NASA RP 1218. \
               UCI, doi:10.24432/C5VW2C",
    licence: "CC BY 4.0 (UCI)",
    page: "https://archive.ics.uci.edu/dataset/291/airfoil+self-noise",
    content: Content::Files(&[file!(
        "airfoil_self_noise.dat",
        "https://archive.ics.uci.edu/ml/machine-learning-databases/00291/airfoil_self_noise.dat",
        [59_984: "74c75fd71783f1e6b71f8a622b993dc592897a97cd689c5090a07147a1b097b3"]
    )]),
    ..PLAIN
};

/// NO2 at a road in Oslo.
pub static NO2: DataSet = DataSet {
    name: "no2",
    folder: "no2",
    title: "NO2 (StatLib): 500 rows, 7 inputs, log of the hourly NO2 concentration at Alnabru, Oslo",
    citation: "StatLib, NO2; Norwegian Public Roads Administration. Copy: Romano et al. (2022), PMLB v1.0, \
               Bioinformatics 38(3)",
    licence: "StatLib states none that is known here; the PMLB repository is MIT",
    page: "http://lib.stat.cmu.edu/datasets/NO2.dat",
    note: "The file is PMLB's, not StatLib's: the target is the last column instead of the first, and the \
           values are float32 printed in full. Not compared with the StatLib file.",
    content: Content::Files(&[File {
        name: "547_no2.tsv",
        sums: &[Sum {
            sha256: "a462c62f0bab1ec537dd9cc43fa3f31274cb21977d85bca70da885235652f47b",
            bytes: 52_766,
        }],
        source: Some(Source {
            url: "https://raw.githubusercontent.com/EpistasisLab/pmlb/\
                  792a7a2e6e5a555cc752773e51b677e6f1120b63/datasets/regression/547_no2/547_no2.tsv.gz",
            gzip: Some(Sum {
                sha256: "e116f24d2cabc7388a0714f1d0bf3a85f7613e3fc2b88642c47154fece000c73",
                bytes: 15_471,
            }),
        }),
    }]),
    ..PLAIN
};

/// Red wine quality.
pub static WINE_QUALITY: DataSet = DataSet {
    name: "wine-quality",
    folder: "wine-quality",
    title: "Wine quality (UCI 186), red wine: 1599 rows, 11 inputs, score from 3 to 8",
    citation: "Cortez, Cerdeira, Almeida, Matos, Reis (2009), Modeling wine preferences by data mining from \
               physicochemical properties, Decision Support Systems 47(4)",
    licence: "CC BY 4.0 (UCI)",
    page: "https://archive.ics.uci.edu/dataset/186/wine+quality",
    note: "Only the red wine. The copy is the file winequality-red.csv.gz inside linfa-datasets, which names \
           UCI's wine quality page as its origin; not compared with the UCI file.",
    content: Content::Embedded {
        carrier: "linfa-datasets",
        load: embedded::wine_quality,
        sha256: "d4f6a6d672e0ee31d41fdd93b4b58985b45a31f2f971499c18137c42229278ac",
    },
    ..PLAIN
};

/// Diabetes progression.
pub static DIABETES: DataSet = DataSet {
    name: "diabetes",
    folder: "diabetes",
    title: "Diabetes: 441 rows, 10 scaled inputs, disease progression after one year",
    citation: "Efron, Hastie, Johnstone, Tibshirani (2004), Least angle regression, Annals of Statistics 32(2)",
    licence: "none stated by its origin",
    page: "https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
    note: "The original has 442 rows: linfa-datasets takes the first patient for a header line and drops it. \
           Inputs are centred and scaled to unit sum of squares over the 442 rows.",
    content: Content::Embedded {
        carrier: "linfa-datasets",
        load: embedded::diabetes,
        sha256: "1c2123bf38b962819c826b7cb2d2b2e7f6984e719d24008156c248d0c61a849f",
    },
    ..PLAIN
};

/// StarCraft players.
pub static SKILLCRAFT: DataSet = DataSet {
    name: "skillcraft",
    folder: "skillcraft",
    title: "SkillCraft1 (UCI 272): 3395 StarCraft II players in 8 leagues, 20 columns with missing cells",
    citation: "Thompson, Blair, Chen, Henrey (2013), Video game telemetry as a critical tool in the study of \
               complex skill learning, PLoS ONE 8(9). UCI, doi:10.24432/C5161N",
    licence: "CC BY 4.0 (UCI)",
    page: "https://archive.ics.uci.edu/dataset/272/skillcraft1+master+table+dataset",
    note: "The URL is that of a public copy with the same rows and missing cells as documented by UCI. UCI's own \
           file quotes the header and the `?` cells, so its bytes, which are not known here, differ.",
    content: Content::Files(&[file!(
        "SkillCraft1_Dataset.csv",
        "https://raw.githubusercontent.com/jinyoung-plus/Python-data-analysis/\
                  2b4be7309e7bdb3d03dd41cbd0016a95224fa885/SkillCraft1_Dataset.csv",
        [445_221: "f622d45649c69f0a493d6b45ea1a90aa2de1b5a7a29f724f34fe877ca5c93b11"]
    )]),
    ..PLAIN
};

/// Violent crime in communities of the USA.
pub static COMMUNITIES_CRIME: DataSet = DataSet {
    name: "communities-crime",
    folder: "communities_crime",
    title: "Communities and crime (UCI 183, normalised): 1994 communities in 46 states, 122 inputs",
    citation: "Redmond, Baveja (2002), A data-driven software tool for enabling cooperative information sharing \
               among police departments, European Journal of Operational Research 141. UCI 183",
    licence: "CC BY 4.0 (UCI)",
    page: "https://archive.ics.uci.edu/dataset/183/communities+and+crime",
    note: "Same content as UCI's file by row, column and missing counts; whether UCI serves the same bytes is \
           not known here. A download with other bytes is refused.",
    content: Content::Files(&[file!(
        "communities.data",
        "https://archive.ics.uci.edu/ml/machine-learning-databases/communities/communities.data",
        [1_100_821: "d90d85bd66bad9a00fa0ed6c15ac017b5966d528e55ba2940ad028d071353f95"]
    )]),
    howto: Some(
        "If UCI serves other bytes: the file has no header, 1994 lines of 128 comma-separated cells that end in \
         LF, and `?` for a missing cell; the sum tells when a copy made so is right.",
    ),
    ..PLAIN
};

/// Daily exchange rates.
pub static EXCHANGE_RATE: DataSet = DataSet {
    name: "exchange-rate",
    folder: "exchange_rate",
    title: "Exchange rate: 7588 days (1990 to 2016), rates of 8 countries",
    citation: "Lai, Chang, Yang, Liu (2018), Modeling long- and short-term temporal patterns with deep neural \
               networks, arXiv:1703.07015",
    licence: "none stated by its repository",
    page: "https://github.com/laiguokun/multivariate-time-series-data",
    content: Content::Files(&[file!(
        "exchange_rate.txt.gz",
        "https://raw.githubusercontent.com/laiguokun/multivariate-time-series-data/\
                  7f402f185cc2435b5e66aed13a3b560ed142e023/exchange_rate/exchange_rate.txt.gz",
        [177_142: "6a4fbb561dcdee43f071a83badbeec9223a335552278348656738b556f1c2e9d"]
    )]),
    ..PLAIN
};

/// A file of the RegMix repository.
macro_rules! regmix {
    ($name:literal, $bytes:literal, $sha256:literal) => {
        file!(
            $name,
            concat!(
                "https://raw.githubusercontent.com/sail-sg/regmix/",
                "b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/",
                $name
            ),
            [$bytes: $sha256]
        )
    };
}

/// Proxy runs of RegMix.
pub static REGMIX: DataSet = DataSet {
    name: "regmix",
    folder: "regmix",
    title: "RegMix proxy runs: mixtures of 17 Pile domains and 13 validation losses of small language models",
    citation: "Liu et al. (2025), RegMix: data mixture as regression for language model pre-training, ICLR 2025, \
               arXiv:2407.01492",
    licence: "MIT, Copyright (c) 2024 Sea AI Lab",
    page: "https://github.com/sail-sg/regmix",
    note: "Losses are measurements on The Pile's validation sets; no text of The Pile is in the files.",
    content: Content::Files(&[
        regmix!(
            "train_mixture_1m.csv",
            46_412,
            "04a32ef4ab594376bf90e11404c033668f887c351d6a03ad3744824c7296a2d8"
        ),
        regmix!(
            "train_pile_loss_1m.csv",
            121_898,
            "49a959aa07ce5c20831d5abe3a7896ff0cd90a398bd407c8913fd5588be0465a"
        ),
        regmix!(
            "test_mixture_1m.csv",
            23_537,
            "197267b7d6f15367e2f46c881e564c35b0d34e51b1754bb09d07e650cf8e1ce8"
        ),
        regmix!(
            "test_pile_loss_1m.csv",
            61_175,
            "e027b1674f60140a65a87b5e4a59ab5f09dc33e8fd02c080682678074b160f53"
        ),
        regmix!(
            "test_mixture_60m.csv",
            23_537,
            "197267b7d6f15367e2f46c881e564c35b0d34e51b1754bb09d07e650cf8e1ce8"
        ),
        regmix!(
            "test_pile_loss_60m.csv",
            61_827,
            "8fe69d59ab7dd4fae4736459f4265ec93c7ed1ad1eca407346052560edc72b5b"
        ),
        regmix!(
            "test_mixture_1B.csv",
            6_393,
            "dd38052949c0a5f84165bdcb3ae3a331c7f07efd9bb83848bd579dfc4ce75a2c"
        ),
        regmix!(
            "test_pile_loss_1B.csv",
            10_639,
            "b2451e2b7fa15400688edc39e4d32f21ccbe0fb356e07d62a0e9ccddf247114f"
        ),
    ]),
    ..PLAIN
};
