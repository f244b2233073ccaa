//! Numbers that are checked where they are read, so that a bad one is refused with its place in
//! the file and not met again as a NaN in a loss.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// A value was outside the range of its type.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{value} is not {expected}")]
pub struct OutOfRange {
    /// The value that was given.
    pub value: f64,
    /// What would have been right, in words.
    pub expected: &'static str,
}

macro_rules! checked_number {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $accept:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// Checks a value.
            ///
            /// # Errors
            /// [`OutOfRange`] when the value is not in the range of this type; NaN never is.
            pub fn new(value: f64) -> Result<Self, OutOfRange> {
                let accept: fn(f64) -> bool = $accept;
                if accept(value) { Ok(Self(value)) } else { Err(OutOfRange { value, expected: $expected }) }
            }

            /// The plain number.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // A visitor and not `try_from`: raised from inside the scalar, the error carries
                // the scalar's own line and key.
                struct Checked;
                impl Visitor<'_> for Checked {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_f64<E: de::Error>(self, value: f64) -> Result<$name, E> {
                        $name::new(value).map_err(|_| E::invalid_value(Unexpected::Float(value), &self))
                    }
                    fn visit_u64<E: de::Error>(self, value: u64) -> Result<$name, E> {
                        $name::new(value as f64)
                            .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
                    }
                    fn visit_i64<E: de::Error>(self, value: i64) -> Result<$name, E> {
                        $name::new(value as f64)
                            .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
                    }
                }
                deserializer.deserialize_f64(Checked)
            }
        }
    };
}

checked_number!(
    /// A finite number above 0: a learning rate, a Beta parameter, a kernel bandwidth.
    Positive,
    "a finite number above 0",
    |value| value.is_finite() && value > 0.0
);
checked_number!(
    /// A finite number of at least 0: a weight decay, a margin.
    NonNegative,
    "a finite number of at least 0",
    |value| value.is_finite() && value >= 0.0
);
checked_number!(
    /// A number from 0 to 1: a mixing coefficient, a dropout rate, a fraction.
    UnitInterval,
    "a number from 0 to 1",
    |value| (0.0..=1.0).contains(&value)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_out_of_range() {
        for bad in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            assert!(Positive::new(bad).is_err(), "{bad}");
        }
        assert!(NonNegative::new(0.0).is_ok());
        assert!(NonNegative::new(-1e-9).is_err());
        assert!(UnitInterval::new(1.0).is_ok());
        assert!(UnitInterval::new(1.0 + 1e-9).is_err());
        assert!(UnitInterval::new(f64::NAN).is_err());
    }

    #[test]
    fn reads_integers_and_floats_and_names_what_is_right() {
        assert_eq!(serde_json::from_str::<Positive>("2").unwrap().get(), 2.0);
        assert_eq!(serde_json::from_str::<Positive>("0.5").unwrap().get(), 0.5);
        let error = serde_json::from_str::<Positive>("-3").unwrap_err().to_string();
        assert!(error.contains("a finite number above 0"), "{error}");
    }
}
