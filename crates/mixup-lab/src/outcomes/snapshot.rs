//! Outcomes of the smoke profile as snapshots: the files that `cargo insta review` accepts and that
//! `check` compares with. A snapshot is a header between two lines of dashes, and the content.

/// The fence around a header.
const FENCE: &str = "---\n";

/// What stands below the header; all of a text that has none.
pub fn content(text: &str) -> &str {
    let below = text.strip_prefix(FENCE).and_then(|rest| rest.split_once(&format!("\n{FENCE}")));
    below.map_or(text, |(_, content)| content).trim_end_matches('\n')
}

/// A snapshot with this content.
pub fn with_header(content: &str) -> String {
    format!("{FENCE}source: xtask/tests/papers/smoke.rs\n{FENCE}{}\n", content.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_comes_back() {
        assert_eq!(content(&with_header("{\n  \"a\": 1\n}\n")), "{\n  \"a\": 1\n}");
        let from_insta = "---\nsource: x.rs\nassertion_line: 3\nexpression: y\n---\n{}\n";
        assert_eq!(content(from_insta), "{}");
        assert_eq!(content("{}\n"), "{}");
    }
}
