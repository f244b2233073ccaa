//! `seeds:` of an experiment: a number, or a range within which claims decide.

use std::fmt;
use std::num::NonZeroU32;

use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// More seeds than anybody runs, and few enough that a plan of them fits into memory.
pub const MOST_SEEDS: u32 = 10_000;

/// Which seeds an experiment runs. `10` stands for 0, 1, ... 9; `{from: 100, at_least: 10, at_most: 60}` for
/// 100 and the following, as many as the claims need ([`crate::commands`]' `--until-decided`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Seeds {
    /// The first seed.
    pub from: u64,
    /// How many run in any case.
    pub at_least: NonZeroU32,
    /// How many run at most; as many as `at_least` where the number is fixed.
    pub at_most: NonZeroU32,
}

impl Seeds {
    /// 0, 1, ... `count - 1`, whatever they show.
    pub const fn fixed(count: NonZeroU32) -> Self {
        Self { from: 0, at_least: count, at_most: count }
    }

    /// Whether the claims have a say in how many run.
    pub fn open(self) -> bool {
        self.at_most > self.at_least
    }

    /// The first `count` of them.
    pub fn first(self, count: NonZeroU32) -> Vec<u64> {
        (self.from..).take(count.get() as usize).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    #[serde(default)]
    from: u32,
    at_least: NonZeroU32,
    #[serde(default)]
    at_most: Option<NonZeroU32>,
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrRange;

        impl<'de> Visitor<'de> for NumberOrRange {
            type Value = Seeds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number above 0, or `{at_least: 10, at_most: 60}`")
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<Seeds, E> {
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                let fixed = NonZeroU32::new(count).map(Seeds::fixed);
                checked(fixed.ok_or_else(|| E::custom("must be above 0"))?)
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<Seeds, E> {
                self.visit_u64(count.max(0).unsigned_abs())
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Seeds, M::Error> {
                let Range { from, at_least, at_most } = Range::deserialize(MapAccessDeserializer::new(map))?;
                let at_most = at_most.unwrap_or(at_least);
                if at_most < at_least {
                    return Err(M::Error::custom(format!(
                        "`at_most` must not be below `at_least`, {at_least}, as {at_most} is"
                    )));
                }
                checked(Seeds { from: from.into(), at_least, at_most })
            }
        }

        deserializer.deserialize_any(NumberOrRange)
    }
}

fn checked<E: Error>(seeds: Seeds) -> Result<Seeds, E> {
    if seeds.at_most.get() > MOST_SEEDS {
        return Err(E::custom(format!("must be at most {MOST_SEEDS}, not {}", seeds.at_most)));
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Seeds, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_number_is_fixed_and_a_range_is_open() {
        let three = read("3").unwrap();
        assert_eq!((three.first(three.at_least), three.open()), (vec![0, 1, 2], false));
        let range = read(r#"{"from": 100, "at_least": 2, "at_most": 5}"#).unwrap();
        assert_eq!((range.first(range.at_least), range.open()), (vec![100, 101], true));
        let from = read(r#"{"from": 7, "at_least": 2}"#).unwrap();
        assert_eq!((from.at_most, from.open()), (from.at_least, false));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (json, why) in [
            ("0", "must be above 0"),
            ("-3", "must be above 0"),
            ("\"many\"", "a number above 0, or `{at_least: 10, at_most: 60}`"),
            ("20000", "must be at most 10000"),
            (r#"{"at_least": 3, "at_most": 2}"#, "must not be below `at_least`, 3, as 2 is"),
            (r#"{"at_most": 2}"#, "missing field `at_least`"),
            (r#"{"at_least": 2, "most": 3}"#, "unknown field `most`"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(why), "{json}: {error}");
        }
    }
}
