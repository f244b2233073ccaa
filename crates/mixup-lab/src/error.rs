//! What stops a command, and the exit status that follows.

use std::path::{Path, PathBuf};

use crate::files::yaml::InputError;

/// How a command that was carried out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All is well: exit status 0.
    Fine,
    /// The user's input or environment did not allow it; the command has said why: exit status 2.
    Refused,
    /// A regression, a miss or a failed run: exit status 1.
    Failed,
}

impl Status {
    /// The worse of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

/// A command could not be carried out. All but interruptions are the user's to mend: exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A file that the user wrote is wrong.
    #[error(transparent)]
    Input(#[from] InputError),
    /// An argument is wrong: the message says what would be right.
    #[error("{0}")]
    Usage(String),
    /// A data set could not be had or read.
    #[error(transparent)]
    Data(#[from] mixup_data::DataError),
    /// A device that is not here.
    #[error(transparent)]
    Core(#[from] mixup_core::CoreError),
    /// The file system refused.
    #[error("{path}: {action}: {source}", path = path.display())]
    Io {
        /// What was tried, for example `cannot be written`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A template of the site, which is ours, does not fit what it shows.
    #[error("the site cannot be written, which is a fault of mixup-lab: {0:#}")]
    Template(#[from] minijinja::Error),
    /// Ctrl-C or SIGTERM: exit status 130.
    #[error(
        "interrupted: {done} of {all} runs that were missing are done; finished runs are kept, run the same command \
         again to go on"
    )]
    Interrupted {
        /// Runs, those of stages included, that the command finished for the paper at hand.
        done: usize,
        /// Runs that it had to do for it.
        all: usize,
    },
    /// The same where nothing is kept.
    #[error("interrupted: a replay keeps nothing; run the same command again")]
    ReplayInterrupted,
}

impl LabError {
    /// For `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{Failed, Fine, Refused};

    #[test]
    fn the_worse_status_wins() {
        assert_eq!(Fine.and(Failed), Failed);
        assert_eq!(Refused.and(Failed), Failed);
        assert_eq!(Fine.and(Refused), Refused);
        assert_eq!(Fine.and(Fine), Fine);
    }
}
