//! What an op reads from a case, and how it puts its results.

use serde_json::Value;

use super::{Array, Case, GoldenError};

impl Case {
    /// An input.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name.
    pub fn array(&self, name: &str) -> Result<&Array, GoldenError> {
        self.inputs.get(name).ok_or_else(|| {
            let known = listed(self.inputs.keys());
            GoldenError::Malformed(format!("`{}` needs the input `{name}`; the case has {known}", self.op))
        })
    }

    /// The shape and the data of an input with `N` dimensions.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it has other dimensions.
    pub fn array_of<const N: usize>(&self, name: &str) -> Result<([usize; N], &[f64]), GoldenError> {
        let array = self.array(name)?;
        let shape = <[usize; N]>::try_from(array.shape.as_slice()).map_err(|_| {
            let shape = &array.shape;
            GoldenError::Malformed(format!(
                "input `{name}` of `{}` needs {N} dimensions, its shape is {shape:?}",
                self.op
            ))
        })?;
        Ok((shape, &array.data))
    }

    /// The only value of an input, whatever its number of dimensions.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it has not one value.
    pub fn scalar(&self, name: &str) -> Result<f64, GoldenError> {
        match self.array(name)?.data[..] {
            [value] => Ok(value),
            ref data => Err(GoldenError::Malformed(format!(
                "input `{name}` of `{}` needs one value, it has {}",
                self.op,
                data.len()
            ))),
        }
    }

    /// An input of whole numbers from 0: labels, groups, positions.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or a value is no such number.
    pub fn indices(&self, name: &str) -> Result<Vec<usize>, GoldenError> {
        let whole = |value: &f64| {
            if value.fract() == 0.0 && *value >= 0.0 {
                Ok(*value as usize)
            } else {
                let op = &self.op;
                Err(GoldenError::Malformed(format!(
                    "input `{name}` of `{op}` holds {value}, which is no index"
                )))
            }
        };
        self.array(name)?.data.iter().map(whole).collect()
    }

    /// Whether a parameter is given and not null.
    pub fn has_param(&self, name: &str) -> bool {
        self.params.get(name).is_some_and(|value| !value.is_null())
    }

    /// A number.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it is something else.
    pub fn param_f64(&self, name: &str) -> Result<f64, GoldenError> {
        self.param(name, "a number", Value::as_f64)
    }

    /// A list of numbers.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it is something else.
    pub fn param_f64s(&self, name: &str) -> Result<Vec<f64>, GoldenError> {
        self.param(name, "a list of numbers", |value| value.as_array()?.iter().map(Value::as_f64).collect())
    }

    /// A whole number from 0.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it is something else.
    pub fn param_usize(&self, name: &str) -> Result<usize, GoldenError> {
        self.param(name, "a whole number from 0", |value| usize::try_from(value.as_u64()?).ok())
    }

    /// True or false.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it is something else.
    pub fn param_bool(&self, name: &str) -> Result<bool, GoldenError> {
        self.param(name, "true or false", Value::as_bool)
    }

    /// A string.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it is something else.
    pub fn param_str(&self, name: &str) -> Result<&str, GoldenError> {
        self.param(name, "a string", Value::as_str)
    }

    fn param<'a, T>(
        &'a self,
        name: &str,
        expected: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<T, GoldenError> {
        let op = &self.op;
        let value = self.params.get(name).ok_or_else(|| {
            let known = listed(self.params.keys());
            GoldenError::Malformed(format!("`{op}` needs the parameter `{name}`; the case has {known}"))
        })?;
        read(value).ok_or_else(|| {
            GoldenError::Malformed(format!("parameter `{name}` of `{op}` must be {expected}, it is {value}"))
        })
    }
}

impl Array {
    /// Floats, row-major; as many as the shape says.
    pub fn floats(shape: &[usize], data: Vec<f64>) -> Self {
        Self { shape: shape.to_vec(), dtype: "f64".to_owned(), data }
    }

    /// A single float without dimensions.
    pub fn scalar(value: f64) -> Self {
        Self::floats(&[], vec![value])
    }

    /// Whole numbers in one dimension: labels, positions.
    pub fn indices(values: &[usize]) -> Self {
        let data = values.iter().map(|&value| value as f64).collect();
        Self { shape: vec![values.len()], dtype: "i64".to_owned(), data }
    }
}

/// The names that there are, for a message.
fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
