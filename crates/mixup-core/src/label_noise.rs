//! Labels that are wrong on purpose.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::{CoreError, checked::UnitInterval};

/// How labels are made wrong, as an experiment's settings name it: `{class-map: 0.25}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelNoise {
    /// Each label becomes, with this probability, the one wrong class that its class is confused with
    /// ([`ClassMap`]).
    ClassMap(UnitInterval),
    /// Each label becomes, with this probability, another class, each as likely (symmetric noise).
    Uniform(UnitInterval),
}

impl LabelNoise {
    /// Noisy labels. Of one stream, what is wrong under a rate is wrong under a higher one, too.
    ///
    /// # Errors
    /// Fewer than two classes, or a label that is none of them.
    pub fn of(self, labels: &[u16], classes: u16, rng: &mut impl Rng) -> Result<Vec<u16>, CoreError> {
        match self {
            Self::ClassMap(rate) => {
                let map = ClassMap::draw(classes, rng)?;
                let uniforms: Vec<f64> = labels.iter().map(|_| rng.random()).collect();
                map.noisy(labels, rate, &uniforms)
            }
            Self::Uniform(rate) => {
                let of = |&label: &u16| {
                    let uniform: f64 = rng.random();
                    // Drawn for every label, so that other rates see the same draws.
                    let other = another(label, classes, rng)?;
                    Ok(if uniform < rate.get() { other } else { label })
                };
                labels.iter().map(of).collect()
            }
        }
    }
}

/// Any other class than this one, uniformly.
///
/// # Errors
/// Fewer than two classes, or a class that is none of them.
fn another(class: u16, classes: u16, rng: &mut impl Rng) -> Result<u16, CoreError> {
    if classes < 2 {
        return Err(CoreError::Invalid(format!("label noise needs two classes at least, not {classes}")));
    }
    if class >= classes {
        return Err(CoreError::Invalid(format!("label {class} is none of {classes} classes")));
    }
    let drawn = rng.random_range(0..classes - 1);
    Ok(drawn + u16::from(drawn >= class))
}

/// For every class the one that it is confused with. Two classes may be confused with the same third.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMap(pub Vec<u16>);

impl ClassMap {
    /// For each class any other, uniformly.
    ///
    /// # Errors
    /// Fewer than two classes.
    pub fn draw(classes: u16, rng: &mut impl Rng) -> Result<Self, CoreError> {
        (0..classes.max(1)).map(|class| another(class, classes, rng)).collect::<Result<_, _>>().map(Self)
    }

    /// `map[label]` where the sample's uniform number is below `rate`, the label itself elsewhere.
    ///
    /// # Shapes
    /// - `labels`, `uniforms`: one per sample
    ///
    /// # Errors
    /// Lists of different lengths, or a label that the map does not have.
    pub fn noisy(&self, labels: &[u16], rate: UnitInterval, uniforms: &[f64]) -> Result<Vec<u16>, CoreError> {
        if labels.len() != uniforms.len() {
            return Err(CoreError::Invalid(format!(
                "{} labels and {} uniform numbers",
                labels.len(),
                uniforms.len()
            )));
        }
        let of = |(&label, &uniform): (&u16, &f64)| match self.0.get(usize::from(label)) {
            Some(&other) => Ok(if uniform < rate.get() { other } else { label }),
            None => Err(CoreError::Invalid(format!("label {label} is none of {} classes", self.0.len()))),
        };
        labels.iter().zip(uniforms).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn made_noisy(noise: fn(UnitInterval) -> LabelNoise, rate: f64, seed: u64) -> Vec<u16> {
        let labels: Vec<u16> = (0..5000).map(|row| row % 10).collect();
        noise(UnitInterval::new(rate).unwrap()).of(&labels, 10, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
    }

    fn noisy(rate: f64, seed: u64) -> Vec<u16> {
        made_noisy(LabelNoise::ClassMap, rate, seed)
    }

    #[test]
    fn uniform_noise_spreads_over_all_other_classes() {
        let uniform = |rate| made_noisy(LabelNoise::Uniform, rate, 3);
        let (clean, quarter, half, all) = (uniform(0.0), uniform(0.25), uniform(0.5), uniform(1.0));
        assert_eq!(clean, (0..5000).map(|row| row % 10).collect::<Vec<u16>>());
        let wrong = quarter.iter().zip(&clean).filter(|(noisy, clean)| noisy != clean).count();
        assert!((1150..1350).contains(&wrong), "{wrong}");
        assert!(quarter.iter().zip(&half).zip(&clean).all(|((q, h), clean)| q == clean || q == h), "nested");
        for class in 0..10 {
            for other in (0..10).filter(|&other| other != class) {
                let count = all.iter().zip(&clean).filter(|(n, c)| (**n, **c) == (other, class)).count();
                // Of 500 labels a ninth: 55.6, with a standard deviation of 7.
                assert!((27..84).contains(&count), "{class} {other}: {count}");
            }
        }
        assert!(all.iter().zip(&clean).all(|(noisy, clean)| noisy != clean));
    }

    proptest! {
        #[test]
        fn a_class_is_confused_with_one_other(classes in 2_u16..12, seed: u64) {
            let ClassMap(map) = ClassMap::draw(classes, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
            prop_assert_eq!(map.len(), usize::from(classes));
            for (class, &other) in map.iter().enumerate() {
                prop_assert!(other < classes && usize::from(other) != class);
            }
        }
    }

    #[test]
    fn as_many_labels_as_the_rate_says_become_the_one_wrong_class() {
        let clean = noisy(0.0, 3);
        assert_eq!(clean, (0..5000).map(|row| row % 10).collect::<Vec<u16>>());
        let (quarter, all) = (noisy(0.25, 3), noisy(1.0, 3));
        let wrong = quarter.iter().zip(&clean).filter(|(noisy, clean)| noisy != clean).count();
        assert!((1150..1350).contains(&wrong), "{wrong}");
        for ((noisy, clean), mapped) in quarter.iter().zip(&clean).zip(&all) {
            assert!(noisy == clean || noisy == mapped);
        }
        assert!(all.iter().zip(&clean).all(|(noisy, clean)| noisy != clean));
        let half = noisy(0.5, 3);
        let nested = quarter.iter().zip(&half).zip(&clean).all(|((q, h), clean)| q == clean || q == h);
        assert!(nested, "a higher rate keeps what a lower one made wrong");
    }

    #[test]
    fn every_other_class_is_as_likely() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut counts = [0; 4];
        for _ in 0..3000 {
            counts[usize::from(ClassMap::draw(4, &mut rng).unwrap().0[1])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!(
            counts.iter().enumerate().all(|(class, n)| class == 1 || (900..1100).contains(n)),
            "{counts:?}"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        assert!(ClassMap::draw(1, &mut rng).is_err());
        let map = ClassMap(vec![1, 0]);
        let half = UnitInterval::new(0.5).unwrap();
        assert!(map.noisy(&[0, 1], half, &[0.1]).is_err());
        assert!(map.noisy(&[2], half, &[0.1]).unwrap_err().to_string().contains("label 2"));
        assert!(serde_json::from_str::<LabelNoise>(r#"{"class-map": 1.5}"#).is_err());
    }
}
