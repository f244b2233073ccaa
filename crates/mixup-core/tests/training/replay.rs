//! Of a training, only its opening.

use mixup_core::train::OPENING;

use super::*;

/// A training or a replay of it, and how many steps it executed.
fn opening(config: &TrainConfig, replay: bool, checkpoints: Option<&Path>) -> (Vec<f64>, usize) {
    let task = Products::new();
    task.steps_left.set(1000);
    let mut streams = Streams::new("products", 7);
    let mlp = MlpConfig { hidden: vec![NonZeroUsize::new(16).unwrap()], activation: Activation::Relu };
    let model = mlp.init(2, 1, streams.get("init"), &task.device);
    let training = Training {
        config,
        optimizer: &sgd(Some(0.1)),
        checkpoints,
        checkpoint_interval: Duration::ZERO,
        progress: &|_, _| {},
        glimpse: None,
        replay,
        tail: 0,
    };
    let fit = fit(&task, model, NoState, &training, &mut streams).unwrap();
    (fit.opening, 1000 - task.steps_left.get())
}

#[test]
fn a_replay_is_the_opening_of_the_training_and_no_more() {
    // Four steps an epoch, so that the fifth is of the second epoch, with another rate; then 19.
    for batch in [20, 5] {
        let config =
            TrainConfig { batch: NonZeroUsize::new(batch).unwrap(), schedule: cosine(), ..config(3) };
        let (whole, steps) = opening(&config, false, None);
        assert_eq!((whole.len(), steps), (OPENING, 3 * (TRAIN / batch)));
        assert_eq!(opening(&config, true, None), (whole, OPENING));
    }
}

#[test]
fn a_training_may_be_over_before_its_opening() {
    let short = config(1);
    let (whole, steps) = opening(&short, false, None);
    assert_eq!((whole.len(), steps), (4, 4));
    assert_eq!(opening(&short, true, None), (whole, 4));
}

#[test]
fn a_replay_leaves_checkpoints_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, _) = opening(&config(2), false, Some(folder.path()));
    let path = folder.path().join("checkpoint.bin");
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(opening(&config(2), true, Some(folder.path())), (whole, OPENING));
    assert_eq!(std::fs::read(path).unwrap(), bytes);
}
