//! The Pile as RegMix uses it: 17 domains to mix, 13 of them with a validation loss.

pub use mixup_routines::proxies::TARGETS;

use crate::mixture::numpy_sum;

/// A domain of the mixture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    /// Name, as the column heads of the proxy runs have it after `train_the_pile_`.
    pub name: &'static str,
    /// Share of the Pile's tokens, from the official sampler; the shares sum to nearly 1.
    pub share: f64,
    /// The same, as the official notebook rounds it for the simulation.
    pub rounded_share: f64,
}

const fn domain(name: &'static str, share: f64, rounded_share: f64) -> Domain {
    Domain { name, share, rounded_share }
}

/// The domains in the order of the mixtures' columns.
pub const DOMAINS: [Domain; 17] = [
    domain("arxiv", 0.113285273, 0.11328527),
    domain("freelaw", 0.079608651, 0.07960865),
    domain("nih_exporter", 0.003913491, 0.00391349),
    domain("pubmed_central", 0.185375901, 0.1853759),
    domain("wikipedia_en", 0.051081359, 0.05108136),
    domain("dm_mathematics", 0.015962925, 0.01596293),
    domain("github", 0.101750772, 0.10175077),
    domain("philpapers", 0.003707518, 0.00370752),
    domain("stackexchange", 0.066529351, 0.06652935),
    domain("enron_emails", 0.001750772, 0.00175077),
    domain("gutenberg_pg_19", 0.027085479, 0.02708548),
    domain("pile_cc", 0.236869207, 0.23686921),
    domain("ubuntu_irc", 0.01184346, 0.01184346),
    domain("europarl", 0.007929969, 0.00792997),
    domain("hackernews", 0.008032956, 0.00803296),
    domain("pubmed_abstracts", 0.038825953, 0.03882595),
    domain("uspto_backgrounds", 0.046446962, 0.04644696),
];

/// The prior of the official sampler: the shares, divided by their sum.
pub fn prior() -> Vec<f64> {
    let shares = DOMAINS.map(|domain| domain.share);
    let sum = numpy_sum(&shares);
    shares.iter().map(|share| share / sum).collect()
}

/// The prior of the official notebook's simulation, which is not divided by its sum.
pub fn simulation_prior() -> Vec<f64> {
    DOMAINS.iter().map(|domain| domain.rounded_share).collect()
}

/// The paper's own target, which its mixture is chosen for and its pictures show.
pub const HEADLINE: &str = "pile_cc";

/// The mixture for Pile-CC as the official notebook prints it, in the order of [`DOMAINS`].
pub const NOTEBOOK_MIXTURE: [f64; 17] = [
    4.66329544e-3,
    3.94374644e-3,
    4.83724817e-7,
    5.81013210e-3,
    7.25528969e-3,
    6.89717990e-4,
    1.13732015e-3,
    1.25776313e-4,
    1.11175820e-3,
    2.56605336e-3,
    3.72214513e-3,
    8.90924344e-1,
    6.14285142e-2,
    3.44762896e-4,
    2.49409048e-3,
    1.23006293e-2,
    1.48194075e-3,
];

/// Spearman x100 on the 256 unseen mixtures of 1M models as the official notebook prints it, in the order of
/// [`TARGETS`]. It prints no rank of larger models and none of a linear model.
pub const NOTEBOOK_RANKS: [f64; 13] =
    [99.6, 99.71, 99.08, 99.45, 97.2, 99.77, 99.73, 99.18, 98.92, 96.87, 98.51, 99.19, 99.12];

/// The human mixture, the Pile's own weights, in the order of [`DOMAINS`]: a baseline of the official 1B
/// runs (`mixture_config/config_1b/human.yaml` of the official repository). They sum to 0.787, because the
/// Pile's other domains are left out. The shares of tokens in [`DOMAINS`] are another thing.
pub const HUMAN_WEIGHTS: [f64; 17] = [
    0.1052, 0.0386, 0.0052, 0.1071, 0.0919, 0.0198, 0.0427, 0.0027, 0.0929, 0.0030, 0.0199, 0.1121, 0.0074,
    0.0043, 0.0075, 0.0845, 0.0420,
];
