//! The name of a paper, in its two spellings.

use crate::error::LabError;

/// A name that serves as folder and crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slug(String);

/// Names that cargo, rustc or this workspace use otherwise. Keywords are here because a crate's
/// name must be an identifier.
const TAKEN: &str = "all alloc as async await break const continue core crate dyn else enum extern false fn \
                     for gen if impl in let loop match mod move mut paper proc-macro pub ref return self static std struct \
                     super test trait true try type unsafe use where while xtask yield mixup-core mixup-data \
                     mixup-kernels mixup-lab mixup-paper mixup-routines";

impl Slug {
    /// Checks a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(name: &str) -> Result<Self, LabError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let words = || name.split('-');
        let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
            && words().all(|word| !word.is_empty() && word.chars().all(plain))
            && name.len() <= 40;
        if !well_formed {
            return Err(LabError::Usage(format!(
                "`{name}` is no name for a paper: use lower-case letters, digits and single dashes, a letter \
                 first, at most 40 in all, for example `c-mixup`"
            )));
        }
        if TAKEN.split_whitespace().any(|taken| taken == name) {
            return Err(LabError::Usage(format!(
                "`{name}` is taken (by Rust or by this workspace); choose another"
            )));
        }
        Ok(Self(name.to_owned()))
    }

    /// `c-mixup`
    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// `c_mixup`
    pub(super) fn in_rust(&self) -> String {
        self.0.replace('-', "_")
    }

    /// A template with the name in place.
    pub(super) fn fill(&self, template: &str) -> String {
        template.replace("{{slug}}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_two_spellings() {
        let slug = Slug::new("mix-ln2").unwrap();
        assert_eq!((slug.fill("{{slug}}!"), slug.in_rust()), ("mix-ln2!".to_owned(), "mix_ln2".to_owned()));
    }

    #[test]
    fn refuses_what_is_no_crate_or_no_folder() {
        for bad in ["", "-a", "a-", "a--b", "A", "a_b", "../a", "a/b", "1a", "ä", "a b", "a.b"] {
            assert!(Slug::new(bad).is_err(), "{bad}");
        }
        for taken in ["all", "loop", "test", "std", "mixup-core", "xtask"] {
            assert!(Slug::new(taken).is_err(), "{taken}");
        }
        assert!(Slug::new(&"a".repeat(41)).is_err());
    }
}
