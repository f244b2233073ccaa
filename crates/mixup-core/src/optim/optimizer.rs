//! The optimiser of a network: the rule, and what it keeps of each parameter.
//!
//! burn's `ModuleOptimizer` does the same for any rule. Its bookkeeping took as long as Adam's arithmetic on the small networks of
//! tables, 7 % of a run; here parameters are told apart by their place in the module alone.

use std::any::Any;
use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Bytes, Gradients, Tensor, TensorData};
use burn_pack::{Reader, Writer};

use super::groups::Settings;
use super::rule::{Moments, Rule};

/// An optimiser of modules of one structure, as [`OptimizerConfig::init`](super::OptimizerConfig::init) makes it.
pub struct Optimizer {
    rule: Rule,
    /// Of each float parameter, in the order of a visit.
    slots: Vec<Slot>,
}

struct Slot {
    settings: Settings,
    kept: Kept,
}

/// What the rule keeps of a parameter.
enum Kept {
    /// Nothing yet.
    Nothing,
    /// What was saved, until the device of the parameter is known.
    Saved(usize, Vec<TensorData>),
    /// [`Moments`] of the parameter's rank.
    Held(Box<dyn Held>),
}

/// [`Moments`] of any rank.
trait Held: Send {
    fn save(&self) -> (usize, Vec<TensorData>);
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<const D: usize> Held for Moments<D> {
    fn save(&self) -> (usize, Vec<TensorData>) {
        (self.steps, self.tensors.iter().map(Tensor::to_data).collect())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Kept {
    /// The moments of a parameter with this gradient.
    fn moments<const D: usize>(&mut self, gradient: &Tensor<D>) -> Option<&mut Moments<D>> {
        let fresh = match self {
            Self::Held(_) => None,
            Self::Nothing => Some(Moments::<D> { steps: 0, tensors: Vec::new() }),
            Self::Saved(steps, saved) => {
                let options = (&gradient.device(), gradient.dtype());
                let tensors = std::mem::take(saved).into_iter().map(|data| Tensor::from_data(data, options));
                Some(Moments { steps: *steps, tensors: tensors.collect() })
            }
        };
        if let Some(moments) = fresh {
            *self = Self::Held(Box::new(moments));
        }
        match self {
            Self::Held(held) => held.as_any().downcast_mut(),
            _ => None,
        }
    }
}

impl Optimizer {
    /// A fresh one, with the settings of each float parameter.
    pub(super) fn new(rule: Rule, settings: Vec<Settings>) -> Self {
        let slot = |settings| Slot { settings, kept: Kept::Nothing };
        Self { rule, slots: settings.into_iter().map(slot).collect() }
    }

    /// The module after a step, with what gradients there are; the others of its parameters stay as they are.
    ///
    /// # Panics
    /// On a module of another structure than the one that it was made for.
    pub fn step<M: Module>(&mut self, lr: f64, module: M, gradients: &mut Gradients) -> M {
        let Self { rule, slots } = self;
        module.map(&mut Step { rule: *rule, lr, gradients, slots: slots.iter_mut() })
    }

    /// What it keeps, to go on from.
    ///
    /// # Errors
    /// burn's words for what cannot be written.
    pub fn to_bytes(&self) -> Result<Bytes, String> {
        let (mut tensors, mut counts) = (Vec::new(), Vec::new());
        for (number, slot) in self.slots.iter().enumerate() {
            let (steps, kept) = match &slot.kept {
                Kept::Nothing => continue,
                Kept::Saved(steps, saved) => (*steps, saved.clone()),
                Kept::Held(held) => held.save(),
            };
            counts.push((number.to_string(), steps as u64));
            for (place, data) in kept.into_iter().enumerate() {
                let (bytes, shape, dtype) = data.into_parts();
                tensors.push(burn_pack::Tensor::new(format!("{number}.{place}"), dtype, shape, None, bytes));
            }
        }
        let writer = Writer::new(tensors);
        let writer =
            counts.iter().fold(writer, |writer, (key, steps)| writer.with_scalar(key, (*steps).into()));
        writer.into_bytes().map_err(|error| error.to_string())
    }

    /// The optimiser with what [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// Bytes that are not of such an optimiser.
    pub fn with_bytes(mut self, bytes: &[u8]) -> Result<Self, String> {
        let words = |error: burn_pack::Error| error.to_string();
        let reader = Reader::from_bytes(Bytes::from_bytes_vec(bytes.to_vec())).map_err(words)?;
        let steps = reader.scalars().clone();
        let mut tensors = BTreeMap::new();
        for tensor in reader.into_tensors().map_err(words)? {
            let (name, dtype, shape, _, bytes) = tensor.into_parts().map_err(words)?;
            tensors.insert(name, TensorData::from_bytes(bytes, shape, dtype));
        }
        for (key, steps) in steps {
            let steps = u64::try_from(steps).map_err(|error| error.to_string())?;
            let slot = key.parse().ok().and_then(|number: usize| self.slots.get_mut(number));
            let slot = slot.ok_or_else(|| format!("there is no parameter {key}"))?;
            let saved: Vec<_> = (0..).map_while(|place| tensors.remove(&format!("{key}.{place}"))).collect();
            if saved.len() != self.rule.keeps() {
                return Err(format!("of parameter {key} {} tensors are kept", saved.len()));
            }
            slot.kept = Kept::Saved(steps as usize, saved);
        }
        Ok(self)
    }
}

/// A step on one parameter after the other.
struct Step<'a> {
    rule: Rule,
    lr: f64,
    gradients: &'a mut Gradients,
    slots: std::slice::IterMut<'a, Slot>,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let slot = self.slots.next().expect("a module of the structure that the optimiser was made for");
        // Running statistics are not on a device that tracks.
        if !parameter.is_require_grad() {
            return parameter;
        }
        let Some(gradient) = parameter.grad_remove(self.gradients) else { return parameter };
        let moments = slot.kept.moments(&gradient).expect("a parameter of the rank that it had");
        let (rule, settings, lr) = (self.rule, slot.settings, self.lr);
        parameter.map(|tensor| {
            Tensor::from_inner(rule.step(settings, lr, tensor.inner(), gradient, moments)).require_grad()
        })
    }
}
