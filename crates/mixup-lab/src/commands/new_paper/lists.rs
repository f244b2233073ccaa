//! The lists that name the papers of a workspace.

use std::fs;
use std::path::PathBuf;

use super::slug::Slug;
use crate::error::LabError;
use crate::files::workspace::Workspace;

/// The three lists with one more paper: files and what they are to say.
///
/// # Errors
/// A list that cannot be read, has lost its marks, or has the name already.
pub(super) fn with_paper(workspace: &Workspace, slug: &Slug) -> Result<[(PathBuf, String); 3], LabError> {
    let name = slug.name();
    let lines = [
        ("Cargo.toml", "#", format!("{name} = {{ path = \"papers/{name}\" }}")),
        ("xtask/Cargo.toml", "#", format!("{name}.workspace = true")),
        ("xtask/src/papers.rs", "//", format!("{}::paper(),", slug.in_rust())),
    ];
    let [workspace_list, crate_list, entries] = lines.map(|(file, comment, line)| {
        let file = workspace.root().join(file);
        let text = fs::read_to_string(&file).map_err(LabError::io("cannot be read", &file))?;
        let told = |why: String| LabError::Usage(format!("{}: {why}", workspace.shown(&file)));
        if comment == "#" && text.lines().any(|known| key(known) == Some(name)) {
            return Err(told(format!("`{name}` is the name of a dependency already; choose another")));
        }
        let text = insert(&text, comment, &line).map_err(told)?;
        Ok((file, text))
    });
    Ok([workspace_list?, crate_list?, entries?])
}

/// The key of a line of TOML: `serde` of `serde = ...` and of `serde.workspace = ...`.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    Some(key.trim().trim_end_matches(".workspace"))
}

/// Puts a line between the marks `papers, one a line` and `end of papers`, in the order of names
/// and as far to the right as the marks.
fn insert(text: &str, comment: &str, line: &str) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    let begin = format!("{comment} papers, one a line");
    let end = format!("{comment} end of papers");
    let first = lines.iter().position(|known| known.trim_start().starts_with(&begin)).map(|at| at + 1);
    let last = lines.iter().position(|known| known.trim() == end);
    let (Some(first), Some(last)) = (first, last.filter(|last| first.is_some_and(|first| first <= *last)))
    else {
        return Err(format!("the marks `{begin}` and `{end}` are gone; put them around the papers again"));
    };
    let at = (first..last).find(|at| lines[*at].trim() > line).unwrap_or(last);
    let indent: String = lines[last].chars().take_while(|c| c.is_whitespace()).collect();
    let placed = format!("{indent}{line}");
    let mut lines = lines;
    lines.insert(at, &placed);
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "a\n  # papers, one a line; more\n  c-mixup\n  regmix\n  # end of papers\nb\n";

    #[test]
    fn inserts_in_order_between_the_marks() {
        let with = |line: &str| insert(LIST, "#", line).unwrap();
        assert_eq!(with("demo"), LIST.replace("  regmix", "  demo\n  regmix"));
        assert_eq!(with("a"), LIST.replace("  c-mixup", "  a\n  c-mixup"));
        assert_eq!(with("z"), LIST.replace("  # end", "  z\n  # end"));
    }

    #[test]
    fn says_which_marks_are_gone() {
        let lost = insert(&LIST.replace("end of", "end"), "#", "demo").unwrap_err();
        assert!(lost.contains("`# end of papers` are gone"), "{lost}");
        let turned = "# end of papers\n# papers, one a line\n";
        assert!(insert(turned, "#", "demo").is_err());
    }

    #[test]
    fn knows_the_keys_of_toml() {
        assert_eq!(key("serde.workspace = true"), Some("serde"));
        assert_eq!(key("demo = { path = \"papers/demo\" }"), Some("demo"));
        assert_eq!(key("# demo"), None);
    }
}
