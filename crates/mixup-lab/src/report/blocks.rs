//! Marked blocks of a text that are filled with numbers.
//!
//! ```text
//! <!-- numbers: table airfoil rmse -->
//! (whatever stands here is written anew)
//! <!-- /numbers -->
//! ```

const OPENING: &str = "<!-- numbers: ";
const ENDING: &str = " -->";
const CLOSING: &str = "<!-- /numbers -->";

/// A block that cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct BlockError {
    /// Line of its opening, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// The text with the content of every block by `content`, which is given what the block asks for
/// (`table airfoil rmse`); a block that it has nothing for stays as it is. Blocks stand on lines of their own.
///
/// # Errors
/// A block that is not closed, closed without being open, or refused by `content`.
pub fn fill(
    text: &str,
    mut content: impl FnMut(&str) -> Result<Option<String>, String>,
) -> Result<String, BlockError> {
    let mut filled = String::with_capacity(text.len());
    // Line of the opening, what it asks for, and where the content begins.
    let mut open: Option<(usize, &str, usize)> = None;
    let mut end = 0;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let begin = end;
        end += line.len();
        let refuse = |line, message| Err(BlockError { line, message });
        let trimmed = line.trim_end();
        let opening = trimmed.strip_prefix(OPENING).and_then(|rest| rest.strip_suffix(ENDING));
        match (open, opening) {
            (Some((line, ..)), Some(_)) => return refuse(line, format!("the block lacks its `{CLOSING}`")),
            (None, Some(request)) => open = Some((number, request, end)),
            (Some((opened, request, from)), None) if trimmed == CLOSING => {
                match content(request).map_err(|message| BlockError { line: opened, message })? {
                    Some(numbers) => {
                        filled.push_str(numbers.trim_end());
                        filled.push('\n');
                    }
                    None => filled.push_str(&text[from..begin]),
                }
                open = None;
            }
            (None, None) if trimmed == CLOSING => {
                return refuse(number, format!("closes no block; `{OPENING}table NAME{ENDING}` opens one"));
            }
            (Some(_), None) => continue,
            (None, None) => {}
        }
        filled.push_str(line);
    }
    match open {
        Some((line, ..)) => Err(BlockError { line, message: format!("the block lacks its `{CLOSING}`") }),
        None => Ok(filled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let content = |request: &str| match request {
            "table a" => Ok(Some("| 1 |\n\n".to_owned())),
            "table later" => Ok(None),
            other => Err(format!("unknown block `{other}`")),
        };
        fill(text, content).map_err(|error| error.to_string())
    }

    #[test]
    fn only_blocks_are_written_and_twice_is_as_once() {
        let text = "# Title\n<!-- numbers: table a -->\nold\nnumbers\n<!-- /numbers -->\nend";
        let once = filled(text).unwrap();
        assert_eq!(once, "# Title\n<!-- numbers: table a -->\n| 1 |\n<!-- /numbers -->\nend");
        assert_eq!(filled(&once).unwrap(), once);
        assert_eq!(filled("no block\n").unwrap(), "no block\n");
    }

    #[test]
    fn a_block_without_numbers_stays_as_it_is() {
        let text = "a\n<!-- numbers: table later -->\nold\n\nnumbers\n<!-- /numbers -->\nend\n";
        assert_eq!(filled(text).unwrap(), text);
        let empty = "<!-- numbers: table later -->\n<!-- /numbers -->";
        assert_eq!(filled(empty).unwrap(), empty);
    }

    #[test]
    fn a_broken_block_is_refused_with_its_line() {
        for (text, why) in [
            ("\n<!-- numbers: table a -->\n", "2: the block lacks its"),
            (
                "<!-- numbers: table a -->\n<!-- numbers: table a -->\n<!-- /numbers -->\n",
                "1: the block lacks",
            ),
            ("a\nb\n<!-- /numbers -->\n", "3: closes no block"),
            ("<!-- numbers: chart -->\n<!-- /numbers -->\n", "1: unknown block `chart`"),
        ] {
            let error = filled(text).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
