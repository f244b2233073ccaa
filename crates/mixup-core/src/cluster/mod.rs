//! Groups of samples that nobody labelled: principal components and k-means.

mod kmeans;
mod principal;

pub use kmeans::kmeans;
pub use principal::{principal_subspace, unit_rows};
