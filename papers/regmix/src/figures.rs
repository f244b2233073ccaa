//! The pictures: ranks of each validation domain at each scale; of the target Pile-CC predicted against true
//! losses at each scale, and the recommended mixture beside others.

use mixup_paper::{FigureInfo, FigureKind, OtherBars};

use crate::experiment::SCALES;
use crate::pile::{DOMAINS, HUMAN_WEIGHTS, NOTEBOOK_MIXTURE, NOTEBOOK_RANKS, TARGETS};

/// The picture of the recommended mixture.
pub const MIXTURE_FIGURE: &str = "mixture";

/// The picture of predicted and true losses at a scale.
pub fn predicted_figure(scale: &str) -> String {
    format!("predicted-{scale}")
}

/// The picture of the ranks of each validation domain at a scale.
pub fn domains_figure(scale: &str) -> String {
    format!("domains-{scale}")
}

/// Every picture that an experiment can show.
pub(crate) fn figures() -> Vec<FigureInfo> {
    let predicted = SCALES.into_iter().map(predicted);
    predicted.chain(SCALES.into_iter().map(domains)).chain([mixture()]).collect()
}

fn domains(scale: &str) -> FigureInfo {
    let size = scale.to_uppercase();
    let printed = OtherBars { name: "official notebook".to_owned(), values: NOTEBOOK_RANKS.map(Some).into() };
    FigureInfo {
        name: domains_figure(scale),
        title: format!("Rank correlation by validation domain, models of {size} parameters"),
        caption: format!(
            "Spearman's correlation of predicted and true losses, times 100, of the {size} models that were not fitted \
             to, for each validation domain; the sample as it is (seed 0). The table has the means."
        ),
        metric: Some(format!("spearman-{scale}")),
        kind: FigureKind::Bars {
            label: "Spearman x100".to_owned(),
            decimals: 2,
            categories: TARGETS.map(str::to_owned).into(),
            others: if scale == "1m" { vec![printed] } else { Vec::new() },
        },
    }
}

/// A run's points of the picture of the mixture, given the weight of each domain in the order of
/// [`DOMAINS`].
pub(crate) fn mixture_points(weights: &[f64]) -> Vec<[f64; 2]> {
    let positions = (0_u32..).map(f64::from);
    positions.zip(order()).map(|(position, domain)| [position, weights[domain]]).collect()
}

fn predicted(scale: &str) -> FigureInfo {
    let size = scale.to_uppercase();
    let same_size = scale == "1m";
    let levels = if same_size {
        "On the dashed line both are equal."
    } else {
        "The loss level changes with the size of the model, so there is no line of equal losses: what counts is the \
         rank."
    };
    FigureInfo {
        name: predicted_figure(scale),
        title: format!("Predicted and true loss on Pile-CC, models of {size} parameters"),
        caption: format!(
            "Each point is a mixture that was not fitted to: the loss of the {size} model trained on it on Pile-CC, and \
             the loss predicted from 512 models of 1M. {levels}"
        ),
        metric: Some(format!("spearman-{scale}")),
        kind: FigureKind::Scatter {
            x_label: format!("true loss of the {size} model (nats)"),
            y_label: "predicted loss (nats)".to_owned(),
            diagonal: same_size,
            joined: false,
        },
    }
}

fn mixture() -> FigureInfo {
    let in_order = |weight: &dyn Fn(usize) -> Option<f64>| order().into_iter().map(weight).collect();
    FigureInfo {
        name: MIXTURE_FIGURE.to_owned(),
        title: "The mixture recommended for Pile-CC and the human one".to_owned(),
        caption: "Weights of the 17 domains: recommended by our regressions, printed by the official notebook, and \
                  the human mixture (the Pile's own weights, as the official repository has them: without the domains that \
                  are not mixed here, so they sum to 0.787)."
            .to_owned(),
        metric: None,
        kind: FigureKind::Bars {
            label: "weight in the mixture".to_owned(),
            decimals: 4,
            categories: order().into_iter().map(|domain| DOMAINS[domain].name.to_owned()).collect(),
            others: vec![
                OtherBars {
                    name: "official notebook".to_owned(),
                    values: in_order(&|domain| Some(NOTEBOOK_MIXTURE[domain])),
                },
                OtherBars {
                    name: "human".to_owned(),
                    values: in_order(&|domain| Some(HUMAN_WEIGHTS[domain])),
                },
            ],
        },
    }
}

/// Positions in [`DOMAINS`], from the largest weight of the notebook's mixture to the smallest.
fn order() -> [usize; DOMAINS.len()] {
    let mut order = std::array::from_fn(|domain| domain);
    order.sort_by(|&a: &usize, &b: &usize| NOTEBOOK_MIXTURE[b].total_cmp(&NOTEBOOK_MIXTURE[a]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_beside_the_names_of_their_domains() {
        let FigureKind::Bars { categories, others, .. } = mixture().kind else { panic!("no bars") };
        assert_eq!(categories[..2], ["pile_cc", "ubuntu_irc"]);
        assert_eq!((others[0].values[0], others[1].values[0]), (Some(0.890_924_344), Some(0.1121)));
        let human: f64 = others[1].values.iter().flatten().sum();
        assert!((human - 0.7868).abs() < 5e-5, "{human}");
        let points = mixture_points(&DOMAINS.map(|domain| domain.share));
        for (position, (category, [at, weight])) in categories.iter().zip(points).enumerate() {
            let domain = DOMAINS.iter().find(|domain| domain.name == category).unwrap();
            assert_eq!((at, weight), (position as f64, domain.share));
        }
    }
}
