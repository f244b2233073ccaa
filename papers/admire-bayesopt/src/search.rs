//! A search over finished runs: pick one, see its outcome, recommend a mixture; again.

use mixup_core::metrics::regression;
use mixup_core::stream::Streams;
use mixup_paper::RunError;
use mixup_routines::proxies::{Gbdt, GbdtConfig};
use ndarray::{ArrayView1, Axis};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::acquisition::{VARIANCE_FLOOR, log_expected_improvement, sample_largest, two_fidelity_entropy};
use crate::fit::fit;
use crate::pool::{Pickable, Pool, Size};
use crate::surrogate::{Hyperparameters, Surrogate};

/// How the next run is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// All equally likely.
    Random,
    /// The largest expected improvement over the best run so far; for runs of one size.
    ExpectedImprovement,
    /// The most nats about the best loss at full size, per cost.
    MaxValueEntropy,
}

/// Which of the candidates is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recommend {
    /// The best one that was run at full size.
    BestSeen,
    /// The best posterior mean at full size.
    PosteriorMean,
    /// The largest value of the acquisition, as the official script of max-value entropy search has it.
    Acquisition,
    /// The lowest loss that RegMix's trees predict. They are fitted anew whenever the runs have doubled.
    Trees,
}

/// What the gain in nats is divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Price {
    /// What a run costs, but a hundredth of a run of full size at least, as botorch's utility has it.
    #[default]
    Floored,
    /// What a run costs.
    Plain,
}

/// The least cost that botorch's `InverseCostWeightedUtility` divides by.
pub const LEAST_COST: f64 = 0.01;

/// Runs from which trees are fitted on: fewer have no split of 20 runs on either side that is worth much.
pub const FEWEST_FOR_TREES: usize = 64;

impl Price {
    fn of(self, size: Size) -> f64 {
        match self {
            Self::Floored => size.fidelity().max(LEAST_COST),
            Self::Plain => size.fidelity(),
        }
    }
}

/// A search, as a row of a table says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// How runs are picked.
    pub search: Search,
    /// From which.
    pub runs: Pickable,
    /// What is recommended.
    pub recommend: Recommend,
    /// What a nat is worth.
    pub price: Price,
    /// So many runs at most.
    pub at_most: usize,
}

/// The state after a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Of all runs so far, in runs of full size.
    pub cost: f64,
    /// Place of the recommended mixture among the candidates.
    pub recommended: usize,
    /// Mean squared error of the surrogate on the held-out runs, nats^2; nothing without a surrogate.
    pub error: Option<f64>,
}

/// A whole search.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// What is recommended before any run: a candidate drawn at random.
    pub guess: usize,
    /// One per run.
    pub steps: Vec<Step>,
    /// Runs of each of [`Size::ALL`].
    pub counts: [usize; 3],
}

/// Searches.
///
/// Streams read here: `guess`, `start` (the first run; of the smallest models where all may be picked),
/// `order` (random search) and `max-value`.
///
/// # Errors
/// An acquisition to recommend by without one, and what the surrogate refuses.
pub fn search(pool: &Pool, plan: &Plan, streams: &mut Streams) -> Result<Course, RunError> {
    let mut state = State::start(pool, plan, streams)?;
    let mut steps = Vec::new();
    loop {
        let surrogate = state.surrogate()?;
        let values = match &surrogate {
            Some(surrogate) => state.acquisition(surrogate, streams)?,
            None => None,
        };
        state.recommended = state.recommendation(surrogate.as_ref(), values.as_deref())?;
        let error = surrogate.as_ref().map(|surrogate| error_of(surrogate, pool)).transpose()?;
        steps.push(Step { cost: state.cost(), recommended: state.recommended, error });
        if steps.len() >= plan.at_most || state.open.is_empty() {
            break;
        }
        let next = match values {
            Some(values) => best_of(&state.open, |row| values[row]),
            None => streams.get("order").random_range(0..state.open.len()),
        };
        state.pick(next);
    }
    Ok(Course { guess: state.guess, steps, counts: state.counts })
}

struct State<'a> {
    pool: &'a Pool,
    plan: &'a Plan,
    candidates: Vec<usize>,
    guess: usize,
    recommended: usize,
    /// Rows that were run, in order.
    seen: Vec<usize>,
    /// Rows that may still be, in the pool's order.
    open: Vec<usize>,
    counts: [usize; 3],
    /// Of the last fit.
    hyper: Option<Hyperparameters>,
}

impl<'a> State<'a> {
    fn start(pool: &'a Pool, plan: &'a Plan, streams: &mut Streams) -> Result<Self, RunError> {
        let (open, candidates) = (pool.pickable(plan.runs), pool.pickable(Pickable::Full));
        let first_size = plan.runs.size().unwrap_or(Size::Small);
        let starts = open.iter().filter(|row| pool.sizes[**row] == first_size).count();
        if starts == 0 || candidates.is_empty() {
            return Err(RunError::Spec("there are no runs to search".to_owned()));
        }
        let guess = streams.get("guess").random_range(0..candidates.len());
        let mut state = Self {
            pool,
            plan,
            candidates,
            guess,
            recommended: guess,
            seen: Vec::new(),
            open,
            counts: [0; 3],
            hyper: None,
        };
        // The smallest models are the first rows of a pool.
        state.pick(streams.get("start").random_range(0..starts));
        Ok(state)
    }

    /// Runs the row at a place among the open ones.
    fn pick(&mut self, place: usize) {
        let row = self.open.remove(place);
        self.counts[self.pool.sizes[row] as usize] += 1;
        self.seen.push(row);
    }

    /// From whole numbers, so that no rounding adds up.
    fn cost(&self) -> f64 {
        Size::ALL.into_iter().zip(self.counts).map(|(size, count)| count as f64 * size.fidelity()).sum()
    }

    /// The surrogate of the runs so far, where the plan needs one.
    ///
    /// A fit starts from botorch's values, as the official code does each time, and from the fit before; the better
    /// end is taken. The density has several valleys: either start alone ends some fits more than 10 nats worse.
    fn surrogate(&mut self) -> Result<Option<Surrogate>, RunError> {
        let Plan { search, recommend, .. } = self.plan;
        let without =
            matches!(search, Search::Random) && matches!(recommend, Recommend::BestSeen | Recommend::Trees);
        if without {
            return Ok(None);
        }
        let (x, y) = (self.pool.x.select(Axis(0), &self.seen), self.pool.y.select(Axis(0), &self.seen));
        let starts: Vec<Hyperparameters> =
            [Hyperparameters::start(x.ncols() - 1)].into_iter().chain(self.hyper.take()).collect();
        let surrogate = fit(&starts, x.view(), y.view())?;
        self.hyper = Some(surrogate.hyperparameters().clone());
        Ok(Some(surrogate))
    }

    /// What each row of the pool is worth; nothing in random search.
    fn acquisition(
        &self,
        surrogate: &Surrogate,
        streams: &mut Streams,
    ) -> Result<Option<Vec<f64>>, RunError> {
        match self.plan.search {
            Search::Random => Ok(None),
            Search::ExpectedImprovement => self.improvement(surrogate).map(Some),
            Search::MaxValueEntropy => self.entropy(surrogate, streams).map(Some),
        }
    }

    fn improvement(&self, surrogate: &Surrogate) -> Result<Vec<f64>, RunError> {
        let known = surrogate.posterior(self.pool.x.select(Axis(0), &self.open).view())?;
        let std = known.variance.mapv(|variance| variance.max(VARIANCE_FLOOR).sqrt()).to_vec();
        let best = self.seen.iter().map(|&row| self.pool.y[row]).fold(f64::NEG_INFINITY, f64::max);
        let of_open = log_expected_improvement(&known.mean.to_vec(), &std, best)?;
        let mut values = vec![f64::NEG_INFINITY; self.pool.sizes.len()];
        self.open.iter().zip(of_open).for_each(|(&row, value)| values[row] = value);
        Ok(values)
    }

    /// botorch samples the best loss among the runs that were seen, as if they were of full size, and counts
    /// each of them twice: once as the script's candidates, once as the model's own runs.
    fn entropy(&self, surrogate: &Surrogate, streams: &mut Streams) -> Result<Vec<f64>, RunError> {
        let known = surrogate.projected(self.pool.x.view())?;
        let largest = sample_largest(&known.full.select(&self.seen), 2.0, streams);
        let gains = two_fidelity_entropy(&known, surrogate.hyperparameters().noise, largest);
        let prices = self.pool.sizes.iter().map(|&size| self.plan.price.of(size));
        Ok(gains.into_iter().zip(prices).map(|(gain, price)| gain / price).collect())
    }

    /// Of equally good candidates the first, and none but the guess where nothing is known of them.
    fn recommendation(
        &self,
        surrogate: Option<&Surrogate>,
        acquisition: Option<&[f64]>,
    ) -> Result<usize, RunError> {
        let candidates = || self.pool.x.select(Axis(0), &self.candidates);
        let of_rows = |values: &[f64]| best_of(&self.candidates, |row| values[row]);
        match (self.plan.recommend, surrogate, acquisition) {
            (Recommend::BestSeen, ..) => {
                let seen = self.seen.iter().filter(|row| self.pool.sizes[**row] == Size::Full);
                let best = seen.max_by(|a, b| self.pool.y[**a].total_cmp(&self.pool.y[**b]));
                let place = best.and_then(|best| self.candidates.iter().position(|row| row == best));
                Ok(place.unwrap_or(self.guess))
            }
            (Recommend::PosteriorMean, Some(surrogate), _) => {
                let means = surrogate.posterior(candidates().view())?.mean;
                Ok(best_of(&(0..means.len()).collect::<Vec<_>>(), |place| means[place]))
            }
            (Recommend::Acquisition, _, Some(values)) => Ok(of_rows(values)),
            (Recommend::Trees, ..) => self.by_trees(),
            (Recommend::PosteriorMean | Recommend::Acquisition, ..) => {
                Err(RunError::Spec("only max-value entropy search recommends by its acquisition".to_owned()))
            }
        }
    }

    fn by_trees(&self) -> Result<usize, RunError> {
        let count = self.seen.len();
        let is_last = count == self.plan.at_most || self.open.is_empty();
        if count < FEWEST_FOR_TREES || !(count.is_power_of_two() || is_last) {
            return Ok(self.recommended);
        }
        let domains = self.pool.x.ncols() - 1;
        let mixtures = |rows: &[usize]| {
            let mut mixtures = self.pool.x.select(Axis(0), rows);
            mixtures.remove_index(Axis(1), domains);
            mixtures
        };
        let losses: Vec<f64> = self.seen.iter().map(|&row| -self.pool.y[row]).collect();
        let trees = Gbdt::fit(mixtures(&self.seen).view(), &losses, &GbdtConfig::default())?;
        let predicted = trees.predict(mixtures(&self.candidates).view())?;
        Ok(best_of(&(0..predicted.len()).collect::<Vec<_>>(), |place| -predicted[place]))
    }
}

/// The place in the list of the item with the largest value, the first of equals.
fn best_of(list: &[usize], value: impl Fn(usize) -> f64) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (place, &item) in list.iter().enumerate() {
        let value = value(item);
        if value > best.1 {
            best = (place, value);
        }
    }
    best.0
}

fn error_of(surrogate: &Surrogate, pool: &Pool) -> Result<f64, RunError> {
    let predicted = surrogate.posterior(pool.held_out_x.view())?.mean;
    let column = |values: ArrayView1<'_, f64>| values.insert_axis(Axis(1)).to_owned();
    Ok(regression::mse(column(predicted.view()).view(), column(pool.held_out_y.view()).view())?)
}
