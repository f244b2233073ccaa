//! How often the tests err, by simulation with fixed random streams.

use std::f64::consts::TAU;

use mixup_core::stream::Streams;
use rand::{Rng, RngExt};

use super::super::*;

const SEQUENCES: usize = 10_000;
const PAPERS: usize = 2000;
const CLAIMS: usize = 5;
const LONGEST: usize = 100;

/// Draws with mean 0.
type Draw = fn(&mut dyn Rng) -> f64;

/// In `(0, 1]`.
fn uniform(rng: &mut dyn Rng) -> f64 {
    1.0 - rng.random::<f64>()
}

fn normal(rng: &mut dyn Rng) -> f64 {
    (-2.0 * uniform(rng).ln()).sqrt() * (TAU * uniform(rng)).cos()
}

fn centred_exponential(rng: &mut dyn Rng) -> f64 {
    -uniform(rng).ln() - 1.0
}

/// What a difference of two runs is like when each has a skewed metric: symmetric, with tails.
fn difference_of_exponentials(rng: &mut dyn Rng) -> f64 {
    centred_exponential(rng) - centred_exponential(rng)
}

/// Student's t with 5 degrees of freedom.
fn heavy_tailed(rng: &mut dyn Rng) -> f64 {
    let chi_squared = -2.0 * (uniform(rng) * uniform(rng)).ln() + normal(rng).powi(2);
    normal(rng) / (chi_squared / 5.0).sqrt()
}

fn sequence(rng: &mut dyn Rng, draw: Draw, n: usize) -> Vec<f64> {
    (0..n).map(|_| draw(rng)).collect()
}

/// The summary of the first values, for every number of them from 2.
fn summaries(values: &[f64]) -> impl Iterator<Item = Summary> {
    let (mut mean, mut squares) = (0.0, 0.0);
    let grown = values.iter().enumerate().map(move |(i, value)| {
        let n = i as f64 + 1.0;
        let before = value - mean;
        mean += before / n;
        squares += before * (value - mean);
        Summary { n, mean, std: (squares / i as f64).sqrt(), freedom: i as f64 }
    });
    grown.skip(1)
}

/// Shares of sequences in which a mean of 0 is rejected, though it is true.
struct Rejected {
    /// E of 20 at any look, one after each unit from the second to the last.
    ever: f64,
    /// E of 20 at a look at 10, 20, ..., 100 units.
    tens: f64,
    /// The t-test at level 0.05, looked at once, at 10 units.
    once: f64,
}

fn rejected(name: &str, draw: Draw) -> Rejected {
    let mut streams = Streams::new("optional stopping", 0);
    let rng = streams.get(name);
    let mut counts = [0_usize; 3];
    for _ in 0..SEQUENCES {
        let values = sequence(rng, draw, LONGEST);
        let [mut ever, mut tens, mut once] = [false; 3];
        for look in summaries(&values) {
            let rejects = look.log_e(0.0) >= 20.0_f64.ln();
            ever |= rejects;
            tens |= rejects && look.n % 10.0 == 0.0;
            once |= look.n == 10.0 && 2.0 * look.p_above(0.0).min(look.p_below(0.0)) < ALPHA;
        }
        counts[0] += usize::from(ever);
        counts[1] += usize::from(tens);
        counts[2] += usize::from(once);
    }
    let [ever, tens, once] = counts.map(|count| count as f64 / SEQUENCES as f64);
    println!("{name}: {ever} at any look, {tens} at tens of units, {once} by one t-test at 10");
    Rejected { ever, tens, once }
}

#[test]
fn looking_after_every_unit_rejects_no_more_than_the_level() {
    assert!(rejected("normal", normal).ever <= ALPHA);
    assert!(rejected("heavy-tailed", heavy_tailed).ever <= ALPHA);
    assert!(rejected("difference of exponentials", difference_of_exponentials).ever <= ALPHA);
}

/// The limit of the method, which the documentation of [`evalue`] tells.
#[test]
fn skewed_differences_are_rejected_too_often_but_not_more_than_by_one_t_test() {
    let skewed = rejected("centred exponential", centred_exponential);
    assert!((0.10..0.15).contains(&skewed.ever));
    assert!(skewed.tens < 0.07 && skewed.tens <= skewed.once);
}

#[test]
fn summaries_of_a_growing_sequence_are_those_of_differences() {
    let values = sequence(Streams::new("growing", 0).get("normal"), normal, 30);
    for look in summaries(&values) {
        let all = Differences::new(Design::Sequential, vec![values[..look.n as usize].to_vec()]).unwrap();
        assert!((all.log_e(0.1).unwrap() - look.log_e(0.1)).abs() < 1e-9);
    }
}

/// The claims of a simulated paper, in units of the differences' standard deviation.
struct Paper(Vec<Vec<f64>>);

impl Paper {
    fn new(rng: &mut dyn Rng, effects: [f64; CLAIMS]) -> Self {
        let claim = |effect| sequence(rng, normal, LONGEST).iter().map(|d| d + effect).collect();
        Self(effects.map(claim).to_vec())
    }

    /// Which claims are decided with this many seeds each, and on which side of 0.
    fn decided(&self, design: Design, seeds: [usize; CLAIMS]) -> [Option<f64>; CLAIMS] {
        let claims: Vec<Differences> = self
            .0
            .iter()
            .zip(seeds)
            .map(|(d, n)| Differences::new(design, vec![d[..n].to_vec()]).unwrap())
            .collect();
        let p: Vec<f64> = claims.iter().map(|claim| claim.p_value(0.0)).collect();
        let levels = holm_levels(&p, ALPHA);
        std::array::from_fn(|i| (p[i] < levels[i]).then(|| claims[i].estimate().signum()))
    }

    /// Seeds are added to the open claims, ten at a time, until all are decided or there are
    /// `at_most`.
    fn until_decided(&self, at_most: usize) -> [Option<f64>; CLAIMS] {
        let mut seeds = [10; CLAIMS];
        loop {
            let decided = self.decided(Design::Sequential, seeds);
            let open: Vec<usize> =
                (0..CLAIMS).filter(|&i| decided[i].is_none() && seeds[i] < at_most).collect();
            if open.is_empty() {
                return decided;
            }
            open.iter().for_each(|&i| seeds[i] += 10);
        }
    }
}

fn papers(name: &str, effects: [f64; CLAIMS]) -> impl Iterator<Item = Paper> {
    let mut streams = Streams::new("simulated papers", 0);
    (0..PAPERS).map(move |_| Paper::new(streams.get(name), effects))
}

fn share(wrong: impl Iterator<Item = bool>) -> f64 {
    wrong.filter(|wrong| *wrong).count() as f64 / PAPERS as f64
}

#[test]
fn without_effects_few_papers_have_a_verdict_when_seeds_are_added_until_decided() {
    let wrong = share(
        papers("no effects", [0.0; CLAIMS])
            .map(|paper| paper.until_decided(LONGEST).iter().any(Option::is_some)),
    );
    println!("until decided: {wrong}");
    assert!(wrong <= ALPHA);
}

#[test]
fn without_effects_few_papers_have_a_verdict_at_a_fixed_number_of_seeds() {
    let fixed = |paper: Paper| paper.decided(Design::Fixed, [10; CLAIMS]).iter().any(Option::is_some);
    let wrong = share(papers("no effects", [0.0; CLAIMS]).map(fixed));
    println!("fixed: {wrong}");
    // Of five independent claims Holm rejects any in 1 - .99^5 = 4.9 % of all papers.
    assert!(wrong <= ALPHA && wrong > 0.03);
}

#[test]
fn with_an_effect_of_one_standard_deviation_sixty_seeds_decide() {
    for effects in [[1.0; CLAIMS], [1.0, 0.0, 0.0, 0.0, 0.0], [-1.0, 0.0, 1.0, 0.0, 0.2]] {
        let undecided =
            share(papers("effects", effects).map(|paper| paper.until_decided(60)[0] != Some(effects[0])));
        println!("undecided or wrong with effects {effects:?}: {undecided}");
        assert!(undecided <= 0.10);
    }
}

#[test]
fn repetitions_multiplied_reject_no_more_than_the_level() {
    // The second repetition goes on while the first stands, each with a scale of its own.
    let mut streams = Streams::new("repetitions", 0);
    let rng = streams.get("normal");
    let wrong = (0..SEQUENCES).filter(|_| {
        let [one, other] = [20, LONGEST].map(|n| sequence(rng, normal, n));
        let first = summaries(&one).last().map_or(0.0, |summary| summary.log_e(0.0));
        summaries(&other).any(|second| first + second.log_e(0.0) >= 20.0_f64.ln())
    });
    assert!(wrong.count() as f64 / SEQUENCES as f64 <= ALPHA);
}

#[test]
fn trends_looked_at_after_every_unit_are_found_no_more_than_the_level() {
    let mut streams = Streams::new("trends", 0);
    let rng = streams.get("exponential");
    let wrong = (0..PAPERS).filter(|_| {
        // Whatever the distribution.
        let rows: Vec<Vec<f64>> = (0..4).map(|_| sequence(rng, centred_exponential, 60)).collect();
        (1..=60).any(|n| {
            let seen: Vec<&[f64]> = rows.iter().map(|row| &row[..n]).collect();
            page(Design::Sequential, &seen).unwrap().p_value() <= ALPHA
        })
    });
    let wrong = wrong.count() as f64 / PAPERS as f64;
    println!("trends: {wrong}");
    assert!(wrong <= ALPHA);
}

#[test]
fn equivalence_is_concluded_at_the_edge_of_the_margin_no_more_than_the_level() {
    for design in [Design::Fixed, Design::Sequential] {
        let mut streams = Streams::new("equivalence", 0);
        let rng = streams.get("normal");
        let wrong = (0..SEQUENCES).filter(|_| {
            let values = sequence(rng, normal, 30);
            Differences::new(design, vec![values]).unwrap().within(-3.0, 0.0) < ALPHA
        });
        let wrong = wrong.count() as f64 / SEQUENCES as f64;
        println!("equivalence, {design:?}: {wrong}");
        // Student's is exact at the edge: within three standard errors of the level.
        let exact = design == Design::Fixed && (wrong - ALPHA).abs() < 0.0066;
        assert!(exact || design == Design::Sequential && wrong <= ALPHA);
    }
}
