//! The one shape in which all tabular sets are handed out.

/// A numeric table: rows of `columns.len()` cells, row-major; a missing cell is NaN.
///
/// Compare tables with missing cells by column: NaN differs from itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Cells, row-major, `rows * columns.len()` of them.
    pub cells: Vec<f64>,
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// One row, `columns.len()` cells.
    ///
    /// # Panics
    /// When `row >= self.rows()`, as a slice would.
    pub fn row(&self, row: usize) -> &[f64] {
        let width = self.columns.len();
        &self.cells[row * width..(row + 1) * width]
    }

    /// One column, `rows()` cells.
    ///
    /// # Panics
    /// When `column >= self.columns.len()`, as a slice would.
    pub fn column(&self, column: usize) -> Vec<f64> {
        assert!(column < self.columns.len(), "column {column} of {}", self.columns.len());
        self.cells.iter().skip(column).step_by(self.columns.len()).copied().collect()
    }

    /// Index of the column with this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}
