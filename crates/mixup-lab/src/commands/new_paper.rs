//! `new-paper`: a crate that compiles, trains and tests from the first minute.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{LabError, Status};
use crate::store::write_atomically;
use crate::workspace::Workspace;

/// Files of a new paper: where they go below the root, and their text. `@slug@`, `@crate@` and
/// `@Type@` stand for the three spellings of the name.
const TEMPLATES: [(&str, &str); 9] = [
    ("papers/@slug@/Cargo.toml", include_str!("../../templates/Cargo.toml.txt")),
    ("papers/@slug@/README.md", include_str!("../../templates/README.md")),
    ("papers/@slug@/paper.yaml", include_str!("../../templates/paper.yaml")),
    ("papers/@slug@/src/lib.rs", include_str!("../../templates/lib.rs.txt")),
    ("papers/@slug@/src/method.rs", include_str!("../../templates/method.rs.txt")),
    ("papers/@slug@/src/experiment.rs", include_str!("../../templates/experiment.rs.txt")),
    ("papers/@slug@/src/golden.rs", include_str!("../../templates/golden.rs.txt")),
    ("papers/@slug@/tests/training.rs", include_str!("../../templates/training.rs.txt")),
    ("experiments/@slug@/diabetes.yaml", include_str!("../../templates/diabetes.yaml")),
];

/// Writes the skeleton and registers the crate in the workspace and in xtask.
pub(crate) fn new_paper(workspace: &Workspace, slug: &str) -> Result<Status, LabError> {
    let name = Name::new(slug)?;
    let folder = workspace.papers().join(slug);
    for taken in [&folder, &workspace.experiments(slug)] {
        if taken.exists() {
            return Err(LabError::Usage(format!("{} is there already", workspace.shown(taken))));
        }
    }
    // All edits are made in memory first: a file that does not look as expected stops everything.
    let edits = [
        insert(
            workspace,
            "Cargo.toml",
            "# Papers, one a line.",
            &name.fill("@slug@ = { path = \"papers/@slug@\" }"),
        )?,
        insert(
            workspace,
            "xtask/Cargo.toml",
            "# Papers, one a line.",
            &name.fill("@slug@.workspace = true"),
        )?,
        insert(
            workspace,
            "xtask/src/main.rs",
            "        // Papers, one a line.",
            &name.fill("        PaperEntry::of::<@crate@::@Type@>(),"),
        )?,
    ];
    for (path, template) in TEMPLATES {
        let path = workspace.root().join(name.fill(path));
        write_atomically(&path, name.fill(template).as_bytes())?;
        println!("wrote {}", workspace.shown(&path));
    }
    for (path, text) in edits {
        write_atomically(&path, text.as_bytes())?;
        println!("edited {}", workspace.shown(&path));
    }
    println!(
        "\nTry it: `cargo xtask reproduce {slug} --profile smoke`. Then put the method into \
         papers/{slug}/src/method.rs, the official code's vectors into papers/{slug}/tests/golden/ and the \
         claims into papers/{slug}/paper.yaml."
    );
    Ok(Status::Fine)
}

/// The file with one line more behind the marker.
fn insert(
    workspace: &Workspace,
    file: &str,
    marker: &str,
    line: &str,
) -> Result<(PathBuf, String), LabError> {
    let path: PathBuf = workspace.root().join(Path::new(file));
    let text = fs::read_to_string(&path).map_err(LabError::io("cannot be read", &path))?;
    let lines: Vec<&str> = text.lines().collect();
    let place = lines.iter().position(|have| *have == marker).ok_or_else(|| {
        LabError::Usage(format!(
            "{file}: the line `{}` is gone; papers are registered below it",
            marker.trim()
        ))
    })?;
    let (before, after) = lines.split_at(place + 1);
    Ok((path, [before, &[line], after].concat().join("\n") + "\n"))
}

/// The three spellings of a paper's name.
struct Name {
    slug: String,
}

impl Name {
    fn new(slug: &str) -> Result<Self, LabError> {
        let part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        let starts_well = slug.starts_with(|c: char| c.is_ascii_lowercase());
        if starts_well && slug.split('-').all(part) {
            return Ok(Self { slug: slug.to_owned() });
        }
        Err(LabError::Usage(format!(
            "`{slug}` cannot name a paper: use lower-case letters, digits and single hyphens, a letter first \
             (for example `manifold-mixup`)"
        )))
    }

    fn fill(&self, template: &str) -> String {
        let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
        let type_name: String = self.slug.split('-').map(capital).collect();
        template
            .replace("@slug@", &self.slug)
            .replace("@crate@", &self.slug.replace('-', "_"))
            .replace("@Type@", &type_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_a_name_three_ways() {
        let name = Name::new("c-mixup2").unwrap();
        assert_eq!(name.fill("@slug@ @crate@ @Type@"), "c-mixup2 c_mixup2 CMixup2");
    }

    #[test]
    fn refuses_what_cannot_name_a_crate() {
        for bad in ["", "C-mixup", "2mix", "a--b", "-a", "a-", "../x", "a_b", "a b"] {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
    }
}
