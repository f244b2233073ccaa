//! Where data sets are found: the providers, and the order in which they are tried.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::archive;
use crate::dataset::{Content, DataSet};
use crate::debian;
use crate::download::{self, Network, Progress};
use crate::error::{Attempt, DataError};
use crate::images::ImageSet;
use crate::look::{Check, Miss, content_in, files_in};

/// Finds data sets: in the given directory, as the system's own copy, in the cache, embedded in a
/// crate, at the canonical URL, in the archive of a repository, or in a Debian package.
#[derive(Debug, Clone)]
pub struct Library {
    /// `--data-dir` or `MIXUP_DATA_DIR`; layout `DIR/<name>/<file>`.
    pub data_dir: Option<PathBuf>,
    /// Where downloads are kept, as `<cache_dir>/<name>/<file>`.
    pub cache_dir: PathBuf,
    /// How long a download waits and how often it tries.
    pub network: Network,
    /// Image sets that this process has read, where it is to remember them.
    pub memory: Option<Memory>,
}

/// Image sets by name, for [`Library::remembering`].
#[derive(Debug, Clone, Default)]
pub struct Memory(pub(crate) Arc<Mutex<BTreeMap<&'static str, ImageSet>>>);

/// Where a data set comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// `--data-dir` or `MIXUP_DATA_DIR`.
    GivenDirectory,
    /// A copy that the system's package manager installed.
    System,
    /// An earlier download.
    Cache,
    /// A crate that this program is linked with.
    Embedded,
    /// The canonical URL.
    Url,
    /// The archive of a public repository.
    Archive,
    /// A Debian package, unpacked without root.
    Debian,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GivenDirectory => "given directory",
            Self::System => "system copy",
            Self::Cache => "cache",
            Self::Embedded => "embedded",
            Self::Url => "canonical URL",
            Self::Archive => "repository archive",
            Self::Debian => "Debian package",
        })
    }
}

/// A data set that is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Where it comes from.
    pub provider: Provider,
    /// Its files, in the order of the catalogue; none when it is embedded, the one folder when it is a tree.
    pub files: Vec<PathBuf>,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = |file: &'_ PathBuf| -> Option<PathBuf> {
            if file.is_dir() { Some(file.clone()) } else { file.parent().map(Path::to_owned) }
        };
        match self.files.first().and_then(folder) {
            Some(folder) => write!(f, "{}: {}", self.provider, folder.display()),
            None => write!(f, "{}", self.provider),
        }
    }
}

/// A relative `MIXUP_DATA_DIR` as seen from the current folder, or else from the nearest folder above
/// it: cargo runs tests in the folder of their crate, not where the variable was set.
fn from_a_folder_above(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let found = here.ancestors().map(|folder| folder.join(&path)).find(|folder| folder.is_dir());
    found.unwrap_or(path)
}

impl Library {
    /// A library with default network settings.
    pub fn new(data_dir: Option<PathBuf>, cache_dir: PathBuf) -> Self {
        Self { data_dir, cache_dir, network: Network::default(), memory: None }
    }

    /// The same library, which reads each image set once and then remembers it: for a process that looks at
    /// many runs.
    #[must_use]
    pub fn remembering(self) -> Self {
        Self { memory: Some(Memory::default()), ..self }
    }

    /// The data directory is the flag, else `MIXUP_DATA_DIR`, else none. The cache is
    /// `$XDG_CACHE_HOME/mixup-lab`, else `~/.cache/mixup-lab`, else a folder of the temporary directory.
    pub fn from_env(data_dir_flag: Option<PathBuf>) -> Self {
        Self::from_variables(data_dir_flag, |name| std::env::var_os(name))
    }

    fn from_variables(data_dir_flag: Option<PathBuf>, get: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name| get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // The XDG base directory specification says that a relative path is to be ignored.
        let cache = path("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| path("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(std::env::temp_dir);
        let from_variable = || path("MIXUP_DATA_DIR").map(from_a_folder_above);
        Self::new(data_dir_flag.or_else(from_variable), cache.join("mixup-lab"))
    }

    /// Where the data set is, by names and sizes of files alone: quick, and without network.
    ///
    /// # Errors
    /// [`DataError::Unavailable`] when it is not at hand; [`DataError::Checksum`] when the given directory
    /// has a file of another size; [`DataError::NoDataDir`].
    pub fn locate(&self, set: &DataSet) -> Result<Located, DataError> {
        self.at_hand(set, Check::Size)
    }

    /// Like [`Library::locate`], with the checksum of every file.
    ///
    /// # Errors
    /// As [`Library::locate`]; a wrong file in the given directory is always an error, a wrong system or
    /// cached copy counts as absent.
    pub fn verify(&self, set: &DataSet) -> Result<Located, DataError> {
        self.at_hand(set, Check::Sum)
    }

    /// Verifies the data set, or else gets it from the network into the cache; `progress` is called
    /// while a download runs. Processes that want the same set at the same time wait for each other.
    ///
    /// # Errors
    /// As [`Library::verify`], after the network providers have failed, too.
    pub fn obtain(&self, set: &DataSet, progress: &dyn Fn(Progress<'_>)) -> Result<Located, DataError> {
        let mut tried = match self.verify(set) {
            Err(DataError::Unavailable { tried, .. }) => tried,
            other => return other,
        };
        let folder = self.cache_dir.join(set.name);
        let _lock = match lock(&folder) {
            Ok(lock) => lock,
            Err(error) => {
                let why = format!("cannot write to {}: {error}", folder.display());
                tried.push(Attempt { provider: Provider::Url, why });
                return Err(unavailable(set, tried));
            }
        };
        // Another process may have got it while this one waited for the lock.
        if let Ok(files) = content_in(&self.cached(set), &set.content, Check::Sum) {
            return Ok(Located { provider: Provider::Cache, files });
        }
        for provider in [Provider::Url, Provider::Archive, Provider::Debian] {
            match self.fetch(provider, set, &folder, progress) {
                None => {}
                Some(Ok(files)) => return Ok(Located { provider, files }),
                Some(Err(why)) => tried.push(Attempt { provider, why }),
            }
        }
        Err(unavailable(set, tried))
    }

    /// The files of a set, from a provider that the set has, or why it does not give them.
    fn fetch(
        &self,
        provider: Provider,
        set: &DataSet,
        folder: &Path,
        progress: &dyn Fn(Progress<'_>),
    ) -> Option<Result<Vec<PathBuf>, String>> {
        let fetched = match provider {
            Provider::Url if !set.files().is_empty() => self.download(set, folder, progress),
            Provider::Archive => archive::fetch(&self.network, set, set.archive.as_ref()?, folder, progress),
            Provider::Debian => debian::fetch(set.debian.as_ref()?, set.files(), folder),
            _ => return None,
        };
        let found = || content_in(&self.cached(set), &set.content, Check::Size);
        Some(fetched.and_then(|()| found().map_err(|miss| miss.to_string())))
    }

    fn download(&self, set: &DataSet, folder: &Path, progress: &dyn Fn(Progress<'_>)) -> Result<(), String> {
        set.files()
            .iter()
            // What an earlier, broken-off call has got is not fetched again.
            .filter(|file| files_in(folder, std::slice::from_ref(*file), Check::Sum).is_err())
            .try_for_each(|file| download::file(&self.network, set.name, file, folder, progress))
    }

    /// Where the cache has the files of a set.
    fn cached(&self, set: &DataSet) -> PathBuf {
        let folder = self.cache_dir.join(set.name);
        if matches!(set.content, Content::Members(_)) { folder.join(archive::FOLDER) } else { folder }
    }

    fn at_hand(&self, set: &DataSet, check: Check) -> Result<Located, DataError> {
        if let Content::Embedded { load, .. } = set.content {
            load()?;
            return Ok(Located { provider: Provider::Embedded, files: Vec::new() });
        }
        let mut tried = Vec::new();
        if let Some(files) = self.given(set, check, &mut tried)? {
            return Ok(Located { provider: Provider::GivenDirectory, files });
        }
        let cache = self.cached(set);
        let own = [(Provider::System, set.system.map(PathBuf::from)), (Provider::Cache, Some(cache))];
        for (provider, folder) in own {
            let Some(folder) = folder else { continue };
            match content_in(&folder, &set.content, check) {
                Ok(files) => return Ok(Located { provider, files }),
                Err(miss) => tried.push(Attempt { provider, why: miss.to_string() }),
            }
        }
        Err(unavailable(set, tried))
    }

    /// The files in the given directory. A wrong one there is an error: the user asked for that file.
    fn given(
        &self,
        set: &DataSet,
        check: Check,
        tried: &mut Vec<Attempt>,
    ) -> Result<Option<Vec<PathBuf>>, DataError> {
        let provider = Provider::GivenDirectory;
        let Some(dir) = &self.data_dir else {
            tried.push(Attempt { provider, why: "none given".to_owned() });
            return Ok(None);
        };
        if !dir.is_dir() {
            return Err(DataError::NoDataDir { path: dir.clone() });
        }
        let folder = [set.name, set.folder].map(|name| dir.join(name)).into_iter().find(|path| path.is_dir());
        let Some(folder) = folder else {
            tried.push(Attempt { provider, why: format!("no folder {}", dir.join(set.name).display()) });
            return Ok(None);
        };
        match content_in(&folder, &set.content, check) {
            Ok(files) => Ok(Some(files)),
            Err(Miss::Bad(error)) => Err(error),
            Err(absent) => {
                tried.push(Attempt { provider, why: absent.to_string() });
                Ok(None)
            }
        }
    }
}

/// Creates the folder and waits until no other process works in it.
pub(crate) fn lock(folder: &Path) -> io::Result<fs::File> {
    fs::create_dir_all(folder)?;
    let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(".lock"))?;
    lock.lock()?;
    Ok(lock)
}

fn unavailable(set: &DataSet, tried: Vec<Attempt>) -> DataError {
    let (first, more) = match &set.content {
        Content::Members(members) => (members.globs.first().copied(), "and the like are"),
        Content::Tree(tree) => (tree.marks.first().copied(), "is with what belongs to it"),
        _ => {
            let more = if set.files().len() > 1 { "is with the other files beside it" } else { "is" };
            (set.files().first().map(|file| file.name), more)
        }
    };
    let served = !set.files().is_empty() && set.files().iter().all(|file| file.source.is_some());
    let by_internet = if served || set.archive.is_some() {
        format!("`cargo xtask data get {}` with internet, or ", set.name)
    } else {
        String::new()
    };
    let mut advice = format!(
        "To have it: {by_internet}set MIXUP_DATA_DIR=DIR (or --data-dir DIR) where DIR/{name}/{first} {more}",
        name = set.name,
        first = first.unwrap_or_default(),
    );
    if let Some(package) = &set.debian {
        advice += &format!(", or `apt-get install {}` on Debian", package.name);
    }
    advice += ".";
    if let Content::Tree(_) = set.content {
        advice += &format!(" It comes from {}", set.page);
    }
    if let Some(howto) = set.howto {
        advice += &format!(" {howto}");
    }
    DataError::Unavailable { name: set.name, tried, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_folder_is_found_from_a_folder_above() {
        // Tests run in the folder of this crate; `crates/mixup-data/src` is seen from two above.
        let found = from_a_folder_above(PathBuf::from("crates/mixup-data/src"));
        assert!(found.join("library.rs").is_file(), "{}", found.display());
        assert_eq!(from_a_folder_above(PathBuf::from("no/such")), PathBuf::from("no/such"));
    }

    fn library(flag: Option<&str>, variables: &[(&str, &str)]) -> Library {
        let value =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        Library::from_variables(flag.map(PathBuf::from), value)
    }

    #[test]
    fn the_flag_wins_over_the_variable() {
        let both = library(Some("/flag"), &[("MIXUP_DATA_DIR", "/variable"), ("HOME", "/home/a")]);
        assert_eq!(both.data_dir, Some(PathBuf::from("/flag")));
        let variable = library(None, &[("MIXUP_DATA_DIR", "/variable")]);
        assert_eq!(variable.data_dir, Some(PathBuf::from("/variable")));
        assert_eq!(library(None, &[("MIXUP_DATA_DIR", "")]).data_dir, None);
    }

    #[test]
    fn the_cache_follows_xdg() {
        let cache = |variables: &[(&str, &str)]| library(None, variables).cache_dir;
        let home = ("HOME", "/home/a");
        assert_eq!(cache(&[home]), Path::new("/home/a/.cache/mixup-lab"));
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", "/cache")]), Path::new("/cache/mixup-lab"));
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", "relative")]), Path::new("/home/a/.cache/mixup-lab"));
        assert_eq!(cache(&[]), std::env::temp_dir().join("mixup-lab"));
    }
}
