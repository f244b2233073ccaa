//! JSON has no NaN and no infinity: `serde_json` writes `null` for both, which is read as NaN. For serde's
//! `deserialize_with`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// A number.
///
/// # Errors
/// What is none.
pub fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(or_nan(Option::deserialize(deserializer)?))
}

/// Numbers by name.
///
/// # Errors
/// What is none.
pub fn by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let read = BTreeMap::<String, Option<f64>>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|(name, value)| (name, or_nan(value))).collect())
}

/// Lists of numbers by name.
///
/// # Errors
/// What is none.
pub fn lists_by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Vec<f64>>, D::Error> {
    let read = BTreeMap::<String, Vec<Option<f64>>>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|(name, list)| (name, list.into_iter().map(or_nan).collect())).collect())
}

/// Lists of points by name.
///
/// # Errors
/// What is none.
pub fn points_by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Vec<[f64; 2]>>, D::Error> {
    let read = BTreeMap::<String, Vec<[Option<f64>; 2]>>::deserialize(deserializer)?;
    let points = |list: Vec<[Option<f64>; 2]>| list.into_iter().map(|point| point.map(or_nan)).collect();
    Ok(read.into_iter().map(|(name, list)| (name, points(list))).collect())
}

fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}
