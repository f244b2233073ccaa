//! SHA-256 sums of files and bytes.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// What a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// SHA-256, lower-case hexadecimal.
    pub sha256: &'static str,
    /// Length in bytes.
    pub bytes: u64,
}

/// What a file was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured {
    pub sha256: String,
    pub bytes: u64,
}

impl Measured {
    pub(crate) fn is_one_of(&self, sums: &[Sum]) -> bool {
        sums.iter().any(|sum| sum.bytes == self.bytes && sum.sha256 == self.sha256)
    }
}

/// Reads to the end, in constant memory.
pub(crate) fn measure(mut reader: impl Read) -> io::Result<Measured> {
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..count]);
        bytes += count as u64;
    }
    Ok(Measured { sha256: hex::encode(hasher.finalize()), bytes })
}

pub(crate) fn measure_file(path: &Path) -> io::Result<Measured> {
    measure(fs::File::open(path)?)
}

/// SHA-256 of the parts one after the other.
pub(crate) fn sha256_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The two test vectors are of FIPS 180-2.
    #[test]
    fn known_sums() {
        let abc = measure(&b"abc"[..]).unwrap();
        assert_eq!(abc.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(abc.bytes, 3);
        let empty = sha256_of([]);
        assert_eq!(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(sha256_of([&b"a"[..], b"bc"]), abc.sha256);
    }
}
