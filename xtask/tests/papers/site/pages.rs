//! What can be told of the pages without a browser.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::built;

/// The values of an attribute in a page.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let start = format!(" {attribute}=\"");
    page.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// A link from a page, as the path of a file of the site.
fn resolved(page: &str, link: &str) -> String {
    let mut path = PathBuf::from(page);
    path.pop();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path.to_string_lossy().into_owned()
}

#[test]
fn every_link_leads_somewhere() {
    let built = built();
    let ids: std::collections::BTreeMap<&str, BTreeSet<&str>> =
        built.pages().map(|(path, page)| (path, values(page, "id").into_iter().collect())).collect();
    let mut dead = Vec::new();
    for (path, page) in built.pages() {
        let links = values(page, "href").into_iter().chain(values(page, "src"));
        for link in links.filter(|link| !link.starts_with("https://") && !link.starts_with("data:")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { path.to_owned() } else { resolved(path, file) };
            let anchored =
                anchor.is_empty() || ids.get(file.as_str()).is_some_and(|ids| ids.contains(anchor));
            if !built.files.contains_key(&file) || !anchored {
                dead.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "dead links: {dead:#?}");
}

#[test]
fn ids_are_unique_in_a_page() {
    for (path, page) in built().pages() {
        let mut seen = BTreeSet::new();
        let twice: Vec<&str> = values(page, "id").into_iter().filter(|id| !seen.insert(*id)).collect();
        assert!(twice.is_empty(), "{path} has these ids twice: {twice:?}");
    }
}

#[test]
fn every_picture_says_what_it_shows() {
    for (path, page) in built().pages() {
        for image in page.split("<img ").skip(1).filter_map(|rest| rest.split('>').next()) {
            let alt = values(&format!(" {image}"), "alt").first().map_or(0, |alt| alt.len());
            assert!(alt > 15, "{path}: <img {image}> says too little");
        }
        for svg in page.split("<svg ").skip(1).filter_map(|rest| rest.split('>').next()) {
            let said = svg.contains("aria-label=\"") || svg.contains("aria-hidden=\"true\"");
            assert!(said, "{path}: <svg {svg}> says nothing");
        }
    }
}

#[test]
fn the_site_is_small_and_quickly_made() {
    let built = built();
    let size: usize = built
        .files
        .iter()
        .filter(|(path, _)| !path.starts_with("records/"))
        .map(|(_, content)| content.len())
        .sum();
    println!("{} files, {size} bytes without raw records, made in {:?}", built.files.len(), built.took);
    assert!(size < 15 << 20, "{size} bytes without raw records");
    assert!(built.took.as_secs_f64() < 5.0, "made in {:?}", built.took);
}

#[test]
fn pages_ask_no_server() {
    for (path, page) in built().pages() {
        for word in ["type=\"module\"", "src=\"http", "rel=\"stylesheet\" href=\"http", "@import", "fetch("] {
            assert!(!page.contains(word), "{path} has {word}");
        }
    }
    let script = &built().files["site.js"];
    assert!(!script.contains("fetch(") && !script.contains("XMLHttpRequest") && !script.contains("import "));
}

#[test]
fn every_paper_and_every_claim_is_there() {
    let built = built();
    let ledger = &built.files["index.html"];
    for paper in &built.committed {
        let page = &built.files[&format!("papers/{}.html", paper.slug)];
        for verdict in &paper.verdicts {
            assert!(ledger.contains(&format!("data-claim=\"{}\"", verdict.claim)), "{}", verdict.claim);
            assert!(page.contains(&format!("id=\"claim-{}\"", verdict.claim)), "{}", verdict.claim);
        }
        for outcome in &paper.outcomes {
            let csv = &built.files[&format!("records/{}/{}.csv", paper.slug, outcome.experiment)];
            let runs = outcome.seeds.len() * outcome.methods.len();
            assert_eq!(csv.lines().count(), 1 + runs, "{}", outcome.experiment);
        }
        for part in ["id=\"idea\"", "id=\"run\"", "id=\"method\"", "cargo xtask reproduce"] {
            assert!(page.contains(part), "{}: no {part}", paper.slug);
        }
    }
}
