//! Pictures on a page: their size, and their words for those who do not see them.

use serde::Serialize;

use crate::report::Plot;

/// Words that an alternative text has at most; the rest stands below the picture.
const SHORT: usize = 60;

/// A picture of a page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Picture {
    /// File of the picture, from the paper's page.
    pub(super) src: String,
    /// What it shows, in a sentence or two.
    pub(super) alt: String,
    /// All that it shows, with numbers, where that is more.
    pub(super) words: Option<String>,
    pub(super) caption: Option<String>,
    pub(super) width: String,
    pub(super) height: String,
    /// Whether it belongs to the metrics, or else to the course of training.
    pub(super) of_metric: bool,
}

impl Picture {
    pub(super) fn of(slug: &str, plot: &Plot) -> Self {
        let words = between(&plot.svg, "<desc id=\"desc\">", "</desc>").map(unescaped).unwrap_or_default();
        let attribute =
            |name: &str| between(&plot.svg, &format!(" {name}=\""), "\"").unwrap_or("").to_owned();
        let short = words.split_whitespace().count() <= SHORT;
        let first = words.split_inclusive(". ").next().unwrap_or("").trim();
        let alt = match (words.is_empty(), short) {
            (true, _) => plot.alt.clone(),
            (false, true) => format!("{}. {words}", plot.alt),
            (false, false) => format!("{}. {first} All numbers stand below the picture.", plot.alt),
        };
        Self {
            src: format!("../plots/{slug}/{}", plot.file),
            alt,
            words: (!words.is_empty() && !short).then_some(words),
            caption: plot.caption.clone(),
            width: attribute("width"),
            height: attribute("height"),
            of_metric: plot.of_metric,
        }
    }
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(desc: &str) -> Picture {
        let svg = format!(
            "<svg width=\"800\" height=\"300\"><title>t</title><desc id=\"desc\">{desc}</desc></svg>"
        );
        let plot =
            Plot { file: "a.svg".into(), alt: "wine: RMSE".into(), of_metric: true, caption: None, svg };
        Picture::of("demo", &plot)
    }

    #[test]
    fn short_words_are_the_alternative_and_long_ones_stand_below() {
        let short = picture("mixup &lt; erm.");
        assert_eq!((short.alt.as_str(), short.words.as_deref()), ("wine: RMSE. mixup < erm.", None));
        assert_eq!((short.width.as_str(), short.src.as_str()), ("800", "../plots/demo/a.svg"));
        let long = picture(&format!("Each row minus erm. {}", "a number ".repeat(60)));
        assert_eq!(long.alt, "wine: RMSE. Each row minus erm. All numbers stand below the picture.");
        assert!(long.words.is_some());
    }
}
