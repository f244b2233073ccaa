//! Colours, each for light and for dark ground.

use std::collections::BTreeSet;

/// What an element is painted with. It is a class of the picture's style sheet, which has a colour of it for
/// a light and one for a dark ground, and the reader's settings choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Paint {
    /// Behind everything: a picture brings its ground along, so that it is readable on any page.
    Ground,
    /// Text.
    Ink,
    /// Text and lines of less weight.
    Faint,
    /// Lines behind data.
    Grid,
    /// The hue of something that has data, below [`HUES`].
    Hue(usize),
}

/// Colours on light and on dark ground, after Okabe and Ito's: their order of hues, with the lightness moved so
/// that each has a contrast of three or more to both grounds, and chosen for the largest distance of the two
/// nearest under the common forms of colour blindness.
const PALETTE: [[&str; 2]; 8] = [
    ["#145193", "#1C86EE"],
    ["#A03E00", "#FF6A2A"],
    ["#0E9052", "#2BD98E"],
    ["#D95B9A", "#D487B0"],
    ["#C48400", "#FFD21F"],
    ["#2189FE", "#93D0FF"],
    ["#222222", "#F0F0F0"],
    ["#561F00", "#B8604A"],
];

/// Number of hues.
pub(crate) const HUES: usize = PALETTE.len();

impl Paint {
    /// Its class in the style sheet.
    pub(super) fn class(self) -> String {
        match self {
            Self::Ground => "ground".to_owned(),
            Self::Ink => "ink".to_owned(),
            Self::Faint => "faint".to_owned(),
            Self::Grid => "grid".to_owned(),
            Self::Hue(hue) => format!("hue{hue}"),
        }
    }

    /// Its colour on light and on dark ground.
    fn colors(self) -> [&'static str; 2] {
        match self {
            Self::Ground => ["#FFFFFF", "#0D1117"],
            Self::Ink => ["#1F2328", "#E6EDF3"],
            Self::Faint => ["#59636E", "#9DA7B3"],
            Self::Grid => ["#DDE1E6", "#30363D"],
            Self::Hue(hue) => PALETTE[hue % HUES],
        }
    }
}

/// The style sheet of a picture that uses these.
pub(super) fn style_sheet(used: &BTreeSet<Paint>) -> String {
    let rules = |ground: usize| -> String {
        used.iter().map(|paint| format!(".{}{{color:{}}}", paint.class(), paint.colors()[ground])).collect()
    };
    format!("<style>{}@media (prefers-color-scheme:dark){{{}}}</style>\n", rules(0), rules(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Linear light of a colour: red, green, blue from 0 to 1.
    fn light(color: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn times(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
    }

    /// Contrast as WCAG 2 defines it.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |color| times([[0.2126, 0.7152, 0.0722]; 3], light(color))[0] + 0.05;
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    /// CIE 1976 L*a*b* of linear light.
    fn lab(light: [f64; 3]) -> [f64; 3] {
        let xyz = times(
            [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]],
            light.map(|value| value.clamp(0.0, 1.0)),
        );
        let white = [0.9505, 1.0, 1.089];
        let f = [0, 1, 2].map(|i| {
            let t: f64 = xyz[i] / white[i];
            if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
        });
        [116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])]
    }

    /// What eyes without one kind of cones see of linear light: Machado, Oliveira and Fernandes (2009),
    /// severity 1; the first sees all.
    const EYES: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];

    #[test]
    fn every_hue_stands_out_from_both_grounds() {
        for hue in (0..HUES).map(Paint::Hue) {
            for (color, ground) in hue.colors().into_iter().zip(Paint::Ground.colors()) {
                assert!(contrast(color, ground) >= 3.0, "{color} on {ground}: {}", contrast(color, ground));
            }
        }
        for text in [Paint::Ink, Paint::Faint] {
            for (color, ground) in text.colors().into_iter().zip(Paint::Ground.colors()) {
                assert!(contrast(color, ground) >= 4.5, "{color} on {ground}: {}", contrast(color, ground));
            }
        }
    }

    #[test]
    fn no_two_hues_look_alike_to_any_eyes() {
        for (ground, eyes) in (0..2).flat_map(|ground| EYES.map(|eyes| (ground, eyes))) {
            let seen: Vec<[f64; 3]> =
                PALETTE.iter().map(|hue| lab(times(eyes, light(hue[ground])))).collect();
            for (a, b) in (0..HUES).flat_map(|a| (0..a).map(move |b| (a, b))) {
                let apart: f64 =
                    seen[a].iter().zip(seen[b]).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
                assert!(apart > 18.0, "hues {a} and {b} on ground {ground}: {apart}");
            }
        }
    }

    #[test]
    fn a_style_sheet_has_what_is_used_on_both_grounds() {
        let css = style_sheet(&BTreeSet::from([Paint::Ink, Paint::Hue(1)]));
        assert_eq!(
            css,
            "<style>.ink{color:#1F2328}.hue1{color:#A03E00}@media (prefers-color-scheme:dark)\
             {.ink{color:#E6EDF3}.hue1{color:#FF6A2A}}</style>\n"
        );
    }
}
