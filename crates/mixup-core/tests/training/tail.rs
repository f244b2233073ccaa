//! The networks of the last epochs.

use super::*;

fn tailed(
    task: &Products,
    epochs: usize,
    tail: usize,
    checkpoints: Option<&Path>,
) -> Result<Fit<Mlp>, CoreError> {
    let mut streams = Streams::new("products", 7);
    let config = TrainConfig { schedule: cosine(), ..config(epochs) };
    let hidden = vec![NonZeroUsize::new(16).unwrap(); 2];
    let model =
        MlpConfig { hidden, activation: Activation::Relu }.init(2, 1, streams.get("init"), &task.device);
    let training = Training {
        config: &config,
        optimizer: &adam(),
        checkpoints,
        checkpoint_interval: Duration::ZERO,
        progress: &|_, _| {},
        glimpse: None,
        replay: false,
        tail,
    };
    fit(task, model, NoState, &training, &mut streams)
}

/// Validation losses of the tail and of the last network.
fn losses(task: &Products, fit: &Fit<Mlp>) -> Vec<f64> {
    fit.tail.iter().chain([&fit.last]).map(|model| task.validate(model).unwrap()).collect()
}

#[test]
fn they_are_those_that_were_validated() {
    let task = Products::new();
    for (tail, networks) in [(0, 1), (1, 1), (3, 3), (5, 5), (9, 5)] {
        let fit = tailed(&task, 5, tail, None).unwrap();
        assert_eq!(losses(&task, &fit), fit.validation_loss[5 - networks..], "{tail}");
    }
}

#[test]
fn killed_among_them_it_resumes_to_the_same() {
    let (task, steps) = (Products::new(), TRAIN / 20);
    let undisturbed = tailed(&task, 5, 3, None).unwrap();
    for killed in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        task.steps_left.set(killed * steps + 2);
        tailed(&task, 5, 3, Some(folder.path())).unwrap_err();
        task.steps_left.set(usize::MAX);
        let resumed = tailed(&task, 5, 3, Some(folder.path())).unwrap();
        assert_eq!(losses(&task, &resumed), losses(&task, &undisturbed), "killed in epoch {killed}");
    }
}
