//! STS-Benchmark: pairs of sentences and how similar people found them, as tab separated text.

use csv::StringRecord;

use crate::catalogue;
use crate::dataset::DataSet;
use crate::error::DataError;
use crate::library::Library;
use crate::tables::contents;

/// Two sentences and their similarity.
#[derive(Debug, Clone, PartialEq)]
pub struct SentencePair {
    /// Where the pair is from: `main-captions`, `main-news` or `main-forums`, with variants.
    pub genre: String,
    /// The first sentence.
    pub first: String,
    /// The second sentence.
    pub second: String,
    /// From 0 (nothing in common) to 5 (the same); NaN where it is not public.
    pub score: f64,
}

/// Pairs of sentences in a split.
#[derive(Debug, Clone, PartialEq)]
pub struct SentencePairs {
    /// What is trained on.
    pub train: Vec<SentencePair>,
    /// What decisions are taken on.
    pub validation: Vec<SentencePair>,
    /// What is reported.
    pub test: Vec<SentencePair>,
}

/// What a file of pairs must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairLayout {
    /// Number of pairs.
    pub rows: usize,
    /// Whether there is a column of scores.
    pub scored: bool,
}

/// The columns of a scored file; another one lacks the last.
pub const COLUMNS: [&str; 10] = [
    "index",
    "genre",
    "filename",
    "year",
    "old_index",
    "source1",
    "source2",
    "sentence1",
    "sentence2",
    "score",
];

const GENRE: usize = 1;
const FIRST: usize = 7;
const SECOND: usize = 8;
const SCORE: usize = 9;
/// The largest score.
const SAME: f64 = 5.0;

const fn scored(rows: usize) -> PairLayout {
    PairLayout { rows, scored: true }
}

/// Training, validation and test file of each set.
const SETS: [(&DataSet, [PairLayout; 3]); 3] = [
    (&catalogue::STS_B, [scored(5749), scored(1500), PairLayout { rows: 1379, scored: false }]),
    (&catalogue::STS_B_DIR, [scored(5249), scored(1000), scored(1000)]),
    (&catalogue::STS_B_DIR_SUPREMIX, [scored(5249), scored(1000), scored(1000)]),
];

/// The pairs of sentences of this name: `sts-b` in the split of GLUE, whose test scores are not public;
/// `sts-b-dir` and `sts-b-dir-supremix` in splits with scores spread evenly over validation and test part.
///
/// # Errors
/// [`DataError::UnknownDataSet`], [`DataError::NotSentences`], and what [`Library::obtain`] and
/// [`PairLayout::parse`] say.
pub fn load_sentence_pairs(library: &Library, name: &str) -> Result<SentencePairs, DataError> {
    let set = catalogue::find(name)?;
    let Some((_, layouts)) = SETS.iter().find(|(pairs, _)| pairs.name == set.name) else {
        let known = SETS.map(|(pairs, _)| pairs.name).join(", ");
        return Err(DataError::NotSentences { name: set.name, known });
    };
    let files: [_; 3] = contents(library, set)?;
    let parse = |part: usize| layouts[part].parse(&files[part].0, &files[part].1);
    Ok(SentencePairs { train: parse(0)?, validation: parse(1)?, test: parse(2)? })
}

impl PairLayout {
    /// Reads a file; `file` names it in messages. Quotation marks are part of the sentences.
    ///
    /// # Errors
    /// [`DataError::Header`], [`DataError::Columns`], [`DataError::Cell`] or [`DataError::Rows`], with the
    /// place where the file departs from the layout; [`DataError::Binary`] for what is not UTF-8.
    pub fn parse(&self, file: &str, bytes: &[u8]) -> Result<Vec<SentencePair>, DataError> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b'\t')
            .quoting(false)
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut pairs = Vec::new();
        for (line, record) in (1..).zip(reader.records()) {
            let record = record.map_err(|error| {
                let offset = error.position().map_or(0, csv::Position::byte);
                DataError::binary(file, offset, error.to_string())
            })?;
            self.check_width(file, line, &record)?;
            if line == 1 {
                self.check_header(file, &record)?;
                continue;
            }
            if pairs.len() == self.rows {
                return Err(DataError::Rows {
                    file: file.to_owned(),
                    found: self.rows + 1,
                    expected: self.rows,
                });
            }
            pairs.push(self.pair(file, line, &record)?);
        }
        if pairs.len() == self.rows {
            return Ok(pairs);
        }
        Err(DataError::Rows { file: file.to_owned(), found: pairs.len(), expected: self.rows })
    }

    fn columns(&self) -> &'static [&'static str] {
        if self.scored { &COLUMNS } else { &COLUMNS[..SCORE] }
    }

    fn check_width(&self, file: &str, line: u64, record: &StringRecord) -> Result<(), DataError> {
        let (found, expected) = (record.len(), self.columns().len());
        if found == expected {
            return Ok(());
        }
        Err(DataError::Columns { file: file.to_owned(), line, found, expected })
    }

    fn check_header(&self, file: &str, record: &StringRecord) -> Result<(), DataError> {
        let mut names = record.iter().zip(self.columns()).zip(1..);
        match names.find(|((found, expected), _)| found != *expected) {
            None => Ok(()),
            Some(((found, expected), column)) => Err(DataError::Header {
                file: file.to_owned(),
                line: 1,
                column,
                found: short(found),
                expected,
            }),
        }
    }

    fn pair(&self, file: &str, line: u64, record: &StringRecord) -> Result<SentencePair, DataError> {
        let score = if self.scored {
            let number = record[SCORE].parse().ok().filter(|score| (0.0..=SAME).contains(score));
            number.ok_or_else(|| DataError::Cell {
                file: file.to_owned(),
                line,
                column: SCORE + 1,
                name: COLUMNS[SCORE].to_owned(),
                cell: short(&record[SCORE]),
            })?
        } else {
            f64::NAN
        };
        let text = |column: usize| record[column].to_owned();
        Ok(SentencePair { genre: text(GENRE), first: text(FIRST), second: text(SECOND), score })
    }
}

/// A cell for a message.
fn short(cell: &str) -> String {
    cell.chars().take(40).collect()
}
