//! What must hold of every picture, whatever it shows.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};

use super::*;
use crate::files::manifest::Manifest;
use crate::outcomes::figure::Figure;
use crate::outcomes::fixtures::{lower, manifest, outcome, scatter};
use crate::outcomes::outcome::Pairs;
use crate::verdicts::verdict::judge;
use mixup_paper::{FigureInfo, FigureKind, OtherBars, Picture};

/// A rectangle: left, top, right, bottom.
type Bounds = [f64; 4];

/// An experiment of three methods with a scatter plot, a sweep beside them, bars, and curves of all.
fn paper() -> (Manifest, Vec<Outcome>) {
    let erm = [2.90, 2.71, 3.05, 2.80, 2.92];
    let shifted = |by: f64| erm.map(|value| value + by * (value - 2.0));
    let (mixup, c_mixup) = (shifted(0.8), shifted(-0.01));
    let mut plain = outcome("plain", &[("erm", &erm), ("mixup", &mixup), ("c-mixup", &c_mixup)]);
    let points = |shift: f64| (0..7).map(|i| [f64::from(i), f64::from(i) + shift]).collect();
    plain.figures.push(Figure {
        info: scatter("predicted"),
        seed: 2,
        points: BTreeMap::from([("mixup".to_owned(), points(0.5)), ("erm".to_owned(), points(0.0))]),
    });
    let rows = ["mixup-1", "mixup-2", "mixup-8", "h-1", "h-2", "h-8", "erm"];
    let rows: Vec<(&str, [f64; 5])> =
        rows.iter().enumerate().map(|(at, row)| (*row, shifted(0.1 * at as f64 - 0.2))).collect();
    let rows: Vec<(&str, &[f64])> = rows.iter().map(|(row, values)| (*row, &values[..])).collect();
    let sweep = outcome("sweep", &rows);
    let mut bars = outcome("bars", &[("c-mixup", &[1.0]), ("<odd> & \"name\"", &[2.0])]);
    bars.figures.push(Figure {
        info: FigureInfo {
            kind: FigureKind::Bars {
                label: "weight".to_owned(),
                decimals: 2,
                categories: vec!["web".to_owned(), "books".to_owned()],
                others: vec![OtherBars { name: "human".to_owned(), values: vec![Some(0.4), None] }],
            },
            ..scatter("weights")
        },
        seed: 0,
        points: BTreeMap::from([("c-mixup".to_owned(), vec![[0.0, 0.3], [1.0, 0.7]])]),
    });
    let image = Picture::new(0.5, 2, [0.0, 1.0, 0.5, 0.0]);
    bars.figures.push(Figure {
        info: FigureInfo { kind: FigureKind::Images { scale: false }, ..scatter("mixed") },
        seed: 0,
        points: BTreeMap::from([("c-mixup".to_owned(), Picture::to_points(&[image.clone(), image]))]),
    });
    let mut outcomes = vec![plain, sweep, bars];
    for method in outcomes.iter_mut().flat_map(|outcome| outcome.methods.values_mut()) {
        for curve in ["train-loss", "validation-error"] {
            method.curves.insert(curve.to_owned(), vec![30.0, 20.0, 19.0]);
        }
    }
    let claims = vec![
        lower("plain", "c-mixup", "erm"),
        lower("plain", "mixup", "erm"),
        lower("plain", "c-mixup", "mixup"),
        lower("sweep", "h-1", "mixup-1"),
    ];
    (manifest(claims), outcomes)
}

fn pictures(manifest: &Manifest, outcomes: &[Outcome]) -> Vec<ReportFile> {
    let outcomes: Vec<&Outcome> = outcomes.iter().collect();
    let verdicts = judge(manifest, &outcomes);
    files(manifest, &outcomes, &verdicts, &[])
        .into_iter()
        .filter(|file| file.name.ends_with(".svg"))
        .collect()
}

fn picture(manifest: &Manifest, outcomes: &[Outcome], name: &str) -> String {
    let found = pictures(manifest, outcomes).into_iter().find(|file| file.name == name);
    found.unwrap_or_else(|| panic!("no {name}")).content
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap_or_else(|| panic!("{node:?} has no {name}")).parse().unwrap()
}

/// The groups of a class.
fn groups<'d>(document: &'d Document<'_>, class: &str) -> Vec<Node<'d, 'd>> {
    let groups = document.descendants().filter(|node| node.has_tag_name("g"));
    groups.filter(|node| node.attribute("class") == Some(class)).collect()
}

/// Where a text is, at most.
fn text_bounds(text: Node<'_, '_>) -> Bounds {
    let size = number(text, "font-size");
    let width = 0.6 * size * text.text().unwrap_or_default().chars().count() as f64;
    let (x, y) = (number(text, "x"), number(text, "y"));
    let left = match text.attribute("text-anchor") {
        None => x,
        Some("middle") => x - width / 2.0,
        Some(_) => x - width,
    };
    [left, y - size, left + width, y + 0.25 * size]
}

/// The first rectangle of a panel is its area.
fn area(panel: Node<'_, '_>) -> Bounds {
    let frame = panel.descendants().find(|node| node.has_tag_name("rect")).unwrap();
    let [x, y, width, height] = ["x", "y", "width", "height"].map(|name| number(frame, name));
    [x, y, x + width, y + height]
}

fn overlap(a: Bounds, b: Bounds) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[test]
fn every_picture_is_xml_with_a_title_a_description_and_colours_for_both_grounds() {
    let (manifest, outcomes) = paper();
    let pictures = pictures(&manifest, &outcomes);
    let names: Vec<&str> = pictures.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "plain-figure-predicted.svg",
            "plain-differences.svg",
            "plain-curve-validation-error.svg",
            "sweep-differences.svg",
            "sweep-curve-validation-error.svg",
            "bars-figure-weights.svg",
            "bars-figure-mixed.svg",
            "bars-differences.svg",
            "bars-curve-validation-error.svg",
        ]
    );
    for ReportFile { name, content } in pictures {
        let document = Document::parse(&content).unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = |tag: &str| {
            let node = document.descendants().find(|node| node.has_tag_name(tag));
            node.and_then(|node| node.text()).unwrap_or_default().to_owned()
        };
        assert!(text("title").len() > 10 && text("desc").len() > 20, "{name}");
        let style = text("style");
        let (light, dark) = style.split_once("@media (prefers-color-scheme:dark)").unwrap();
        for class in document.descendants().filter_map(|node| {
            let colored = node.attribute("fill") == Some("currentColor") || node.has_attribute("stroke");
            node.attribute("class").filter(|_| colored)
        }) {
            let rule = format!(".{class}{{color:#");
            assert!(light.contains(&rule) && dark.contains(&rule), "{name} has no colour of {class}");
        }
    }
}

#[test]
fn legends_and_titles_stand_outside_of_the_data_and_of_each_other() {
    let (manifest, outcomes) = paper();
    for ReportFile { name, content } in pictures(&manifest, &outcomes) {
        let document = Document::parse(&content).unwrap();
        let panels: Vec<Bounds> = groups(&document, "panel").into_iter().map(area).collect();
        let legend = groups(&document, "legend")[0];
        let texts = |node: Node<'_, '_>| -> Vec<(String, Bounds)> {
            let texts = node.descendants().filter(|node| node.has_tag_name("text"));
            texts.map(|text| (text.text().unwrap().to_owned(), text_bounds(text))).collect()
        };
        let mut outside = texts(legend);
        // Images have their names below them and no legend.
        assert!(!panels.is_empty() && (!outside.is_empty() || name.contains("-mixed")), "{name}");
        let root = document.root_element();
        outside.extend(
            root.children()
                .filter(|node| node.has_tag_name("text"))
                .map(|text| (text.text().unwrap().to_owned(), text_bounds(text))),
        );
        let page = [0.0, 0.0, number(root, "width"), number(root, "height")];
        for (index, (text, bounds)) in outside.iter().enumerate() {
            let inside = bounds[0] >= page[0] && bounds[2] <= page[2] && bounds[3] <= page[3];
            assert!(inside, "{name}: `{text}` leaves the picture");
            assert!(panels.iter().all(|panel| !overlap(*bounds, *panel)), "{name}: `{text}` lies on data");
            for (other, others) in &outside[..index] {
                assert!(!overlap(*bounds, *others), "{name}: `{text}` lies on `{other}`");
            }
        }
        for (index, panel) in panels.iter().enumerate() {
            assert!(panels[..index].iter().all(|other| !overlap(*panel, *other)), "{name}: panels overlap");
            assert!(panel[2] <= page[2] && panel[3] <= page[3], "{name}: a panel leaves the picture");
        }
    }
}

#[test]
fn a_method_has_one_colour_in_all_pictures_of_a_paper() {
    let (manifest, outcomes) = paper();
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ReportFile { content, .. } in pictures(&manifest, &outcomes) {
        let document = Document::parse(&content).unwrap();
        for entry in
            groups(&document, "legend")[0].children().filter(Node::is_element).collect::<Vec<_>>().windows(2)
        {
            let class = entry[0].attribute("class").unwrap_or_default();
            if class.starts_with("hue") && entry[1].has_tag_name("text") {
                let text = entry[1].text().unwrap();
                let method = text.split_once(" (").map_or(text, |(method, _)| method);
                seen.entry(method.to_owned()).or_default().insert(class.to_owned());
            }
        }
    }
    for method in ["erm", "mixup", "c-mixup", "h", "human"] {
        assert_eq!(seen.get(method).map(BTreeSet::len), Some(1), "{method}: {seen:?}");
    }
    let hues: BTreeSet<&String> = seen.values().flatten().collect();
    assert_eq!(hues.len(), seen.len(), "{seen:?}");
}

/// A legend has the number of the seeds that the picture shows: of lines, which are means, the table's.
#[test]
fn a_legend_has_the_number_of_what_is_shown() {
    let (manifest, mut outcomes) = paper();
    let legend = |outcomes: &[Outcome]| picture(&manifest, outcomes, "plain-figure-predicted.svg");
    // The third of 2.90 2.71 3.05 2.80 2.92.
    assert!(legend(&outcomes).contains("erm (RMSE (dB): 3.050)"), "{}", legend(&outcomes));
    let unmeasured = outcomes[0].methods["mixup"].values["rmse"].clone();
    outcomes[0].methods["mixup"].values.insert("rmse".to_owned(), vec![f64::NAN; 5]);
    assert!(legend(&outcomes).contains(">mixup</text>"), "{}", legend(&outcomes));
    outcomes[0].methods["mixup"].values.insert("rmse".to_owned(), unmeasured);
    let (x_label, y_label) = ("x".to_owned(), "y".to_owned());
    outcomes[0].figures[0].info.kind = FigureKind::Lines { x_label, log_x: false, y_label };
    assert!(legend(&outcomes).contains("erm (RMSE (dB): 2.876)"), "{}", legend(&outcomes));
}

#[test]
fn the_same_outcomes_give_the_same_pictures() {
    let (manifest, outcomes) = paper();
    let json = serde_json::to_string(&outcomes).unwrap();
    let back: Vec<Outcome> = serde_json::from_str(&json).unwrap();
    assert_eq!(pictures(&manifest, &outcomes), pictures(&manifest, &back));
}

#[test]
fn differences_are_paired_and_a_claim_has_its_word() {
    let (manifest, outcomes) = paper();
    let svg = picture(&manifest, &outcomes, "plain-differences.svg");
    let document = Document::parse(&svg).unwrap();
    let desc = document.descendants().find(|node| node.has_tag_name("desc")).unwrap().text().unwrap();
    assert!(desc.starts_with("Each method minus erm, over 5 paired seeds: mean and 95 % interval"), "{desc}");
    // Differences of 0.8 times (value - 2), which vary less than the values do.
    assert!(
        desc.contains("mixup 0.701 [0.519, 0.883] CONTRADICTED; c-mixup -0.009 [-0.010, -0.007] REPRODUCED"),
        "{desc}"
    );
    assert!(desc.contains("c-mixup \u{2212} mixup -0.710 [-0.872, -0.547] REPRODUCED"), "{desc}");
    // Faint dots: five seeds of each of the three comparisons, and one in the legend.
    assert_eq!(svg.matches("opacity=\"0.45\"").count(), 4, "{svg}");
    let dots =
        svg.lines().filter(|line| line.contains("opacity=\"0.45\"")).map(|line| line.matches("h0").count());
    assert_eq!(dots.collect::<Vec<_>>(), [1, 5, 5, 5]);
}

#[test]
fn resamples_are_no_units() {
    let (manifest, mut outcomes) = paper();
    outcomes[0].pairs = Pairs::Bootstrap;
    let svg = picture(&manifest, &outcomes, "plain-differences.svg");
    assert!(!svg.contains("opacity=\"0.45\"") && svg.contains("over 4 paired resamples"), "{svg}");
}

#[test]
fn a_sweep_is_compared_at_each_number() {
    let (manifest, outcomes) = paper();
    let svg = picture(&manifest, &outcomes, "sweep-differences.svg");
    for text in [
        ">sweep: differences to mixup with the same number in the method's name<",
        ">RMSE (dB) \u{2193}<",
        ">difference (dB)<",
    ] {
        assert!(svg.contains(text), "{svg}\nhas no {text}");
    }
    let document = Document::parse(&svg).unwrap();
    let panel = groups(&document, "panel")[0];
    let texts: Vec<&str> =
        panel.descendants().filter(|node| node.has_tag_name("text")).filter_map(|n| n.text()).collect();
    assert!(["1", "2", "8"].iter().all(|number| texts.contains(number)), "{texts:?}");
    // One line, `h`: `mixup` is the line at 0, and `erm` has no number.
    assert_eq!(panel.descendants().filter(|node| node.has_tag_name("polyline")).count(), 1);
    let curves = picture(&manifest, &outcomes, "sweep-curve-validation-error.svg");
    assert_eq!(curves.matches("<g class=\"panel\">").count(), 3);
}

#[test]
fn a_metric_without_a_better_side_is_shown_only_where_a_claim_is_about_it() {
    let (with_claims, mut outcomes) = paper();
    outcomes.truncate(1);
    outcomes[0].metrics[0].better = None;
    let without_claims = pictures(&manifest(Vec::new()), &outcomes);
    assert!(without_claims.iter().all(|file| !file.name.contains("differences")));
    assert!(pictures(&with_claims, &outcomes).iter().any(|file| file.name == "plain-differences.svg"));
}
