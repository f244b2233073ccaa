//! A public repository's archive at a commit. Hosts pack such an archive anew whenever they like, so that
//! it has no sum of its own; what is checked is what its members are.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::dataset::{Archive, Content, DataSet};
use crate::debian::inside;
use crate::digest::measure;
use crate::download::{self, Network, Progress, Verdict, Wanted};
use crate::look::Check;
use crate::members::{Found, Members, Ordered, slashed};
use crate::stored_zip;

/// Room for what a repository has beside the members of a set.
const OTHER_BYTES: u64 = 64 << 20;
/// What a tar archive adds to a file: a header, and filling up to a block.
const BYTES_A_MEMBER: u64 = 1024;

/// Gets a data set out of its repository's archive into `folder`, or says why not. A partial download stays
/// there, for the next call to go on with.
pub(crate) fn fetch(
    network: &Network,
    set: &DataSet,
    archive: &Archive,
    folder: &Path,
    progress: &dyn Fn(Progress<'_>),
) -> Result<(), String> {
    let part = folder.join("repository.tar.gz.part");
    let members = &archive.members;
    let wanted = Wanted {
        url: archive.url,
        longest: limit(members),
        check: &|part| {
            Ok(match unpack(File::open(part)?, members) {
                Ok(_) => Verdict::Right,
                Err(Problem::Short(why)) => Verdict::Short(why),
                Err(Problem::Wrong(why)) => Verdict::Wrong(why),
            })
        },
    };
    // The packed size is not known beforehand; the unpacked one is near it for images and sounds.
    let report = |done| {
        let total = members.bytes.max(done);
        progress(Progress { data_set: set.name, file: "archive of its repository", done, total });
    };
    download::fetch(network, &wanted, &part, &report)?;
    let packed = File::open(&part).map_err(|error| error.to_string())?;
    let contents = unpack(packed, members).map_err(|problem| format!("{}: {problem}", archive.url))?;
    keep(set, &contents, folder)?;
    fs::remove_file(&part).map_err(|error| error.to_string())
}

/// As the set keeps its files: one zip archive of the members, or each in its folder.
fn keep(set: &DataSet, contents: &Ordered<Vec<u8>>, folder: &Path) -> Result<(), String> {
    match &set.content {
        Content::Files([file]) => {
            let mut bytes = Vec::new();
            let members = contents.iter().map(|((_, name), content)| (name.as_str(), &content[..]));
            stored_zip::write(&mut bytes, members).map_err(|error| error.to_string())?;
            download::place(&bytes[..], file.sums, &folder.join(file.name))
        }
        Content::Members(members) => keep_folder(members, contents, folder),
        _ => Err("the catalogue does not say how its members are kept".to_owned()),
    }
}

/// Writes the members into a folder beside the target, looks at them once more, and renames the folder.
fn keep_folder(members: &Members, contents: &Ordered<Vec<u8>>, folder: &Path) -> Result<(), String> {
    let temporary = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let write = |name: &str, content: &[u8]| {
        let path = temporary.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(temporary.path()))?;
        fs::write(path, content)
    };
    for ((_, name), content) in contents {
        write(name, content).map_err(|error| format!("cannot write {name}: {error}"))?;
    }
    members.look(temporary.path(), Check::Sum).map_err(|miss| miss.to_string())?;
    let target = folder.join(FOLDER);
    match fs::remove_dir_all(&target) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.to_string()),
        _ => fs::rename(temporary.path(), &target).map_err(|error| error.to_string()),
    }
}

/// Where the cache has the members of a set, below the folder of the set.
pub(crate) const FOLDER: &str = "members";

/// The longest that the archive may be, packed or unpacked.
fn limit(members: &Members) -> u64 {
    members.bytes + members.count as u64 * BYTES_A_MEMBER + OTHER_BYTES
}

/// Why bytes are not the archive.
#[derive(Debug, thiserror::Error)]
enum Problem {
    /// They may be its beginning.
    #[error("{0}")]
    Short(String),
    /// They are something else.
    #[error("{0}")]
    Wrong(String),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        let why = format!("the archive is broken: {error}");
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Short(why) } else { Self::Wrong(why) }
    }
}

/// The members in a packed tar archive, checked against the catalogue. No archive makes it use more memory
/// than the members have.
fn unpack(packed: impl Read, members: &Members) -> Result<Ordered<Vec<u8>>, Problem> {
    let unpacked = Limited { inner: MultiGzDecoder::new(packed), left: limit(members) };
    let mut archive = tar::Archive::new(unpacked);
    let patterns = members.patterns();
    let (mut contents, mut found) = (Ordered::new(), Found::new());
    let mut room = members.bytes;
    for entry in archive.entries()? {
        let entry = entry?;
        // Below the one folder that the host puts everything in.
        let path = inside(&entry.path()?).map_err(Problem::Wrong)?;
        let path = slashed(&path.iter().skip(1).collect::<std::path::PathBuf>());
        let Some(key) = path.and_then(|path| patterns.key(path)) else { continue };
        if !entry.header().entry_type().is_file() {
            return Err(Problem::Wrong(format!("{} in the archive is not a plain file", key.1)));
        }
        let mut content = Vec::new();
        entry.take(room + 1).read_to_end(&mut content)?;
        let length = content.len() as u64;
        room = room.checked_sub(length).ok_or_else(|| {
            Problem::Wrong(format!("wrong content: more than the {} bytes expected", members.bytes))
        })?;
        found.insert(key.1.clone(), measure(&content[..])?);
        if contents.insert(key.clone(), content).is_some() {
            return Err(Problem::Wrong(format!("{} is in the archive twice", key.1)));
        }
    }
    match members.check(&found) {
        Ok(()) => Ok(contents),
        Err(found) => Err(Problem::Wrong(format!("wrong content: {found}; expected {members}"))),
    }
}

/// Reads no more than it may, and says so.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("it is far larger than the repository was"))?;
        Ok(count)
    }
}
