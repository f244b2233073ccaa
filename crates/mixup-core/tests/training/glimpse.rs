//! A glimpse executes a few steps of a few epochs, and sees what the whole training depends on.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    nn::{Activation, Mlp, MlpConfig},
    optim::{OptimizerConfig, Schedule},
    stream::Streams,
    train::{Fit, NoFeed, NoState, Shuffle, Step, Task, TrainConfig, Training, fit},
};

use super::{Products, adam, bits, config, cosine, sgd};

/// [`Products`] with a note of every step.
struct Noted {
    products: Products,
    steps: RefCell<Vec<(usize, usize)>>,
}

impl Task for Noted {
    type Model = Mlp;
    type State = NoState;
    type Feed = NoFeed;

    fn samples(&self) -> usize {
        self.products.samples()
    }

    fn feed(&self) -> &NoFeed {
        &NoFeed
    }

    fn loss(
        &self,
        model: &Mlp,
        state: &mut NoState,
        (): (),
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        self.steps.borrow_mut().push((step.epoch, step.step));
        assert_eq!(step.steps, 4);
        self.products.loss(model, state, (), step)
    }

    fn validate(&self, model: &Mlp) -> Result<f64, CoreError> {
        self.products.validate(model)
    }
}

/// A training, or a glimpse of it, and the steps that it executed.
fn look(
    config: &TrainConfig,
    optimizer: &OptimizerConfig,
    glimpse: Option<usize>,
    checkpoints: Option<&Path>,
) -> (Fit<Mlp>, Vec<(usize, usize)>) {
    let task = Noted { products: Products::new(), steps: RefCell::default() };
    let mut streams = Streams::new("products", 7);
    let mlp = MlpConfig { hidden: vec![NonZeroUsize::new(16).unwrap(); 2], activation: Activation::Relu };
    let model = mlp.init(2, 1, streams.get("init"), &task.products.device);
    let training = Training {
        config,
        optimizer,
        checkpoints,
        checkpoint_interval: Duration::ZERO,
        progress: &|_, _| {},
        glimpse: glimpse.and_then(NonZeroUsize::new),
        replay: false,
        tail: 0,
    };
    let fit = fit(&task, model, NoState, &training, &mut streams).unwrap();
    (fit, task.steps.into_inner())
}

#[test]
fn it_executes_the_first_steps_of_four_epochs() {
    let executed = |epochs, most| look(&config(epochs), &adam(), Some(most), None).1;
    let steps = |epochs: &[usize], count| -> Vec<(usize, usize)> {
        epochs.iter().flat_map(|&epoch| (0..count).map(move |step| (epoch, step))).collect()
    };
    assert_eq!(executed(9, 2), steps(&[0, 1, 4, 8], 2));
    assert_eq!(executed(9, 100), steps(&[0, 1, 4, 8], 4));
    for epochs in 1..=3 {
        assert_eq!(executed(epochs, 1), steps(&[0, 1, 2][..epochs], 1));
    }
}

#[test]
fn of_three_whole_epochs_it_is_the_training() {
    let config = TrainConfig { schedule: cosine(), ..config(3) };
    let [whole, glimpse] = [None, Some(4)].map(|most| look(&config, &adam(), most, None).0);
    assert_eq!(bits(&Products::new(), &glimpse), bits(&Products::new(), &whole));
    assert_eq!(glimpse.validation_loss, whole.validation_loss);
}

#[test]
fn it_leaves_checkpoints_alone_and_has_patience() {
    let folder = tempfile::tempdir().unwrap();
    let impatient = TrainConfig { patience: NonZeroUsize::new(1), ..config(40) };
    // Large enough a rate that no epoch is better than the first.
    let optimizer = sgd(Some(1e-30));
    let (fit, _) = look(&impatient, &optimizer, Some(1), Some(folder.path()));
    assert_eq!(fit.validation_loss.len(), 4);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn it_sees_every_setting_of_the_training() {
    let glimpse = |config: &TrainConfig, optimizer: &OptimizerConfig| {
        bits(&Products::new(), &look(config, optimizer, Some(2), None).0)
    };
    let schedule = |text: &str| -> Schedule { serde_json::from_str(text).unwrap() };
    let optimizer = |text: &str| -> OptimizerConfig { serde_json::from_str(text).unwrap() };
    let plain = config(20);
    let seen = glimpse(&plain, &adam());
    assert_eq!(glimpse(&plain, &adam()), seen);
    for (name, changed) in [
        (
            "drop",
            TrainConfig { schedule: schedule(r#"{"kind":"step","at":[19],"factor":0.5}"#), ..plain.clone() },
        ),
        ("cosine", TrainConfig { schedule: cosine(), ..plain.clone() }),
        ("linear", TrainConfig { schedule: schedule(r#"{"kind":"linear","hold":0.9}"#), ..plain.clone() }),
        ("once", TrainConfig { shuffle: Shuffle::Once, ..plain.clone() }),
        ("batch", TrainConfig { batch: NonZeroUsize::new(21).unwrap(), ..plain.clone() }),
    ] {
        assert_ne!(glimpse(&changed, &adam()), seen, "{name}");
    }
    for text in [
        r#"{"kind":"adam","lr":0.011}"#,
        r#"{"kind":"adam","lr":0.01,"weight_decay":0.001}"#,
        r#"{"kind":"adam","lr":0.01,"clip":{"norm":0.01}}"#,
        r#"{"kind":"adam","lr":0.01,"groups":[{"parameters":["bias"],"lr_factor":0.9}]}"#,
        r#"{"kind":"adamw","lr":0.01,"weight_decay":0.001}"#,
    ] {
        assert_ne!(glimpse(&plain, &optimizer(text)), seen, "{text}");
    }
}
