//! Draws the pages of all committed outcomes anew, from the outcomes alone: `cargo run -p mixup-lab
//! --example pages -- FOLDER` judges them and writes FOLDER/SLUG/README.md with its pictures, and the paper's README
//! with its numbers filled in as FOLDER/SLUG/paper.md. For work on reports: nothing is run, and results/ stays as it
//! is.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use mixup_lab::files::experiment::Profile;
use mixup_lab::files::manifest::Manifest;
use mixup_lab::files::workspace::Workspace;
use mixup_lab::files::yaml::Document;
use mixup_lab::report::results;
use mixup_lab::verdicts::verdict::judge;

fn main() -> Result<(), Box<dyn Error>> {
    let target = std::env::args_os().nth(1).ok_or("give the folder that the pages are written to")?;
    let workspace = Workspace::find()?;
    for slug in names(&workspace.papers(), |path| path.join("paper.yaml").is_file())? {
        let manifest: Manifest = Document::read(&workspace.manifest(&slug))?.parse()?;
        let yaml = |path: &Path| path.extension().is_some_and(|extension| extension == "yaml");
        let experiments = names(&workspace.experiments(&slug), yaml)?;
        let outcomes =
            results::outcomes(&workspace.results(&slug, Profile::Desk), Profile::Desk, &experiments)?;
        let verdicts = judge(&manifest, &outcomes.iter().collect::<Vec<_>>());
        let folder = PathBuf::from(&target).join(&slug);
        fs::create_dir_all(&folder)?;
        results::write_report(&folder, &manifest, &outcomes, &verdicts)?;
        if !outcomes.is_empty() {
            let readme = workspace.papers().join(&slug).join("README.md");
            let text = fs::read_to_string(&readme)?;
            let filled = results::filled(
                (readme.as_path(), text.as_str()),
                &manifest,
                &experiments,
                &outcomes,
                &verdicts,
            )?;
            fs::write(folder.join("paper.md"), filled.text)?;
        }
        println!("{}", folder.join("README.md").display());
    }
    Ok(())
}

/// The names, without extension, of what is in a folder and passes; sorted.
fn names(folder: &Path, passes: impl Fn(&Path) -> bool) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(stem) = path.file_stem().filter(|_| passes(&path)) {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
