//! Networks that start from weights of a data set.

use mixup_core::nn::{Backbone, ModelConfig, Weights};
use mixup_data::{Content, catalogue};
use mixup_paper::{RunContext, RunError};

/// Refuses weights that are no such set of the catalogue, or that the network cannot have.
///
/// # Errors
/// The message for the user.
pub(crate) fn check(name: Option<&String>, model: &ModelConfig) -> Result<(), String> {
    let Some(name) = name else { return Ok(()) };
    let set = catalogue::find(name).map_err(|error| format!("setting.initial_weights: {error}"))?;
    if file_of(set.content).is_none() {
        return Err(format!(
            "setting.initial_weights: `{name}` is no set of weights; `resnet50-imagenet` is"
        ));
    }
    match model {
        ModelConfig::Resnet(_) => Ok(()),
        _ => Err("setting.initial_weights: they are those of a `resnet`, and `model` is none".into()),
    }
}

fn file_of(content: Content) -> Option<&'static str> {
    let Content::Tree(tree) = content else { return None };
    tree.marks.iter().find(|mark| mark.ends_with(".safetensors")).copied()
}

/// A backbone with the weights of this name in the place of its own; as it is where there are none.
///
/// # Errors
/// Weights that are not at hand, or that do not fit the network.
pub(crate) fn started(
    backbone: Backbone,
    name: Option<&String>,
    context: &RunContext<'_>,
) -> Result<Backbone, RunError> {
    let Some(name) = name else { return Ok(backbone) };
    let set = catalogue::find(name)?;
    let folder = context.library.obtain(set, &|_| ())?.files.remove(0);
    let file = file_of(set.content).ok_or_else(|| RunError::Spec(format!("`{name}` has no weights")))?;
    Ok(backbone.with_weights(&Weights::read(&folder.join(file))?)?)
}
