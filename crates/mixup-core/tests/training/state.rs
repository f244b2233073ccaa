//! Tasks with a state: an average network that teaches and is evaluated, a queue, batches of their own.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use burn::module::Module;
use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::UnitInterval,
    loss::mse,
    nn::{Activation, BatchNorm2d, Mlp, MlpConfig},
    optim::OptimizerConfig,
    stream::Streams,
    tensor::{rows_to_device, to_device},
    train::{Batches, Ema, Fit, NoFeed, Queue, Step, Task, TrainConfig, Training, fit, ramped_decay},
};
use rand::RngExt;

use super::{Products, TRAIN, adam, adamw, config, sgd};

/// A network with running statistics.
#[derive(Module, Debug)]
struct Network {
    norm: BatchNorm2d,
    mlp: Mlp,
}

mixup_core::network!(Network);

impl Network {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let [batch, width] = x.dims();
        self.mlp.forward(self.norm.forward(x.reshape([batch, width, 1, 1])).flatten(1, 3))
    }
}

#[derive(Module, Debug)]
struct Memory {
    teacher: Ema<Network>,
    seen: Queue,
}

/// [`Products`] by a student that stays near its teacher and near what it predicted before.
struct Teaching {
    products: Products,
    batches: Batches,
}

impl Teaching {
    fn new(batches: Batches) -> Self {
        Self { products: Products::new(), batches }
    }

    fn batch(&self, step: &mut Step<'_>) -> [Tensor<2>; 2] {
        let drawn: Vec<usize>;
        let rows = match step.rows {
            [] => {
                let rng = step.streams.get("rows");
                drawn = (0..20).map(|_| rng.random_range(0..TRAIN)).collect();
                &drawn
            }
            rows => rows,
        };
        let Products { x, y, device, .. } = &self.products;
        [x, y].map(|array| rows_to_device(array.view(), rows, device))
    }
}

impl Task for Teaching {
    type Model = Network;
    type State = Memory;
    type Feed = NoFeed;

    fn samples(&self) -> usize {
        TRAIN
    }

    fn feed(&self) -> &NoFeed {
        &NoFeed
    }

    fn batches(&self) -> Batches {
        self.batches.clone()
    }

    fn loss(
        &self,
        model: &Network,
        state: &mut Memory,
        (): (),
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        self.products.live()?;
        let [x, y] = self.batch(step);
        let taught = Tensor::from_inner(state.teacher.average().forward(x.clone()));
        let prediction = model.forward(x);
        let mut loss = mse(prediction.clone(), y)? + mse(prediction.clone(), taught)? * 0.1;
        if let Some(seen) = state.seen.rows() {
            loss = loss + (prediction.mean() - Tensor::from_inner(seen.mean())).square() * 0.1;
        }
        Ok(loss)
    }

    fn after_step(
        &self,
        model: &mut Network,
        state: &mut Memory,
        step: &mut Step<'_>,
    ) -> Result<(), CoreError> {
        state.teacher.update(model, ramped_decay(UnitInterval::new(0.8).unwrap(), step.number()))?;
        let x = to_device(self.products.x.slice(ndarray::s![..7, ..]), &self.products.device);
        state.seen.push(state.teacher.average().forward(x))
    }

    fn evaluated(&self, _: &Network, state: &Memory) -> Network {
        state.teacher.snapshot()
    }

    fn validate(&self, model: &Network) -> Result<f64, CoreError> {
        self.products.held_out(|x| model.forward(x))
    }
}

fn train(
    task: &Teaching,
    config: &TrainConfig,
    optimizer: &OptimizerConfig,
    checkpoints: Option<&Path>,
) -> Result<Fit<Network, Memory>, CoreError> {
    let (mut streams, device) = (Streams::new("teaching", 3), &task.products.device);
    let mlp = MlpConfig { hidden: vec![NonZeroUsize::new(8).unwrap()], activation: Activation::Relu };
    let mlp = mlp.init(2, 1, streams.get("init"), device);
    let model = Network { norm: BatchNorm2d::new(2, device), mlp };
    let state = Memory { teacher: Ema::new(&model), seen: Queue::new(25, 1, device)? };
    let training = Training {
        config,
        optimizer,
        checkpoints,
        checkpoint_interval: Duration::ZERO,
        progress: &|_, _| {},
        glimpse: None,
        replay: false,
        tail: 0,
    };
    fit(task, model, state, &training, &mut streams)
}

/// All that a training gives, as bits.
fn bits(task: &Teaching, fit: &Fit<Network, Memory>) -> Vec<u32> {
    let x = || to_device(task.products.x.view(), &task.products.device);
    let networks = [&fit.best, &fit.last, fit.state.teacher.average()].map(|network| network.forward(x()));
    let tensors = networks.into_iter().chain(fit.state.seen.rows());
    tensors.flat_map(|tensor| tensor.into_data().try_to_vec::<f32>().unwrap()).map(f32::to_bits).collect()
}

fn at_any_epoch(batches: Batches, batch: usize, optimizer: &OptimizerConfig) {
    let task = Teaching::new(batches);
    let config = TrainConfig { batch: NonZeroUsize::new(batch).unwrap(), ..config(4) };
    task.products.steps_left.set(1000);
    let undisturbed = train(&task, &config, optimizer, None).unwrap();
    let steps = (1000 - task.products.steps_left.get()) / 4;
    for killed in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        task.products.steps_left.set(killed * steps + steps / 2);
        train(&task, &config, optimizer, Some(folder.path())).unwrap_err();
        task.products.steps_left.set((4 - killed) * steps);
        let resumed = train(&task, &config, optimizer, Some(folder.path())).unwrap();
        assert_eq!(task.products.steps_left.get(), 0, "killed in epoch {killed}: the rest and no more");
        assert_eq!(bits(&task, &resumed), bits(&task, &undisturbed), "killed in epoch {killed}");
        assert_eq!(resumed.validation_loss, undisturbed.validation_loss);
        // Training that was done resumes to what it gave.
        let again = train(&task, &config, optimizer, Some(folder.path())).unwrap();
        assert_eq!(bits(&task, &again), bits(&task, &undisturbed));
    }
}

#[test]
fn killed_at_any_epoch_teacher_and_queue_resume_to_the_same_bits() {
    for optimizer in [adam(), adamw(), sgd(Some(0.1))] {
        at_any_epoch(Batches::Shuffled, 20, &optimizer);
    }
}

#[test]
fn killed_at_any_epoch_every_kind_of_batch_resumes() {
    let count = |count| NonZeroUsize::new(count).unwrap();
    let labels: Vec<usize> = (0..TRAIN).map(|row| row % 6).collect();
    at_any_epoch(Batches::Balanced { labels: labels.clone(), per_class: count(4) }, 16, &adam());
    let (labelled, unlabelled) = ((0..10).collect(), (10..TRAIN).collect());
    at_any_epoch(Batches::Paired { labelled, unlabelled, ratio: count(3) }, 5, &adam());
    let [ways, shots, queries, episodes] = [3, 2, 4, 5].map(count);
    at_any_epoch(Batches::Episodes { labels, ways, shots, queries, episodes }, 18, &adam());
    at_any_epoch(Batches::Drawn { steps: count(3) }, 20, &adam());
}

#[test]
fn the_evaluated_network_is_the_one_that_is_kept() {
    let task = Teaching::new(Batches::Shuffled);
    let fit = train(&task, &config(3), &adam(), None).unwrap();
    let predict = |network: &Network| {
        let x = to_device(task.products.x.view(), &task.products.device);
        network.forward(x).into_data().try_to_vec::<f32>().unwrap()
    };
    assert_eq!(predict(&fit.last), predict(fit.state.teacher.average()));
    assert_eq!(task.validate(&fit.last).unwrap(), fit.validation_loss[2]);
    assert_eq!(task.validate(&fit.best).unwrap(), fit.validation_loss[fit.best_epoch]);
    assert_eq!(fit.state.seen.len(), 25);
}

#[test]
fn a_checkpoint_of_another_state_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    super::train(&Products::new(), &config(2), &adam(), Some(folder.path())).unwrap();
    let task = Teaching::new(Batches::Shuffled);
    let error = train(&task, &config(2), &adam(), Some(folder.path())).unwrap_err().to_string();
    assert!(error.contains("checkpoint.bin"), "{error}");
}
