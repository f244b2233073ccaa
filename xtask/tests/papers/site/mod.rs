//! The site of all papers, as `cargo xtask report` writes it.

mod browser;
mod pages;
mod surfing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use mixup_lab::files::workspace::Workspace;
use mixup_lab::site::{self, Committed, SiteFile};
use tempfile::TempDir;
use xtask::papers;

/// The site of this repository, made once.
struct Built {
    committed: Vec<Committed>,
    files: BTreeMap<String, String>,
    took: Duration,
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let started = Instant::now();
        let workspace = Workspace::open(&crate::root()).unwrap();
        let committed = site::committed(&workspace, &papers::all()).unwrap();
        let files = site::files(&committed).unwrap();
        let took = started.elapsed();
        let files = files.into_iter().map(|SiteFile { path, content }| (path, content)).collect();
        Built { committed, files, took }
    })
}

impl Built {
    fn pages(&self) -> impl Iterator<Item = (&str, &str)> {
        let pages = self.files.iter().filter(|(path, _)| path.ends_with(".html"));
        pages.map(|(path, content)| (path.as_str(), content.as_str()))
    }

    /// The site in a folder of its own.
    fn written(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), self.files.iter());
        folder
    }
}

fn write<'f>(folder: &Path, files: impl Iterator<Item = (&'f String, &'f String)>) {
    let files: Vec<SiteFile> =
        files.map(|(path, content)| SiteFile { path: path.clone(), content: content.clone() }).collect();
    site::write(folder, &files).unwrap();
}

fn address(folder: &Path, page: &str) -> String {
    let page: PathBuf = folder.join(page);
    format!("file://{}", page.display())
}
