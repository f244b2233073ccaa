//! Losses of metric learning, in the parts that the field takes them apart into:
//!
//! - a distance: [`unit_rows`], [`cosine_similarities`], [`unit_distances`];
//! - a weighting of pairs. Every anchor sees a set of entries, each with a label from 0 (negative) to 1
//!   (positive), [`PairLabels`]; a miner leaves some of them out ([`multi_similarity_miner`]);
//! - a reducer: the mean over anchors, [`mean_of_positive`], or the divisors of [`proxy_anchor`].
//!
//! Losses that are sums over pairs take labels between 0 and 1, so that the same code serves mixed entries: see
//! [`PairLoss`] and [`MarginDistances`]. [`triplet`] and [`nt_xent`] compare entries with each other and take
//! whole labels only. [`MixedSets`] are mixtures of embeddings as entries, none of which is built.
//!
//! Identical embeddings and empty sets give finite losses and gradients.

mod distance;
mod labels;
mod margin;
mod miner;
mod mixed;
mod nt_xent;
mod pair_loss;
mod proxy;
mod reduce;
mod stable;
mod triplet;

pub use distance::{cosine_similarities, epsilon_normalised, unit_distances, unit_rows};
pub use labels::{PairLabels, Side};
pub use margin::MarginDistances;
pub use miner::{MinedPairs, multi_similarity_miner};
pub use mixed::{Length, MixedSets};
pub use nt_xent::nt_xent;
pub use pair_loss::{PairLoss, Terms};
pub use proxy::{Divisors, proxy_anchor};
pub use reduce::mean_of_positive;
pub use triplet::triplet;

#[cfg(test)]
mod tests;
