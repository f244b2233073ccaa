//! Which pictures an outcome has.

use super::colors::Colors;
use super::paired::Known;
use super::{courses, differences, figures};

/// A picture and its file.
pub(crate) struct Plot {
    /// Name in the results folder.
    pub(crate) file: String,
    /// What it shows, for those who do not see it.
    pub(crate) alt: String,
    /// Whether it belongs to the metrics, or else to the course of training.
    pub(crate) of_metric: bool,
    /// The text below it.
    pub(crate) caption: Option<String>,
    /// The picture.
    pub(crate) svg: String,
}

/// The paper's own; the paired differences; then courses of training.
pub(super) fn plots(known: Known<'_>, colors: &Colors) -> Vec<Plot> {
    let outcome = known.outcome;
    let experiment = &outcome.experiment;
    let mut plots = figures::plots(outcome, colors);
    plots.extend(differences::picture(known, colors).map(|picture| Plot {
        file: format!("{experiment}-differences.svg"),
        alt: picture.title,
        of_metric: true,
        caption: None,
        svg: picture.svg,
    }));
    plots.extend(courses::comparable(outcome).into_iter().filter_map(|curve| {
        let picture = courses::picture(outcome, curve, colors);
        Some(Plot {
            file: format!("{experiment}-curve-{curve}.svg"),
            svg: picture.render()?,
            alt: picture.title,
            of_metric: false,
            caption: None,
        })
    }));
    plots
}
