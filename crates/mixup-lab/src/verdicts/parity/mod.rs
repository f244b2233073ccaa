//! Folders of golden vectors against the ops that papers register.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, Table, presets};
use mixup_paper::Paper;
use mixup_paper::golden::{Case, GoldenError, GoldenOp, Worst, compare};
use serde::{Deserialize, Serialize};

/// Ops by full name (`c-mixup.kde_rates`).
pub type Ops = BTreeMap<&'static str, GoldenOp>;

/// The ops of all papers.
///
/// # Errors
/// A name that is registered twice, with the papers that do.
pub fn ops(papers: &[Paper]) -> Result<Ops, String> {
    let mut ops = Ops::new();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for paper in papers {
        for (name, op) in &paper.golden {
            if let Some(owner) = owners.insert(name, paper.slug) {
                return Err(format!(
                    "the golden op `{name}` is registered by {owner} and again by {}",
                    paper.slug
                ));
            }
            ops.insert(name, *op);
        }
    }
    Ok(ops)
}

/// What became of all cases. Its `Display` is the text for a terminal: one line per op, then the
/// misses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parity {
    /// Files looked at.
    pub cases: usize,
    /// Files that did not pass, unknown ops and unreadable files included.
    pub missed: usize,
    /// Per op, by name.
    pub ops: Vec<OpParity>,
    /// Files that hold no case.
    pub unreadable: Vec<Miss>,
}

/// What became of the cases of one op.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpParity {
    /// Full name.
    pub op: String,
    /// In a word.
    pub status: OpStatus,
    /// Number of cases.
    pub cases: usize,
    /// Element with the largest error for what it is allowed, and its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<(PathBuf, Worst)>,
    /// Cases that did not pass.
    pub misses: Vec<Miss>,
}

/// Whether an op's cases pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpStatus {
    /// All do.
    Pass,
    /// Some do not.
    Miss,
    /// No paper knows the op, which is a miss too.
    Unknown,
}

/// A file that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub reason: String,
}

/// A path that cannot be looked at; the user's to put right.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    /// The path does not exist or cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The path.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The path holds no case.
    #[error("{0}: no *.json in it; give a folder of golden vectors")]
    Empty(PathBuf),
}

/// Runs every `*.json` under the given folders (or the given files) through its op. Whatever is
/// wrong with a case, an op that panics included, is a miss of that case and stops nothing.
///
/// # Errors
/// [`ParityError`]: a path that cannot be read or holds no case.
pub fn run(paths: &[PathBuf], ops: &Ops) -> Result<Parity, ParityError> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        collect(path, &mut files).map_err(|source| ParityError::Io { path: path.clone(), source })?;
        if files.len() == before {
            return Err(ParityError::Empty(path.clone()));
        }
    }
    let mut parity = Parity { cases: files.len(), ..Parity::default() };
    let mut by_op: BTreeMap<String, OpParity> = BTreeMap::new();
    for file in files {
        match Case::read(&file) {
            Ok(case) => {
                let op = ops.get(case.op.as_str());
                by_op.entry(case.op.clone()).or_insert_with(|| OpParity::new(&case.op)).add(file, &case, op);
            }
            // The message names the file already.
            Err(error) => parity.unreadable.push(Miss { file, reason: error.to_string() }),
        }
    }
    parity.ops = by_op.into_values().collect();
    parity.missed = parity.unreadable.len() + parity.ops.iter().map(|op| op.misses.len()).sum::<usize>();
    Ok(parity)
}

/// The JSON files at or under a path, in the order of their names.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        // For a file that is not there, the reason.
        std::fs::metadata(path)?;
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

impl OpParity {
    fn new(op: &str) -> Self {
        Self { op: op.to_owned(), status: OpStatus::Pass, cases: 0, worst: None, misses: Vec::new() }
    }

    fn add(&mut self, file: PathBuf, case: &Case, op: Option<&GoldenOp>) {
        self.cases += 1;
        let Some(op) = op else {
            self.status = OpStatus::Unknown;
            let reason = format!("no paper knows the op `{}`", case.op);
            return self.misses.push(Miss { file, reason });
        };
        let reason = match catch_unwind(AssertUnwindSafe(|| op(case))) {
            Err(payload) => Some(format!("the op panicked: {}", panic_message(payload.as_ref()))),
            Ok(Err(GoldenError::Malformed(reason))) => Some(reason),
            Ok(Err(GoldenError::Refused(reason))) => Some(format!("the op refused the case: {reason}")),
            Ok(Ok(computed)) => {
                let compared = compare(case, &computed);
                let known = self.worst.as_ref().map_or(-1.0, |(_, worst)| worst.ratio());
                if let Some(worst) = compared.worst.filter(|worst| worst.ratio() > known) {
                    self.worst = Some((file.clone(), worst));
                }
                let reasons: Vec<String> =
                    compared.mismatches.iter().map(|m| format!("{}: {}", m.array, m.reason)).collect();
                (!reasons.is_empty()).then(|| reasons.join("; "))
            }
        };
        if let Some(reason) = reason {
            self.status = OpStatus::Miss;
            self.misses.push(Miss { file, reason });
        }
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header([
            "op",
            "cases",
            "worst error",
            "of allowed",
            "result",
        ]);
        for op in &self.ops {
            table.add_row(op.row());
        }
        for column in [1, 2, 3] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(f, "{}", table.trim_fmt())?;
        for op in &self.ops {
            match (op.status, op.misses.first()) {
                // One line: the reason is the same for every case.
                (OpStatus::Unknown, Some(first)) => {
                    writeln!(
                        f,
                        "MISS  {} ({} cases, the first is {})",
                        first.reason,
                        op.cases,
                        first.file.display()
                    )?;
                }
                _ => {
                    for Miss { file, reason } in &op.misses {
                        writeln!(f, "MISS  {}: {reason}", file.display())?;
                    }
                }
            }
        }
        for Miss { reason, .. } in &self.unreadable {
            writeln!(f, "MISS  {reason}")?;
        }
        let passed = self.cases - self.missed;
        write!(f, "{passed} of {} cases pass, {} missed", self.cases, self.missed)
    }
}

impl OpParity {
    fn row(&self) -> [String; 5] {
        let passed = self.cases - self.misses.len();
        let (error, share) = match &self.worst {
            Some((_, worst)) if worst.error == 0.0 => ("0".to_owned(), "0 %".to_owned()),
            Some((_, worst)) if worst.allowed == 0.0 => (format!("{:.1e}", worst.error), "none".to_owned()),
            Some((_, worst)) => (format!("{:.1e}", worst.error), format!("{:.2} %", 100.0 * worst.ratio())),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let result = match self.status {
            OpStatus::Pass => "pass".to_owned(),
            OpStatus::Miss => format!("MISS ({passed} pass)"),
            OpStatus::Unknown => "UNKNOWN".to_owned(),
        };
        [self.op.clone(), self.cases.to_string(), error, share, result]
    }
}

#[cfg(test)]
mod tests;
