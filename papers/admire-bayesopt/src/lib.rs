#![doc = include_str!("../README.md")]

mod acquisition;
mod cholesky;
mod experiment;
mod fit;
mod golden;
mod kernel;
mod lbfgs;
mod measure;
mod normal;
mod pairs;
mod pool;
mod search;
mod surrogate;
#[cfg(test)]
mod tests;

pub use acquisition::{
    VARIANCE_FLOOR, log_expected_improvement, max_value_entropy, sample_largest, two_fidelity_entropy,
};
pub use cholesky::Cholesky;
pub use experiment::{COURSE_FIGURE, Method, MixtureSearch, Setting, Spec};
pub use fit::{NOISE_FLOOR, fit};
pub use kernel::TwoFidelityKernel;
pub use measure::{AREA, COSTS, NEVER, PLACE};
pub use pool::{AVERAGE, CANDIDATES, Pickable, Pool, Size};
pub use search::{Course, FEWEST_FOR_TREES, LEAST_COST, Plan, Price, Recommend, Search, Step, search};
pub use surrogate::{Hyperparameters, Posterior, Projected, Surrogate};

use mixup_paper::{Paper, RoutineEntry};

/// ADMIRE-BayesOpt as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "admire-bayesopt",
        routines: vec![RoutineEntry::of::<MixtureSearch>()],
        golden: golden::ops(),
    }
}
