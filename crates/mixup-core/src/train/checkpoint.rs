//! The state of training, and a file that holds it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    CoreError,
    stream::{StreamPositions, Streams},
};

/// Everything that the next epoch depends on.
pub(super) struct State<M> {
    pub(super) model: M,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) best: M,
    /// Epochs done.
    pub(super) epoch: usize,
    pub(super) best_epoch: usize,
    pub(super) order: Vec<usize>,
    pub(super) train_loss: Vec<f64>,
    pub(super) validation_loss: Vec<f64>,
}

impl<M: Module> State<M> {
    pub(super) fn start(model: M, optimizer: ModuleOptimizer) -> Self {
        let best = model.valid();
        Self {
            model: model.train(),
            optimizer,
            best,
            epoch: 0,
            best_epoch: 0,
            order: Vec::new(),
            train_loss: Vec::new(),
            validation_loss: Vec::new(),
        }
    }
}

/// What a checkpoint holds beside weights.
#[derive(Serialize, Deserialize)]
struct Header {
    epoch: usize,
    best_epoch: usize,
    order: Vec<usize>,
    train_loss: Vec<f64>,
    validation_loss: Vec<f64>,
    streams: StreamPositions,
}

/// One file: a magic number, then header, weights, best weights and optimiser, each behind its
/// length as a little-endian u64. It is replaced by a rename, so that a kill leaves the old one
/// or the new one.
pub(super) struct Checkpoint {
    path: PathBuf,
}

const MAGIC: &[u8; 8] = b"MIXUPCK1";

impl Checkpoint {
    pub(super) fn at(folder: &Path) -> Self {
        Self { path: folder.join("checkpoint.bin") }
    }

    pub(super) fn save<M: Module>(&self, state: &State<M>, streams: &Streams) -> Result<(), CoreError> {
        let header = Header {
            epoch: state.epoch,
            best_epoch: state.best_epoch,
            order: state.order.clone(),
            train_loss: state.train_loss.clone(),
            validation_loss: state.validation_loss.clone(),
            streams: streams.positions(),
        };
        let header = serde_json::to_vec(&header).map_err(|error| self.error(error))?;
        let weights = |model: &M| model.clone().into_record().into_bytes().map_err(|error| self.error(error));
        let optimizer = state.optimizer.into_bytes().map_err(|error| self.error(error))?;
        let mut bytes = MAGIC.to_vec();
        for part in [&header[..], &weights(&state.model)?, &weights(&state.best)?, &optimizer] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        self.replace(&bytes).map_err(|error| self.error(error))
    }

    /// The state that was saved, or `state` where nothing was.
    pub(super) fn resume<M: Module>(
        &self,
        state: State<M>,
        streams: &mut Streams,
    ) -> Result<State<M>, CoreError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(state),
            Err(error) => return Err(self.error(error)),
        };
        let [header, model, best, optimizer] =
            parts(&bytes).ok_or_else(|| self.error("is not a checkpoint or is cut short; delete it"))?;
        let header: Header = serde_json::from_slice(header).map_err(|error| self.error(error))?;
        streams.restore(&header.streams).map_err(|purpose| {
            self.error(format!("the position of stream `{purpose}` is not a number; delete it"))
        })?;
        let load = |into: M, part: &[u8]| {
            ModuleRecord::from_bytes(Bytes::from_bytes_vec(part.to_vec()))
                .and_then(|record| into.try_load_record(record))
                .map_err(|error| self.error(error))
        };
        let optimizer = state.optimizer.from_bytes(Bytes::from_bytes_vec(optimizer.to_vec()));
        Ok(State {
            model: load(state.model, model)?,
            best: load(state.best, best)?,
            optimizer: optimizer.map_err(|error| self.error(error))?,
            epoch: header.epoch,
            best_epoch: header.best_epoch,
            order: header.order,
            train_loss: header.train_loss,
            validation_loss: header.validation_loss,
        })
    }

    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let draft = self.path.with_extension("tmp");
        let mut file = fs::File::create(&draft)?;
        file.write_all(bytes)?;
        fs::rename(draft, &self.path)
    }

    fn error(&self, problem: impl ToString) -> CoreError {
        CoreError::Checkpoint { path: self.path.clone(), problem: problem.to_string() }
    }
}

/// The four parts of a checkpoint; none where the bytes are not one.
fn parts(bytes: &[u8]) -> Option<[&[u8]; 4]> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut next = || {
        let (length, tail) = rest.split_first_chunk::<8>()?;
        let (part, tail) = tail.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        rest = tail;
        Some(part)
    };
    Some([next()?, next()?, next()?, next()?])
}
