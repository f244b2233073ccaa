//! Complementary labels: of a training image it is only known to which class it does *not* belong.

use mixup_core::{CoreError, checked::Positive, split::TrainValidation};
use mixup_data::LabelledImages;
use ndarray::{Array2, Axis};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// How complementary labels come about, `setting: {complementary: {bias: 10}}`. Training and the choice of an
/// epoch then see these labels only; what is measured is measured against the true ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complementary {
    /// How many times more often the first class is named than the last one; 1 names all classes equally
    /// often ([`transition`]).
    #[serde(default = "uniform")]
    pub bias: Positive,
}

fn uniform() -> Positive {
    crate::positive(1.0)
}

/// One complementary label for each image of the training and the validation part.
#[derive(Debug, Clone, PartialEq)]
pub struct ComplementaryLabels {
    /// Of the training part, which trains with them.
    pub train: Vec<u16>,
    /// Of the validation part.
    pub validation: Vec<u16>,
    /// What they were drawn from, see [`transition`].
    pub transition: Array2<f64>,
}

impl ComplementaryLabels {
    /// Those of the training and the validation part, drawn for all images of a set in their order.
    ///
    /// # Errors
    /// As [`Complementary::draw`].
    pub fn draw(
        config: &Complementary,
        set: &LabelledImages,
        parts: &TrainValidation,
        rng: &mut impl Rng,
    ) -> Result<Self, CoreError> {
        let classes = usize::from(set.classes);
        let labels = config.draw(&set.labels, classes, rng)?;
        let of = |rows: &[usize]| rows.iter().map(|&row| labels[row]).collect();
        Ok(Self {
            train: of(&parts.train),
            validation: of(&parts.validation),
            transition: transition(classes, config.bias)?,
        })
    }
}

impl Complementary {
    /// A complementary label for each true one.
    ///
    /// # Errors
    /// As [`transition`], or a label that is none of the classes.
    pub fn draw(&self, labels: &[u16], classes: usize, rng: &mut impl Rng) -> Result<Vec<u16>, CoreError> {
        let transition = transition(classes, self.bias)?;
        let draw = |&label: &u16| {
            let row = transition.row(usize::from(label));
            let mut left: f64 = rng.random();
            for (class, share) in row.iter().enumerate() {
                left -= share;
                if left < 0.0 {
                    return class as u16;
                }
            }
            // Shares that sum to a little less than 1: the last class that may be named.
            row.iter().rposition(|&share| share > 0.0).unwrap_or(0) as u16
        };
        match labels.iter().find(|&&label| usize::from(label) >= classes) {
            Some(label) => Err(CoreError::Invalid(format!("label {label} is none of {classes} classes"))),
            None => Ok(labels.iter().map(draw).collect()),
        }
    }
}

/// `P(complementary | true)`, a row for each true class: proportional to `floor(100 bias^(-c / (C - 1)))` for
/// class `c` of `C`, and 0 for the true class itself. A bias of 1 gives `1 / (C - 1)`.
///
/// # Errors
/// Fewer than two classes, or a bias so strong that a class would never be named.
pub fn transition(classes: usize, bias: Positive) -> Result<Array2<f64>, CoreError> {
    let last = classes.saturating_sub(1);
    let weight = |class: usize| (100.0 * (1.0 / bias.get()).powf(class as f64 / last as f64)).floor();
    if last == 0 || weight(last) < 1.0 {
        return Err(CoreError::Invalid(format!(
            "complementary labels of {classes} classes with bias {}: two classes and a bias of at most 100 are needed",
            bias.get()
        )));
    }
    let mut shares = Array2::from_shape_fn((classes, classes), |(label, class)| match label == class {
        true => 0.0,
        false => weight(class),
    });
    for mut row in shares.axis_iter_mut(Axis(0)) {
        let sum = row.sum();
        row.mapv_inplace(|share| share / sum);
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::positive;
    use mixup_core::stream::Streams;

    #[test]
    fn labels_are_never_true_and_as_frequent_as_the_transition_says() {
        let labels: Vec<u16> = (0..40_000).map(|image| image % 4).collect();
        for bias in [1.0, 10.0] {
            let complementary = Complementary { bias: positive(bias) };
            let drawn = complementary.draw(&labels, 4, Streams::new("draw", 0).get("labels")).unwrap();
            let shares = transition(4, positive(bias)).unwrap();
            for class in 0..4_u16 {
                let of_first = labels.iter().zip(&drawn).filter(|(label, _)| **label == 0);
                let named = of_first.filter(|(_, drawn)| **drawn == class).count() as f64 / 10_000.0;
                let expected = shares[[0, usize::from(class)]];
                // Five standard deviations of a share of 10 000 draws, at most 0.025.
                let allowed = 5.0 * (expected * (1.0 - expected) / 10_000.0).sqrt();
                assert!((named - expected).abs() <= allowed, "{class}: {named}, expected {expected}");
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert!(transition(1, positive(1.0)).is_err());
        assert!(transition(10, positive(101.0)).unwrap_err().to_string().contains("101"));
        let rng = &mut Streams::new("draw", 0);
        let complementary = Complementary { bias: positive(1.0) };
        assert!(complementary.draw(&[0, 3], 3, rng.get("labels")).is_err());
    }
}
