//! One colour per method, in all pictures of a paper.

use std::collections::{BTreeMap, BTreeSet};

use super::svg::{HUES, Tone};
use super::sweep::base;
use crate::outcomes::outcome::Outcome;
use mixup_paper::FigureKind;

/// The colours of everything that has data in a paper's pictures.
pub(super) struct Colors {
    tones: BTreeMap<String, Tone>,
}

impl Colors {
    /// Gives every method a hue by its name, without the number of a sweep, in the order of first appearance.
    /// A paper with more names than there are hues gives one twice, if it can to two that never meet.
    pub(super) fn new(outcomes: &[&Outcome]) -> Self {
        let groups: Vec<Vec<&str>> = outcomes.iter().map(|outcome| names(outcome)).collect();
        let mut tones: BTreeMap<String, Tone> = BTreeMap::new();
        for &name in groups.iter().flatten() {
            if tones.contains_key(name) {
                continue;
            }
            let mine = |group: &&Vec<&str>| group.contains(&name);
            let meets: BTreeSet<&str> = groups.iter().filter(mine).flatten().copied().collect();
            let holders = |hue: usize| tones.iter().filter(move |(_, tone)| tone.hue == hue);
            // The least trouble first: those it meets, then how much the hue is seen already.
            let trouble = |hue: &usize| {
                let met = holders(*hue).filter(|(other, _)| meets.contains(other.as_str())).count();
                let seen = |other: &str| groups.iter().filter(|group| group.contains(&other)).count();
                (met, holders(*hue).map(|(other, _)| seen(other)).sum::<usize>())
            };
            let hue = (0..HUES).min_by_key(trouble).unwrap_or(0);
            let variant = holders(hue).count();
            tones.insert(name.to_owned(), Tone { hue, variant });
        }
        Self { tones }
    }

    /// The colour of a method.
    pub(super) fn of(&self, method: &str) -> Tone {
        self.tones.get(base(method)).copied().unwrap_or_default()
    }
}

/// The names in an outcome's pictures: its methods', then those of others in its figures.
fn names(outcome: &Outcome) -> Vec<&str> {
    let others = outcome.figures.iter().flat_map(|figure| match &figure.info.kind {
        FigureKind::Bars { others, .. } => others.iter().map(|other| other.name.as_str()).collect(),
        FigureKind::Scatter { .. } | FigureKind::Lines { .. } | FigureKind::Images { .. } => Vec::new(),
    });
    let mut names = Vec::new();
    for name in outcome.methods.keys().map(|method| base(method)).chain(others.map(base)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::outcome;

    fn of(methods: &[&str]) -> Outcome {
        outcome("a", &methods.iter().map(|name| (*name, &[1.0, 2.0][..])).collect::<Vec<_>>())
    }

    #[test]
    fn a_method_has_one_colour_in_all_experiments() {
        let (a, b) = (of(&["erm", "h-1", "h-2"]), of(&["mixup", "h-9", "erm"]));
        let colors = Colors::new(&[&a, &b]);
        let hue = |name| colors.of(name).hue;
        assert_eq!(["erm", "h-1", "h-2", "h-9", "mixup"].map(hue), [0, 1, 1, 1, 2]);
        // An experiment that is added behind the others changes nothing.
        let more = Colors::new(&[&a, &b, &of(&["new", "erm"])]);
        assert_eq!(["erm", "h-1", "mixup"].map(|name| more.of(name).hue), [0, 1, 2]);
    }

    #[test]
    fn a_hue_is_given_twice_only_to_those_that_do_not_meet() {
        let (a, b) = (of(&["a", "b", "c", "d", "e"]), of(&["a", "f", "g", "h", "i", "j"]));
        let colors = Colors::new(&[&a, &b]);
        for outcome in [&a, &b] {
            let hues: BTreeSet<usize> = outcome.methods.keys().map(|name| colors.of(name).hue).collect();
            assert_eq!(hues.len(), outcome.methods.len());
        }
        // `i` has that of `b`, and lines of `i` have dashes.
        assert_eq!(colors.of("i"), Tone { hue: colors.of("b").hue, variant: 1 });
        assert_eq!(colors.of("b").variant, 0);
    }
}
