//! Where data sets are found: the providers, and the order in which they are tried.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::dataset::{Content, DataSet, File};
use crate::debian;
use crate::digest::measure_file;
use crate::download::{self, Network, Progress};
use crate::error::{Attempt, DataError, Mismatch};

/// Finds data sets: in the given directory, as the system's own copy, in the cache, embedded in a
/// crate, at the canonical URL, or in a Debian package.
#[derive(Debug, Clone)]
pub struct Library {
    /// `--data-dir` or `MIXUP_DATA_DIR`; layout `DIR/<name>/<file>`.
    pub data_dir: Option<PathBuf>,
    /// Where downloads are kept, as `<cache_dir>/<name>/<file>`.
    pub cache_dir: PathBuf,
    /// How long a download waits and how often it tries.
    pub network: Network,
}

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
            Self::Debian => "Debian package",
        })
    }
}

/// A data set that is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Where it comes from.
    pub provider: Provider,
    /// Its files, in the order of the catalogue; none when it is embedded.
    pub files: Vec<PathBuf>,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.files.first().and_then(|file| file.parent()) {
            Some(folder) => write!(f, "{}: {}", self.provider, folder.display()),
            None => write!(f, "{}", self.provider),
        }
    }
}

/// How closely files are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// They exist and have the right size.
    Size,
    /// They have the right checksum, too.
    Sum,
}

/// Why a folder does not serve.
enum Miss {
    /// A file is not there.
    Absent(PathBuf),
    /// A file is there, but wrong or unreadable.
    Bad(DataError),
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(path) => write!(f, "no file {}", path.display()),
            Self::Bad(error) => write!(f, "{error}"),
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
        Self { data_dir, cache_dir, network: Network::default() }
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
        let files = set.files();
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
        if let Ok(files) = files_in(&folder, files, Check::Sum) {
            return Ok(Located { provider: Provider::Cache, files });
        }
        self.fetch(set, files, &folder, progress, tried)
    }

    fn fetch(
        &self,
        set: &DataSet,
        files: &[File],
        folder: &Path,
        progress: &dyn Fn(Progress<'_>),
        mut tried: Vec<Attempt>,
    ) -> Result<Located, DataError> {
        let downloaded = files
            .iter()
            // What an earlier, broken-off call has got is not fetched again.
            .filter(|file| files_in(folder, std::slice::from_ref(*file), Check::Sum).is_err())
            .try_for_each(|file| download::file(&self.network, set.name, file, folder, progress));
        let provider = match downloaded {
            Ok(()) => Provider::Url,
            Err(why) => {
                tried.push(Attempt { provider: Provider::Url, why });
                let Some(package) = &set.debian else { return Err(unavailable(set, tried)) };
                if let Err(why) = debian::fetch(package, files, folder) {
                    tried.push(Attempt { provider: Provider::Debian, why });
                    return Err(unavailable(set, tried));
                }
                Provider::Debian
            }
        };
        Ok(Located { provider, files: files.iter().map(|file| folder.join(file.name)).collect() })
    }

    fn at_hand(&self, set: &DataSet, check: Check) -> Result<Located, DataError> {
        if let Content::Embedded { load, .. } = set.content {
            load()?;
            return Ok(Located { provider: Provider::Embedded, files: Vec::new() });
        }
        let files = set.files();
        let mut tried = Vec::new();
        if let Some(files) = self.given(set, files, check, &mut tried)? {
            return Ok(Located { provider: Provider::GivenDirectory, files });
        }
        let cache = self.cache_dir.join(set.name);
        let own = [(Provider::System, set.system.map(PathBuf::from)), (Provider::Cache, Some(cache))];
        for (provider, folder) in own {
            let Some(folder) = folder else { continue };
            match files_in(&folder, files, check) {
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
        files: &[File],
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
        match files_in(&folder, files, check) {
            Ok(files) => Ok(Some(files)),
            Err(Miss::Bad(error)) => Err(error),
            Err(absent) => {
                tried.push(Attempt { provider, why: absent.to_string() });
                Ok(None)
            }
        }
    }
}

/// All files of a set in one folder. A wrong file is told even when another one is absent.
fn files_in(folder: &Path, files: &[File], check: Check) -> Result<Vec<PathBuf>, Miss> {
    let mut paths = Vec::new();
    let mut absent = None;
    for file in files {
        match file_in(folder, file, check) {
            Ok(path) => paths.push(path),
            Err(miss @ Miss::Absent(_)) => absent = absent.or(Some(miss)),
            Err(bad) => return Err(bad),
        }
    }
    absent.map_or(Ok(paths), Err)
}

fn file_in(folder: &Path, file: &File, check: Check) -> Result<PathBuf, Miss> {
    let path = folder.join(file.name);
    let unreadable = |source| Miss::Bad(DataError::Read { path: path.clone(), source });
    let bytes = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Miss::Absent(path)),
        Err(error) => return Err(unreadable(error)),
    };
    if check == Check::Sum {
        let found = measure_file(&path).map_err(unreadable)?;
        if !found.is_one_of(file.sums) {
            return Err(Miss::Bad(DataError::mismatch(path, file.sums, found)));
        }
    } else if !file.sums.iter().any(|sum| sum.bytes == bytes) {
        let mismatch = Mismatch { path, expected: file.sums.to_vec(), sha256: None, bytes };
        return Err(Miss::Bad(DataError::Checksum(Box::new(mismatch))));
    }
    Ok(path)
}

/// Creates the folder and waits until no other process works in it.
pub(crate) fn lock(folder: &Path) -> io::Result<fs::File> {
    fs::create_dir_all(folder)?;
    let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(".lock"))?;
    lock.lock()?;
    Ok(lock)
}

fn unavailable(set: &DataSet, tried: Vec<Attempt>) -> DataError {
    let first_file = set.files().first().map_or("", |file| file.name);
    let by_internet = if set.files().iter().all(|file| file.source.is_some()) {
        format!("`cargo xtask data get {}` with internet, or ", set.name)
    } else {
        String::new()
    };
    let mut advice = format!(
        "To have it: {by_internet}set MIXUP_DATA_DIR=DIR (or --data-dir DIR) where DIR/{name}/{first_file} is{more}",
        name = set.name,
        more = if set.files().len() > 1 { " with the other files beside it" } else { "" },
    );
    if let Some(package) = &set.debian {
        advice += &format!(", or `apt-get install {}` on Debian", package.name);
    }
    advice += ".";
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
