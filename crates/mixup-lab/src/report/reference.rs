//! What the rows of an experiment are compared with.

use super::sweep::Sweep;
use crate::outcomes::outcome::Outcome;

/// The other side of every difference in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reference<'o> {
    /// One row.
    Row(&'o str),
    /// In a sweep, the row of this name with the same number.
    Arm(&'o str),
    /// In a sweep, the row of the same name with this number.
    Value(f64),
}

impl<'o> Reference<'o> {
    /// What claims, pairs of a method and the one it is compared with, compare with most often; of equals the
    /// first row, and without claims the first row of all.
    pub(super) fn of(
        outcome: &'o Outcome,
        sweep: Option<&Sweep<'o>>,
        claims: &[(&str, &str)],
    ) -> Option<Self> {
        let mut best: Option<(&'o String, usize)> = None;
        for row in outcome.methods.keys() {
            let count = claims.iter().filter(|(_, against)| against == row).count();
            if best.is_none_or(|(_, most)| count > most) {
                best = Some((row, count));
            }
        }
        let (row, count) = best?;
        let Some((sweep, (arm, number))) = sweep.and_then(|sweep| Some((sweep, sweep.place(row)?))) else {
            return Some(Self::Row(row));
        };
        // In a sweep the row stands for its name or for its number: whichever the claims keep the same.
        let same_number = claims
            .iter()
            .filter(|(_, against)| against == row)
            .filter(|(method, _)| sweep.place(method).is_some_and(|(_, other)| other == number))
            .count();
        let by_name = if count == 0 { sweep.arms.len() > 1 } else { 2 * same_number > count };
        Some(if by_name { Self::Arm(arm.name) } else { Self::Value(number) })
    }

    /// The row that a method is compared with; `None` for one that is compared with nothing.
    pub(super) fn against(self, sweep: Option<&Sweep<'o>>, method: &str) -> Option<&'o str> {
        let place = || sweep.and_then(|sweep| sweep.place(method));
        let against = match self {
            Self::Row(row) => row,
            Self::Arm(name) => {
                let (_, number) = place()?;
                sweep?.arms.iter().find(|arm| arm.name == name)?.at(number)?
            }
            Self::Value(number) => match (place(), &sweep?.arms[..]) {
                (Some((arm, _)), _) => arm.at(number)?,
                // A row without a number has one counterpart only where there is one name with numbers.
                (None, [only]) => only.at(number)?,
                (None, _) => return None,
            },
        };
        (against != method).then_some(against)
    }

    /// The reference in words.
    pub(super) fn words(self, sweep: Option<&Sweep<'o>>) -> String {
        let label = sweep.map_or("", |sweep| sweep.label.as_str());
        match (self, sweep.map(|sweep| &sweep.arms[..])) {
            (Self::Row(row), _) => row.to_owned(),
            (Self::Arm(name), _) => format!("{name} with the same {label}"),
            (Self::Value(number), Some([only])) => format!("{}-{number}", only.name),
            (Self::Value(number), _) => format!("the same with {label} = {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::outcome;

    fn with_rows(names: &[&str]) -> Outcome {
        outcome("a", &names.iter().map(|name| (*name, &[1.0, 2.0][..])).collect::<Vec<_>>())
    }

    #[test]
    fn the_row_that_claims_compare_with_most_often() {
        let outcome = with_rows(&["erm", "mixup", "c-mixup"]);
        let of = |claims: &[(&str, &str)]| Reference::of(&outcome, None, claims);
        assert_eq!(of(&[]), Some(Reference::Row("erm")));
        assert_eq!(of(&[("c-mixup", "mixup"), ("c-mixup", "erm")]), Some(Reference::Row("erm")));
        assert_eq!(of(&[("c-mixup", "mixup")]), Some(Reference::Row("mixup")));
        assert_eq!(Reference::Row("mixup").against(None, "mixup"), None);
        assert_eq!(Reference::Row("mixup").against(None, "erm"), Some("mixup"));
        assert_eq!(Reference::of(&with_rows(&[]), None, &[]), None);
    }

    #[test]
    fn in_a_sweep_claims_keep_the_number_or_the_name() {
        let outcome = with_rows(&["ce-1", "ce-2", "ce-3", "mrl-1", "mrl-2", "mrl-3", "top"]);
        let sweep = Sweep::of(&outcome);
        let of = |claims: &[(&str, &str)]| Reference::of(&outcome, sweep.as_ref(), claims).unwrap();
        let against = |reference: Reference<'_>, method: &str| {
            reference.against(sweep.as_ref(), method).map(str::to_owned)
        };
        assert_eq!(of(&[("mrl-2", "ce-2")]), Reference::Arm("ce"));
        assert_eq!(against(Reference::Arm("ce"), "mrl-3").as_deref(), Some("ce-3"));
        assert_eq!(["ce-3", "top"].map(|row| against(Reference::Arm("ce"), row)), [None, None]);
        assert_eq!(of(&[("mrl-2", "mrl-1")]), Reference::Value(1.0));
        assert_eq!(against(Reference::Value(1.0), "ce-3").as_deref(), Some("ce-1"));
        assert_eq!(["mrl-1", "top"].map(|row| against(Reference::Value(1.0), row)), [None, None]);
        assert_eq!(
            Reference::Value(1.0).words(sweep.as_ref()),
            "the same with number in the method's name = 1"
        );
        assert_eq!(of(&[("mrl-2", "top")]), Reference::Row("top"));
        assert_eq!(of(&[]), Reference::Arm("ce"));
        assert_eq!(
            Reference::Arm("ce").words(sweep.as_ref()),
            "ce with the same number in the method's name"
        );
    }

    #[test]
    fn beside_one_name_with_numbers_other_rows_are_compared_as_well() {
        let outcome = with_rows(&["h-1", "h-2", "h-5", "erm"]);
        let sweep = Sweep::of(&outcome);
        let reference = Reference::of(&outcome, sweep.as_ref(), &[]).unwrap();
        assert_eq!(reference, Reference::Value(1.0));
        assert_eq!(reference.against(sweep.as_ref(), "erm"), Some("h-1"));
        assert_eq!(reference.words(sweep.as_ref()), "h-1");
    }
}
