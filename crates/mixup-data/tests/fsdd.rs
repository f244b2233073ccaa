//! Spoken digits on small made files.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

use mixup_data::DataError;
use mixup_data::fsdd::Recording;
use proptest::prelude::*;

/// A WAV file with these values: channels, rate, bits, then the values as bytes.
fn wav(channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let format = [&1_u16.to_le_bytes()[..], &channels.to_le_bytes(), &rate.to_le_bytes()].concat();
    let speed = (rate * u32::from(block)).to_le_bytes();
    let format = [&format[..], &speed, &block.to_le_bytes(), &bits.to_le_bytes()].concat();
    let size = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes();
    let body = [&b"WAVEfmt "[..], &size(&format), &format, b"data", &size(data), data].concat();
    [&b"RIFF"[..], &size(&body), &body].concat()
}

fn good() -> Vec<u8> {
    wav(1, 8000, 16, &[-2_i16, 0, 32767, -32768].map(i16::to_le_bytes).concat())
}

fn message(result: Result<Recording, DataError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn name_and_samples() {
    let recording = Recording::parse("/data/recordings/7_theo_12.wav", &good()).unwrap();
    assert_eq!((recording.digit, recording.speaker, recording.index), (7, 4, 12));
    assert_eq!(recording.samples, [-2, 0, 32767, -32768]);
}

#[test]
fn another_name() {
    for name in
        ["7_theo.wav", "7_nobody_1.wav", "10_theo_1.wav", "7_theo_1_2.wav", "7_theo_+1.wav", "7_theo_1.mp3"]
    {
        let expected =
            format!("{name}, offset 0: the name is not <digit>_<speaker>_<index>.wav of a known speaker");
        assert_eq!(message(Recording::parse(name, &good())), expected);
    }
}

#[test]
fn another_format_or_a_cut_file() {
    let parse = |bytes: &[u8]| message(Recording::parse("0_theo_0.wav", bytes));
    let expected = "expected 1 x 16 bits (Int) at 8000 Hz";
    let stereo = parse(&wav(2, 8000, 16, &[0; 8]));
    assert_eq!(stereo, format!("0_theo_0.wav, offset 0: is 2 x 16 bits (Int) at 8000 Hz, {expected}"));
    assert!(parse(&wav(1, 16000, 16, &[0; 8])).ends_with(expected));
    assert!(parse(&wav(1, 8000, 8, &[0; 8])).ends_with(expected));
    let whole = good();
    assert!(
        parse(&whole[..whole.len() - 3]).contains("breaks off after 2 values"),
        "{}",
        parse(&whole[..49])
    );
    assert!(parse(&whole[..20]).contains("is no WAV file"));
    assert!(parse(b"<html>").contains("is no WAV file"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(
        at in 0_usize..52, bytes in prop::collection::vec(any::<u8>(), 0..12), cut in 0_usize..60
    ) {
        let mut file = good();
        let end = (at + bytes.len()).min(file.len());
        file.splice(at.min(end)..end, bytes);
        file.truncate(cut.max(12));
        if let Ok(recording) = Recording::parse("0_theo_0.wav", &file) {
            prop_assert!(2 * recording.samples.len() <= file.len());
        }
    }
}
