//! The members of a zip archive by name, read in a way that a hostile archive cannot make large.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

use crate::error::DataError;

/// A zip archive in memory.
pub(crate) struct Zip<'a> {
    file: &'a str,
    archive: ZipSliceArchive<&'a [u8]>,
    members: BTreeMap<String, (ZipArchiveEntryWayfinder, CompressionMethod)>,
}

impl<'a> Zip<'a> {
    /// Reads the directory of an archive of at most `limit` members; `file` names it in messages.
    pub(crate) fn open(file: &'a str, bytes: &'a [u8], limit: usize) -> Result<Self, DataError> {
        let broken = |error: rawzip::Error| DataError::binary(file, 0, format!("is no zip archive: {error}"));
        let archive = ZipArchive::from_slice(bytes).map_err(broken)?;
        let mut members = BTreeMap::new();
        let mut place = archive.directory_offset();
        let mut entries = archive.entries();
        loop {
            let entry = match entries.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => return Err(DataError::binary(file, place, format!("its directory: {error}"))),
            };
            place = entry.central_directory_offset();
            if entry.is_dir() {
                continue;
            }
            let path = entry.file_path();
            let Ok(name) = std::str::from_utf8(path.as_ref()) else {
                return Err(DataError::binary(file, place, "a member whose name is not UTF-8"));
            };
            let member = (entry.wayfinder(), entry.compression_method());
            if members.insert(name.to_owned(), member).is_some() {
                return Err(DataError::member(file, name, "is there twice"));
            }
            if members.len() > limit {
                return Err(DataError::binary(file, place, format!("has more than {limit} members")));
            }
        }
        Ok(Self { file, archive, members })
    }

    /// Names of the members below a folder, which ends in `/`, in alphabetical order.
    pub(crate) fn below(&self, folder: &str) -> impl Iterator<Item = &str> {
        let names = self.members.range(folder.to_owned()..).map(|(name, _)| name.as_str());
        names.take_while(move |name| name.starts_with(folder))
    }

    /// Names of all members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// The content of a member, of at most `limit` bytes; its CRC is checked.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, DataError> {
        let wrong = |problem: String| DataError::member(self.file, name, problem);
        let Some(&(place, method)) = self.members.get(name) else {
            return Err(wrong("is not in the archive".to_owned()));
        };
        let entry = self.archive.get_entry(place).map_err(|error| wrong(error.to_string()))?;
        let unpacked: Box<dyn Read> = match method {
            CompressionMethod::STORE => Box::new(entry.data()),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(entry.data())),
            other => return Err(wrong(format!("is packed by {other}, expected stored or deflated"))),
        };
        let mut bytes = Vec::with_capacity(place.uncompressed_size_hint().min(limit) as usize);
        let read = entry.verifying_reader(unpacked).take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|error| wrong(error.to_string()))?;
        if bytes.len() as u64 > limit {
            return Err(wrong(format!("is larger than {limit} bytes")));
        }
        Ok(bytes)
    }
}
