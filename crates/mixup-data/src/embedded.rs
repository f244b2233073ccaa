//! The sets that linfa-datasets and smartcore carry.

use crate::catalogue;
use crate::error::DataError;
use crate::table::Table;

const WINE_QUALITY: [&str; 12] = [
    "fixed acidity",
    "volatile acidity",
    "citric acid",
    "residual sugar",
    "chlorides",
    "free sulfur dioxide",
    "total sulfur dioxide",
    "density",
    "pH",
    "sulphates",
    "alcohol",
    "quality",
];

/// The names of the original data; linfa-datasets names the six serum measurements otherwise.
const DIABETES: [&str; 11] = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "target"];

pub(crate) fn wine_quality() -> Result<Table, DataError> {
    let set = linfa_datasets::winequality();
    let rows = set.records.rows().into_iter().map(|row| row.to_vec());
    let table = join(&WINE_QUALITY, rows, set.targets.iter().map(|&quality| quality as f64));
    catalogue::WINE_QUALITY.check_values(&table)?;
    Ok(table)
}

pub(crate) fn diabetes() -> Result<Table, DataError> {
    let set = linfa_datasets::diabetes();
    let rows = set.records.rows().into_iter().map(|row| row.to_vec());
    let table = join(&DIABETES, rows, set.targets.iter().copied());
    catalogue::DIABETES.check_values(&table)?;
    Ok(table)
}

/// Pixels of a digit, row by row, then the digit.
pub(crate) fn digits() -> Result<Table, DataError> {
    let set = smartcore::dataset::digits::load_dataset();
    let pixels = (0..set.num_features).map(|pixel| format!("pixel_{}_{}", pixel / 8, pixel % 8));
    let columns: Vec<String> = pixels.chain(["digit".to_owned()]).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let rows = set.data.chunks(set.num_features.max(1));
    let rows = rows.map(|row| row.iter().copied().map(f64::from).collect());
    let table = join(&columns, rows, set.target.iter().copied().map(f64::from));
    catalogue::DIGITS.check_values(&table)?;
    Ok(table)
}

fn join(
    columns: &[&str],
    inputs: impl Iterator<Item = Vec<f64>>,
    targets: impl Iterator<Item = f64>,
) -> Table {
    let cells = inputs.zip(targets).flat_map(|(mut row, target)| {
        row.push(target);
        row
    });
    Table { columns: columns.iter().map(|&name| name.to_owned()).collect(), cells: cells.collect() }
}
