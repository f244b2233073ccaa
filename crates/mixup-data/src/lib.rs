#![doc = include_str!("../README.md")]

mod archive;
mod box_filter;
pub mod catalogue;
pub mod cifar;
pub mod cifar10_jpeg;
pub mod cifar_c;
mod dataset;
mod debian;
pub mod decoded;
mod digest;
mod download;
mod embedded;
mod error;
pub mod fsdd;
mod gzip;
pub mod idx;
mod images;
mod jpeg;
mod layout;
mod library;
mod look;
mod mat;
mod members;
pub mod omniglot;
pub mod photographs;
pub mod regmix;
pub mod sentences;
mod stored_zip;
mod table;
mod tables;
pub mod tiny_imagenet;
mod zip;

pub use cifar::{cifar_10, cifar_100};
pub use cifar_c::{CIFAR_C_KINDS, load_corrupted};
pub use cifar10_jpeg::cifar10_jpeg;
pub use dataset::{Archive, Content, DataSet, DebianPackage, File, Source, Tree};
pub use digest::Sum;
pub use download::{Network, Progress};
pub use error::{Attempt, DataError, Mismatch};
pub use fsdd::{Recording, SpokenDigits, fsdd};
pub use idx::{fashion_mnist, mnist_t10k};
pub use images::{ImageLayout, ImageSet, LabelledImages, digits, load_images, load_test_images};
pub use layout::Layout;
pub use library::{Library, Located, Memory, Provider};
pub use members::Members;
pub use omniglot::{Omniglot, omniglot_small};
pub use photographs::{Album, Fit, album, is_album};
pub use regmix::{ProxyRuns, RegMix, regmix};
pub use sentences::{SentencePair, SentencePairs, load_sentence_pairs};
pub use table::Table;
pub use tables::{
    AIRFOIL, COMMUNITIES_CRIME, EXCHANGE_RATE, NO2, SKILLCRAFT, airfoil, communities_crime, diabetes,
    exchange_rate, load_table, no2, skillcraft, wine_quality,
};
pub use tiny_imagenet::tiny_imagenet_200;
