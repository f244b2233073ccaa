//! A closer way to what an error is about.
//!
//! Serde reads an enum with a `kind:` key through a buffer and loses the way inside it. The message
//! still names the key or the value it stumbled on, which is enough to find it below the enum.

use serde::de::Unexpected;
use serde_yaml::Value;

use super::key_path::{KeyPath, Segment};

/// Follows `path` further down to the one key or value that `message` names; `path` itself where
/// that is not possible or not certain.
pub(super) fn pinpoint(document: &Value, path: KeyPath, message: &str) -> KeyPath {
    let Some(node) = follow(document, &path) else { return path };
    if let Some(name) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        return if node.get(name).is_some() { path.key(name) } else { path };
    }
    let Some(found) = message.strip_prefix("invalid ").and_then(|rest| {
        let (_, rest) = rest.split_once(": ")?;
        rest.split_once(", expected").map(|(found, _)| found)
    }) else {
        return path;
    };
    let mut hits = Vec::new();
    collect(node, &path, found, &mut hits);
    match hits.len() {
        1 => hits.remove(0),
        _ => path,
    }
}

fn follow<'v>(document: &'v Value, path: &KeyPath) -> Option<&'v Value> {
    path.segments().iter().try_fold(document, |node, segment| match segment {
        Segment::Key(key) => node.get(key),
        Segment::Index(index) => node.get(index),
    })
}

/// Every scalar at or below `node` that serde would call `found`.
fn collect(node: &Value, path: &KeyPath, found: &str, hits: &mut Vec<KeyPath>) {
    match node {
        Value::Mapping(mapping) => {
            for (key, value) in mapping {
                if let Some(key) = key.as_str() {
                    collect(value, &path.clone().key(key), found, hits);
                }
            }
        }
        Value::Sequence(list) => {
            for (index, value) in list.iter().enumerate() {
                collect(value, &path.clone().index(index), found, hits);
            }
        }
        scalar if name(scalar).is_some_and(|name| name == found) => hits.push(path.clone()),
        _ => {}
    }
}

/// The way to the first number that is NaN or an infinity.
pub(super) fn non_finite(node: &Value, path: KeyPath) -> Option<KeyPath> {
    match node {
        Value::Mapping(mapping) => mapping
            .iter()
            .find_map(|(key, value)| non_finite(value, path.clone().key(key.as_str().unwrap_or_default()))),
        Value::Sequence(list) => {
            list.iter().enumerate().find_map(|(index, value)| non_finite(value, path.clone().index(index)))
        }
        Value::Number(number) if number.as_f64().is_some_and(|number| !number.is_finite()) => Some(path),
        _ => None,
    }
}

/// What serde calls a scalar in its messages.
fn name(scalar: &Value) -> Option<String> {
    let unexpected = match scalar {
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::String(value) => Unexpected::Str(value),
        Value::Number(value) => match (value.as_u64(), value.as_i64(), value.as_f64()) {
            (Some(value), _, _) => Unexpected::Unsigned(value),
            (_, Some(value), _) => Unexpected::Signed(value),
            (_, _, Some(value)) => Unexpected::Float(value),
            _ => return None,
        },
        _ => return None,
    };
    Some(unexpected.to_string())
}
