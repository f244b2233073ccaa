//! One parser for all delimited text.

use csv::ByteRecord;

use crate::error::DataError;
use crate::table::Table;

/// What a delimited text file must look like.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Between cells.
    pub delimiter: u8,
    /// Whether the first line names the columns, as `columns` does.
    pub header: bool,
    /// Names of all columns of the file.
    pub columns: &'static [&'static str],
    /// Number of rows, the header not counted.
    pub rows: usize,
    /// The cell that stands for a missing value, which becomes NaN.
    pub missing: Option<&'static str>,
    /// Indices of columns of text, which the table leaves out.
    pub text: &'static [usize],
}

impl Layout {
    /// Reads a file of this layout; `file` names it in messages.
    ///
    /// # Errors
    /// [`DataError::Header`], [`DataError::Columns`], [`DataError::Cell`] or [`DataError::Rows`], with the
    /// place where the file departs from the layout.
    pub fn parse(&self, file: &str, bytes: &[u8]) -> Result<Table, DataError> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let mut cells = Vec::new();
        let mut rows = 0;
        let mut header_due = self.header;
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|error| unreadable(file, &error))? {
            let place = Place { file, bytes, record: &record };
            self.check_width(&place)?;
            if header_due {
                self.check_header(&place)?;
                header_due = false;
                continue;
            }
            rows += 1;
            if rows > self.rows {
                break;
            }
            self.push_row(&place, &mut cells)?;
        }
        if rows != self.rows {
            return Err(DataError::Rows { file: file.to_owned(), found: rows, expected: self.rows });
        }
        let kept = self.columns.iter().enumerate().filter(|(column, _)| !self.text.contains(column));
        Ok(Table { columns: kept.map(|(_, &name)| name.to_owned()).collect(), cells })
    }

    fn check_width(&self, place: &Place<'_>) -> Result<(), DataError> {
        let (found, expected) = (place.record.len(), self.columns.len());
        if found == expected {
            Ok(())
        } else {
            Err(DataError::Columns { file: place.file.to_owned(), line: place.line(), found, expected })
        }
    }

    fn check_header(&self, place: &Place<'_>) -> Result<(), DataError> {
        for (column, (found, &expected)) in place.record.iter().zip(self.columns).enumerate() {
            if found != expected.as_bytes() {
                return Err(DataError::Header {
                    file: place.file.to_owned(),
                    line: place.line(),
                    column: column + 1,
                    found: shown(found),
                    expected,
                });
            }
        }
        Ok(())
    }

    fn push_row(&self, place: &Place<'_>, cells: &mut Vec<f64>) -> Result<(), DataError> {
        for (column, cell) in place.record.iter().enumerate() {
            if self.text.contains(&column) {
                continue;
            }
            if self.missing.is_some_and(|missing| cell == missing.as_bytes()) {
                cells.push(f64::NAN);
                continue;
            }
            let number = std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok());
            // `parse` also takes "inf" and "nan", which no measurement is.
            let Some(number) = number.filter(|number: &f64| number.is_finite()) else {
                return Err(DataError::Cell {
                    file: place.file.to_owned(),
                    line: place.line(),
                    column: column + 1,
                    name: self.columns[column].to_owned(),
                    cell: shown(cell),
                });
            };
            cells.push(number);
        }
        Ok(())
    }
}

/// A record in its file, for messages.
struct Place<'a> {
    file: &'a str,
    bytes: &'a [u8],
    record: &'a ByteRecord,
}

impl Place<'_> {
    /// Line of the record, from 1. The parser's own count is one short after CRLF and blank lines: it
    /// ends a record at the first byte of a line end.
    fn line(&self) -> u64 {
        let start = self.record.position().map_or(0, csv::Position::byte) as usize;
        let before = self.bytes.get(..start).unwrap_or(self.bytes);
        let skipped = self.bytes[before.len()..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        before.iter().chain(skipped).filter(|&&byte| byte == b'\n').count() as u64 + 1
    }
}

/// A cell for a message: short, whatever the file holds.
fn shown(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).chars().take(40).collect()
}

fn unreadable(file: &str, error: &csv::Error) -> DataError {
    let offset = error.position().map_or(0, csv::Position::byte);
    DataError::binary(file, offset, error.to_string())
}
