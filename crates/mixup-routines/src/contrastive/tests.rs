//! Whole runs in little, resumed runs, refusals.

use burn::tensor::Tensor;
use mixup_core::checked::{Positive, UnitInterval};
use mixup_core::loss::metric::{PairLabels, cosine_similarities, nt_xent, unit_rows};
use mixup_core::tensor::to_host;
use mixup_core::train::{Step, TrainConfig, Training};
use mixup_data::Library;
use mixup_paper::Json;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

use super::*;
use crate::size;

/// NT-Xent of two views; with a memory, the own key of an average network against a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    #[serde(default)]
    queue: Option<std::num::NonZeroUsize>,
    #[serde(default)]
    head: bool,
}

impl Method for Plain {
    fn memory(&self) -> MemoryPlan {
        MemoryPlan { decay: self.queue.map(|_| UnitInterval::new(0.9).unwrap()), queue: self.queue }
    }

    fn has_head(&self) -> bool {
        self.head
    }

    fn loss(&self, batch: &Batch<'_>, memory: &mut Memory, _: &mut Step<'_>) -> Result<Tensor<1>, CoreError> {
        let [first, second] = batch.views.clone();
        let count = batch.rows.len();
        let images: Vec<usize> = (0..count).chain(0..count).collect();
        if self.head {
            let features = batch.network.features(first)?;
            let targets: Vec<f64> =
                batch.targets.iter().map(|label| (label - batch.scale.mean) / batch.scale.std).collect();
            let found = batch.network.labels(features)?;
            let targets = burn::tensor::TensorData::new(targets, [count, 1]);
            let targets = Tensor::<2>::from_data(targets, (&found.device().inner(), found.dtype()));
            return Ok((found - targets).abs().mean());
        }
        let first = unit_rows(batch.network.embeddings(first)?);
        let second = match self.queue {
            None => unit_rows(batch.network.embeddings(second)?),
            Some(_) => unit_rows(memory.teacher()?.embeddings(second)?),
        };
        let mut points = vec![first, second.clone()];
        let mut labels = images;
        if let Some((queue, origins)) = memory.queued()? {
            labels.extend(origins.iter().map(|origin| count + origin.row));
            points.push(queue);
        }
        memory.push(second, batch.rows, &batch.targets)?;
        let points = Tensor::cat(points, 0);
        let similarities = cosine_similarities(points.clone(), points)?;
        nt_xent(similarities, &PairLabels::of_batch(&labels), Positive::new(0.2).unwrap())
    }
}

fn json() -> Value {
    json!({
        "paper": "p", "experiment": "e", "routine": "contrastive", "method": "plain", "parameters": {"loss": {}},
        "setting": {
            "counts": {"train": 96, "validation": 60, "test": 100}, "projector": {"hidden": [16], "dimensions": 8},
            "views": {"crop_from": 0.6, "shift": 1, "noise": 0.1}, "neighbours": 5, "course": 50
        },
        "seed": 3, "data": "digits", "model": {"kind": "convnet", "channels": [8, 16]},
        "optimizer": {"kind": "adam", "lr": 0.01}, "train": {"epochs": 4, "batch": 16, "select": "last"},
        "metrics": [], "device": "flex"
    })
}

fn spec(change: impl FnOnce(&mut Value)) -> Spec<Plain> {
    let mut spec = json();
    change(&mut spec);
    Spec::from_json(&spec).unwrap()
}

fn run(change: impl FnOnce(&mut Value)) -> Result<Measured, RunError> {
    let library = Library::from_env(None);
    Contrastive::<Plain>::run(&spec(change), &RunContext::plain(&library))
}

fn rotated(spec: &mut Value) {
    spec["setting"]["labels"] = json!({"rotation": {"largest": 90}});
    spec["setting"]["features"] = 12.into();
}

#[test]
fn classes_are_learned_and_everything_of_them_is_measured() {
    let measured = run(|_| ()).unwrap();
    let untrained = run(|spec| spec["optimizer"]["lr"] = 1e-9.into()).unwrap();
    let of = |measured: &Measured, name: &str| measured.metrics[name];
    assert!(of(&measured, "knn") > 30.0, "{:?}", measured.metrics);
    assert!(
        of(&measured, "alignment") < of(&untrained, "alignment")
            || of(&measured, "uniformity") < of(&untrained, "uniformity")
    );
    for name in ["knn", "linear", "knn-best", "fall", "alignment", "uniformity", "effective-rank"] {
        assert!(of(&measured, name).is_finite(), "{name}");
    }
    assert!(!measured.metrics.contains_key("mae"));
    assert_eq!((measured.curves["probe-error"].len(), measured.points[COURSE].len()), (4, 4));
    assert_eq!(Picture::from_points(&measured.points[PLANE]).unwrap().len(), 1);
    let predictions = measured.predictions.clone().unwrap();
    let again = Contrastive::<Plain>::from_predictions(&spec(|_| ()), &predictions).unwrap();
    assert!(again.iter().all(|(name, value)| value.to_bits() == of(&measured, name).to_bits()));
}

#[test]
fn angles_are_whole_and_a_head_learns_them() {
    let measured = run(|spec| {
        rotated(spec);
        spec["parameters"]["loss"]["head"] = true.into();
        spec["setting"]["counts"]["train"] = 600.into();
        spec["train"]["epochs"] = 10.into();
    });
    let metrics = measured.unwrap().metrics;
    // The mean alone is off by a quarter of the range, 22.5 degrees.
    assert!(metrics["mae-own"] < 18.0 && metrics["mae"] < 20.0, "{metrics:?}");
    for name in ["order", "rmse", "gm", "pearson", "spearman", "mae-many", "mae-few", "mae-knn", "mae-kernel"]
    {
        assert!(metrics[name].is_finite(), "{name}");
    }
    assert!(metrics["gm"] < metrics["mae"] && metrics["mae"] < metrics["rmse"]);
    assert!(!metrics.contains_key("knn"));
}

#[test]
fn parts_share_no_image_and_angles_are_drawn_for_each() {
    let library = Library::from_env(None);
    let parts = |seed: u64, rare: Option<f64>| {
        let spec = spec(|spec| {
            rotated(spec);
            spec["seed"] = seed.into();
            spec["setting"]["labels"]["rotation"]["rare"] = rare.into();
        });
        Parts::of(&spec, &RunContext::plain(&library), &mut Streams::new("e", seed)).unwrap()
    };
    let (one, other, rare) = (parts(0, None), parts(1, None), parts(0, Some(0.01)));
    assert_eq!([one.train.len(), one.validation.len(), one.test.len()], [96, 60, 100]);
    assert_ne!(one.train.values, other.train.values);
    let mean = |samples: &Samples| samples.targets.iter().sum::<f64>() / samples.len() as f64;
    assert!((35.0..55.0).contains(&mean(&one.train)), "{}", mean(&one.train));
    assert!(mean(&rare.train) < 30.0 && mean(&rare.test) > 35.0);
    assert!(one.train.values.iter().all(|value| (0.0..=1.0).contains(value)));
}

/// Trains, but stops after so many epochs, as a kill would.
fn killed(after: usize, folder: &std::path::Path, epochs: usize) -> Option<(Vec<f32>, Vec<f64>)> {
    let library = Library::from_env(None);
    let spec = spec(|spec| spec["parameters"]["loss"]["queue"] = 40.into());
    let context = RunContext::plain(&library);
    let mut streams = Streams::new("e", 3);
    let parts = Parts::of(&spec, &context, &mut streams).unwrap();
    let device = device::open("flex").unwrap();
    let projector = &spec.setting.projector;
    let plan = Plan { model: spec.model.as_ref().unwrap(), features: None, projector, head: false };
    let network = ContrastiveNetwork::new(plan, parts.shape, &mut streams, &device).unwrap();
    let plan = spec.parameters.loss.memory();
    let memory = Memory::new(plan, &network, projector.dimensions.get(), &device).unwrap();
    let task = ContrastiveTraining::new(parts, &spec.parameters, &spec.setting, &device).unwrap();
    let config = TrainConfig { epochs: size(epochs), ..spec.train.clone().unwrap() };
    let stop = |done: usize, _: usize| assert!(done < after, "killed");
    let training = context.training(&spec).unwrap();
    let training = Training {
        config: &config,
        checkpoints: Some(folder),
        checkpoint_interval: Duration::ZERO,
        progress: &stop,
        ..training
    };
    let trained = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        fit(&task, network, memory, &training, &mut streams).unwrap()
    }));
    let trained = trained.ok()?;
    let (keys, origins) = trained.state.queued().unwrap().unwrap();
    let mut values = to_host(keys).unwrap();
    values.extend(origins.iter().flat_map(|origin| [origin.row as f64, origin.target]));
    let view = task.views.plain(&task.parts.test.values, &[0, 1], &device);
    values.extend(to_host(trained.state.teacher().unwrap().embeddings(view.clone()).unwrap()).unwrap());
    let own = to_host(trained.last.embeddings(view).unwrap()).unwrap();
    Some((own.into_iter().map(|value| value as f32).collect(), [values, trained.train_loss].concat()))
}

#[test]
fn a_queue_an_average_network_and_views_survive_a_kill() {
    let undisturbed = tempfile::tempdir().unwrap();
    let whole = killed(usize::MAX, undisturbed.path(), 4).unwrap();
    for after in [1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        assert!(killed(after, folder.path(), 4).is_none());
        assert_eq!(killed(usize::MAX, folder.path(), 4).unwrap(), whole, "killed after {after}");
    }
}

#[test]
fn a_queue_holds_the_last_keys_with_their_samples() {
    let library = Library::from_env(None);
    let spec = spec(|_| ());
    let mut streams = Streams::new("e", 3);
    let parts = Parts::of(&spec, &RunContext::plain(&library), &mut streams).unwrap();
    let device = device::open("flex").unwrap();
    let projector = &spec.setting.projector;
    let plan = Plan { model: spec.model.as_ref().unwrap(), features: None, projector, head: false };
    let network = ContrastiveNetwork::new(plan, parts.shape, &mut streams, &device).unwrap();
    let plan = MemoryPlan { decay: None, queue: Some(size(3)) };
    let mut memory = Memory::new(plan, &network, 2, &device).unwrap();
    assert!(memory.queued().unwrap().is_none() && memory.teacher().is_err());
    memory.push(Tensor::ones([2, 2], &device), &[7, 9], &[0.5, 1.0]).unwrap();
    memory.push(Tensor::zeros([2, 2], &device), &[4, 5], &[2.0, 3.0]).unwrap();
    let (keys, mut origins) = memory.queued().unwrap().unwrap();
    assert_eq!(to_host(keys).unwrap().iter().sum::<f64>(), 2.0);
    origins.sort_by_key(|origin| origin.row);
    let expected = [(4, 2.0), (5, 3.0), (9, 1.0)].map(|(row, target)| Origin { row, target });
    assert_eq!(origins, expected);
    assert!(memory.push(Tensor::zeros([2, 2], &device), &[4], &[2.0, 3.0]).is_err());
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let checked = |change: fn(&mut Value)| Contrastive::<Plain>::check(&spec(change));
    assert_eq!(checked(|_| ()), Ok(()));
    for (change, why) in [
        ((|spec| spec["train"]["select"] = "best-validation".into()) as fn(&mut Value), "select: last"),
        (|spec| spec["model"] = Value::Null, "model"),
        (|spec| spec["train_samples"] = 10.into(), "setting.counts"),
        (|spec| spec["setting"]["labels"] = json!({"table": 1.0}), "mlp"),
        (
            |spec| {
                spec["model"] = json!({"kind": "mlp", "hidden": [8], "activation": "relu"});
                spec["setting"]["features"] = 4.into();
            },
            "feature maps",
        ),
    ] {
        let refusal = checked(change).unwrap_err();
        assert!(refusal.contains(why), "{refusal}");
    }
    let many = run(|spec| spec["setting"]["counts"]["test"] = 501.into()).unwrap_err().to_string();
    assert!(many.contains("500 samples"), "{many}");
}

#[test]
fn a_table_is_an_image_of_one_line() {
    let library = Library::from_env(None);
    let spec = spec(|spec| {
        spec["data"] = "wine-quality".into();
        spec["setting"]["labels"] = json!({"table": 2.0});
        spec["setting"]["views"] = json!({"noise": 0.1});
        spec["model"] = json!({"kind": "mlp", "hidden": [16], "activation": "relu"});
    });
    let context = RunContext::plain(&library);
    let parts = Parts::of(&spec, &context, &mut Streams::new("e", 3)).unwrap();
    assert_eq!((parts.shape.size(), parts.classes), (11, None));
    assert!(parts.train.targets.iter().all(|target| target % 2.0 == 0.0));
    let metrics = Contrastive::<Plain>::run(&spec, &context).unwrap().metrics;
    assert!(metrics["mae"] < 1.0 && metrics["mae"] == metrics["mae-own"], "{metrics:?}");
}
