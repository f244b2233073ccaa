//! Methods that differ in one number, as `h-0.5`, `h-1.75`, `h-20`.

use crate::outcomes::outcome::Outcome;

/// From this many numbers on, methods of one name make a sweep.
const ENOUGH: usize = 3;

/// From this ratio of the largest to the smallest number on, the axis is logarithmic.
const LOG_FROM: f64 = 10.0;

/// The rows of an outcome by the number in their names.
pub(super) struct Sweep<'o> {
    /// What the number is.
    pub(super) label: String,
    /// The numbers, rising.
    pub(super) values: Vec<f64>,
    /// The names that have numbers, in the order of the rows.
    pub(super) arms: Vec<Arm<'o>>,
    /// The rows without a number.
    pub(super) others: Vec<&'o str>,
}

/// Rows of one name.
pub(super) struct Arm<'o> {
    /// The name.
    pub(super) name: &'o str,
    /// Numbers, rising, and their rows.
    pub(super) rows: Vec<(f64, &'o str)>,
}

impl<'o> Sweep<'o> {
    /// The sweep of an outcome; `None` when no three rows have one name and a number each.
    pub(super) fn of(outcome: &'o Outcome) -> Option<Self> {
        let mut arms: Vec<Arm<'_>> = Vec::new();
        for method in outcome.methods.keys() {
            let Some((name, number)) = numbered(method) else { continue };
            match arms.iter_mut().find(|arm| arm.name == name) {
                Some(arm) => arm.rows.push((number, method)),
                None => arms.push(Arm { name, rows: vec![(number, method)] }),
            }
        }
        arms.retain(|arm| arm.rows.len() >= ENOUGH);
        for arm in &mut arms {
            arm.rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let label = match (&outcome.sweep, &arms[..]) {
            (_, []) => return None,
            (Some(what), _) => what.clone(),
            (None, [only]) => only.name.to_owned(),
            _ => "number in the method's name".to_owned(),
        };
        let mut values: Vec<f64> = arms.iter().flat_map(|arm| &arm.rows).map(|row| row.0).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let swept = |method: &str| arms.iter().any(|arm| arm.rows.iter().any(|row| row.1 == method));
        let others = outcome.methods.keys().map(String::as_str).filter(|method| !swept(method)).collect();
        Some(Self { label, values, arms, others })
    }

    /// Whether its numbers are so far apart that their axis is logarithmic.
    pub(super) fn is_wide(&self) -> bool {
        match self.values[..] {
            [smallest, .., largest] => smallest > 0.0 && largest / smallest >= LOG_FROM,
            _ => false,
        }
    }

    /// The arm of a row, and the row's number.
    pub(super) fn place(&self, method: &str) -> Option<(&Arm<'o>, f64)> {
        self.arms.iter().find_map(|arm| {
            let row = arm.rows.iter().find(|row| row.1 == method)?;
            Some((arm, row.0))
        })
    }
}

impl<'o> Arm<'o> {
    /// The row with a number.
    pub(super) fn at(&self, number: f64) -> Option<&'o str> {
        self.rows.iter().find(|row| row.0 == number).map(|row| row.1)
    }
}

/// `h-1.75` is `h` and 1.75; a name without a number at its end is none.
fn numbered(method: &str) -> Option<(&str, f64)> {
    let (name, number) = method.rsplit_once('-')?;
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && !name.is_empty()).then_some((name, number))
}

/// The method's name without the number at its end.
pub(crate) fn base(method: &str) -> &str {
    numbered(method).map_or(method, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::outcome;

    #[test]
    fn names_with_three_numbers_make_arms() {
        let rows =
            ["h-20", "erm", "h-0.1", "h-1.75", "top-5", "g-1", "g-2"].map(|name| (name, &[1.0, 2.0][..]));
        let outcome = outcome("a", &rows);
        let sweep = Sweep::of(&outcome).unwrap();
        assert_eq!((sweep.label.as_str(), &sweep.values[..]), ("h", &[0.1, 1.75, 20.0][..]));
        assert_eq!(sweep.arms[0].rows, [(0.1, "h-0.1"), (1.75, "h-1.75"), (20.0, "h-20")]);
        assert_eq!(sweep.others, ["erm", "top-5", "g-1", "g-2"]);
        assert!(sweep.is_wide());
        assert_eq!(sweep.place("h-1.75").map(|(arm, number)| (arm.name, number)), Some(("h", 1.75)));
        assert!(sweep.place("g-1").is_none());
    }

    #[test]
    fn a_number_is_no_part_of_a_base_name() {
        assert_eq!(
            ["h-1.75", "m-ndcg-10000", "c-mixup", "erm", "-1"].map(base),
            ["h", "m-ndcg", "c-mixup", "erm", "-1"]
        );
    }
}
