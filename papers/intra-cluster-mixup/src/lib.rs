#![doc = include_str!("../README.md")]

mod blend;
mod golden;
mod loss;
mod method;
mod mixing;
mod noise;
mod pairs;

pub use blend::Blend;
pub use loss::{Guard, Loss, Side, class_weighted, costs, soft_mean, ure_ga};
pub use method::{Cll, Known, Method};
pub use mixing::{Clusters, Form, Mixing, Partners};
pub use noise::{Pair, Partnered, expected_noise, is_noisy, noisy_probability};
pub use pairs::{Drawn, clean_partners, cluster_mates};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// Intra-Cluster Mixup as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "intra-cluster-mixup",
        routines: vec![RoutineEntry::of::<Classification<Method>>()],
        golden: golden::ops(),
    }
}
