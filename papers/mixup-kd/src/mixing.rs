//! Full and partial mixing of the inputs that a student is taught with.

use mixup_core::{
    CoreError,
    checked::{Positive, UnitInterval},
    mix::{Lambda, Mixture, Partner, Ratio},
    train::Step,
};
use mixup_routines::{parameters, positive, unit};
use rand::{Rng, RngExt, seq::SliceRandom};

parameters!(
    /// How inputs are mixed: `{}` is full mixing (FMU), `{unmixed: {share: 0.9}}` partial mixing (PMU).
    Mixing {
        /// lambda ~ Beta(alpha, alpha), one per sample.
        alpha: Positive = positive(1.0),
        /// What stays unmixed of each batch; nothing where absent.
        unmixed: Option<Unmixed> = None,
    }
);
parameters!(
    /// Places of a batch that are drawn to stay unmixed.
    #[derive(Copy)]
    Unmixed {
        /// How many are drawn, as a share of the batch; the authors' default.
        share: UnitInterval = unit(0.9),
        /// Whether they are drawn with replacement, as in the authors' code, so that fewer stay unmixed.
        replacement: bool = true,
    }
);

/// The draws of one mixed batch, as the authors' code makes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws {
    /// Row `first[i]` of the batch is mixed with row `second[i]`; two independent permutations.
    pub first: Vec<usize>,
    /// See `first`.
    pub second: Vec<usize>,
    /// Share of row `first[i]`.
    pub lambdas: Vec<f64>,
}

impl Draws {
    /// Draws that leave the places of `kept` unmixed.
    ///
    /// # Errors
    /// Another number of lambdas or partners than rows, or a place that is none.
    ///
    /// ```
    /// use mixup_core::mix::Ratio;
    /// use mixup_kd::Draws;
    ///
    /// // Place 1 stays unmixed.
    /// let draws = Draws::new(vec![1, 0], vec![0, 1], vec![0.3, 0.6], &[1])?;
    /// let mixture = draws.mixture()?;
    /// assert_eq!((mixture.partners, draws.mixed()), (vec![1, 0], 1));
    /// assert_eq!(mixture.ratio, Ratio::Sample(vec![1.0, 0.3]));
    /// # Ok::<(), mixup_core::CoreError>(())
    /// ```
    pub fn new(
        first: Vec<usize>,
        second: Vec<usize>,
        mut lambdas: Vec<f64>,
        kept: &[usize],
    ) -> Result<Self, CoreError> {
        let rows = first.len();
        if second.len() != rows || lambdas.len() != rows || kept.iter().any(|&place| place >= rows) {
            return Err(CoreError::Invalid(format!("draws of other sizes than {rows} rows")));
        }
        kept.iter().for_each(|&place| lambdas[place] = 1.0);
        Ok(Self { first, second, lambdas })
    }

    /// The same mixtures in the order of the batch: result `first[i]` is that of draw `i`. A mean over the
    /// batch does not see the order.
    ///
    /// # Errors
    /// Rows that are no permutation of the batch.
    pub fn mixture(&self) -> Result<Mixture, CoreError> {
        let rows = self.first.len();
        let mut drawn = vec![None; rows];
        for ((&own, &partner), &lambda) in self.first.iter().zip(&self.second).zip(&self.lambdas) {
            let place = drawn.get_mut(own);
            *place.ok_or_else(|| CoreError::Invalid(format!("row {own} of {rows}")))? =
                Some((partner, lambda));
        }
        let drawn: Option<Vec<(usize, f64)>> = drawn.into_iter().collect();
        let drawn = drawn.ok_or_else(|| CoreError::Invalid("rows that are drawn twice".into()))?;
        let (partners, lambdas) = drawn.into_iter().unzip();
        Mixture::new(partners, Ratio::Sample(lambdas))
    }

    /// Rows that something is mixed into: those whose lambda is below 1, a partner that is the row itself
    /// included.
    pub fn mixed(&self) -> usize {
        self.lambdas.iter().filter(|&&lambda| lambda < 1.0).count()
    }
}

impl Mixing {
    /// The draws of one step.
    ///
    /// Streams read here: `pairs`, `lambda` and `unmixed`.
    ///
    /// # Errors
    /// An alpha without a Beta distribution.
    pub fn draw(&self, rows: usize, step: &mut Step<'_>) -> Result<Draws, CoreError> {
        let batch: Vec<usize> = (0..rows).collect();
        let lambda = Lambda::beta(self.alpha)?;
        let mut permutation = || Partner::Permutation.draw(&batch, step.streams.get("pairs"));
        let (first, second) = (permutation(), permutation());
        let lambdas = (0..rows).map(|_| lambda.draw(step.streams.get("lambda"))).collect();
        let kept = self.unmixed.map(|unmixed| unmixed.draw(rows, step.streams.get("unmixed")));
        Draws::new(first, second, lambdas, &kept.unwrap_or_default())
    }

    /// The share of a batch that is mixed, by theory.
    pub fn mixed_share(&self, batch: usize) -> f64 {
        self.unmixed.map_or(1.0, |unmixed| unmixed.mixed_share(batch))
    }
}

impl Unmixed {
    /// Draws `floor(batch * share)` places, with replacement or without.
    pub fn draw(self, batch: usize, rng: &mut impl Rng) -> Vec<usize> {
        let draws = self.draws(batch);
        if self.replacement {
            return (0..draws).map(|_| rng.random_range(0..batch)).collect();
        }
        let mut places: Vec<usize> = (0..batch).collect();
        places.partial_shuffle(rng, draws).0.to_vec()
    }

    /// The share of a batch that is mixed all the same, by theory: `(1 - 1/batch)^n` of n draws with
    /// replacement, and `1 - n/batch` of n without.
    pub fn mixed_share(self, batch: usize) -> f64 {
        let draws = self.draws(batch) as f64;
        match self.replacement {
            true => (1.0 - 1.0 / batch as f64).powf(draws),
            false => 1.0 - draws / batch as f64,
        }
    }

    fn draws(self, batch: usize) -> usize {
        (batch as f64 * self.share.get()).floor() as usize
    }
}

#[cfg(test)]
mod tests {
    use mixup_core::stream::Streams;
    use proptest::prelude::*;

    use super::*;

    fn draw(mixing: &Mixing, rows: usize, streams: &mut Streams) -> Draws {
        let batch: Vec<usize> = (0..rows).collect();
        mixing
            .draw(rows, &mut Step { rows: &batch, epoch: 0, epochs: 1, step: 0, steps: 1, streams })
            .unwrap()
    }

    #[test]
    fn as_many_are_mixed_as_theory_says() {
        for (replacement, share, rows) in
            [(true, 0.9, 64), (true, 0.5, 64), (true, 0.9, 128), (true, 0.0, 64)]
        {
            let unmixed = Unmixed { share: unit(share), replacement };
            let mixing = Mixing { unmixed: Some(unmixed), ..Mixing::default() };
            let streams = &mut Streams::new("share", 0);
            let batches = 2000;
            let mixed: usize = (0..batches).map(|_| draw(&mixing, rows, streams).mixed()).sum();
            let found = mixed as f64 / (batches * rows) as f64;
            let expected = mixing.mixed_share(rows);
            // Rows of one batch hinder each other, so that independent ones spread at least as much.
            let allowed = 5.0 * (expected * (1.0 - expected) / (batches * rows) as f64).sqrt();
            assert!((found - expected).abs() <= allowed, "{share}: {found} {expected}");
        }
        // The authors mean a tenth and mix four tenths.
        assert!((Unmixed::default().mixed_share(64) - 0.4075).abs() < 1e-4);
    }

    proptest! {
        #[test]
        fn without_replacement_the_share_is_exact(rows in 1usize..70, share in 0.0f64..=1.0, seed: u64) {
            let unmixed = Unmixed { share: unit(share), replacement: false };
            let mixing = Mixing { unmixed: Some(unmixed), ..Mixing::default() };
            let draws = draw(&mixing, rows, &mut Streams::new("exact", seed));
            prop_assert!((draws.mixed() as f64 / rows as f64 - mixing.mixed_share(rows)).abs() < 1e-9);
        }

        #[test]
        fn in_the_order_of_the_batch_they_are_the_same_mixtures(rows in 1usize..20, seed: u64) {
            let draws = draw(&Mixing::default(), rows, &mut Streams::new("order", seed));
            let mixture = draws.mixture().unwrap();
            let Ratio::Sample(lambdas) = &mixture.ratio else { panic!("one lambda per sample") };
            for (place, &own) in draws.first.iter().enumerate() {
                prop_assert_eq!(mixture.partners[own], draws.second[place]);
                prop_assert_eq!(lambdas[own], draws.lambdas[place]);
            }
        }
    }

    #[test]
    fn draws_that_do_not_agree_are_refused() {
        assert!(Draws::new(vec![0, 1], vec![1, 0], vec![0.5], &[]).is_err());
        assert!(Draws::new(vec![0, 1], vec![1, 0], vec![0.5; 2], &[2]).is_err());
        let twice = Draws::new(vec![0, 0], vec![1, 0], vec![0.5; 2], &[]).unwrap();
        assert!(twice.mixture().unwrap_err().to_string().contains("twice"));
    }
}
