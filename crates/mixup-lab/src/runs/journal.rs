//! The event log of `reproduce --log FILE`: a JSON object per line, for dashboards to follow. ARCHITECTURE.md has the
//! table of its events and fields, and a test compares the two.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;

use crate::error::LabError;
use crate::runs::job::FailureKind;

/// Version of the lines' format.
pub const SCHEMA: u32 = 1;

/// A run, a stage or a measurement, as lines name it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RunName<'a> {
    /// Slug of the paper.
    pub paper: &'a str,
    /// Name of the experiment.
    pub experiment: &'a str,
    /// `run`, `stage` or `measurement`.
    pub what: &'static str,
    /// Method.
    pub method: &'a str,
    /// Seed.
    pub seed: u64,
    /// Key of the run in the store.
    pub key: &'a str,
}

/// What happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Entry<'a> {
    /// A command begins; a log that is continued has one such line per command.
    Begun {
        /// Version of the format.
        schema: u32,
        /// Slugs, in the order in which they are reproduced.
        papers: Vec<&'a str>,
        /// `smoke`, `desk`, `gpu` or `paper`.
        profile: &'a str,
        /// Workers at a time.
        jobs: usize,
        /// Runs of all papers.
        runs: usize,
        /// Those that the store has already.
        finished: usize,
        /// Primary claims that are open.
        open_claims: usize,
    },
    /// A worker took a run.
    RunStarted {
        /// Which.
        #[serde(flatten)]
        run: RunName<'a>,
    },
    /// An epoch of it is done.
    Epoch {
        /// Which.
        #[serde(flatten)]
        run: RunName<'a>,
        /// Epochs done.
        done: usize,
        /// Epochs in all.
        all: usize,
    },
    /// Its record is in the store.
    RunFinished {
        /// Which.
        #[serde(flatten)]
        run: RunName<'a>,
        /// Wall seconds since it started.
        seconds: f64,
    },
    /// It failed.
    RunFailed {
        /// Which.
        #[serde(flatten)]
        run: RunName<'a>,
        /// Wall seconds since it started.
        seconds: f64,
        /// Who can mend it.
        kind: FailureKind,
        /// Why.
        message: &'a str,
        /// The file that says more.
        log: String,
    },
    /// A claim has another verdict than before; a claim without an outcome was `not-run`.
    VerdictChanged {
        /// Slug of the paper.
        paper: &'a str,
        /// The claim.
        claim: &'a str,
        /// Its verdict before, in words.
        before: String,
        /// Its verdict now, in words.
        after: String,
    },
    /// All that could be done for a paper is done.
    PaperFinished {
        /// Slug of the paper.
        paper: &'a str,
        /// Runs that were executed.
        executed: usize,
        /// Experiments that have their outcome.
        complete: usize,
        /// Experiments that have none, because runs failed or data are missing.
        incomplete: usize,
        /// Primary claims that are open.
        open_claims: usize,
    },
    /// The command ends.
    Ended {
        /// `complete`, `incomplete`, `interrupted` or `stopped`.
        status: &'a str,
        /// Wall seconds since it began.
        seconds: f64,
    },
}

/// A line.
#[derive(Serialize)]
struct Line<'a> {
    /// When, in RFC 3339 and UTC.
    time: String,
    #[serde(flatten)]
    entry: &'a Entry<'a>,
}

/// The log of a command, or none.
#[derive(Debug, Default)]
pub struct Journal {
    file: Option<fs::File>,
    broken: Cell<bool>,
}

impl Journal {
    /// Opens a log; lines are added to a file that is there.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn open(path: Option<&Path>) -> Result<Self, LabError> {
        let open = |path: &Path| {
            let file = fs::OpenOptions::new().create(true).append(true).open(path);
            file.map_err(LabError::io("the log cannot be written", path))
        };
        Ok(Self { file: path.map(open).transpose()?, broken: Cell::new(false) })
    }

    /// Writes a line. A log that fails on the way is warned of once and stops nothing.
    pub fn tell(&self, entry: &Entry<'_>) {
        let Some(file) = self.file.as_ref().filter(|_| !self.broken.get()) else { return };
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let written =
            serde_json::to_vec(&Line { time, entry }).map_err(std::io::Error::other).and_then(|mut line| {
                line.push(b'\n');
                // In one piece, so that a reader never sees half a line.
                (&mut &*file).write_all(&line)
            });
        if let Err(error) = written {
            eprintln!("warning: the log cannot be written any more: {error}");
            self.broken.set(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    const RUN: RunName<'_> =
        RunName { paper: "p", experiment: "e", what: "run", method: "m", seed: 1, key: "ab" };

    fn all() -> Vec<Entry<'static>> {
        vec![
            Entry::Begun {
                schema: SCHEMA,
                papers: vec!["p"],
                profile: "desk",
                jobs: 2,
                runs: 3,
                finished: 1,
                open_claims: 1,
            },
            Entry::RunStarted { run: RUN },
            Entry::Epoch { run: RUN, done: 1, all: 2 },
            Entry::RunFinished { run: RUN, seconds: 1.5 },
            Entry::RunFailed {
                run: RUN,
                seconds: 1.5,
                kind: FailureKind::Run,
                message: "why",
                log: "a.log".to_owned(),
            },
            Entry::VerdictChanged {
                paper: "p",
                claim: "c",
                before: "NOT RUN".to_owned(),
                after: "REPRODUCED".to_owned(),
            },
            Entry::PaperFinished { paper: "p", executed: 1, complete: 1, incomplete: 0, open_claims: 0 },
            Entry::Ended { status: "complete", seconds: 2.0 },
        ]
    }

    /// Event and fields of each row of the table in ARCHITECTURE.md.
    fn documented() -> BTreeMap<String, BTreeSet<String>> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ARCHITECTURE.md");
        let text = fs::read_to_string(file).unwrap();
        let (_, table) = text.split_once("| event | fields |").unwrap();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let code =
            |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
        rows.map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            let fields = code(cells[2]).into_iter().collect();
            (code(cells[1]).remove(0), fields)
        })
        .collect()
    }

    #[test]
    fn every_line_is_as_documented() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let journal = Journal::open(Some(file.path())).unwrap();
        all().iter().for_each(|entry| journal.tell(entry));
        let text = fs::read_to_string(file.path()).unwrap();
        let mut written = BTreeMap::new();
        for line in text.lines() {
            let Value::Object(fields) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
            assert!(humantime::parse_rfc3339(fields["time"].as_str().unwrap()).is_ok(), "{line}");
            let names = fields.keys().filter(|name| *name != "time" && *name != "event").cloned();
            written.insert(fields["event"].as_str().unwrap().to_owned(), names.collect::<BTreeSet<_>>());
        }
        assert_eq!(written, documented());
    }

    #[test]
    fn a_second_command_goes_on_in_the_same_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for _ in 0..2 {
            Journal::open(Some(file.path()))
                .unwrap()
                .tell(&Entry::Ended { status: "complete", seconds: 1.0 });
        }
        assert_eq!(fs::read_to_string(file.path()).unwrap().lines().count(), 2);
        assert!(Journal::open(Some(Path::new("/nowhere/a.log"))).is_err());
    }
}
