//! Theory against enumeration and against draws.

use mixup_core::stream::Streams;
use mixup_routines::classification::{Complementary, transition};
use mixup_routines::positive;
use ndarray::array;
use proptest::prelude::*;
use rand::seq::SliceRandom;

use super::*;
use crate::pairs::{Drawn, cluster_mates};

#[test]
fn ten_equal_classes_have_the_known_noise() {
    let groups = Array2::from_elem((1, 10), 1e9);
    let uniform = transition(10, positive(1.0)).unwrap();
    let noise = expected_noise(groups.view(), uniform.view(), 512, Partnered::Other);
    assert!((noise - (2.0 / 10.0 - 1.0 / 90.0)).abs() < 1e-9, "{noise}");
    let with_itself = expected_noise(groups.view(), uniform.view(), 512, Partnered::Any);
    assert!((with_itself - noise * 511.0 / 512.0).abs() < 1e-9, "{with_itself}");
}

#[test]
fn clusters_of_one_class_have_none() {
    let pure = Array2::from_shape_fn((4, 4), |(group, class)| if group == class { 25.0 } else { 0.0 });
    let uniform = transition(4, positive(1.0)).unwrap();
    assert_eq!(expected_noise(pure.view(), uniform.view(), 10, Partnered::Other), 0.0);
    assert_eq!(noisy_probability(array![1.0, 0.0].view(), array![[0.0, 1.0], [1.0, 0.0]].view()), 0.0);
    // Of two classes every pair of different ones is noisy.
    let two = noisy_probability(array![2.0, 1.0].view(), array![[0.0, 1.0], [1.0, 0.0]].view());
    assert!((two - 2.0 / 3.0).abs() < 1e-12, "{two}");
}

proptest! {
    /// The chance of a companion, by the hypergeometric, is that of drawing no other of the group.
    #[test]
    fn the_chance_of_a_companion_is_known(images in 2usize..60, size in 1usize..60, batch in 1usize..60) {
        let (size, batch) = (size.min(images), batch.min(images));
        // All drawn others are from outside.
        let mut alone = 1.0;
        for draw in 0..batch - 1 {
            alone *= ((images - size) as f64 - draw as f64).max(0.0) / ((images - 1 - draw) as f64);
        }
        let found = met(images, size, batch, Partnered::Other);
        prop_assert!((found - (1.0 - alone)).abs() < 1e-9, "{found} {alone}");
    }
}

/// Noise counted over many batches of images with clusters that tell classes by halves, labels drawn anew for each.
fn counted(bias: f64, partnered: Partnered) -> (f64, f64) {
    let (images, classes, batch) = (300, 5_u16, 20);
    let truth: Vec<u16> = (0..images).map(|image| image % classes).collect();
    let clusters: Vec<usize> =
        (0..usize::from(images)).map(|image| (image % 5) / 2 + 3 * ((image / 5) % 7)).collect();
    let complementary = Complementary { bias: positive(bias) };
    let drawn = match partnered {
        Partnered::Other => Drawn::Others,
        Partnered::Any => Drawn::All,
    };
    let mut streams = Streams::new("counted", 0);
    let (mut pairs, mut noisy) = (0.0, 0.0);
    for _ in 0..3000 {
        let labels = complementary.draw(&truth, 5, streams.get("labels")).unwrap();
        let mut rows: Vec<usize> = (0..usize::from(images)).collect();
        rows.shuffle(streams.get("rows"));
        rows.truncate(batch);
        let in_batch: Vec<usize> = rows.iter().map(|&row| clusters[row]).collect();
        for (row, &mate) in cluster_mates(&in_batch, 1, drawn, streams.get("pairs"))[0].iter().enumerate() {
            let of = |labels: &[u16]| [rows[row], rows[mate]].map(|image| usize::from(labels[image]));
            pairs += 1.0;
            noisy += f64::from(u8::from(is_noisy(Pair { truth: of(&truth), complementary: of(&labels) })));
        }
    }
    let mut groups = Array2::zeros((21, 5));
    truth.iter().zip(&clusters).for_each(|(&class, &cluster)| groups[[cluster, usize::from(class)]] += 1.0);
    let shares = transition(5, positive(bias)).unwrap();
    (noisy / pairs, expected_noise(groups.view(), shares.view(), batch, partnered))
}

#[test]
fn counted_noise_is_the_expected_one() {
    for bias in [1.0, 10.0] {
        for partnered in [Partnered::Other, Partnered::Any] {
            let (counted, expected) = counted(bias, partnered);
            // 60 000 pairs; those of one batch share labels, so that five standard deviations of independent
            // ones are doubled.
            let allowed = 10.0 * (expected * (1.0 - expected) / 60_000.0).sqrt();
            assert!(expected > 0.01 && (counted - expected).abs() < allowed, "{counted} {expected}");
        }
    }
}
