//! Which experiments get how many seeds in a round.

/// An experiment that may get more seeds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Growing {
    /// Seeds it has.
    pub(super) seeds: usize,
    /// Core seconds of each further seed that it may get, in their order; 0 for one whose runs are kept.
    pub(super) prices: Vec<f64>,
    /// Core seconds of a run.
    pub(super) longest: f64,
}

/// Seeds that a round adds where nothing is in the way: a quarter more, and five at least. Looking costs
/// nothing and may stop early, so rounds are small; each has to read the data anew, so they are not tiny.
fn step(seeds: usize) -> usize {
    seeds.div_ceil(4).max(5)
}

/// How many seeds each experiment gets: its step, or as much of it as fits, taken in turns so that one
/// dear experiment does not cost the others their seeds. `fits` knows whether runs of so many core
/// seconds, the longest of them given, can still be afforded.
pub(super) fn grow(growing: &[Growing], fits: impl Fn(f64, f64) -> bool) -> Vec<usize> {
    let mut added = vec![0; growing.len()];
    let (mut total, mut longest) = (0.0, 0.0_f64);
    loop {
        let before = total_of(&added);
        for (experiment, added) in growing.iter().zip(&mut added) {
            let price = experiment.prices.get(*added).filter(|_| *added < step(experiment.seeds));
            let Some(price) = price else { continue };
            let run = if *price > 0.0 { experiment.longest } else { 0.0 };
            let with = (total + price, longest.max(run));
            if fits(with.0, with.1) {
                *added += 1;
                (total, longest) = with;
            }
        }
        if total_of(&added) == before {
            return added;
        }
    }
}

fn total_of(added: &[usize]) -> usize {
    added.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growing(seeds: usize, at_most: usize, price: f64) -> Growing {
        Growing { seeds, prices: vec![price; at_most - seeds], longest: price / 2.0 }
    }

    #[test]
    fn a_quarter_more_but_five_at_least() {
        assert_eq!([1, 10, 20, 21, 60].map(step), [5, 5, 5, 6, 15]);
        let added = grow(&[growing(10, 60, 1.0), growing(40, 60, 1.0)], |_, _| true);
        assert_eq!(added, [5, 10]);
    }

    #[test]
    fn no_further_than_the_range() {
        assert_eq!(grow(&[growing(58, 60, 1.0), growing(60, 60, 1.0)], |_, _| true), [2, 0]);
        assert_eq!(grow(&[], |_, _| true), [0; 0]);
    }

    #[test]
    fn a_round_is_made_smaller_until_it_fits() {
        let both = [growing(10, 60, 1.0), growing(10, 60, 3.0)];
        assert_eq!(grow(&both, |total, _| total <= 9.0), [3, 2]);
        // The dear one does not fit at all; the cheap one has its whole step.
        assert_eq!(grow(&both, |total, longest| total <= 9.0 && longest < 1.0), [5, 0]);
        assert_eq!(grow(&both, |_, _| false), [0, 0]);
    }

    #[test]
    fn what_is_kept_already_costs_nothing() {
        let kept = Growing { prices: vec![0.0, 0.0, 0.0, 8.0, 8.0], ..growing(10, 60, 8.0) };
        assert_eq!(grow(&[kept], |total, _| total <= 10.0), [4]);
    }
}
