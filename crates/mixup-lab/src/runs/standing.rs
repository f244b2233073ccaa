//! Whether a record still stands: it does while the code does what it did when the record was made.
//!
//! Sources that are the same do the same. Of other sources it is found out by a look
//! ([`mixup_paper::Glimpse`]) at each group of runs that differ in their seed only: equal identities carry
//! the records over, and a record then says by which sources it was made and by which it was confirmed.

use crate::outcomes::outcome::RunRecord;
use crate::runs::sources::Sources;

/// How a run stands with what the store has.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Made or confirmed by these sources.
    Kept(Box<RunRecord>),
    /// Made by other sources, of which it is not known yet whether these do the same.
    Unconfirmed(Box<RunRecord>),
    /// Not there, or without something that is asked for now.
    Missing,
}

/// What a record must hold: the metrics of the table and the points of its pictures.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Metrics by name.
    pub metrics: &'a [String],
    /// Pictures by name.
    pub points: &'a [String],
}

impl Standing {
    /// How a run stands, by its record.
    pub fn of(record: Option<RunRecord>, wanted: Wanted<'_>, sources: &Sources) -> Self {
        let Some(record) = record else { return Self::Missing };
        let holds = wanted.metrics.iter().all(|name| record.metrics.contains_key(name))
            && wanted.points.iter().all(|name| record.points.contains_key(name));
        if !holds {
            return Self::Missing;
        }
        let sources = sources.to_string();
        if record.made_by == sources || record.confirmed_by.contains(&sources) {
            Self::Kept(Box::new(record))
        } else {
            Self::Unconfirmed(Box::new(record))
        }
    }

    /// The record, if it is known to stand.
    pub fn kept(&self) -> Option<&RunRecord> {
        match self {
            Self::Kept(record) => Some(record),
            Self::Unconfirmed(_) | Self::Missing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(name: &str) -> Sources {
        Sources::named(name)
    }

    #[test]
    fn a_record_stands_by_what_made_it_and_by_what_confirmed_it() {
        let metrics = ["rmse".to_owned()];
        let wanted = Wanted { metrics: &metrics, points: &[] };
        let record = RunRecord {
            metrics: [("rmse".to_owned(), 1.0)].into(),
            made_by: "one".to_owned(),
            confirmed_by: vec!["two".to_owned()],
            ..RunRecord::default()
        };
        let stands = |name: &str| Standing::of(Some(record.clone()), wanted, &sources(name));
        assert!(stands("one").kept().is_some() && stands("two").kept().is_some());
        assert!(matches!(stands("three"), Standing::Unconfirmed(_)));
        assert_eq!(Standing::of(None, wanted, &sources("one")), Standing::Missing);
        let more = ["rmse".to_owned(), "mae".to_owned()];
        let wanted = Wanted { metrics: &more, ..wanted };
        assert_eq!(Standing::of(Some(record), wanted, &sources("one")), Standing::Missing);
    }
}
