//! Serde's messages in plain words, without the names of Rust types.

use crate::files::nearest::nearest;

/// Says in plain words what is wrong and what would be right.
pub(super) fn plain(message: &str) -> String {
    unknown(message, "unknown field ", "unknown key", "keys known here")
        .or_else(|| unknown(message, "unknown variant ", "unknown name", "names known here"))
        .or_else(|| missing(message))
        .or_else(|| mismatch(message))
        .unwrap_or_else(|| message.to_owned())
}

/// ``unknown field `epoch`, expected `epochs` or `batch` ``
fn unknown(message: &str, prefix: &str, what: &str, known_are: &str) -> Option<String> {
    let mut quoted = message.strip_prefix(prefix)?.split('`').skip(1).step_by(2);
    let given = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    if known.is_empty() {
        return Some(format!("{what} `{given}`; nothing is expected here"));
    }
    let hint = nearest(given, known.iter().copied())
        .map(|name| format!("did you mean `{name}`? "))
        .unwrap_or_default();
    Some(format!("{what} `{given}`; {hint}{known_are}: {}", known.join(", ")))
}

/// ``missing field `epochs` ``
fn missing(message: &str) -> Option<String> {
    let name = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    Some(format!("the key `{name}` is missing"))
}

/// ``invalid value: integer `-3`, expected a nonzero usize``
fn mismatch(message: &str) -> Option<String> {
    let (_, rest) = message.strip_prefix("invalid ")?.split_once(": ")?;
    let (found, expected) = rest.split_once(", expected ")?;
    Some(format!("must be {}, not {}", expected_in_words(expected), found_in_words(found)))
}

fn found_in_words(found: &str) -> &str {
    match found {
        "sequence" => "a list",
        "map" => "a mapping",
        "unit value" | "Option value" => "empty",
        scalar => scalar
            .split_once('`')
            .and_then(|(_, rest)| rest.strip_suffix('`'))
            .or_else(|| scalar.strip_prefix("string "))
            .unwrap_or(scalar),
    }
}

fn expected_in_words(expected: &str) -> &str {
    let is_integer = |name: &str| matches!(name, "u8" | "u16" | "u32" | "u64" | "usize");
    match expected {
        "f32" | "f64" => "a number",
        "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a mapping (key: value)",
        "variant identifier" => "a name",
        name if is_integer(name) => "a whole number of at least 0",
        name if name.strip_prefix("a nonzero ").is_some_and(is_integer) => "a whole number of at least 1",
        name if name.starts_with("struct ") || name.starts_with("internally tagged enum ") => {
            "a mapping (key: value)"
        }
        name if name.starts_with("enum ") => "a name or {name: value}",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn says_it_plainly() {
        for (serde, ours) in [
            (
                "unknown field `epoch`, expected `epochs` or `batch`",
                "unknown key `epoch`; did you mean `epochs`? keys known here: epochs, batch",
            ),
            (
                "unknown variant `zzz`, expected one of `a`, `b`, `c`",
                "unknown name `zzz`; names known here: a, b, c",
            ),
            ("unknown field `x`, there are no fields", "unknown key `x`; nothing is expected here"),
            ("missing field `epochs`", "the key `epochs` is missing"),
            (
                "invalid value: integer `-3`, expected a nonzero usize",
                "must be a whole number of at least 1, not -3",
            ),
            (
                "invalid value: floating point `NaN`, expected a finite number above 0",
                "must be a finite number above 0, not NaN",
            ),
            ("invalid type: string \"x\", expected f64", "must be a number, not \"x\""),
            ("invalid type: sequence, expected struct Method", "must be a mapping (key: value), not a list"),
            ("a message of our own", "a message of our own"),
        ] {
            assert_eq!(plain(serde), ours);
        }
    }
}
