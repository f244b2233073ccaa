//! Parameters of methods with their defaults.

use std::num::NonZeroUsize;

use mixup_core::checked::{NonNegative, Positive, UnitInterval};

/// A struct of parameters for `methods:` of a YAML: every field has its default, and a key that is no
/// field is refused.
///
/// ```
/// mixup_routines::parameters!(
///     /// Parameters of mixup.
///     Mixup {
///         /// lambda ~ Beta(alpha, alpha).
///         alpha: mixup_core::checked::Positive = mixup_routines::positive(1.0),
///     }
/// );
/// assert_eq!(Mixup::default().alpha.get(), 1.0);
/// ```
#[macro_export]
macro_rules! parameters {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

/// A default above 0.
///
/// # Panics
/// When it is not: defaults are written by hand.
pub fn positive(value: f64) -> Positive {
    Positive::new(value).expect("defaults are in range")
}

/// A default of at least 1.
///
/// # Panics
/// When it is 0: defaults are written by hand.
pub fn size(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("defaults are in range")
}

/// A default of at least 0.
///
/// # Panics
/// When it is not: defaults are written by hand.
pub fn non_negative(value: f64) -> NonNegative {
    NonNegative::new(value).expect("defaults are in range")
}

/// A default from 0 to 1.
///
/// # Panics
/// When it is not: defaults are written by hand.
pub fn unit(value: f64) -> UnitInterval {
    UnitInterval::new(value).expect("defaults are in range")
}
