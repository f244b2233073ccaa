//! The routine of this paper: searches over RegMix's finished runs. Seeds are starts; the table is one sample
//! of runs and the same for all of them.

use std::num::NonZeroUsize;

use mixup_core::stream::Streams;
use mixup_data::regmix;
use mixup_paper::{FigureInfo, FigureKind, Measured, MetricInfo, Routine, RunContext, RunError, RunSpec};
use mixup_routines::proxies::TARGETS;
use serde::{Deserialize, Serialize};

use crate::measure::{self, Measure};
use crate::pool::{AVERAGE, CANDIDATES, Pickable, Pool};
use crate::search::{FEWEST_FOR_TREES, LEAST_COST, Plan, Price, Recommend, Search, search};
use crate::{acquisition, fit};

/// A resolved run of this paper.
pub type Spec = RunSpec<Method, Setting>;

/// One row of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// How runs are picked.
    pub search: Search,
    /// From which.
    pub runs: Pickable,
    /// What is recommended.
    pub recommend: Recommend,
    /// What the gain in nats is divided by; [`Price::Floored`] where absent, and only for
    /// [`Search::MaxValueEntropy`].
    #[serde(default)]
    pub price: Option<Price>,
    /// Runs at most, the first one included; as many as there are where there are fewer.
    pub at_most: NonZeroUsize,
}

/// Settings of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setting {
    /// The validation domain whose loss is to be low, or `average` for the mean over all 13.
    pub target: String,
}

impl Default for Setting {
    fn default() -> Self {
        Self { target: "pile_cc".to_owned() }
    }
}

/// The picture of losses over costs.
pub const COURSE_FIGURE: &str = "course";

/// Runs of a search with a surrogate that a glimpse looks at: with twelve a change of the fits was not seen, which
/// turned a search at its 46th run.
const GLIMPSE: usize = 64;

/// Searches over mixtures of finished runs.
pub struct MixtureSearch;

mixup_paper::as_json!(Method, Setting);

impl Routine for MixtureSearch {
    type Method = Method;
    type Setting = Setting;
    const NAME: &'static str = "mixture-search";

    fn metrics() -> Vec<MetricInfo> {
        measure::metrics()
    }

    fn figures() -> Vec<FigureInfo> {
        vec![FigureInfo {
            name: COURSE_FIGURE.to_owned(),
            title: "True loss of the recommended 1B mixture by the cost of the search".to_owned(),
            caption: "Each line begins with the first run of a search; behind its last run the recommendation stays as \
                      it was. A run of 1B parameters costs 1, one of 60M 0.06, one of 1M 0.001."
                .to_owned(),
            metric: None,
            kind: FigureKind::Lines {
                x_label: "cost (1B runs)".to_owned(),
                log_x: true,
                y_label: "loss of the 1B model (nats)".to_owned(),
            },
        }]
    }

    fn check(spec: &Spec) -> Result<(), String> {
        if spec.data != "regmix" {
            return Err(format!("`data` is `{}`; this paper's searches are over `regmix`", spec.data));
        }
        if spec.model.is_some() || spec.optimizer.is_some() || spec.train.is_some() {
            return Err("`model`, `optimizer` and `train` have no meaning here: leave them out".into());
        }
        if spec.train_samples.is_some() || spec.test_samples.is_some() {
            return Err(
                "`train_samples` and `test_samples` have no meaning here: `at_most` says how many".into()
            );
        }
        let target = spec.setting.target.as_str();
        if target != AVERAGE && !TARGETS.contains(&target) {
            let known = TARGETS.join(", ");
            return Err(format!("setting.target is `{target}`; it must be one of {known}, {AVERAGE}"));
        }
        check_method(&spec.parameters)
    }

    fn constants(_: &Spec) -> Vec<f64> {
        let own = [CANDIDATES as f64, LEAST_COST, FEWEST_FOR_TREES as f64, acquisition::VARIANCE_FLOOR];
        [&own[..], &fit::constants()[..]].concat()
    }

    fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let pool = Pool::new(&regmix(context.library)?, &spec.setting.target)?;
        let mut plan = plan(&spec.parameters);
        if context.glimpse.is_some() {
            let trees = plan.recommend == Recommend::Trees;
            plan.at_most = plan.at_most.min(if trees { FEWEST_FOR_TREES } else { GLIMPSE });
        }
        let course = search(&pool, &plan, &mut Streams::new(&spec.experiment, spec.seed))?;
        (context.progress)(1, 1);
        let losses = pool.losses();
        let measure = Measure::new(&course, &losses);
        let points = [(COURSE_FIGURE.to_owned(), measure.curve())].into();
        Ok(Measured { metrics: measure.all(), points, ..Measured::default() })
    }
}

fn check_method(method: &Method) -> Result<(), String> {
    let by_entropy = method.search == Search::MaxValueEntropy;
    if method.search == Search::ExpectedImprovement && method.runs == Pickable::All {
        return Err(
            "`expected-improvement` compares runs of one size: `runs` must be `1m`, `60m` or `1b`".into()
        );
    }
    if method.recommend == Recommend::Acquisition && !by_entropy {
        return Err("`recommend: acquisition` is for `max-value-entropy`".into());
    }
    if method.recommend == Recommend::Trees && method.runs == Pickable::All {
        return Err("`recommend: trees` fits runs of one size: `runs` must be `1m`, `60m` or `1b`".into());
    }
    if method.price.is_some() && !by_entropy {
        return Err("`price` is for `max-value-entropy`".into());
    }
    Ok(())
}

fn plan(method: &Method) -> Plan {
    let Method { search, runs, recommend, price, at_most } = *method;
    Plan { search, runs, recommend, price: price.unwrap_or_default(), at_most: at_most.get() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(parameters: Method, target: &str) -> Spec {
        Spec {
            paper: "admire-bayesopt".into(),
            experiment: "test".into(),
            routine: "mixture-search".into(),
            method: "test".into(),
            parameters,
            setting: Setting { target: target.into() },
            seed: 7,
            data: "regmix".into(),
            model: None,
            optimizer: None,
            train: None,
            train_samples: None,
            test_samples: None,
            metrics: vec!["area".into()],
            device: "flex".into(),
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let method = Method {
            search: Search::MaxValueEntropy,
            runs: Pickable::All,
            recommend: Recommend::Acquisition,
            price: Some(Price::Plain),
            at_most: NonZeroUsize::MIN,
        };
        MixtureSearch::check(&spec(method, "average")).unwrap();
        let refused = |method: Method| MixtureSearch::check(&spec(method, "pile_cc")).unwrap_err();
        let improvement = Method { search: Search::ExpectedImprovement, ..method };
        assert!(refused(improvement).contains("`runs` must be"));
        let of_one = Method { runs: Pickable::Full, ..improvement };
        assert!(refused(of_one).contains("`recommend: acquisition` is for"));
        let priced = Method { recommend: Recommend::PosteriorMean, ..of_one };
        assert!(refused(priced).contains("`price` is for"));
        assert!(refused(Method { recommend: Recommend::Trees, ..method }).contains("of one size"));
        let unknown = MixtureSearch::check(&spec(method, "books")).unwrap_err();
        assert!(unknown.contains("must be one of arxiv, freelaw"), "{unknown}");
        let other = Spec { data: "airfoil".into(), ..spec(method, "pile_cc") };
        assert!(MixtureSearch::check(&other).unwrap_err().contains("`airfoil`"));
    }
}
