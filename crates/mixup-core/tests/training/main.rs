//! The training loop on a small network: it learns, it stops, it resumes to the same bits.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod glimpse;
mod replay;
mod state;
mod tail;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive, UnitInterval},
    loss::mse,
    metrics::regression,
    mix::{Lambda, mix},
    nn::{Activation, Mlp, MlpConfig},
    optim::{AdamConfig, Clip, OptimizerConfig, Per, Schedule, SgdConfig},
    stream::Streams,
    tensor::{rows_to_device, to_array, to_device},
    train::{Fit, NoFeed, NoState, Selection, Shuffle, Step, Task, TrainConfig, Training, fit},
};
use ndarray::{Array2, Ix2};
use rand::RngExt;

/// Noisy products of two inputs; mixes, so that a stream is read in every step.
struct Products {
    x: Array2<f32>,
    y: Array2<f32>,
    device: Device,
    /// Steps until the loss fails, as a kill would end a run.
    steps_left: Cell<usize>,
    poison: f64,
}

const TRAIN: usize = 96;

impl Products {
    fn new() -> Self {
        let mut streams = Streams::new("products", 0);
        let rng = streams.get("data");
        let x = Array2::from_shape_fn((128, 2), |_| rng.random_range(-1.0..1.0f32));
        let y =
            Array2::from_shape_fn((128, 1), |(i, _)| x[[i, 0]] * x[[i, 1]] + rng.random_range(-0.05..0.05));
        Self { x, y, device: Device::flex(), steps_left: Cell::new(usize::MAX), poison: 1.0 }
    }
}

impl Products {
    fn live(&self) -> Result<(), CoreError> {
        match self.steps_left.get() {
            0 => Err(CoreError::Invalid("killed".into())),
            left => {
                self.steps_left.set(left - 1);
                Ok(())
            }
        }
    }

    /// The mean squared error of predictions for the held-out samples.
    fn held_out(&self, predict: impl Fn(Tensor<2>) -> Tensor<2>) -> Result<f64, CoreError> {
        let held_out = ndarray::s![TRAIN.., ..];
        let prediction = to_array(predict(to_device(self.x.slice(held_out), &self.device)))?;
        let target = self.y.slice(held_out).mapv(f64::from);
        regression::mse(prediction.into_dimensionality::<Ix2>().unwrap().view(), target.view())
    }
}

impl Task for Products {
    type Model = Mlp;
    type State = NoState;
    type Feed = NoFeed;

    fn samples(&self) -> usize {
        TRAIN
    }

    fn feed(&self) -> &NoFeed {
        &NoFeed
    }

    fn loss(
        &self,
        model: &Mlp,
        _: &mut NoState,
        (): (),
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Step { rows: batch, streams, .. } = step;
        self.live()?;
        let partners: Vec<usize> = batch.iter().rev().copied().collect();
        let lambda = Lambda::beta(Positive::new(0.5).unwrap())?.draw(streams.get("lambda"));
        let mixed = |array: &Array2<f32>| {
            let [a, b]: [Tensor<2>; 2] =
                [*batch, &partners].map(|rows| rows_to_device(array.view(), rows, &self.device));
            mix(a, b, lambda)
        };
        let prediction = model.forward(mixed(&self.x)) * self.poison;
        mse(prediction, mixed(&self.y))
    }

    fn validate(&self, model: &Mlp) -> Result<f64, CoreError> {
        self.held_out(|x| model.forward(x))
    }
}

fn config(epochs: usize) -> TrainConfig {
    TrainConfig {
        epochs: NonZeroUsize::new(epochs).unwrap(),
        batch: NonZeroUsize::new(20).unwrap(),
        select: Selection::BestValidation,
        shuffle: Shuffle::EveryEpoch,
        schedule: Schedule::Constant,
        patience: None,
    }
}

fn adam() -> OptimizerConfig {
    OptimizerConfig::Adam(AdamConfig::new(Positive::new(0.01).unwrap()))
}

/// As the image experiments have it; with a norm, gradients are clipped to it.
fn sgd(norm: Option<f64>) -> OptimizerConfig {
    OptimizerConfig::Sgd(SgdConfig {
        momentum: UnitInterval::new(0.9).ok(),
        weight_decay: NonNegative::new(5e-4).ok(),
        nesterov: true,
        clip: norm.map(|norm| Clip::Norm(Positive::new(norm).unwrap())),
        ..SgdConfig::new(Positive::new(0.05).unwrap())
    })
}

fn adamw() -> OptimizerConfig {
    let groups = r#"{"kind": "adamw", "lr": 0.01, "weight_decay": 0.1, "groups": [
        {"parameters": ["bias"], "weight_decay": 0}, {"parameters": ["layers.0"], "lr_factor": 0.5}]}"#;
    serde_json::from_str(groups).unwrap()
}

fn cosine() -> Schedule {
    Schedule::Cosine { floor: None, per: Per::Epoch }
}

fn train(
    task: &Products,
    config: &TrainConfig,
    optimizer: &OptimizerConfig,
    checkpoints: Option<&Path>,
) -> Result<Fit<Mlp>, CoreError> {
    train_with(task, config, optimizer, checkpoints, &|_, _| {})
}

fn train_with(
    task: &Products,
    config: &TrainConfig,
    optimizer: &OptimizerConfig,
    checkpoints: Option<&Path>,
    progress: &dyn Fn(usize, usize),
) -> Result<Fit<Mlp>, CoreError> {
    let mut streams = Streams::new("products", 7);
    let hidden = vec![NonZeroUsize::new(16).unwrap(); 2];
    let mlp = MlpConfig { hidden, activation: Activation::Relu };
    let model = mlp.init(2, 1, streams.get("init"), &task.device);
    let training = Training {
        config,
        optimizer,
        checkpoints,
        checkpoint_interval: Duration::ZERO,
        progress,
        glimpse: None,
        replay: false,
        tail: 0,
    };
    fit(task, model, NoState, &training, &mut streams)
}

/// Predictions of both models as bits, so that equality is equality.
fn bits(task: &Products, fit: &Fit<Mlp>) -> Vec<u32> {
    let predict = |model: &Mlp| {
        let data = model.forward(to_device(task.x.view(), &task.device)).into_data();
        data.try_to_vec::<f32>().unwrap().into_iter().map(f32::to_bits)
    };
    predict(&fit.best).chain(predict(&fit.last)).collect()
}

#[test]
fn it_learns() {
    let fit = train(&Products::new(), &config(60), &adam(), None).unwrap();
    assert_eq!(fit.train_loss.len(), 60);
    let best = fit.validation_loss[fit.best_epoch];
    assert!(best < 0.25 * fit.validation_loss[0], "{best} after {}", fit.validation_loss[0]);
    assert!(fit.validation_loss.iter().all(|loss| best <= *loss));
}

#[test]
fn killed_at_any_epoch_it_resumes_to_the_same_bits() {
    let epochs = 6;
    let steps = TRAIN / 20;
    for optimizer in [adam(), adamw(), sgd(None), sgd(Some(0.1))] {
        for shuffle in [Shuffle::EveryEpoch, Shuffle::Once] {
            // The rate of an epoch must come from its number, not from how often it was asked for.
            let config = TrainConfig { shuffle, schedule: cosine(), ..config(epochs) };
            let task = Products::new();
            let undisturbed = train(&task, &config, &optimizer, None).unwrap();
            for killed in 0..epochs {
                let folder = tempfile::tempdir().unwrap();
                // In the middle of an epoch: what came after its start is lost and done again.
                task.steps_left.set(killed * steps + 2);
                train(&task, &config, &optimizer, Some(folder.path())).unwrap_err();
                task.steps_left.set((epochs - killed) * steps);
                let resumed = train(&task, &config, &optimizer, Some(folder.path())).unwrap();
                assert_eq!(task.steps_left.get(), 0, "killed in epoch {killed}: the rest and no more");
                assert_eq!(bits(&task, &resumed), bits(&task, &undisturbed), "killed in epoch {killed}");
                assert_eq!(resumed.validation_loss, undisturbed.validation_loss);
                assert_eq!(resumed.opening, undisturbed.opening);
                task.steps_left.set(usize::MAX);
            }
        }
    }
}

#[test]
fn clipping_acts_in_training_and_only_where_gradients_are_long() {
    let task = Products::new();
    let run = |norm| bits(&task, &train(&task, &config(3), &sgd(norm), None).unwrap());
    let free = run(None);
    assert_eq!(run(Some(1e6)), free);
    assert_ne!(run(Some(0.1)), free);
}

#[test]
fn a_checkpoint_that_is_cut_short_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let task = Products::new();
    train(&task, &config(2), &adam(), Some(folder.path())).unwrap();
    let path = folder.path().join("checkpoint.bin");
    let bytes = std::fs::read(&path).unwrap();
    let mut bad: Vec<Vec<u8>> = [0, 7, 9, 40, bytes.len() - 1].map(|length| bytes[..length].to_vec()).into();
    bad.push([&bytes[..], b"more"].concat());
    // Of the version without the opening.
    bad.push([&b"MIXUPCK2"[..], &bytes[8..]].concat());
    for bytes in bad {
        std::fs::write(&path, bytes).unwrap();
        let error = train(&task, &config(2), &adam(), Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("checkpoint.bin"), "{error}");
    }
}

#[test]
fn a_checkpoint_leaves_nothing_else_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    train(&Products::new(), &config(2), &adam(), Some(folder.path())).unwrap();
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["checkpoint.bin"]);
}

/// Whoever ends the same run earlier, on another machine, removes the folder.
#[test]
fn a_folder_that_is_removed_costs_checkpoints_and_nothing_else() {
    let (folder, task, over) = (tempfile::tempdir().unwrap(), Products::new(), AtomicBool::new(false));
    let place = folder.path().join("run");
    let disturbed = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let _ = std::fs::remove_dir_all(&place);
            }
        });
        let fit = train(&task, &config(40), &adam(), Some(&place));
        over.store(true, Ordering::SeqCst);
        fit
    });
    let undisturbed = train(&task, &config(40), &adam(), None).unwrap();
    assert_eq!(bits(&task, &disturbed.unwrap()), bits(&task, &undisturbed));
}

#[test]
fn a_checkpoint_that_cannot_be_written_says_which_and_how_large() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("checkpoint.bin");
    // A folder in its place, from the first epoch on.
    let obstruct = |_, _| drop(std::fs::create_dir(&place));
    let error = train_with(&Products::new(), &config(2), &adam(), Some(folder.path()), &obstruct);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("checkpoint.bin") && error.contains("bytes"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the draft is gone");
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_names_the_step() {
    let mut task = Products::new();
    task.poison = f64::INFINITY;
    let error = train(&task, &config(3), &adam(), None).unwrap_err();
    assert!(matches!(error, CoreError::NonFinite { epoch: 1, step: 1, .. }), "{error}");
}

#[test]
fn patience_ends_training_that_no_longer_improves() {
    let patient = TrainConfig { patience: NonZeroUsize::new(3), ..config(400) };
    let fit = train(&Products::new(), &patient, &adam(), None).unwrap();
    assert!(fit.validation_loss.len() < 400);
    assert_eq!(fit.validation_loss.len(), fit.best_epoch + 1 + 3);
}

#[test]
fn a_batch_larger_than_the_training_set_is_refused() {
    let large = TrainConfig { batch: NonZeroUsize::new(TRAIN + 1).unwrap(), ..config(1) };
    let error = train(&Products::new(), &large, &adam(), None).unwrap_err().to_string();
    assert!(error.contains("97") && error.contains("96"), "{error}");
}
