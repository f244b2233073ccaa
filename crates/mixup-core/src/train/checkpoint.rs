//! The state of training, and a file that holds it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use serde::{Deserialize, Serialize};

use super::course::Course;
use super::{Network, module};
use crate::{
    CoreError, files,
    optim::Optimizer,
    stream::{StreamPositions, Streams},
};

/// Everything that the next epoch depends on.
pub(super) struct Standing<M, S> {
    pub(super) model: M,
    /// What the task keeps beside the model.
    pub(super) state: S,
    pub(super) optimizer: Optimizer,
    pub(super) best: M,
    pub(super) order: Vec<usize>,
    pub(super) opening: Vec<f64>,
    pub(super) train_loss: Vec<f64>,
    pub(super) course: Course,
}

impl<M: Network, S: Module> Standing<M, S> {
    pub(super) fn start(model: M, state: S, optimizer: Optimizer) -> Self {
        let best = model.evaluation();
        Self {
            model: model.into_training(),
            state,
            optimizer,
            best,
            order: Vec::new(),
            opening: Vec::new(),
            train_loss: Vec::new(),
            course: Course::default(),
        }
    }

    /// Epochs done.
    pub(super) fn done(&self) -> usize {
        self.course.losses.len()
    }
}

/// What a checkpoint holds beside weights.
#[derive(Serialize, Deserialize)]
struct Header {
    best_epoch: usize,
    order: Vec<usize>,
    opening: Vec<f64>,
    train_loss: Vec<f64>,
    validation_loss: Vec<f64>,
    streams: StreamPositions,
}

/// One file: a magic number, then header, weights, best weights, the task's state and the optimiser,
/// each behind its length as a little-endian u64. It is replaced by a rename, so that a kill leaves the old one
/// or the new one.
pub(super) struct Checkpoint {
    path: PathBuf,
}

const MAGIC: &[u8; 8] = b"MIXUPCK4";

impl Checkpoint {
    pub(super) fn at(folder: &Path) -> Self {
        Self { path: folder.join("checkpoint.bin") }
    }

    pub(super) fn save<M: Network, S: Module>(
        &self,
        standing: &Standing<M, S>,
        streams: &Streams,
    ) -> Result<(), CoreError> {
        let header = Header {
            best_epoch: standing.course.best,
            order: standing.order.clone(),
            opening: standing.opening.clone(),
            train_loss: standing.train_loss.clone(),
            validation_loss: standing.course.losses.clone(),
            streams: streams.positions(),
        };
        let header = serde_json::to_vec(&header).map_err(|error| self.error(error))?;
        let state = module::to_bytes(&standing.state);
        let [model, best, state] = [standing.model.to_bytes(), standing.best.to_bytes(), state]
            .map(|bytes| bytes.map_err(|error| self.error(error)));
        let (model, best, state) = (model?, best?, state?);
        let optimizer = standing.optimizer.to_bytes().map_err(|error| self.error(error))?;
        let mut bytes = MAGIC.to_vec();
        for part in [&header[..], &model, &best, &state, &optimizer] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        self.replace(&bytes)
    }

    /// What was saved, or `standing` where nothing was.
    pub(super) fn resume<M: Network, S: Module>(
        &self,
        standing: Standing<M, S>,
        streams: &mut Streams,
    ) -> Result<Standing<M, S>, CoreError> {
        let bytes = match files::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(standing),
            Err(error) => return Err(self.error(error)),
        };
        let [header, model, best, state, optimizer] = parts(&bytes)
            .ok_or_else(|| self.error("is cut short, of another version, or not a checkpoint; delete it"))?;
        let header: Header = serde_json::from_slice(header).map_err(|error| self.error(error))?;
        streams.restore(&header.streams).map_err(|purpose| {
            self.error(format!("the position of stream `{purpose}` is not a number; delete it"))
        })?;
        let optimizer = standing.optimizer.with_bytes(optimizer);
        Ok(Standing {
            model: standing.model.with_bytes(model).map_err(|error| self.error(error))?,
            best: standing.best.with_bytes(best).map_err(|error| self.error(error))?,
            state: module::with_bytes(standing.state, state).map_err(|error| self.error(error))?,
            optimizer: optimizer.map_err(|error| self.error(error))?,
            order: header.order,
            opening: header.opening,
            train_loss: header.train_loss,
            course: Course { losses: header.validation_loss, best: header.best_epoch },
        })
    }

    /// Whole or not at all: a draft beside it takes its place when all of it is on the disk. Where its folder is
    /// removed meanwhile, another process has brought this same training to its end: nobody goes on from here.
    fn replace(&self, bytes: &[u8]) -> Result<(), CoreError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let write = || {
            fs::create_dir_all(folder)?;
            let mut draft =
                tempfile::Builder::new().prefix("checkpoint-").suffix(".tmp").tempfile_in(folder)?;
            draft.write_all(bytes)?;
            // Some file systems find no room for what was written only now.
            draft.as_file().sync_data()?;
            draft.persist(&self.path).map_err(|error| error.error)
        };
        match write() {
            Ok(_) => Ok(()),
            Err(error) if files::went_away(&error) => Ok(()),
            Err(error) => Err(self.error(format!("cannot write its {} bytes: {error}", bytes.len()))),
        }
    }

    fn error(&self, problem: impl ToString) -> CoreError {
        CoreError::Checkpoint { path: self.path.clone(), problem: problem.to_string() }
    }
}

/// The parts of a checkpoint; none where the bytes are not one.
fn parts(bytes: &[u8]) -> Option<[&[u8]; 5]> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut next = || {
        let (length, tail) = rest.split_first_chunk::<8>()?;
        let (part, tail) = tail.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        rest = tail;
        Some(part)
    };
    let parts = [next()?, next()?, next()?, next()?, next()?];
    rest.is_empty().then_some(parts)
}
