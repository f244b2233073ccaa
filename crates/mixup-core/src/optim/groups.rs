//! Parameters with settings of their own.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::{CoreError, checked::NonNegative};

/// Some parameters that are trained at another rate or with another decay, as `groups:` of an optimiser
/// lists them. Where two groups name a parameter, each setting is that of the last group that has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Which parameters: those with one of these parts in their path. A part is a whole name or several
    /// that follow each other: `bias`, `head`, `blocks.0`, `head.weight`.
    pub parameters: Vec<String>,
    /// What the optimiser's learning rate is multiplied by; 0 freezes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lr_factor: Option<NonNegative>,
    /// Takes the place of the optimiser's weight decay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<NonNegative>,
}

/// What groups can change of the rule for a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    pub(super) lr_factor: f64,
    pub(super) weight_decay: f64,
}

impl Settings {
    /// Those of parameters in no group.
    pub(super) fn plain(weight_decay: Option<NonNegative>) -> Self {
        Self { lr_factor: 1.0, weight_decay: weight_decay.map_or(0.0, NonNegative::get) }
    }

    fn with(mut self, group: &Group) -> Self {
        self.lr_factor = group.lr_factor.map_or(self.lr_factor, NonNegative::get);
        self.weight_decay = group.weight_decay.map_or(self.weight_decay, NonNegative::get);
        self
    }
}

/// The settings of each parameter.
///
/// # Errors
/// A part that is in no trained parameter's path.
pub(super) fn resolve(
    groups: &[Group],
    plain: Settings,
    parameters: &[Parameter],
) -> Result<Vec<Settings>, CoreError> {
    check(groups, parameters)?;
    let settings = |parameter: &Parameter| {
        let of_path =
            groups.iter().filter(|group| group.parameters.iter().any(|part| has(&parameter.path, part)));
        of_path.fold(plain, Settings::with)
    };
    Ok(parameters.iter().map(settings).collect())
}

fn check(groups: &[Group], parameters: &[Parameter]) -> Result<(), CoreError> {
    let trained =
        || parameters.iter().filter(|parameter| parameter.trained).map(|parameter| &parameter.path[..]);
    let mut parts = groups.iter().flat_map(|group| &group.parameters);
    match parts.find(|part| !trained().any(|path| has(path, part))) {
        Some(part) => Err(CoreError::Invalid(format!(
            "no parameter has `{part}` in its path; there are {}",
            trained().collect::<Vec<_>>().join(", ")
        ))),
        None => Ok(()),
    }
}

/// Whether `part` is among the names of `path`.
fn has(path: &str, part: &str) -> bool {
    !part.is_empty() && format!(".{path}.").contains(&format!(".{part}."))
}

/// A float parameter of a module.
pub(super) struct Parameter {
    /// Names of the modules that it is in, and its own.
    pub path: String,
    /// Running statistics are visited too.
    pub trained: bool,
}

/// All float parameters, in the order of a visit.
pub(super) fn parameters<M: Module>(model: &M) -> Vec<Parameter> {
    let mut visit = Visit { names: Vec::new(), found: Vec::new() };
    model.clone().train().visit(&mut visit);
    visit.found
}

struct Visit {
    names: Vec<String>,
    found: Vec<Parameter>,
}

impl ModuleVisitor for Visit {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.found.push(Parameter { path: self.names.join("."), trained: parameter.is_require_grad() });
    }

    fn enter_module(&mut self, name: &str, _container: &str) {
        self.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.names.pop();
    }
}
