//! What a search is worth: the true loss of what it recommends, over what it has cost.

use std::collections::BTreeMap;

use mixup_paper::{Direction, MetricInfo};

use crate::pool::Size;
use crate::search::Course;

/// Costs at which losses are in the tables, in runs of full size.
pub const COSTS: [u32; 5] = [1, 2, 5, 10, 20];

/// The cost up to which losses are averaged.
pub const AREA: f64 = 20.0;

/// A mixture counts as found from this place of the candidates' true order on.
pub const PLACE: usize = 5;

/// What a search that does not find one is said to cost: all candidates at full size, by which they are known.
pub const NEVER: f64 = 48.0;

/// The cost where the surrogate's error is in the tables.
const ERROR_AT: f64 = 5.0;

/// Costs add up with rounding.
const ROUNDING: f64 = 1e-9;

/// Every metric of a search.
pub fn metrics() -> Vec<MetricInfo> {
    let info = MetricInfo::new;
    let lower = Some(Direction::Lower);
    let at =
        COSTS.map(|cost| info(&format!("loss-{cost}"), &format!("loss at cost {cost} (nats)"), lower, 4));
    let counts = Size::ALL.map(|size| {
        info(&format!("runs-{}", size.name()), &format!("runs of {}", size.name().to_uppercase()), None, 1)
    });
    let rest = [
        info("loss-end", "loss at the end (nats)", lower, 4),
        info("area", "mean loss to cost 20 (nats)", lower, 4),
        info("oracle-area", "the same, best so far (nats)", lower, 4),
        info("cost-top5", "cost until among the best 5 (1B runs)", lower, 2),
        info("log-cost-top5", "log10 of that cost", lower, 3),
        info("oracle-cost-top5", "cost until first among the best 5", lower, 2),
        info("mse-5", "error of the surrogate at cost 5 (nats^2)", lower, 4),
        info("mse-end", "error of the surrogate at the end (nats^2)", lower, 4),
        info("cost", "cost of the search (1B runs)", None, 2),
    ];
    at.into_iter().chain(rest).chain(counts).collect()
}

/// A search's course with the candidates' true losses.
pub(crate) struct Measure<'a> {
    course: &'a Course,
    losses: &'a [f64],
}

impl<'a> Measure<'a> {
    pub(crate) fn new(course: &'a Course, losses: &'a [f64]) -> Self {
        Self { course, losses }
    }

    /// Every one of [`metrics`]. What is not defined is NaN: errors of what has no surrogate.
    pub(crate) fn all(&self) -> BTreeMap<String, f64> {
        let losses = self.recommended();
        let oracle = running_best(&losses);
        let found = self.place();
        let steps = &self.course.steps;
        let kept = losses.iter().rposition(|loss| *loss > found).map_or(0, |last| last + 1);
        let first = losses.iter().position(|loss| *loss <= found);
        let cost_of =
            |step: Option<usize>| step.and_then(|step| steps.get(step)).map_or(NEVER, |step| step.cost);
        let error = |cost: f64| self.last(cost).and_then(|step| steps[step].error).unwrap_or(f64::NAN);
        let kept = cost_of(Some(kept));
        let mut values = BTreeMap::from(
            [
                ("loss-end", self.loss_at(&losses, f64::INFINITY)),
                ("area", self.area(&losses)),
                ("oracle-area", self.area(&oracle)),
                ("cost-top5", kept),
                ("log-cost-top5", kept.log10()),
                ("oracle-cost-top5", cost_of(first)),
                ("mse-5", error(ERROR_AT)),
                ("mse-end", error(f64::INFINITY)),
                ("cost", steps.last().map_or(0.0, |step| step.cost)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        values.extend(COSTS.map(|cost| (format!("loss-{cost}"), self.loss_at(&losses, f64::from(cost)))));
        let counts = Size::ALL.into_iter().zip(self.course.counts);
        values.extend(counts.map(|(size, count)| (format!("runs-{}", size.name()), count as f64)));
        values
    }

    /// Points of the picture: a cost, and the loss of what is recommended there; from the first run on. Behind
    /// the last run its recommendation stays.
    pub(crate) fn curve(&self) -> Vec<[f64; 2]> {
        let losses = self.recommended();
        let costs = (0..).map(|point| CHEAPEST * 10_f64.powf(f64::from(point) / PER_DECADE));
        let costs = costs.take_while(|cost| *cost <= NEVER).chain([NEVER]);
        costs.filter_map(|cost| self.last(cost).map(|step| [cost, losses[step]])).collect()
    }

    /// True losses of what was recommended after each run.
    fn recommended(&self) -> Vec<f64> {
        self.course.steps.iter().map(|step| self.losses[step.recommended]).collect()
    }

    /// The loss of the last of the best candidates.
    fn place(&self) -> f64 {
        let mut sorted = self.losses.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(PLACE - 1).or(sorted.last()).copied().unwrap_or(f64::NAN)
    }

    /// The last step that a cost pays for.
    fn last(&self, cost: f64) -> Option<usize> {
        self.course.steps.iter().rposition(|step| step.cost <= cost + ROUNDING)
    }

    /// Before the first run the guess counts.
    fn loss_at(&self, losses: &[f64], cost: f64) -> f64 {
        self.last(cost).map_or(self.losses[self.course.guess], |step| losses[step])
    }

    /// The mean over costs from 0 to [`AREA`].
    fn area(&self, losses: &[f64]) -> f64 {
        let guess = (0.0, self.losses[self.course.guess]);
        let steps = self.course.steps.iter().map(|step| step.cost).zip(losses.iter().copied());
        let starts: Vec<(f64, f64)> = [guess].into_iter().chain(steps).collect();
        let ends = starts.iter().skip(1).map(|(cost, _)| *cost).chain([f64::INFINITY]);
        let parts = starts.iter().zip(ends).map(|((from, loss), to)| loss * (to.min(AREA) - from.min(AREA)));
        parts.sum::<f64>() / AREA
    }
}

/// Points of the picture per power of ten.
const PER_DECADE: f64 = 10.0;

/// Where the picture begins: the cost of a run of the smallest models.
const CHEAPEST: f64 = 0.001;

/// What the official scripts print as `recmd`: the best of all recommendations so far, which nobody knows
/// who has not run them at full size.
fn running_best(losses: &[f64]) -> Vec<f64> {
    let mut best = f64::INFINITY;
    let each = losses.iter().map(|loss| {
        best = best.min(*loss);
        best
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Step;

    const LOSSES: [f64; 7] = [3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4];

    fn course(steps: &[(f64, usize)]) -> Course {
        let step =
            |(cost, recommended): &(f64, usize)| Step { cost: *cost, recommended: *recommended, error: None };
        Course { guess: 0, steps: steps.iter().map(step).collect(), counts: [0, 0, steps.len()] }
    }

    fn value(course: &Course, name: &str) -> f64 {
        Measure::new(course, &LOSSES).all()[name]
    }

    #[test]
    fn losses_are_those_of_the_last_recommendation_that_is_paid_for() {
        let course = course(&[(0.06, 1), (1.06, 4), (2.06, 2), (12.0, 6)]);
        for (name, expected) in
            [("loss-1", 2.9), ("loss-2", 2.6), ("loss-5", 2.8), ("loss-10", 2.8), ("loss-20", 2.4)]
        {
            assert_eq!(value(&course, name), expected, "{name}");
        }
        let area = (0.06 * 3.0 + 1.0 * 2.9 + 1.0 * 2.6 + 9.94 * 2.8 + 8.0 * 2.4) / 20.0;
        assert!((value(&course, "area") - area).abs() < 1e-12);
        let oracle = (0.06 * 3.0 + 1.0 * 2.9 + 10.94 * 2.6 + 8.0 * 2.4) / 20.0;
        assert!((value(&course, "oracle-area") - oracle).abs() < 1e-12);
    }

    #[test]
    fn a_guess_counts_until_the_first_run() {
        let late = course(&[(3.0, 6)]);
        assert_eq!((value(&late, "loss-2"), value(&late, "loss-5")), (3.0, 2.4));
    }

    #[test]
    fn a_mixture_is_found_when_none_worse_comes_after_it() {
        // The five best are those from place 2 on.
        let lucky = course(&[(1.0, 3), (2.0, 1), (3.0, 2), (4.0, 5)]);
        assert_eq!((value(&lucky, "oracle-cost-top5"), value(&lucky, "cost-top5")), (1.0, 3.0));
        assert!((value(&lucky, "log-cost-top5") - 3.0_f64.log10()).abs() < 1e-12);
        let never = course(&[(1.0, 3), (2.0, 1)]);
        assert_eq!((value(&never, "oracle-cost-top5"), value(&never, "cost-top5")), (1.0, NEVER));
        let at_once = course(&[(0.5, 6), (2.0, 5)]);
        assert_eq!(value(&at_once, "cost-top5"), 0.5);
    }

    #[test]
    fn curves_begin_with_the_first_run() {
        let curve = Measure::new(&course(&[(1.0, 3), (10.0, 6)]), &LOSSES).curve();
        assert!((curve[0][0] - 1.0).abs() < 1e-9 && curve[0][1] == 2.7, "{curve:?}");
        assert!(curve.iter().all(|[cost, loss]| *loss == if *cost < 9.99 { 2.7 } else { 2.4 }), "{curve:?}");
        assert_eq!(curve.last(), Some(&[NEVER, 2.4]));
    }

    #[test]
    fn what_is_measured_is_what_is_declared() {
        let names: Vec<String> = metrics().into_iter().map(|metric| metric.name).collect();
        let measured = Measure::new(&course(&[(1.0, 3)]), &LOSSES).all();
        assert_eq!(measured.len(), names.len());
        assert!(names.iter().all(|name| measured.contains_key(name)), "{names:?}");
    }
}
