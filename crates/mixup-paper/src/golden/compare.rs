//! An op's result against what the case expects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::read::Kind;
use super::{Array, Case, Computed};
use crate::null_is_nan;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compared {
    /// Arrays that did not match; none for a pass.
    pub mismatches: Vec<Mismatch>,
    /// The element with the largest error for what it is allowed.
    pub worst: Option<Worst>,
}

/// An array that did not match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// `expect.loss`, `grads.x1`.
    pub array: String,
    /// What is wrong with it.
    pub reason: String,
}

/// One element of a result beside what was expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// `expect.loss`, `grads.x1`.
    pub array: String,
    /// Index in the array; empty for a scalar.
    pub index: Vec<usize>,
    /// What the op gave.
    #[serde(deserialize_with = "null_is_nan::one")]
    pub got: f64,
    /// What the case expects.
    #[serde(deserialize_with = "null_is_nan::one")]
    pub want: f64,
    /// `|got - want|`; 0 for equal non-finite values, infinite for unequal ones (`null` in JSON).
    #[serde(deserialize_with = "null_is_nan::one")]
    pub error: f64,
    /// The error that is allowed here, `atol + rtol |want|`; 0 for what must be equal.
    #[serde(deserialize_with = "null_is_nan::one")]
    pub allowed: f64,
}

impl Worst {
    /// The error as a multiple of the allowed one; above 1 is a miss.
    pub fn ratio(&self) -> f64 {
        if self.error == 0.0 { 0.0 } else { self.error / self.allowed }
    }

    fn is_miss(&self) -> bool {
        self.error > self.allowed
    }
}

/// Compares every array that the case expects: element by element within
/// `atol + rtol * |want|`, exactly for integers and booleans; NaN matches NaN, an infinity the same
/// infinity. A missing array or one of another shape does not match. What the op gave beyond the
/// expected arrays is ignored.
pub fn compare(case: &Case, computed: &Computed) -> Compared {
    let mut compared = Compared::default();
    for (section, expected, got) in
        [("expect", &case.expect, &computed.outputs), ("grads", &case.grads, &computed.grads)]
    {
        for (name, want) in expected {
            compare_array(case, format!("{section}.{name}"), want, found(got, name), &mut compared);
        }
    }
    compared
}

fn found<'a>(arrays: &'a BTreeMap<String, Array>, name: &str) -> Result<&'a Array, String> {
    arrays.get(name).ok_or_else(|| {
        let given: Vec<&str> = arrays.keys().map(String::as_str).collect();
        format!("the op does not give it; it gives [{}]", given.join(", "))
    })
}

fn compare_array(case: &Case, array: String, want: &Array, got: Result<&Array, String>, into: &mut Compared) {
    let got = match got {
        Ok(got) if got.shape == want.shape && got.data.len() == want.data.len() => got,
        Ok(got) => {
            let reason =
                format!("shape is {:?} with {} values, expected {:?}", got.shape, got.data.len(), want.shape);
            return into.mismatches.push(Mismatch { array, reason });
        }
        Err(reason) => return into.mismatches.push(Mismatch { array, reason }),
    };
    let elements = want.data.iter().zip(&got.data).enumerate().map(|(at, (&want_value, &got))| {
        let tolerant = Kind::of(&want.dtype) == Some(Kind::Float) && want_value.is_finite();
        let allowed = if tolerant { case.atol + case.rtol * want_value.abs() } else { 0.0 };
        let error = error(got, want_value);
        Worst { array: array.clone(), index: unravel(at, &want.shape), got, want: want_value, error, allowed }
    });
    let mut missed = 0;
    let mut worst: Option<Worst> = None;
    for element in elements {
        missed += usize::from(element.is_miss());
        if worst.as_ref().is_none_or(|worst| element.ratio() > worst.ratio()) {
            worst = Some(element);
        }
    }
    let Some(worst) = worst else { return };
    if missed > 0 {
        let Worst { index, got, want: value, error, allowed, .. } = &worst;
        let reason = format!(
            "{missed} of {} values differ, worst at {index:?}: {got:e}, expected {value:e} (error {error:.1e}, allowed {allowed:.1e})",
            want.data.len()
        );
        into.mismatches.push(Mismatch { array, reason });
    }
    if into.worst.as_ref().is_none_or(|known| worst.ratio() > known.ratio()) {
        into.worst = Some(worst);
    }
}

fn error(got: f64, want: f64) -> f64 {
    if got == want || (got.is_nan() && want.is_nan()) {
        0.0
    } else if got.is_finite() && want.is_finite() {
        (got - want).abs()
    } else {
        f64::INFINITY
    }
}

/// The index of a row-major position.
fn unravel(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&side| {
            let coordinate = at % side;
            at /= side;
            coordinate
        })
        .collect();
    index.reverse();
    index
}
