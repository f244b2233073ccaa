//! Free Spoken Digit Dataset: recordings `recordings/<digit>_<speaker>_<index>.wav`.

use std::fs;

use hound::{SampleFormat, WavReader, WavSpec};

use crate::catalogue;
use crate::error::DataError;
use crate::library::Library;

/// Who speaks, in alphabetical order.
pub const SPEAKERS: [&str; 6] = ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"];

/// The first recordings of each digit and speaker are the official test part.
pub const TEST_RECORDINGS: u16 = 5;

/// One channel of 16-bit numbers, 8000 a second.
const FORMAT: WavSpec =
    WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: SampleFormat::Int };

/// One spoken digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What is said, 0 to 9: the label.
    pub digit: u8,
    /// Who says it, a place in [`SPEAKERS`].
    pub speaker: u8,
    /// Counts the recordings of this digit by this speaker.
    pub index: u16,
    /// The sound, 8000 values a second; as long as it is, 3500 values on average.
    pub samples: Vec<i16>,
}

/// Spoken digits in the official split, each part in the order of digit, speaker and index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenDigits {
    /// Index 5 to 39 of each digit and speaker.
    pub train: Vec<Recording>,
    /// Index 0 to 4.
    pub test: Vec<Recording>,
}

/// Spoken digits: 2100 and 300 recordings.
///
/// # Errors
/// What [`Library::obtain`] and [`Recording::parse`] say.
pub fn fsdd(library: &Library) -> Result<SpokenDigits, DataError> {
    let mut recordings = Vec::new();
    for path in library.obtain(&catalogue::FSDD, &|_| ())?.files {
        let bytes = fs::read(&path).map_err(|source| DataError::Read { path: path.clone(), source })?;
        recordings.push(Recording::parse(&path.display().to_string(), &bytes)?);
    }
    Ok(SpokenDigits::of(recordings))
}

impl SpokenDigits {
    /// Sorts and splits.
    fn of(mut recordings: Vec<Recording>) -> Self {
        recordings.sort_by_key(|recording| (recording.digit, recording.speaker, recording.index));
        let (test, train) = recordings.into_iter().partition(|recording| recording.index < TEST_RECORDINGS);
        Self { train, test }
    }
}

impl Recording {
    /// Reads one WAV file; the last part of `file` says what it is, all of it names it in messages.
    ///
    /// # Errors
    /// [`DataError::Binary`] for another name than `<digit>_<speaker>_<index>.wav`, for a file that is no WAV
    /// file, has another format, or ends before its last value.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, DataError> {
        let wrong = |problem: String| DataError::binary(file, 0, problem);
        let name = file.rsplit('/').next().unwrap_or(file);
        let (digit, speaker, index) = parts_of(name).ok_or_else(|| {
            wrong("the name is not <digit>_<speaker>_<index>.wav of a known speaker".to_owned())
        })?;
        let mut reader = WavReader::new(bytes).map_err(|error| wrong(format!("is no WAV file: {error}")))?;
        let found = reader.spec();
        if found != FORMAT {
            let shown = |spec: WavSpec| {
                let WavSpec { channels, sample_rate, bits_per_sample, sample_format } = spec;
                format!("{channels} x {bits_per_sample} bits ({sample_format:?}) at {sample_rate} Hz")
            };
            return Err(wrong(format!("is {}, expected {}", shown(found), shown(FORMAT))));
        }
        // The length in the header is not believed: memory grows with what is there.
        let mut samples = Vec::new();
        for sample in reader.samples() {
            let broken = |error| wrong(format!("breaks off after {} values: {error}", samples.len()));
            let sample = sample.map_err(broken)?;
            samples.push(sample);
        }
        Ok(Self { digit, speaker, index, samples })
    }
}

/// Digit, speaker and index of a file.
fn parts_of(name: &str) -> Option<(u8, u8, u16)> {
    let mut parts = name.strip_suffix(".wav")?.split('_');
    let (digit, speaker, index) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && [digit, index].iter().all(|part| is_number(part));
    let digit = digit.parse().ok().filter(|&digit| whole && digit < 10)?;
    let speaker = SPEAKERS.iter().position(|&known| known == speaker)?;
    Some((digit, speaker as u8, index.parse().ok()?))
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
