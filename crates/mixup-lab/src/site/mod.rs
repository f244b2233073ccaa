//! The site: committed outcomes as pages to browse, without a server.
//!
//! Everything is static and works from a folder: data stand in the pages, one style sheet and one classic script are
//! shared, pictures are those of the report. A paper appears by itself, from what `gather` reads of it.

mod aggregate;
mod bar;
mod compare;
mod findings;
mod gather;
mod ledger;
mod markdown;
mod paper;
mod picture;
mod readme;
mod records;
mod render;
mod words;

pub use gather::{Committed, Text, committed};
pub use markdown::ledger as ledger_markdown;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::error::LabError;

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Path in the site's folder, with slashes.
    pub path: String,
    /// Content.
    pub content: String,
}

/// List of the files of a site, so that the next one removes what it does not have.
const LISTING: &str = ".site-files";

/// All files of the site. The same outcomes give the same bytes.
///
/// # Errors
/// A template that cannot be rendered.
pub fn files(papers: &[Committed]) -> Result<Vec<SiteFile>, LabError> {
    let templates = render::Templates::new()?;
    let mut files = vec![
        SiteFile { path: "site.css".to_owned(), content: include_str!("assets/site.css").to_owned() },
        SiteFile { path: "site.js".to_owned(), content: include_str!("assets/site.js").to_owned() },
    ];
    let mut page = |path: String, content: String| files.push(SiteFile { path, content });
    page("index.html".to_owned(), templates.index(&ledger::Front::of(papers))?);
    page("findings.html".to_owned(), templates.findings(&findings::of(papers))?);
    page("compare.html".to_owned(), templates.compare(&compare::of(papers))?);
    for paper in papers {
        let shown = paper::Page::of(paper);
        page(format!("papers/{}.html", paper.slug), templates.paper(&shown.view)?);
        for picture in shown.pictures {
            page(format!("plots/{}/{}", paper.slug, picture.file), picture.svg);
        }
    }
    files.extend(papers.iter().flat_map(records::files));
    Ok(files)
}

/// Writes a site into a folder and removes the files of an earlier one that it does not have; whatever else is in the
/// folder stays.
///
/// # Errors
/// What the file system refuses.
pub fn write(folder: &Path, files: &[SiteFile]) -> Result<(), LabError> {
    let listing = folder.join(LISTING);
    let earlier = fs::read_to_string(&listing).unwrap_or_default();
    let mut folders = BTreeSet::new();
    for file in files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent()
            && folders.insert(parent.to_owned())
        {
            fs::create_dir_all(parent).map_err(LabError::io("cannot be made", parent))?;
        }
        fs::write(&path, &file.content).map_err(LabError::io("cannot be written", &path))?;
    }
    let names: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    for stale in earlier.lines().filter(|line| !names.contains(line) && is_inside(line)) {
        // It may be gone already.
        let _ = fs::remove_file(folder.join(stale));
    }
    let list: String = names.iter().map(|name| format!("{name}\n")).collect();
    fs::write(&listing, list).map_err(LabError::io("cannot be written", &listing))
}

/// Whether a line of a listing names a file below the folder.
fn is_inside(line: &str) -> bool {
    let mut parts = Path::new(line).components();
    !line.is_empty() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_site_leaves_nothing_of_the_first_and_touches_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &str| SiteFile { path: path.to_owned(), content: path.to_owned() };
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        write(folder.path(), &[file("index.html"), file("papers/a.html")]).unwrap();
        write(folder.path(), &[file("index.html"), file("papers/b.html")]).unwrap();
        let is = |path: &str| folder.path().join(path).is_file();
        assert!(is("notes.txt") && is("index.html") && is("papers/b.html") && !is("papers/a.html"));
        assert!(!is_inside("../x") && !is_inside("/etc/x") && is_inside("papers/a.html"));
    }
}
