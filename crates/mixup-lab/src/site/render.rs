//! Templates, which are part of the binary.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context, escape_formatter};
use serde::Serialize;

use super::compare::Compare;
use super::findings::Findings;
use super::ledger::Front;
use super::paper;
use crate::error::LabError;
use crate::report::escaped;

const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("templates/base.html")),
    ("macros.html", include_str!("templates/macros.html")),
    ("index.html", include_str!("templates/index.html")),
    ("paper.html", include_str!("templates/paper.html")),
    ("findings.html", include_str!("templates/findings.html")),
    ("compare.html", include_str!("templates/compare.html")),
];

/// All templates, parsed.
pub(super) struct Templates(Environment<'static>);

impl Templates {
    pub(super) fn new() -> Result<Self, LabError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_formatter(|out, state, value| match value.as_str().filter(|_| !value.is_safe()) {
            // Slashes and apostrophes break nothing between double quotes, and addresses stay readable.
            Some(text) => Ok(out.write_str(&escaped(text))?),
            None => escape_formatter(out, state, value),
        });
        // Tags on lines of their own leave no lines behind.
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        for (name, text) in TEMPLATES {
            environment.add_template(name, text)?;
        }
        Ok(Self(environment))
    }

    pub(super) fn index(&self, front: &Front) -> Result<String, LabError> {
        self.page("index.html", "", front)
    }

    pub(super) fn findings(&self, findings: &Findings) -> Result<String, LabError> {
        self.page("findings.html", "", findings)
    }

    pub(super) fn compare(&self, compare: &Compare) -> Result<String, LabError> {
        self.page("compare.html", "", compare)
    }

    pub(super) fn paper(&self, page: &paper::View) -> Result<String, LabError> {
        self.page("paper.html", "../", page)
    }

    /// `root` leads from the page to the site's folder.
    fn page(&self, name: &str, root: &str, shown: &impl Serialize) -> Result<String, LabError> {
        let shown = Value::from(Serde(shown));
        Ok(self.0.get_template(name)?.render(context! { root, page => shown })?)
    }
}
