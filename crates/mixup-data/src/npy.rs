//! Arrays in NumPy's format, as far as data sets use it: whole numbers in C order.

use std::io::Read;

use crate::error::DataError;

/// What the head of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Type of the values, as NumPy writes it: `|u1`, `<i8`.
    pub(crate) values: String,
    /// Sizes of the axes.
    pub(crate) shape: Vec<usize>,
    /// Bytes before the values.
    pub(crate) bytes: u64,
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// A head is a line of text; none comes near this.
const LARGEST_HEAD: usize = 1 << 12;

impl Head {
    /// Reads a head; `file` names it in messages.
    ///
    /// # Errors
    /// [`DataError::Binary`] for what is no such array, or one in another order of axes.
    pub(crate) fn read(file: &str, mut from: impl Read) -> Result<Self, DataError> {
        let wrong = |offset: u64, problem: String| DataError::binary(file, offset, problem);
        let mut start = [0; 8];
        let cut = |_| wrong(0, "is no NumPy array: it ends in its head".to_owned());
        from.read_exact(&mut start).map_err(cut)?;
        if &start[..6] != MAGIC {
            return Err(wrong(0, "is no NumPy array: it does not begin as one".to_owned()));
        }
        let (length, before) = if start[6] == 1 {
            let mut length = [0; 2];
            from.read_exact(&mut length).map_err(cut)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        } else {
            let mut length = [0; 4];
            from.read_exact(&mut length).map_err(cut)?;
            (u32::from_le_bytes(length) as usize, 12)
        };
        if length > LARGEST_HEAD {
            return Err(wrong(8, format!("a head of {length} bytes")));
        }
        let mut text = vec![0; length];
        from.read_exact(&mut text).map_err(cut)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let bytes = before + length as u64;
        let wrong = |what: &str| wrong(before, format!("{what} in the head `{}`", text.trim_end()));
        let values = after(&text, "'descr':").and_then(|rest| rest.trim_start().strip_prefix('\''));
        let values = values.and_then(|rest| rest.split('\'').next()).ok_or_else(|| wrong("no type"))?;
        match after(&text, "'fortran_order':").map(str::trim_start) {
            Some(rest) if rest.starts_with("False") => {}
            _ => return Err(wrong("another order than C's")),
        }
        let shape = after(&text, "'shape':").and_then(|rest| rest.trim_start().strip_prefix('('));
        let shape = shape.and_then(|rest| rest.split(')').next()).ok_or_else(|| wrong("no shape"))?;
        let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape = sizes.map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong("no shape"))?;
        Ok(Self { values: values.to_owned(), shape, bytes })
    }

    /// Bytes of a value, of the types that are read here.
    pub(crate) fn width(&self) -> Option<usize> {
        match &*self.values {
            "|u1" => Some(1),
            "<i4" => Some(4),
            "<i8" => Some(8),
            _ => None,
        }
    }
}

fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split_once(key).map(|(_, rest)| rest)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A file of bytes or of eight-byte numbers, as `numpy.save` writes it.
    pub(crate) fn array(values: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
        let sizes: Vec<String> = shape.iter().map(|size| format!("{size},")).collect();
        let mut head =
            format!("{{'descr': '{values}', 'fortran_order': False, 'shape': ({}), }}", sizes.join(" "));
        while !(head.len() + 11).is_multiple_of(64) {
            head.push(' ');
        }
        head.push('\n');
        let length = (head.len() as u16).to_le_bytes();
        [MAGIC, &[1, 0], &length, head.as_bytes(), data].concat()
    }

    #[test]
    fn heads_say_type_shape_and_where_values_begin() {
        let bytes = array("|u1", &[5, 2, 2, 3], &[0; 60]);
        let head = Head::read("a", &bytes[..]).unwrap();
        assert_eq!((&*head.values, &head.shape[..], head.width()), ("|u1", &[5, 2, 2, 3][..], Some(1)));
        assert_eq!(head.bytes as usize + 60, bytes.len());
        assert_eq!(Head::read("a", &array("<i8", &[7], &[])[..]).unwrap().shape, [7]);
    }

    #[test]
    fn what_is_no_array_is_refused() {
        let error = |bytes: &[u8]| Head::read("a.npy", bytes).unwrap_err().to_string();
        assert!(error(b"short").contains("ends in its head"));
        assert!(error(&[0; 100]).contains("does not begin as one"));
        let fortran = String::from_utf8_lossy(&array("|u1", &[1], &[])[6..]).replace("False", "True ");
        assert!(error(&[MAGIC, fortran.as_bytes()].concat()).contains("another order"));
        assert!(error(&array("|u1", &[1], &[])[..40]).contains("ends in its head"));
    }
}
