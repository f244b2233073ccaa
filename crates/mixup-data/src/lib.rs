#![doc = include_str!("../README.md")]

pub mod catalogue;
mod dataset;
mod debian;
mod digest;
mod download;
mod embedded;
mod error;
mod gzip;
pub mod idx;
mod layout;
mod library;
pub mod regmix;
mod table;
mod tables;

pub use dataset::{Content, DataSet, DebianPackage, File, Source};
pub use digest::Sum;
pub use download::{Network, Progress};
pub use error::{Attempt, DataError, Mismatch};
pub use idx::{FashionMnist, LabelledImages, fashion_mnist};
pub use layout::Layout;
pub use library::{Library, Located, Provider};
pub use regmix::{ProxyRuns, RegMix, regmix};
pub use table::Table;
pub use tables::{
    AIRFOIL, COMMUNITIES_CRIME, EXCHANGE_RATE, NO2, SKILLCRAFT, airfoil, communities_crime, diabetes,
    exchange_rate, load_table, no2, skillcraft, wine_quality,
};
