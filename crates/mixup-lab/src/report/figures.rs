//! The paper's own pictures of an outcome.

use super::colors::Colors;
use super::plots::Plot;
use super::svg::{
    BarGroup, BarPlot, Images, LinePanel, LinePanels, Marker, NamedImage, Point, PointGroup, ScatterPlot,
    Series, Tone,
};
use crate::outcomes::figure::Figure;
use crate::outcomes::outcome::Outcome;
use crate::verdicts::numbers::fixed;
use crate::verdicts::stats::mean;
use mixup_paper::{FigureKind, Picture};

/// The pictures that have something to show, in the order of the experiment.
pub(super) fn plots(outcome: &Outcome, colors: &Colors) -> Vec<Plot> {
    let plot = |figure: &Figure| {
        let info = &figure.info;
        Some(Plot {
            file: format!("{}-figure-{}.svg", outcome.experiment, info.name),
            alt: format!("{}: {}", outcome.experiment, info.title),
            of_metric: true,
            caption: Some(caption(outcome, figure)),
            svg: draw(outcome, figure, colors)?,
        })
    };
    outcome.figures.iter().filter_map(plot).collect()
}

/// What the paper says about the picture, and which seed of several it shows.
fn caption(outcome: &Outcome, figure: &Figure) -> String {
    match (outcome.seeds.len(), &figure.info.kind) {
        (0 | 1, _) => figure.info.caption.clone(),
        (all, FigureKind::Lines { .. }) => {
            format!("{} Lines are means over {all} seeds.", figure.info.caption)
        }
        (all, _) => format!("{} Shown is seed {} of {all} seeds.", figure.info.caption, figure.seed),
    }
}

fn draw(outcome: &Outcome, figure: &Figure, colors: &Colors) -> Option<String> {
    let title = figure.info.title.clone();
    let shown = || {
        let rows = outcome.methods.keys();
        rows.filter_map(|method| Some((method, figure.points.get(method)?)))
    };
    // Rows that differ in the number of a sweep have one hue: their lines differ in their dashes.
    let mut tones: Vec<Tone> = Vec::new();
    for (method, _) in shown() {
        let mut tone = colors.of(method);
        tone.variant += tones.iter().filter(|known| known.hue == tone.hue).count();
        tones.push(tone);
    }
    match &figure.info.kind {
        FigureKind::Scatter { x_label, y_label, diagonal, joined } => ScatterPlot {
            title,
            x_label: x_label.clone(),
            y_label: y_label.clone(),
            diagonal: *diagonal,
            joined: *joined,
            groups: shown()
                .zip(&tones)
                .map(|((method, points), tone)| PointGroup {
                    name: named(outcome, figure, method),
                    tone: *tone,
                    points: points.clone(),
                })
                .collect(),
        }
        .render(),
        FigureKind::Lines { x_label, log_x, y_label } => {
            let points = |points: &[[f64; 2]]| {
                let point = |&[x, y]: &[f64; 2]| Point { x, y, interval: None, marker: Marker::Disc };
                points.iter().map(point).collect()
            };
            let series = shown().zip(&tones).map(|((method, of_method), tone)| Series {
                name: named(outcome, figure, method),
                tone: *tone,
                marked: false,
                points: points(of_method),
            });
            LinePanels {
                title,
                subtitle: String::new(),
                x_label: x_label.clone(),
                log_x: *log_x,
                x_ticks: Vec::new(),
                same_y: true,
                log_y: false,
                zero: false,
                markers: Vec::new(),
                panels: vec![LinePanel {
                    title: String::new(),
                    y_label: y_label.clone(),
                    series: series.collect(),
                    levels: Vec::new(),
                }],
            }
            .render()
        }
        FigureKind::Images { scale } => {
            let images = shown().flat_map(|(method, points)| {
                let named = |picture: Picture| NamedImage {
                    name: named(outcome, figure, method),
                    note: fixed(picture.share, 2),
                    picture,
                };
                Picture::from_points(points).unwrap_or_default().into_iter().map(named).collect::<Vec<_>>()
            });
            Images { title, images: images.collect(), scale: *scale }.render()
        }
        FigureKind::Bars { label, decimals, categories, others } => {
            let ours = shown().map(|(method, points)| BarGroup {
                name: named(outcome, figure, method),
                tone: colors.of(method),
                values: by_category(points, categories.len()),
            });
            let others = others.iter().map(|other| BarGroup {
                name: other.name.clone(),
                tone: colors.of(&other.name),
                values: other.values.clone(),
            });
            BarPlot {
                title,
                label: label.clone(),
                decimals: *decimals,
                categories: categories.clone(),
                groups: ours.chain(others).collect(),
            }
            .render()
        }
    }
}

/// The method with its value of the figure's metric, of the seeds that the figure shows: `linear (Spearman: 0.90)`.
fn named(outcome: &Outcome, figure: &Figure, method: &str) -> String {
    let value = || {
        let metric =
            outcome.metrics.iter().find(|metric| Some(&metric.name) == figure.info.metric.as_ref())?;
        let values = outcome.methods.get(method)?.values.get(&metric.name)?;
        let value = match figure.info.kind {
            FigureKind::Lines { .. } => mean(values)?,
            _ => *values.get(outcome.seeds.iter().position(|seed| *seed == figure.seed)?)?,
        };
        // A row that the metric is not of has none, nor has one whose run failed.
        value.is_finite().then(|| format!("{method} ({}: {})", metric.label, fixed(value, metric.decimals)))
    };
    value().unwrap_or_else(|| method.to_owned())
}

/// The value of the point at each category's position.
fn by_category(points: &[[f64; 2]], categories: usize) -> Vec<Option<f64>> {
    let value =
        |position: usize| points.iter().find(|[at, _]| *at == position as f64).map(|[_, value]| *value);
    (0..categories).map(value).collect()
}
