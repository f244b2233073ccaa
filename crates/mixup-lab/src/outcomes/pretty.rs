//! JSON for files that people read and compare line by line.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Indented JSON with a line end, in which a list inside a list, a point of a picture say, stands on
/// one line.
///
/// # Errors
/// A value that JSON does not have.
pub(crate) fn to_json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut json = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut json, Lines::default()))?;
    json.push(b'\n');
    Ok(json)
}

/// Writes as [`PrettyFormatter`] does, but for inner lists.
#[derive(Default)]
struct Lines {
    pretty: PrettyFormatter<'static>,
    /// Whether each list or object that is open is a list.
    open: Vec<bool>,
}

impl Lines {
    /// Whether the innermost open list stands directly in a list.
    fn inner(&self) -> bool {
        matches!(self.open[..], [.., true, true])
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open.push(true);
        if self.inner() { writer.write_all(b"[") } else { self.pretty.begin_array(writer) }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let inner = self.inner();
        self.open.pop();
        if inner { writer.write_all(b"]") } else { self.pretty.end_array(writer) }
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        match (self.inner(), first) {
            (true, true) => Ok(()),
            (true, false) => writer.write_all(b", "),
            (false, _) => self.pretty.begin_array_value(writer, first),
        }
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open.push(false);
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open.pop();
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text(value: &Value) -> String {
        String::from_utf8(to_json(value).unwrap()).unwrap()
    }

    #[test]
    fn a_point_stands_on_one_line() {
        let value = json!({"points": [[1.5, null], [2.0, 3.0], []], "seed": 1});
        assert_eq!(
            text(&value),
            "{\n  \"points\": [\n    [1.5, null],\n    [2.0, 3.0],\n    []\n  ],\n  \"seed\": 1\n}\n"
        );
        assert_eq!(serde_json::from_str::<Value>(&text(&value)).unwrap(), value);
    }

    #[test]
    fn everything_else_is_as_serde_json_indents_it() {
        let value = json!({"a": [1, "b", {"c": [true, []]}], "d": {}, "e": [], "f": null});
        let without_inner_lists = json!({"a": [1, "b", {"c": [true]}], "d": {}, "e": [], "f": null});
        let pretty = serde_json::to_string_pretty(&without_inner_lists).unwrap() + "\n";
        assert_eq!(text(&without_inner_lists), pretty);
        assert_eq!(serde_json::from_str::<Value>(&text(&value)).unwrap(), value);
    }
}
