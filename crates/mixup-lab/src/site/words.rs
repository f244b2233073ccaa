//! How the site writes things.

use crate::report::escaped;

/// `40 core seconds`, `12 core minutes`, `1.5 core hours`
pub(super) fn core_time(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.0} core seconds"),
        s if s < 6000.0 => format!("{:.0} core minutes", s / 60.0),
        s => format!("{:.1} core hours", s / 3600.0),
    }
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Text as HTML, where what stands between two backticks is code.
pub(super) fn with_code(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let odd = parts.len().is_multiple_of(2);
    let part = |(at, part): (usize, &&str)| match at % 2 {
        1 if !(odd && at + 1 == parts.len()) => format!("<code>{}</code>", escaped(part)),
        1 => format!("`{}", escaped(part)),
        _ => escaped(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Text as HTML that breaks no line within an interval.
pub(super) fn with_whole_intervals(text: &str) -> String {
    let escaped = escaped(text);
    escaped.replace('[', "<span class=\"together\">[").replace(']', "]</span>")
}

/// A value of a field of CSV.
pub(super) fn csv(field: &str) -> String {
    let plain = !field.contains([',', '"', '\n', '\r']);
    if plain { field.to_owned() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_well() {
        let times = [4.2, 600.0, 9000.0].map(core_time);
        assert_eq!(times, ["4 core seconds", "10 core minutes", "2.5 core hours"]);
        let list = |items: &[&str]| listed(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        assert_eq!([list(&[]), list(&["a"]), list(&["a", "b", "c"])], ["", "a", "a, b and c"]);
        assert_eq!(escaped("<a href=\"&\">"), "&lt;a href=&quot;&amp;&quot;&gt;");
        assert_eq!(with_code("`a<b` and `c"), "<code>a&lt;b</code> and `c");
        assert_eq!(with_code("plain & simple"), "plain &amp; simple");
        assert_eq!(with_whole_intervals("1 [0, 2]"), "1 <span class=\"together\">[0, 2]</span>");
        assert_eq!([csv("a b"), csv("a,\"b\"")], ["a b", "\"a,\"\"b\"\"\""]);
    }
}
