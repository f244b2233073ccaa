//! A paper's README on its page: its sections, and Markdown as HTML.

use markdown::{Options, to_html_with_options};

/// A section of a README.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// Text of its heading; empty above the first one.
    pub(super) heading: String,
    /// Markdown below it.
    pub(super) text: String,
}

/// What a page shows in a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// What is above the first heading.
    Idea,
    /// What is said about the claims.
    Claims,
    /// From equations to functions.
    Equations,
    /// Official code against paper.
    Differences,
    /// What cannot be tested here.
    Untested,
    /// What a practitioner should take home.
    TakeHome,
    /// Everything else.
    Other,
}

impl Section {
    pub(super) fn topic(&self) -> Topic {
        let heading = self.heading.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| heading.contains(word));
        match () {
            () if heading.is_empty() => Topic::Idea,
            () if has(&["take home"]) => Topic::TakeHome,
            () if has(&["cannot test"]) => Topic::Untested,
            () if has(&["official code", "authors' code", "is ours"]) => Topic::Differences,
            () if has(&["equation to function", "from the paper to the code"]) => Topic::Equations,
            () if heading == "claims" || heading == "results" => Topic::Claims,
            () => Topic::Other,
        }
    }
}

/// The README cut at its headings of the second level. The title goes, and so does the paragraph that only cites the
/// paper: a page has both already.
pub(super) fn sections(readme: &str) -> Vec<Section> {
    let mut sections = vec![Section { heading: String::new(), text: String::new() }];
    let mut fenced = false;
    for line in readme.lines() {
        fenced ^= line.trim_start().starts_with("```");
        match line.strip_prefix("## ").filter(|_| !fenced) {
            Some(heading) => {
                sections.push(Section { heading: heading.trim().to_owned(), text: String::new() });
            }
            None if !fenced && line.starts_with("# ") => {}
            None => {
                if let Some(section) = sections.last_mut() {
                    section.text.push_str(line);
                    section.text.push('\n');
                }
            }
        }
    }
    if let Some(first) = sections.first_mut() {
        let text = first.text.trim();
        if let Some((citation, idea)) = text.split_once("\n\n")
            && citation.contains("[arXiv")
        {
            first.text = idea.trim().to_owned();
        }
    }
    sections
}

/// Markdown without its marked blocks of claims, which a page shows in a table of its own.
pub(super) fn without_claim_blocks(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        inside |= line.starts_with("<!-- numbers: claims");
        if !inside {
            out.push_str(line);
        }
        inside &= !line.starts_with("<!-- /numbers");
    }
    out
}

/// Markdown as HTML of a paper's page. Links into the repository lead to what the site has of it, or nowhere.
pub(super) fn html(text: &str, slug: &str) -> String {
    let prepared: String = prepared(text);
    // GFM is Markdown that has no errors.
    let html = to_html_with_options(&prepared, &Options::gfm()).unwrap_or_default();
    let scrolled = html
        .replace(
            "<table>",
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>",
        )
        .replace("</table>", "</table></div>");
    relinked(&scrolled, slug)
}

/// Without comments, and with links into the crate's documentation as plain code.
fn prepared(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if !fenced && line.trim_start().starts_with("<!--") {
            // An empty line would end a table; the comment's own line ends nothing.
            out.push('\n');
            continue;
        }
        out.push_str(&if fenced { line.to_owned() } else { without_brackets(line) });
        out.push('\n');
    }
    out
}

/// ``[`name`]`` becomes `` `name` ``, unless it is the text of a link.
fn without_brackets(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, inner)) = rest.split_once("[`") {
        out.push_str(before);
        match inner.split_once("`]") {
            Some((name, after)) if !name.contains('`') => {
                let is_link = after.starts_with('(');
                out.push_str(&if is_link { format!("[`{name}`]") } else { format!("`{name}`") });
                rest = after;
            }
            _ => {
                out.push_str("[`");
                rest = inner;
            }
        }
    }
    out + rest
}

fn relinked(html: &str, slug: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, inner)) = rest.split_once("<a href=\"") {
        out.push_str(before);
        let Some((href, after)) = inner.split_once('"') else {
            out.push_str("<a href=\"");
            rest = inner;
            break;
        };
        out.push_str(&match target(href, slug) {
            Some(target) => format!("<a href=\"{target}\""),
            None => "<a".to_owned(),
        });
        rest = after;
    }
    out + rest
}

/// Where a link of a README leads on the site.
fn target(href: &str, slug: &str) -> Option<String> {
    if href.starts_with("https://") || href.starts_with("http://") {
        return Some(href.to_owned());
    }
    // Another paper's README is its page.
    if let Some(paper) = href.strip_prefix("../").and_then(|rest| rest.strip_suffix("/README.md"))
        && !paper.contains('/')
    {
        return Some(format!("{paper}.html"));
    }
    let (_, below) = href.split_once("results/")?;
    let (paper, file) = below.split_once('/')?;
    match file {
        "README.md" if paper == slug => Some("#results".to_owned()),
        "README.md" => Some(format!("{paper}.html")),
        file if file.ends_with(".svg") => Some(format!("../plots/{paper}/{file}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# Title\n\nA and B: *Title*, [arXiv 1](https://arxiv.org/abs/1).\n\nThe idea.\nGoes on.\n\n## Equation to function\n\n| a | b |\n| --- | --- |\n| x | [`f`] |\n\n```\n## no heading\n```\n\n## What a practitioner should take home\n\nThis.\n";

    #[test]
    fn sections_have_their_topics() {
        let sections = sections(README);
        let topics: Vec<Topic> = sections.iter().map(Section::topic).collect();
        assert_eq!(topics, [Topic::Idea, Topic::Equations, Topic::TakeHome]);
        assert_eq!(sections[0].text, "The idea.\nGoes on.");
        assert!(sections[1].text.contains("## no heading"));
    }

    #[test]
    fn a_readme_without_a_citation_keeps_its_first_paragraph() {
        let sections = sections("# RegMix\n\n[RegMix](https://arxiv.org/abs/1) chooses.\n\nMore.\n");
        assert!(sections[0].text.contains("chooses"));
    }

    #[test]
    fn markdown_is_html_without_comments_and_dead_links() {
        let shown = html(
            "<!-- numbers: table a -->\n| a |\n|---|\n| [`f`] |\n<!-- /numbers -->\n\n[r](../../results/demo/README.md) \
             [p](../../results/demo/a.svg) [s](src/loss.rs) [w](https://a.b) [f](../fmix/README.md) <b>&",
            "demo",
        );
        for part in [
            "<td><code>f</code></td>",
            "<a href=\"#results\">r</a>",
            "<a href=\"../plots/demo/a.svg\">p</a>",
            "<a>s</a>",
            "<a href=\"fmix.html\">f</a>",
            "<a href=\"https://a.b\">w</a>",
            "&lt;b&gt;&amp;",
        ] {
            assert!(shown.contains(part), "{shown}\nlacks {part}");
        }
        assert!(!shown.contains("numbers"), "{shown}");
    }

    #[test]
    fn only_blocks_of_claims_are_left_out() {
        let text = "a\n<!-- numbers: claims primary -->\n| x |\n<!-- /numbers -->\nb\n<!-- numbers: table t -->\n| y |\n<!-- /numbers -->\n";
        let left = without_claim_blocks(text);
        assert!(left.contains("a\nb\n") && left.contains("| y |") && !left.contains("| x |"), "{left}");
    }

    #[test]
    fn code_in_brackets_that_is_a_link_stays_one() {
        assert_eq!(without_brackets("[`a`] [`b`](c) `[x, y]`"), "`a` [`b`](c) `[x, y]`");
    }
}
