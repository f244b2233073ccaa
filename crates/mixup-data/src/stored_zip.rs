//! A zip archive of stored members, the same bytes for the same members wherever it is written.
//!
//! The writers of zip crates leave sizes to a descriptor behind each member, or put in the version of
//! their own; an archive that must have a known sum can depend on neither.

use std::io::{self, Write};

use flate2::Crc;

/// Version 2.0 of the format, which all readers know; made on Unix.
const VERSION: u16 = 20;
const MADE_BY: u16 = 3 << 8 | VERSION;
/// 1 January 1980, the first day that the format knows, at midnight.
const DATE: u16 = 1 << 5 | 1;
/// Read and written by the owner.
const MODE: u32 = 0o600 << 16;

/// Writes an archive of these members, in this order.
///
/// # Errors
/// What the writer says, and a member, a number of members or an archive that is too large for the format.
pub(crate) fn write<'a>(
    mut writer: impl Write,
    members: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> io::Result<()> {
    let mut directory = Vec::new();
    let (mut offset, mut count) = (0_u32, 0_u16);
    for (name, content) in members {
        let entry = entry(name, content)?;
        writer.write_all(&[b"PK\x03\x04", &entry[..], name.as_bytes(), content].concat())?;
        directory.extend(b"PK\x01\x02");
        directory.extend(MADE_BY.to_le_bytes());
        directory.extend(&entry);
        // No comment, the first disk, no internal attributes.
        directory.extend([0; 6]);
        directory.extend(MODE.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
        let length = 4 + entry.len() + name.len() + content.len();
        offset = offset.checked_add(small(length)?).ok_or_else(too_large)?;
        count = count.checked_add(1).ok_or_else(too_large)?;
    }
    writer.write_all(&directory)?;
    // No comment, and all on the first disk.
    writer.write_all(b"PK\x05\x06\0\0\0\0")?;
    writer.write_all(&[count.to_le_bytes(), count.to_le_bytes()].concat())?;
    writer.write_all(&[small::<u32>(directory.len())?.to_le_bytes(), offset.to_le_bytes()].concat())?;
    writer.write_all(&[0; 2])
}

/// What is said of a member both before it and in the directory: version, no flags, stored, time, date,
/// sum, two equal sizes, length of the name, no extra field.
fn entry(name: &str, content: &[u8]) -> io::Result<Vec<u8>> {
    let mut crc = Crc::new();
    crc.update(content);
    let size: u32 = small(content.len())?;
    let words = [VERSION, 0, 0, 0, DATE].into_iter().flat_map(u16::to_le_bytes);
    let sizes = [crc.sum(), size, size].into_iter().flat_map(u32::to_le_bytes);
    let name_length: u16 = small(name.len())?;
    Ok(words.chain(sizes).chain(name_length.to_le_bytes()).chain([0; 2]).collect())
}

fn small<T: TryFrom<usize>>(size: usize) -> io::Result<T> {
    T::try_from(size).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "too large for a zip archive without extensions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::Zip;

    #[test]
    fn members_come_back_in_their_order() {
        let members: [(&str, &[u8]); 3] = [("b/2", b"two"), ("b/1", b""), ("a", &[7; 300])];
        let mut bytes = Vec::new();
        write(&mut bytes, members.into_iter()).unwrap();
        let archive = Zip::open("a.zip", &bytes, 3).unwrap();
        for (name, content) in members {
            assert_eq!(archive.read(name, 1000).unwrap(), content);
        }
        let place = |name: &[u8]| bytes.windows(name.len()).position(|window| window == name);
        assert!(place(b"b/2") < place(b"b/1"));
    }

    #[test]
    fn a_name_that_is_too_long_is_an_error() {
        let name = "a".repeat(70_000);
        assert!(write(Vec::new(), [(name.as_str(), &b""[..])].into_iter()).is_err());
    }
}
