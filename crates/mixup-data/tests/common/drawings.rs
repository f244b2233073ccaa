//! Small PNG files and archives of them, as Omniglot has them.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use mixup_data::omniglot::OmniglotLayout;

use super::images::Members;

/// Two alphabets, three characters, two drawers.
pub const LAYOUT: OmniglotLayout = OmniglotLayout { alphabets: 2, characters: 3, drawers: 2, side: 9 };

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let body = [kind, content].concat();
    let mut crc = Crc::new();
    crc.update(&body);
    [&(content.len() as u32).to_be_bytes()[..], &body, &crc.sum().to_be_bytes()].concat()
}

/// A PNG image of one bit a pixel, black where `ink` says so.
pub fn png(side: usize, ink: impl Fn(usize, usize) -> bool) -> Vec<u8> {
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
    for row in 0..side {
        let mut bytes = vec![0_u8; 1 + side.div_ceil(8)];
        for column in (0..side).filter(|&column| !ink(row, column)) {
            bytes[1 + column / 8] |= 0x80 >> (column % 8);
        }
        rows.write_all(&bytes).unwrap();
    }
    let size = (side as u32).to_be_bytes();
    let header = [&size[..], &size, &[1, 0, 0, 0, 0]].concat();
    let chunks = [(b"IHDR", header), (b"IDAT", rows.finish().unwrap()), (b"IEND", vec![])];
    let chunks = chunks.iter().flat_map(|(kind, content)| chunk(kind, content));
    b"\x89PNG\r\n\x1a\n".iter().copied().chain(chunks).collect()
}

/// Two archives that both have the second character of `Beta`. Drawing `d` of character `c` (counted over
/// all) has its first `2 * c + d` pixels in ink.
pub fn archives() -> [Members; 2] {
    let character = |archive: u8, alphabet: &'static str, folder: u8, character: usize| {
        (1..=2).map(move |drawer: usize| {
            let name =
                format!("small{archive}/{alphabet}/character{folder:02}/{character:04}_{drawer:02}.png");
            (name, png(9, |row, column| 9 * row + column < 2 * character + drawer))
        })
    };
    let first = character(1, "Beta", 2, 2).chain(character(1, "Alpha", 1, 0));
    let second = character(2, "Beta", 1, 1).chain(character(2, "Beta", 2, 2));
    [first.collect(), second.collect()]
}
