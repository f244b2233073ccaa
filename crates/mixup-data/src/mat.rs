//! MATLAB's files of version 5, as far as lists of images use them: one array of structures with numbers and texts.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::error::DataError;

/// A field of a structure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// The first of its numbers.
    Number(f64),
    /// A text.
    Text(String),
    /// Something else, or nothing.
    Other,
}

/// An array of structures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Structures {
    /// Names of the fields.
    pub(crate) fields: Vec<String>,
    /// Of each structure its fields, in the order of the names.
    pub(crate) rows: Vec<Vec<Value>>,
}

const HEADER: usize = 128;
/// Lists of some ten thousand images are of a few megabytes.
const LARGEST: u64 = 64 << 20;

// Types of elements and classes of arrays.
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const STRUCTURE: u8 = 2;
const CHARACTERS: u8 = 4;

/// A place in the bytes of a file.
struct Cursor<'a> {
    bytes: &'a [u8],
}

/// Type and content of an element.
type Element<'a> = (u32, &'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// An element; what fills it up to eight bytes is skipped. Up to four bytes may stand in the place of their size.
    fn element(&mut self) -> Option<Element<'a>> {
        let tag = self.number()?;
        if tag >> 16 != 0 {
            let content = self.take(4)?.get(..(tag >> 16) as usize)?;
            return Some((tag & 0xffff, content));
        }
        let size = self.number()? as usize;
        let content = self.take(size)?;
        if tag != COMPRESSED {
            self.take((8 - size % 8) % 8)?;
        }
        Some((tag, content))
    }
}

/// Reads the first array of structures of a file, which is named in messages.
///
/// # Errors
/// [`DataError::Binary`] for what is no such file, or has no such array.
pub(crate) fn structures(file: &str, bytes: &[u8]) -> Result<Structures, DataError> {
    let wrong = |problem: &str| DataError::binary(file, 0, problem);
    if bytes.get(124..HEADER) != Some(&[0, 1, b'I', b'M']) {
        return Err(wrong("is no MATLAB file of version 5, little-endian"));
    }
    let mut cursor = Cursor { bytes: &bytes[HEADER..] };
    while !cursor.bytes.is_empty() {
        let (kind, content) = cursor.element().ok_or_else(|| wrong("ends in the middle of an element"))?;
        let mut unpacked = Vec::new();
        let (kind, content) = if kind == COMPRESSED {
            let read = ZlibDecoder::new(content).take(LARGEST).read_to_end(&mut unpacked);
            read.map_err(|error| wrong(&format!("cannot be unpacked: {error}")))?;
            Cursor { bytes: &unpacked }.element().ok_or_else(|| wrong("ends in the middle of an element"))?
        } else {
            (kind, content)
        };
        if kind == MATRIX
            && let Some(found) = array(content).and_then(Array::structures)
        {
            return Ok(found);
        }
    }
    Err(wrong("has no array of structures"))
}

/// An array: its class, how many entries it has, and its further elements.
struct Array<'a> {
    class: u8,
    count: usize,
    rest: Cursor<'a>,
}

fn array(bytes: &[u8]) -> Option<Array<'_>> {
    let mut rest = Cursor { bytes };
    let (_, flags) = rest.element()?;
    let class = *flags.first()?;
    let (_, sizes) = rest.element()?;
    let sizes = sizes.chunks_exact(4).map(|size| size.try_into().map_or(0, u32::from_le_bytes) as usize);
    let count = sizes.fold(1usize, usize::saturating_mul);
    rest.element()?;
    Some(Array { class, count, rest })
}

impl Array<'_> {
    fn structures(mut self) -> Option<Structures> {
        if self.class != STRUCTURE {
            return None;
        }
        let (_, length) = self.rest.element()?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let (_, names) = self.rest.element()?;
        let fields: Vec<String> =
            names.chunks(length.max(1)).map(|name| text(name.iter().copied())).collect();
        let mut rows = Vec::new();
        for _ in 0..self.count {
            let mut row = Vec::with_capacity(fields.len());
            for _ in &fields {
                let (_, content) = self.rest.element()?;
                row.push(array(content).map_or(Value::Other, Array::value));
            }
            rows.push(row);
        }
        Some(Structures { fields, rows })
    }

    fn value(mut self) -> Value {
        let Some((kind, content)) = self.rest.element() else { return Value::Other };
        if self.class == CHARACTERS {
            // Two bytes a character (uint16, UTF-16), or one. Names of files are ASCII.
            let step = if matches!(kind, 4 | 17) { 2 } else { 1 };
            return Value::Text(text(content.iter().copied().step_by(step)));
        }
        let number = match (kind, content) {
            (1, [value, ..]) => Some(f64::from(*value as i8)),
            (2, [value, ..]) => Some(f64::from(*value)),
            (3, [a, b, ..]) => Some(f64::from(i16::from_le_bytes([*a, *b]))),
            (4, [a, b, ..]) => Some(f64::from(u16::from_le_bytes([*a, *b]))),
            (5, [a, b, c, d, ..]) => Some(f64::from(i32::from_le_bytes([*a, *b, *c, *d]))),
            (6, [a, b, c, d, ..]) => Some(f64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
            (9, bytes) => bytes.get(..8).and_then(|value| value.try_into().ok()).map(f64::from_le_bytes),
            _ => None,
        };
        number.map_or(Value::Other, Value::Number)
    }
}

fn text(bytes: impl Iterator<Item = u8>) -> String {
    bytes.take_while(|byte| *byte != 0).map(char::from).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;

    fn element(kind: u32, content: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// Up to four bytes in the place of their size.
    fn small(kind: u32, content: &[u8]) -> Vec<u8> {
        let mut bytes = (kind | (content.len() as u32) << 16).to_le_bytes().to_vec();
        bytes.extend(content);
        bytes.resize(8, 0);
        bytes
    }

    fn matrix(class: u8, count: u32, name: &str, rest: &[u8]) -> Vec<u8> {
        let flags = element(6, &[class, 0, 0, 0, 0, 0, 0, 0]);
        let sizes = element(5, &[1u32.to_le_bytes(), count.to_le_bytes()].concat());
        element(MATRIX, &[flags, sizes, element(1, name.as_bytes()), rest.to_vec()].concat())
    }

    /// A file of structures with a box, a class and a name each, as Stanford Cars has them.
    pub(crate) fn cars(rows: &[(u8, &str)], packed: bool) -> Vec<u8> {
        let mut names = vec![0; 3 * 32];
        for (at, name) in ["bbox_x1", "class", "fname"].iter().enumerate() {
            names[32 * at..][..name.len()].copy_from_slice(name.as_bytes());
        }
        let mut rest = [small(5, &32u32.to_le_bytes()), element(1, &names)].concat();
        for (class, name) in rows {
            let characters: Vec<u8> = name.bytes().flat_map(|byte| [byte, 0]).collect();
            rest.extend(matrix(6, 1, "", &element(9, &39f64.to_le_bytes())));
            rest.extend(matrix(9, 1, "", &small(2, &[*class])));
            rest.extend(matrix(CHARACTERS, name.len() as u32, "", &element(4, &characters)));
        }
        let all = matrix(STRUCTURE, rows.len() as u32, "annotations", &rest);
        let mut bytes = vec![b' '; 124];
        bytes.extend([0, 1, b'I', b'M']);
        if packed {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&all).unwrap();
            let packed = encoder.finish().unwrap();
            bytes.extend(COMPRESSED.to_le_bytes());
            bytes.extend((packed.len() as u32).to_le_bytes());
            bytes.extend(packed);
        } else {
            bytes.extend(all);
        }
        bytes
    }

    #[test]
    fn structures_are_read_packed_or_not() {
        for packed in [false, true] {
            let found = structures("a.mat", &cars(&[(14, "00001.jpg"), (196, "00002.jpg")], packed)).unwrap();
            assert_eq!(found.fields, ["bbox_x1", "class", "fname"]);
            let expected = |class: f64, name: &str| {
                vec![Value::Number(39.0), Value::Number(class), Value::Text(name.to_owned())]
            };
            assert_eq!(found.rows, [expected(14.0, "00001.jpg"), expected(196.0, "00002.jpg")]);
        }
    }

    #[test]
    fn damaged_files_are_refused() {
        let whole = cars(&[(1, "a.jpg")], false);
        assert!(structures("a.mat", b"MATLAB").unwrap_err().to_string().contains("no MATLAB file"));
        for cut in HEADER + 1..whole.len() {
            assert!(structures("a.mat", &whole[..cut]).is_err(), "{cut}");
        }
        assert!(structures("a.mat", &whole[..HEADER]).unwrap_err().to_string().contains("no array"));
    }
}
