//! The table of finished runs that a search picks from.

use mixup_data::RegMix;
use mixup_paper::RunError;
use mixup_routines::proxies::Runs;
use ndarray::{Array1, Array2, Axis, concatenate};
use serde::{Deserialize, Serialize};

/// Runs of 1B parameters that a search may pick and recommend; the rest is held out for the surrogate's error.
pub const CANDIDATES: usize = 48;

/// The size of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// 1M parameters.
    Small,
    /// 60M parameters.
    Middle,
    /// 1B parameters.
    Full,
}

impl Size {
    /// Every size, smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Middle, Self::Full];

    /// Share of the full size's parameters: what the kernel is told, and what a run costs in runs of full size.
    pub fn fidelity(self) -> f64 {
        match self {
            Self::Small => 0.001,
            Self::Middle => 0.06,
            Self::Full => 1.0,
        }
    }

    /// Name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "1m",
            Self::Middle => "60m",
            Self::Full => "1b",
        }
    }
}

/// Which runs a search may pick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pickable {
    /// The 512 of 1M parameters.
    #[serde(rename = "1m")]
    Small,
    /// The 256 of 60M parameters.
    #[serde(rename = "60m")]
    Middle,
    /// The first 48 of 1B parameters.
    #[serde(rename = "1b")]
    Full,
    /// All of them.
    #[serde(rename = "all")]
    All,
}

impl Pickable {
    /// The only size, if there is one.
    pub fn size(self) -> Option<Size> {
        match self {
            Self::Small => Some(Size::Small),
            Self::Middle => Some(Size::Middle),
            Self::Full => Some(Size::Full),
            Self::All => None,
        }
    }
}

/// Runs and their outcomes: minus the loss, so that larger is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// `[runs, domains + 1]`: mixtures, and the fidelity as the last column; smallest models first, the
    /// [`CANDIDATES`] last.
    pub x: Array2<f64>,
    /// `[runs]`.
    pub y: Array1<f64>,
    /// `[runs]`.
    pub sizes: Vec<Size>,
    /// `[held out, domains + 1]`: runs of full size that nobody picks.
    pub held_out_x: Array2<f64>,
    /// `[held out]`.
    pub held_out_y: Array1<f64>,
}

impl Pool {
    /// The official pool: 512 runs of 1M, 256 of 60M, 48 of 1B, and 16 of 1B held out. `target` is a validation
    /// domain, or `average` for the mean over all of them.
    ///
    /// # Errors
    /// Tables that are not as large as they say, or a target that they do not have.
    pub fn new(data: &RegMix, target: &str) -> Result<Self, RunError> {
        let all = |runs: &mixup_data::ProxyRuns| Runs::new(runs, (0..runs.mixtures.rows()).collect());
        let full = data.test_1b.mixtures.rows();
        let candidates = Runs::new(&data.test_1b, (0..CANDIDATES.min(full)).collect())?;
        let held_out = Runs::new(&data.test_1b, (CANDIDATES.min(full)..full).collect())?;
        let groups = [
            (Size::Small, all(&data.train_1m)?),
            (Size::Middle, all(&data.test_60m)?),
            (Size::Full, candidates),
        ];
        let mut pool = Self {
            x: Array2::zeros((0, held_out.mixtures.ncols() + 1)),
            y: Array1::zeros(0),
            sizes: Vec::new(),
            held_out_x: with_fidelity(&held_out, Size::Full),
            held_out_y: outcomes(&held_out, target)?,
        };
        for (size, runs) in groups {
            pool.x = concatenate![Axis(0), pool.x, with_fidelity(&runs, size)];
            pool.y = concatenate![Axis(0), pool.y, outcomes(&runs, target)?];
            pool.sizes.resize(pool.y.len(), size);
        }
        Ok(pool)
    }

    /// Rows that a search may pick, in order.
    pub fn pickable(&self, which: Pickable) -> Vec<usize> {
        let is_of = |row: &usize| which.size().is_none_or(|size| self.sizes[*row] == size);
        (0..self.sizes.len()).filter(is_of).collect()
    }

    /// Losses of the runs that may be recommended, in order.
    pub fn losses(&self) -> Vec<f64> {
        self.pickable(Pickable::Full).into_iter().map(|row| -self.y[row]).collect()
    }
}

fn with_fidelity(runs: &Runs, size: Size) -> Array2<f64> {
    let fidelity = Array2::from_elem((runs.mixtures.nrows(), 1), size.fidelity());
    concatenate![Axis(1), runs.mixtures, fidelity]
}

fn outcomes(runs: &Runs, target: &str) -> Result<Array1<f64>, RunError> {
    let losses = if target == AVERAGE { runs.mean_losses() } else { runs.losses(target)? };
    Ok(losses.into_iter().map(|loss| -loss).collect())
}

/// The target that is the mean over all validation domains.
pub const AVERAGE: &str = "average";
