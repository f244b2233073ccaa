//! A Debian package, downloaded and unpacked by an ordinary user.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};

use walkdir::WalkDir;

use crate::dataset::{DebianPackage, File};
use crate::download::place;

/// Gets the files of a data set out of a package into `folder`, or says why not.
pub(crate) fn fetch(package: &DebianPackage, files: &[File], folder: &Path) -> Result<(), String> {
    let work = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let archive = download(package.name, work.path())?;
    extract(&archive, package.folder, files, folder)
}

/// `apt-get download`: needs no root, and apt checks the package against the signed index.
fn download(package: &str, into: &Path) -> Result<PathBuf, String> {
    // A wait of seconds is enough to tell that there is no network.
    let quick = ["Acquire::Retries=0", "Acquire::http::Timeout=5", "Acquire::https::Timeout=5"];
    let output = Command::new("apt-get")
        .args(quick.iter().flat_map(|option| ["-o", option]))
        .args(["--quiet", "download", package])
        .current_dir(into)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run apt-get: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let why = text.lines().find(|line| line.starts_with("E:")).unwrap_or("no message");
        return Err(format!("apt-get download {package}: {why}"));
    }
    WalkDir::new(into)
        .into_iter()
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| format!("apt-get download {package} left no .deb file"))
}

/// `dpkg-deb --fsys-tarfile` unpacks the compression, whichever it is; the archive is read here.
fn extract(archive: &Path, source: &str, files: &[File], folder: &Path) -> Result<(), String> {
    let mut child = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(archive)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot run dpkg-deb: {error}"))?;
    let members = match child.stdout.take() {
        Some(stdout) => unpack(stdout, source, files, folder),
        None => Err("dpkg-deb has no output".to_owned()),
    };
    finish(child, members)
}

/// The reader has been dropped by now, so that a child that still writes ends, too.
fn finish(mut child: Child, members: Result<(), String>) -> Result<(), String> {
    let status = child.wait().map_err(|error| error.to_string())?;
    match members {
        Ok(()) if !status.success() => Err(format!("dpkg-deb failed: {status}")),
        other => other,
    }
}

/// Takes the wanted files out of a tar archive, each verified before it gets its name. An archive with
/// a member that points out of it is refused as a whole.
fn unpack(tar: impl Read, source: &str, files: &[File], folder: &Path) -> Result<(), String> {
    let broken = |error: io::Error| format!("the archive is broken: {error}");
    let mut archive = tar::Archive::new(tar);
    let mut missing: Vec<&File> = files.iter().collect();
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let member = inside(&entry.path().map_err(broken)?)?;
        let Some(index) = missing.iter().position(|file| member == Path::new(source).join(file.name)) else {
            continue;
        };
        if !entry.header().entry_type().is_file() {
            return Err(format!("{} in the archive is not a plain file", member.display()));
        }
        let file = missing.swap_remove(index);
        place(entry, file.sums, &folder.join(file.name))
            .map_err(|why| format!("{} in the archive: {why}", member.display()))?;
    }
    match missing.first() {
        Some(file) => Err(format!("the archive has no {source}/{}", file.name)),
        None => Ok(()),
    }
}

/// The path without a leading `./`; refuses `..` and absolute paths.
pub(crate) fn inside(path: &Path) -> Result<PathBuf, String> {
    path.components()
        .filter(|component| *component != Component::CurDir)
        .map(|component| match component {
            Component::Normal(name) => Ok(name),
            _ => Err(format!("the archive is refused: its member {} points out of it", path.display())),
        })
        .collect()
}

#[cfg(test)]
#[path = "debian_tests.rs"]
mod tests;
