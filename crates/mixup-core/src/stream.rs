//! Named random streams: one ChaCha stream per purpose, so that a method that draws more of one
//! thing does not shift another, and tests over seeds are paired.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The streams of one run. A stream is derived from (experiment, seed, purpose); two methods of
/// one experiment with one seed therefore share `split`, `init` and `shuffle`.
#[derive(Debug, Clone)]
pub struct Streams {
    experiment: String,
    seed: u64,
    open: BTreeMap<String, ChaCha8Rng>,
}

/// How far each stream has been read, for checkpoints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPositions(BTreeMap<String, String>);

impl Streams {
    /// The streams of an experiment and a seed, all at their start.
    pub fn new(experiment: &str, seed: u64) -> Self {
        Self { experiment: experiment.to_owned(), seed, open: BTreeMap::new() }
    }

    /// The stream for a purpose: `split`, `init`, `shuffle`, `lambda`, `pairs`, `augment` ...
    /// It goes on where its last reader stopped.
    pub fn get(&mut self, purpose: &str) -> &mut ChaCha8Rng {
        if !self.open.contains_key(purpose) {
            self.open.insert(purpose.to_owned(), self.start_of(purpose));
        }
        self.open.get_mut(purpose).expect("inserted above")
    }

    /// Where each stream stands.
    pub fn positions(&self) -> StreamPositions {
        // As text: JSON numbers do not hold 128 bits.
        let text = |(purpose, rng): (&String, &ChaCha8Rng)| (purpose.clone(), rng.get_word_pos().to_string());
        StreamPositions(self.open.iter().map(text).collect())
    }

    /// Puts every stream where it stood when `positions` was taken.
    ///
    /// # Errors
    /// The purpose whose position is not a number.
    pub fn restore(&mut self, positions: &StreamPositions) -> Result<(), String> {
        self.open.clear();
        for (purpose, position) in &positions.0 {
            let mut rng = self.start_of(purpose);
            rng.set_word_pos(position.parse().map_err(|_| purpose.clone())?);
            self.open.insert(purpose.clone(), rng);
        }
        Ok(())
    }

    /// Takes over what `read` has read since both stood at `before`.
    ///
    /// # Errors
    /// A purpose of which both have read.
    pub(crate) fn join(&mut self, read: Self, before: &StreamPositions) -> Result<(), String> {
        let moved = |of: &Self| -> BTreeMap<String, String> {
            let positions = of.positions().0.into_iter();
            positions.filter(|(purpose, position)| before.0.get(purpose) != Some(position)).collect()
        };
        let (own, theirs) = (moved(self), moved(&read));
        if let Some(purpose) = own.keys().find(|purpose| theirs.contains_key(*purpose)) {
            return Err(purpose.clone());
        }
        self.open.extend(read.open.into_iter().filter(|(purpose, _)| theirs.contains_key(purpose)));
        Ok(())
    }

    fn start_of(&self, purpose: &str) -> ChaCha8Rng {
        let mut hash = Sha256::new();
        // The NUL keeps ("a", "bc") and ("ab", "c") apart.
        for part in [self.experiment.as_bytes(), b"\0", &self.seed.to_le_bytes(), purpose.as_bytes()] {
            hash.update(part);
        }
        ChaCha8Rng::from_seed(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    fn first(experiment: &str, seed: u64, purpose: &str) -> u64 {
        Streams::new(experiment, seed).get(purpose).next_u64()
    }

    #[test]
    fn every_part_of_the_name_counts() {
        let base = first("airfoil", 0, "init");
        assert_eq!(base, first("airfoil", 0, "init"));
        assert_ne!(base, first("airfoil", 1, "init"));
        assert_ne!(base, first("airfoil", 0, "shuffle"));
        assert_ne!(base, first("no2", 0, "init"));
    }

    #[test]
    fn one_purpose_does_not_shift_another() {
        let mut alone = Streams::new("airfoil", 3);
        let mut busy = Streams::new("airfoil", 3);
        busy.get("lambda").next_u64();
        assert_eq!(alone.get("shuffle").next_u64(), busy.get("shuffle").next_u64());
    }

    #[test]
    fn restored_streams_go_on_to_the_same_numbers() {
        let mut streams = Streams::new("airfoil", 3);
        // An odd number of words, so that the position is inside a block.
        for _ in 0..7 {
            streams.get("pairs").next_u32();
        }
        let positions = streams.positions();
        let json = serde_json::to_string(&positions).unwrap();
        let expected = streams.get("pairs").next_u64();
        let mut again = Streams::new("airfoil", 3);
        again.get("other").next_u64();
        again.restore(&serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!(again.get("pairs").next_u64(), expected);
    }
}
