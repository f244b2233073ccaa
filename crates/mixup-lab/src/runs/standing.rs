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
    /// Without a metric that is asked for now, or with one that may be another one now, but with predictions
    /// that it can be computed from, if these sources predict the same.
    Measurable(Box<RunRecord>),
    /// Not there, or without something that is asked for now.
    Missing,
}

/// What a record must hold: the metrics of the table and the points of its pictures.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Metrics by name.
    pub metrics: Vec<String>,
    /// Pictures by name.
    pub points: Vec<String>,
}

impl Wanted {
    /// Whether a record holds all of it.
    pub fn held_by(&self, record: &RunRecord) -> bool {
        self.metrics_of(record) && self.points_of(record)
    }

    fn metrics_of(&self, record: &RunRecord) -> bool {
        self.metrics.iter().all(|name| record.metrics.contains_key(name))
    }

    fn points_of(&self, record: &RunRecord) -> bool {
        self.points.iter().all(|name| record.points.contains_key(name))
    }
}

impl Standing {
    /// How a run stands, by its record.
    pub fn of(record: Option<RunRecord>, wanted: &Wanted, sources: &Sources) -> Self {
        let Some(record) = record else { return Self::Missing };
        if !wanted.held_by(&record) {
            let measurable = wanted.points_of(&record) && !record.predictions.is_empty();
            return if measurable { Self::Measurable(Box::new(record)) } else { Self::Missing };
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
            Self::Unconfirmed(_) | Self::Measurable(_) | Self::Missing => None,
        }
    }

    /// Whether there is a record that will stand if these sources do the same.
    pub fn may_stand(&self) -> bool {
        matches!(self, Self::Unconfirmed(_) | Self::Measurable(_))
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
        let wanted = |metrics: &[&str], points: &[&str]| {
            let [metrics, points] =
                [metrics, points].map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            Wanted { metrics, points }
        };
        let record = RunRecord {
            metrics: [("rmse".to_owned(), 1.0)].into(),
            made_by: "one".to_owned(),
            confirmed_by: vec!["two".to_owned()],
            ..RunRecord::default()
        };
        let stands = |name: &str| Standing::of(Some(record.clone()), &wanted(&["rmse"], &[]), &sources(name));
        assert!(stands("one").kept().is_some() && stands("two").kept().is_some());
        assert!(matches!(stands("three"), Standing::Unconfirmed(_)));
        assert_eq!(Standing::of(None, &Wanted::default(), &sources("one")), Standing::Missing);
        let more = wanted(&["rmse", "mae"], &[]);
        assert_eq!(Standing::of(Some(record.clone()), &more, &sources("one")), Standing::Missing);
        // With predictions there is a way to metrics, but none to points.
        let record = RunRecord { predictions: "00ff".to_owned(), ..record };
        let measurable = Standing::of(Some(record.clone()), &more, &sources("one"));
        assert!(matches!(measurable, Standing::Measurable(_)) && measurable.may_stand());
        let pictured = wanted(&["rmse", "mae"], &["residuals"]);
        assert_eq!(Standing::of(Some(record), &pictured, &sources("one")), Standing::Missing);
    }
}
