//! Where in the text a key stands, and whether one stands there twice.
//!
//! The YAML library tells line and column only with an error. So we walk the text again with
//! visitors that fail on purpose at the place we look for.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::key_path::{KeyPath, Segment};

/// Line and column, from 1, of a key or a list element; of the deepest part of `path` that the
/// text has, where it does not have all of it.
pub(super) fn locate(text: &str, path: &KeyPath) -> (usize, usize) {
    let mut segments = path.segments();
    while !segments.is_empty() {
        let walk = Find(segments).deserialize(serde_yaml::Deserializer::from_str(text));
        if let Some(at) = walk.err().as_ref().and_then(serde_yaml::Error::location) {
            return (at.line(), at.column());
        }
        segments = &segments[..segments.len() - 1];
    }
    (1, 1)
}

/// Walks down the steps and fails where they end; succeeds if they lead nowhere.
struct Find<'p>(&'p [Segment]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

// A scalar, or anything at the end of the steps, meets one of the default `visit_*`, which fail.
impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rest of the path")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Segment::Key(wanted), rest)) = self.0.split_first() else {
            return Err(de::Error::custom("not a list"));
        };
        while let Some(key) = map.next_key_seed(Key { fail_at: rest.is_empty().then_some(wanted) })? {
            if key == *wanted {
                return map.next_value_seed(Find(rest));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((Segment::Index(wanted), rest)) = self.0.split_first() else {
            return Err(de::Error::custom("not a mapping"));
        };
        for _ in 0..*wanted {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        list.next_element_seed(Find(rest)).map(|_| ())
    }
}

/// Reads a key; fails at `fail_at`, so that the error carries the key's own place.
struct Key<'p> {
    fail_at: Option<&'p String>,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        if self.fail_at.is_some_and(|wanted| wanted == key) {
            return Err(E::custom("here"));
        }
        Ok(key.to_owned())
    }
}

/// Refuses text that is not YAML, and a mapping with a key twice: then with the way to that key.
pub(super) fn refuse_duplicates(text: &str) -> Result<(), (serde_yaml::Error, Option<KeyPath>)> {
    let mut trail = KeyPath::root();
    let mut twice = false;
    Unique { trail: &mut trail, twice: &mut twice }
        .deserialize(serde_yaml::Deserializer::from_str(text))
        .map_err(|error| (error, twice.then_some(trail)))
}

/// Walks everything; `trail` is the way to where it stands, and stays there on an error.
struct Unique<'t> {
    trail: &'t mut KeyPath,
    twice: &'t mut bool,
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML without tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        let Self { trail, twice } = self;
        while let Some(()) = map.next_key_seed(NewKey { seen: &mut seen, trail, twice })? {
            map.next_value_seed(Unique { trail, twice })?;
            trail.pop();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { trail, twice } = self;
        for index in 0.. {
            trail.push(Segment::Index(index));
            let more = list.next_element_seed(Unique { trail, twice })?;
            trail.pop();
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _tagged: A) -> Result<(), A::Error> {
        Err(de::Error::custom("a tag (`!name`) is not used here; write {name: value}"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a key, puts it on the trail, and fails if it was seen before.
struct NewKey<'t> {
    seen: &'t mut HashSet<String>,
    trail: &'t mut KeyPath,
    twice: &'t mut bool,
}

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<(), E> {
        self.trail.push(Segment::Key(key.to_owned()));
        if self.seen.insert(key.to_owned()) {
            return Ok(());
        }
        *self.twice = true;
        Err(E::custom("given twice"))
    }
}
