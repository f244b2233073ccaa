//! Who is mixed with whom in a batch.

use rand::{
    Rng, RngExt,
    seq::{IndexedRandom, SliceRandom},
};

use crate::noise::{Pair, is_noisy};

/// Which companions a row may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn {
    /// The others of its cluster; itself where it is alone.
    Others,
    /// All of its cluster, itself included.
    All,
}

/// For every row `count` rows of its own cluster, different ones where there are enough.
///
/// # Shapes
/// - `clusters`: one per row of the batch
/// - returns `[count][rows]`
pub fn cluster_mates(clusters: &[usize], count: usize, drawn: Drawn, rng: &mut impl Rng) -> Vec<Vec<usize>> {
    let mut mates = vec![Vec::with_capacity(clusters.len()); count];
    for (row, cluster) in clusters.iter().enumerate() {
        let all = (0..clusters.len()).filter(|&other| clusters[other] == *cluster);
        let mut known: Vec<usize> = match drawn {
            Drawn::Others => all.filter(|&other| other != row).collect(),
            Drawn::All => all.collect(),
        };
        if known.is_empty() {
            known.push(row);
        }
        let mut chosen = known.partial_shuffle(rng, count).0.to_vec();
        while chosen.len() < count {
            chosen.push(known[rng.random_range(0..known.len())]);
        }
        mates.iter_mut().zip(chosen).for_each(|(column, mate)| column.push(mate));
    }
    mates
}

/// For every row another one with which it makes no noisy pair, which takes true labels to know; itself where
/// there is none.
///
/// # Shapes
/// - `truth`, `complementary`: one per row of the batch
///
/// ```
/// use intra_cluster_mixup::clean_partners;
/// use mixup_core::stream::Streams;
///
/// // Rows 0 and 1 would make a noisy pair, and so would rows 1 and 2.
/// let (truth, complementary) = ([0, 1, 0], [1, 2, 1]);
/// let partners = clean_partners(&truth, &complementary, Streams::new("demo", 0).get("pairs"));
/// assert_eq!(partners, [2, 1, 0]);
/// ```
pub fn clean_partners(truth: &[usize], complementary: &[usize], rng: &mut impl Rng) -> Vec<usize> {
    let clean = |row: usize| {
        let is_clean = |&other: &usize| {
            let of = |labels: &[usize]| [labels[row], labels[other]];
            other != row && !is_noisy(Pair { truth: of(truth), complementary: of(complementary) })
        };
        let known: Vec<usize> = (0..truth.len()).filter(is_clean).collect();
        known.choose(rng).copied().unwrap_or(row)
    };
    (0..truth.len()).map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mixup_core::stream::Streams;
    use proptest::prelude::*;

    fn labelled() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
        prop::collection::vec((0usize..4, 1usize..4), 1..20)
            .prop_map(|rows| rows.into_iter().map(|(label, shift)| (label, (label + shift) % 4)).unzip())
    }

    proptest! {
        #[test]
        fn mates_are_of_the_own_cluster(clusters in prop::collection::vec(0usize..5, 1..20), seed: u64) {
            let mut streams = Streams::new("mates", seed);
            for drawn in [Drawn::Others, Drawn::All] {
                for (row, &mate) in cluster_mates(&clusters, 1, drawn, streams.get("pairs"))[0].iter().enumerate() {
                    prop_assert_eq!(clusters[row], clusters[mate]);
                    let size = clusters.iter().filter(|&&cluster| cluster == clusters[row]).count();
                    prop_assert!(mate != row || size == 1 || drawn == Drawn::All);
                }
            }
        }

        #[test]
        fn clean_pairs_are_clean((truth, complementary) in labelled(), seed: u64) {
            let partners = clean_partners(&truth, &complementary, Streams::new("clean", seed).get("pairs"));
            for (row, &partner) in partners.iter().enumerate() {
                prop_assert!(complementary[row] != truth[partner] && complementary[partner] != truth[row]);
            }
        }
    }

    #[test]
    fn two_mates_are_two_where_there_are_two() {
        let mut streams = Streams::new("two", 0);
        for _ in 0..50 {
            let mates = cluster_mates(&[0, 0, 1, 0], 2, Drawn::All, streams.get("pairs"));
            assert!([0, 1, 3].iter().all(|&row| mates[0][row] != mates[1][row]), "{mates:?}");
            assert_eq!((mates[0][2], mates[1][2]), (2, 2));
        }
    }
}
