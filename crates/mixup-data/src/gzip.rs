//! Unpacking that a hostile file cannot make large.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::error::DataError;

/// Whether the bytes begin as a gzip file does (RFC 1952).
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Unpacks a gzip file of at most `limit` bytes.
pub(crate) fn unpack(file: &str, packed: &[u8], limit: u64) -> Result<Vec<u8>, DataError> {
    let mut unpacked = Vec::new();
    let outcome = MultiGzDecoder::new(packed).take(limit + 1).read_to_end(&mut unpacked);
    let problem = match outcome {
        Err(error) => format!("the gzip stream is broken: {error}"),
        Ok(_) if unpacked.len() as u64 > limit => format!("unpacks to more than the {limit} bytes expected"),
        Ok(_) => return Ok(unpacked),
    };
    Err(DataError::binary(file, unpacked.len() as u64, problem))
}
