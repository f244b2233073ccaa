//! Finished runs as arrays.

use mixup_data::{ProxyRuns, Table};
use mixup_paper::RunError;
use ndarray::{Array2, ArrayView2, Axis};

/// The validation sets with a loss, in the order of the losses' columns
/// (`metric/the_pile_<name>_val_loss`).
pub const TARGETS: [&str; 13] = [
    "arxiv",
    "freelaw",
    "pubmed_central",
    "wikipedia_en",
    "dm_mathematics",
    "github",
    "stackexchange",
    "gutenberg_pg_19",
    "pile_cc",
    "ubuntu_irc",
    "hackernews",
    "pubmed_abstracts",
    "uspto_backgrounds",
];

/// Mixtures and what came of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Runs {
    /// `[runs, domains]`.
    pub mixtures: Array2<f64>,
    /// Which of the table's runs these are.
    pub rows: Vec<usize>,
    losses: Table,
}

impl Runs {
    /// The runs of these rows, in this order and as often as they stand there.
    ///
    /// # Errors
    /// Tables whose cells are not as many as they say, or a row that they do not have.
    pub fn new(runs: &ProxyRuns, rows: Vec<usize>) -> Result<Self, RunError> {
        let Table { columns, cells } = &runs.mixtures;
        let all = ArrayView2::from_shape((runs.mixtures.rows(), columns.len()), cells)
            .map_err(|error| RunError::Spec(error.to_string()))?;
        if let Some(row) = rows.iter().find(|row| **row >= all.nrows()) {
            return Err(RunError::Spec(format!("there is no run {row} among {}", all.nrows())));
        }
        Ok(Self { mixtures: all.select(Axis(0), &rows), losses: runs.losses.clone(), rows })
    }

    /// Losses of a validation domain, nats, one per row of the mixtures.
    ///
    /// # Errors
    /// A domain that the runs were not validated on.
    pub fn losses(&self, target: &str) -> Result<Vec<f64>, RunError> {
        let column = self.losses.position(target).ok_or_else(|| {
            RunError::Spec(format!("the proxy runs have no losses of the domain `{target}`"))
        })?;
        let all = self.losses.column(column);
        Ok(self.rows.iter().map(|&row| all[row]).collect())
    }

    /// Mean loss over all validation domains, nats, one per row of the mixtures.
    pub fn mean_losses(&self) -> Vec<f64> {
        let mean = |row: &[f64]| row.iter().sum::<f64>() / row.len() as f64;
        self.rows.iter().map(|&row| mean(self.losses.row(row))).collect()
    }
}
