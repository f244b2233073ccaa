//! Downloads: streamed to disk, resumed, verified, then renamed into place.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;
use ureq::http::{Response, header};
use ureq::{Agent, Body};

use crate::dataset::File;
use crate::digest::{Sum, measure_file};
use crate::error::sums_text;
use crate::gzip;

/// How long a download waits and how often it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Longest wait for a name to be resolved, and again for a connection.
    pub connect: Duration,
    /// Longest wait for the next bytes.
    pub stall: Duration,
    /// Requests for one file, at least one; each goes on where the one before was cut.
    pub attempts: u32,
    /// Wait between two requests.
    pub pause: Duration,
}

impl Default for Network {
    /// An unreachable host is given up after 5 seconds, a silent one after 20.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            stall: Duration::from_secs(20),
            attempts: 3,
            pause: Duration::from_millis(500),
        }
    }
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Name of the data set.
    pub data_set: &'a str,
    /// Name of the file.
    pub file: &'a str,
    /// Bytes on disk.
    pub done: u64,
    /// Bytes that the download has.
    pub total: u64,
}

/// Gets one file of a data set into `folder`, or says why not. A partial download stays there under
/// `<file>.part`, for the next call to go on with.
pub(crate) fn file(
    network: &Network,
    data_set: &str,
    file: &File,
    folder: &Path,
    progress: &dyn Fn(Progress<'_>),
) -> Result<(), String> {
    let part = folder.join(format!("{}.part", file.name));
    let target = folder.join(file.name);
    let Some(source) = &file.source else {
        return Err(format!("none is known that serves {}", file.name));
    };
    let packed = source.gzip.as_slice();
    let sums = if packed.is_empty() { file.sums } else { packed };
    let total = sums.iter().map(|sum| sum.bytes).max().unwrap_or(0);
    let report = |done| progress(Progress { data_set, file: file.name, done, total });
    let wanted = Wanted { url: source.url, longest: total, check: &|part| verdict(part, sums) };
    fetch(network, &wanted, &part, &report)?;
    let placed = if packed.is_empty() {
        fs::rename(&part, &target).map_err(|error| error.to_string())
    } else {
        unpack(&part, source.url, file, &target)
    };
    placed.map_err(|why| format!("cannot write {}: {why}", target.display()))
}

fn unpack(part: &Path, url: &str, file: &File, target: &Path) -> Result<(), String> {
    let packed = fs::read(part).map_err(|error| error.to_string())?;
    let limit = file.sums.iter().map(|sum| sum.bytes).max().unwrap_or(0);
    let bytes = gzip::unpack(url, &packed, limit).map_err(|error| error.to_string())?;
    place(&bytes[..], file.sums, target)?;
    fs::remove_file(part).map_err(|error| error.to_string())
}

/// Writes a verified file: the name is there only once the bytes are right.
pub(crate) fn place(reader: impl Read, sums: &[Sum], target: &Path) -> Result<(), String> {
    let limit = sums.iter().map(|sum| sum.bytes).max().unwrap_or(0);
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut temporary = NamedTempFile::new_in(folder).map_err(|error| error.to_string())?;
    let written = io::copy(&mut reader.take(limit + 1), temporary.as_file_mut())
        .and_then(|_| temporary.as_file().sync_all())
        .and_then(|()| measure_file(temporary.path()));
    let found = written.map_err(|error| error.to_string())?;
    if !found.is_one_of(sums) {
        return Err(wrong_sum(&found.sha256, found.bytes, sums));
    }
    temporary.persist(target).map_err(|error| error.to_string())?;
    Ok(())
}

/// What a download must become.
pub(crate) struct Wanted<'a> {
    /// Where it comes from.
    pub url: &'a str,
    /// No right file is longer.
    pub longest: u64,
    /// Looks at what is on disk.
    pub check: &'a dyn Fn(&Path) -> io::Result<Verdict>,
}

/// What is on disk, with the reason where it is not right.
pub(crate) enum Verdict {
    /// What is wanted.
    Right,
    /// It may be the beginning of that.
    Short(String),
    /// Something else.
    Wrong(String),
}

/// Why a request failed.
enum Failure {
    /// It would fail again.
    Final(String),
    /// The next one may do better.
    Passing(String),
}

/// Downloads into `part`, going on where it ends, until it is what is wanted.
pub(crate) fn fetch(
    network: &Network,
    wanted: &Wanted<'_>,
    part: &Path,
    report: &dyn Fn(u64),
) -> Result<(), String> {
    let agent = agent(network);
    let attempts = network.attempts.max(1);
    let mut last = String::new();
    for attempt in 0..attempts {
        if attempt > 0 {
            thread::sleep(network.pause);
        }
        match request(&agent, wanted, part, report) {
            Ok(()) => return Ok(()),
            Err(Failure::Final(why)) => return Err(format!("{}: {why}", wanted.url)),
            Err(Failure::Passing(why)) => last = why,
        }
    }
    Err(format!("{}: {last} (after {attempts} requests)", wanted.url))
}

fn agent(network: &Network) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(5)
        .timeout_resolve(Some(network.connect))
        .timeout_connect(Some(network.connect))
        .timeout_recv_response(Some(network.stall))
        .timeout_per_read(Some(network.stall))
        .build()
        .into()
}

/// One request, which goes on where `part` ends.
fn request(agent: &Agent, wanted: &Wanted<'_>, part: &Path, report: &dyn Fn(u64)) -> Result<(), Failure> {
    let longest = wanted.longest;
    let check = || (wanted.check)(part).map_err(|error| unwritable(part, &error));
    let mut have = fs::metadata(part).map_or(0, |metadata| metadata.len());
    if have > 0 && matches!(check()?, Verdict::Right) {
        return Ok(());
    }
    if have >= longest {
        have = 0;
    }
    let mut request = agent.get(wanted.url);
    if have > 0 {
        request = request.header(header::RANGE, format!("bytes={have}-"));
    }
    let response = request.call().map_err(|error| refused(&error))?;
    let start = start_of(&response, have, part)?;
    let declared = response.body().content_length().is_some();
    let end = save(response, part, start, longest, report)?;
    let why = match check()? {
        Verdict::Right => return Ok(()),
        Verdict::Short(_) if !declared => {
            return Err(Failure::Passing(format!("the connection ended too early, after {end} bytes")));
        }
        Verdict::Short(why) | Verdict::Wrong(why) => why,
    };
    remove(part)?;
    // The old part may have been of another version of the file: once more, from the start.
    Err(if start > 0 { Failure::Passing(why) } else { Failure::Final(why) })
}

/// The offset at which the body begins, 0 or `have`.
fn start_of(response: &Response<Body>, have: u64, part: &Path) -> Result<u64, Failure> {
    let status = response.status();
    match status.as_u16() {
        200 => Ok(0),
        206 => {
            let range = response.headers().get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
            if range.is_some_and(|range| range.starts_with(&format!("bytes {have}-"))) {
                return Ok(have);
            }
            remove(part)?;
            Err(Failure::Passing(format!("asked for bytes from {have} on, the answer is another range")))
        }
        416 => {
            remove(part)?;
            Err(Failure::Passing("the server cannot go on with a partial file".to_owned()))
        }
        408 | 429 | 500..600 => Err(Failure::Passing(format!("HTTP status {status}"))),
        _ => Err(Failure::Final(format!("HTTP status {status}"))),
    }
}

/// Appends the body at `start`; returns the length of the file.
fn save(
    response: Response<Body>,
    part: &Path,
    start: u64,
    longest: u64,
    report: &dyn Fn(u64),
) -> Result<u64, Failure> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(start == 0)
        .append(start > 0)
        .open(part)
        .map_err(|error| unwritable(part, &error))?;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    let mut end = start;
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => {
                return Err(Failure::Passing(format!("cut after {end} bytes: {error}")));
            }
        };
        end += count as u64;
        if end > longest {
            drop(file);
            remove(part)?;
            return Err(Failure::Final(format!("sends more than the {longest} bytes expected")));
        }
        file.write_all(&buffer[..count]).map_err(|error| unwritable(part, &error))?;
        report(end);
    }
    file.sync_all().map_err(|error| unwritable(part, &error))?;
    Ok(end)
}

/// Only a broken connection or a silent server may do better the next time; a host that cannot be
/// reached is given up at once, so that a machine without internet does not wait.
fn refused(error: &ureq::Error) -> Failure {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let passing = match error {
        ureq::Error::Timeout(ureq::Timeout::RecvResponse | ureq::Timeout::PerRead) => true,
        ureq::Error::Io(error) => {
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        }
        _ => false,
    };
    if passing { Failure::Passing(error.to_string()) } else { Failure::Final(error.to_string()) }
}

fn verdict(part: &Path, sums: &[Sum]) -> io::Result<Verdict> {
    let found = measure_file(part)?;
    let why = wrong_sum(&found.sha256, found.bytes, sums);
    Ok(if found.is_one_of(sums) {
        Verdict::Right
    } else if sums.iter().all(|sum| found.bytes < sum.bytes) {
        Verdict::Short(why)
    } else {
        Verdict::Wrong(why)
    })
}

fn remove(part: &Path) -> Result<(), Failure> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(part, &error)),
        _ => Ok(()),
    }
}

fn unwritable(part: &Path, error: &io::Error) -> Failure {
    Failure::Final(format!("cannot write {}: {error}", part.display()))
}

fn wrong_sum(sha256: &str, bytes: u64, sums: &[Sum]) -> String {
    format!("wrong content: SHA-256 {sha256} ({bytes} bytes), expected {}", sums_text(sums))
}
