//! What papers do with finished training runs of language models: mixtures of domains and the losses that
//! came of them ([`mixup_data::RegMix`]). Nothing is trained; a regression, or a search, is.

mod error;
mod gbdt;
mod runs;

pub use error::{ProxyError, Result, all_finite, require, same_size};
pub use gbdt::{EarlyStopping, Gbdt, GbdtConfig};
pub use runs::{Runs, TARGETS};
