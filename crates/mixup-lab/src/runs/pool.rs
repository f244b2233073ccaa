//! Executes runs in worker processes, several at a time.
//!
//! Each run has a process of its own, so that a crash costs one run, peak memory is that run's, and
//! numbers do not depend on how many run beside it.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::runs::host;
use crate::runs::interrupt;
use crate::runs::job::{Event, FailureKind, Job};

/// Lines of a worker's own output that a failure keeps for its log.
const TAIL: usize = 1000;

/// How many, and with how many threads each.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    /// Workers at a time.
    pub jobs: usize,
    /// Threads of each worker.
    pub threads: usize,
}

/// What happened to the run of an index.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A worker took it.
    Started,
    /// An epoch is done.
    Epoch {
        /// Epochs done.
        done: usize,
        /// Epochs in all.
        all: usize,
    },
    /// Its record is in the store.
    Finished,
    /// What the code does with one of its specs, or why that could not be told.
    Identified(usize, Result<String, Failure>),
    /// The first losses of one of its specs, or why it could not be replayed.
    Replayed(usize, Result<Vec<f64>, Failure>),
    /// It failed.
    Failed(Failure),
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Who can mend it.
    pub kind: FailureKind,
    /// Why.
    pub message: String,
    /// The last lines that the worker wrote on standard error.
    pub tail: Vec<String>,
}

/// How the jobs of a pool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Each was executed.
    All,
    /// Ctrl-C.
    Interrupted,
    /// `observe` asked to stop.
    Stopped,
}

impl Pool {
    /// Executes all jobs and tells `observe` what happens, with the index of the job. Ctrl-C ends the
    /// workers, and so does `observe` when it answers with a break.
    pub fn execute(self, jobs: &[Job], mut observe: impl FnMut(usize, Notice) -> ControlFlow<()>) -> Ended {
        interrupt::watch();
        let slots: Vec<Slot> = (0..self.jobs.min(jobs.len())).map(|_| Slot::default()).collect();
        let shared =
            Shared { jobs, threads: self.threads, next: AtomicUsize::new(0), stop: AtomicBool::new(false) };
        let mut ended = Ended::All;
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for slot in &slots {
                let (sender, shared) = (sender.clone(), &shared);
                scope.spawn(move || shared.work(slot, &sender));
            }
            drop(sender);
            loop {
                match receiver.recv_timeout(Duration::from_millis(100)) {
                    Ok((index, notice)) => {
                        if ended != Ended::Stopped && observe(index, notice).is_break() {
                            ended = Ended::Stopped;
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                if interrupt::requested() {
                    ended = Ended::Interrupted;
                }
                if ended != Ended::All && !shared.stop.swap(true, Ordering::SeqCst) {
                    slots.iter().for_each(Slot::close);
                }
            }
        });
        ended
    }
}

/// The standard input of the worker that a thread looks after. To close it ends the worker.
#[derive(Default)]
struct Slot(Mutex<Option<ChildStdin>>);

impl Slot {
    fn put(&self, stdin: ChildStdin) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stdin);
    }

    fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// What the threads that look after workers share.
struct Shared<'a> {
    jobs: &'a [Job],
    threads: usize,
    next: AtomicUsize,
    stop: AtomicBool,
}

impl Shared<'_> {
    /// Takes jobs until there are none.
    fn work(&self, slot: &Slot, sender: &Sender<(usize, Notice)>) {
        while !self.stop.load(Ordering::SeqCst) {
            let index = self.next.fetch_add(1, Ordering::SeqCst);
            let Some(job) = self.jobs.get(index) else { break };
            // The receiver outlives every sender.
            let tell = |notice| drop(sender.send((index, notice)));
            tell(Notice::Started);
            let result = self.run(job, slot, &tell);
            if self.stop.load(Ordering::SeqCst) {
                // The worker was ended on purpose: neither finished nor failed.
                break;
            }
            tell(result.unwrap_or_else(Notice::Failed));
        }
    }

    fn run(&self, job: &Job, slot: &Slot, tell: &dyn Fn(Notice)) -> Result<Notice, Failure> {
        let failed = |action: &'static str| {
            move |error: io::Error| Failure {
                kind: FailureKind::Run,
                message: format!("the worker {action}: {error}"),
                tail: Vec::new(),
            }
        };
        let mut child = spawn(self.threads).map_err(failed("cannot be started"))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(failed("has no pipes")(io::ErrorKind::BrokenPipe.into()));
        };
        let mut line = serde_json::to_vec(job).map_err(io::Error::other).map_err(failed("got no job"))?;
        line.push(b'\n');
        // A worker that died before it read its job is judged by its exit status.
        let _ = stdin.write_all(&line);
        slot.put(stdin);
        if self.stop.load(Ordering::SeqCst) {
            slot.close();
        }
        let heard = thread::scope(|scope| {
            let errors = scope.spawn(|| tail(stderr));
            let mut heard = listen(stdout, tell);
            heard.tail.extend(errors.join().unwrap_or_default());
            heard
        });
        let status = child.wait();
        slot.close();
        heard.judge(status)
    }
}

/// This same binary as a worker. On Linux by the link to the running file, which stays right when
/// cargo builds a new one over it.
fn spawn(threads: usize) -> io::Result<Child> {
    let mut command = if cfg!(target_os = "linux") {
        Command::new("/proc/self/exe")
    } else {
        Command::new(std::env::current_exe()?)
    };
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, "mixup-lab");
    command
        .arg("worker")
        .envs(host::training_environment(threads))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// What a worker said until its output ended.
#[derive(Default)]
struct Heard {
    last_word: Option<Event>,
    tail: VecDeque<String>,
}

impl Heard {
    fn judge(self, status: io::Result<ExitStatus>) -> Result<Notice, Failure> {
        let tail = self.tail.into();
        match (self.last_word, status) {
            (Some(Event::Failed { kind, message }), _) => Err(Failure { kind, message, tail }),
            (Some(Event::Recorded), Ok(status)) if status.success() => Ok(Notice::Finished),
            (Some(Event::AllTold), Ok(status)) if status.success() => Ok(Notice::Finished),
            (_, Ok(status)) => {
                let message = format!("the worker ended before its record was kept ({status})");
                Err(Failure { kind: FailureKind::Run, message, tail })
            }
            (_, Err(error)) => {
                let message = format!("the worker was lost: {error}");
                Err(Failure { kind: FailureKind::Run, message, tail })
            }
        }
    }
}

/// Follows a worker's standard output. What is no event (a paper's own print) counts as error text.
fn listen(stdout: impl Read, tell: &dyn Fn(Notice)) -> Heard {
    let mut heard = Heard::default();
    for line in lines(stdout) {
        match serde_json::from_str(&line) {
            Ok(Event::Epoch { done, all }) => tell(Notice::Epoch { done, all }),
            Ok(Event::Identified { index, identity }) => tell(Notice::Identified(index, Ok(identity))),
            Ok(Event::Replayed { index, opening }) => tell(Notice::Replayed(index, Ok(opening))),
            Ok(Event::Unidentified { index, kind, message }) => {
                tell(Notice::Identified(index, Err(Failure { kind, message, tail: Vec::new() })));
            }
            Ok(Event::Unreplayed { index, kind, message }) => {
                tell(Notice::Replayed(index, Err(Failure { kind, message, tail: Vec::new() })));
            }
            Ok(last_word) => heard.last_word = Some(last_word),
            Err(_) => push(&mut heard.tail, line),
        }
    }
    heard
}

fn tail(stderr: impl Read) -> VecDeque<String> {
    let mut tail = VecDeque::new();
    lines(stderr).for_each(|line| push(&mut tail, line));
    tail
}

fn push(tail: &mut VecDeque<String>, line: String) {
    if tail.len() == TAIL {
        tail.pop_front();
    }
    tail.push_back(line);
}

/// Lines until the end or an error; bytes that are not UTF-8 are replaced.
fn lines(from: impl Read) -> impl Iterator<Item = String> {
    let split = BufReader::new(from).split(b'\n');
    split.map_while(Result::ok).map(|line| String::from_utf8_lossy(&line).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_events_and_keeps_the_end_of_everything_else() {
        let noise: String = (0..TAIL + 8).map(|n| format!("noise {n}\n")).collect();
        let text =
            format!("{noise}{{\"event\":\"epoch\",\"done\":1,\"all\":3}}\n{{\"event\":\"recorded\"}}\n");
        let epochs = Mutex::new(Vec::new());
        let heard = listen(text.as_bytes(), &|notice| epochs.lock().unwrap().push(notice));
        assert_eq!(*epochs.lock().unwrap(), [Notice::Epoch { done: 1, all: 3 }]);
        assert_eq!(heard.last_word, Some(Event::Recorded));
        assert_eq!(heard.tail.len(), TAIL);
        assert_eq!(heard.tail.back().unwrap(), &format!("noise {}", TAIL + 7));
    }

    #[test]
    fn a_record_counts_only_with_a_good_end() {
        let status = |shell: &str| Command::new("sh").args(["-c", shell]).status();
        let recorded = || Heard { last_word: Some(Event::Recorded), ..Heard::default() };
        assert!(recorded().judge(status("exit 0")).is_ok());
        assert!(recorded().judge(status("kill -9 $$")).unwrap_err().message.contains("signal: 9"));
        assert!(Heard::default().judge(status("exit 0")).is_err());
    }
}
