//! Omniglot: drawn characters of many alphabets, black on white PNG files
//! `<archive>/<alphabet>/<character>/<number>_<drawer>.png` in zip archives that overlap.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use zune_png::PngDecoder;
use zune_png::zune_core::bytestream::ZCursor;
use zune_png::zune_core::options::DecoderOptions;

use crate::catalogue;
use crate::decoded;
use crate::error::DataError;
use crate::images::{ImageLayout, ImageSet, LabelledImages, remembered};
use crate::library::Library;
use crate::tables::contents;
use crate::zip::Zip;

/// Drawn characters. Images are in the order of alphabet, character and drawer; where a character is to be
/// seen in training and others are not, split by [`Omniglot::alphabets`] or by label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omniglot {
    /// The images, ink bright (255) on dark (0); a label is a place in `characters`.
    pub images: LabelledImages,
    /// `[images]`: the alphabet of each image, a place in `alphabet_names`.
    pub alphabets: Vec<u8>,
    /// `[images]`: who drew it, counted from 1. Only within an alphabet is a number the same person.
    pub drawers: Vec<u8>,
    /// Names of the alphabets, sorted.
    pub alphabet_names: Vec<String>,
    /// The characters, in the order of alphabet and folder.
    pub characters: Vec<Character>,
}

impl Omniglot {
    /// The drawings of some characters by some drawers. A label is a place in `characters`, which are places in
    /// [`Self::characters`]; images go by character, and those of one by drawer.
    pub fn drawn_by(&self, characters: &[u16], drawers: RangeInclusive<u8>) -> LabelledImages {
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for (label, character) in (0..).zip(characters) {
            let first = self.images.labels.partition_point(|known| known < character);
            let of_character =
                (first..self.images.len()).take_while(|&row| self.images.labels[row] == *character);
            for row in of_character.filter(|&row| drawers.contains(&self.drawers[row])) {
                rows.push(row);
                labels.push(label);
            }
        }
        LabelledImages { classes: characters.len() as u16, labels, ..self.images.select(&rows) }
    }
}

/// One character of an alphabet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Character {
    /// Its alphabet, a place in [`Omniglot::alphabet_names`].
    pub alphabet: u8,
    /// Its folder, such as `character01`.
    pub folder: String,
}

/// What the archives must hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OmniglotLayout {
    /// Number of alphabets.
    pub alphabets: usize,
    /// Number of characters of all alphabets.
    pub characters: u16,
    /// How many people drew each character.
    pub drawers: u8,
    /// Pixels along each side of an image.
    pub side: usize,
}

/// The two small background sets: 4840 images.
pub const SMALL: OmniglotLayout = OmniglotLayout { alphabets: 8, characters: 242, drawers: 20, side: 105 };

/// No packed image of the sizes read here comes near this.
const LARGEST_FILE: u64 = 1 << 14;

/// The two small background sets, in images of `side` x `side` pixels (see
/// [`LabelledImages::box_filtered`]); decoded once, then kept in the cache.
///
/// # Errors
/// [`DataError::Side`] for a side that is 0 or larger than the drawings' 105; what [`Library::obtain`] and
/// [`parse`] say.
pub fn omniglot_small(library: &Library, side: usize) -> Result<Omniglot, DataError> {
    check_side(side, SMALL.side)?;
    let files: [_; 2] = contents(library, &catalogue::OMNIGLOT_SMALL)?;
    let files = files.each_ref().map(|(file, bytes)| (file.as_str(), bytes.as_slice()));
    let index = Index::of(&files, &SMALL)?;
    let decode = || Ok(ImageSet::only_test(index.decode(&SMALL)?));
    let set = remembered(library, catalogue::OMNIGLOT_SMALL.name, |library| {
        decoded::kept(library, &catalogue::OMNIGLOT_SMALL, &SMALL.images(), decode)
    })?;
    let images = if side == SMALL.side { set.test } else { set.test.box_filtered(side, side) };
    Ok(index.with_images(images))
}

/// Reads archives that together are as `layout` says, each given as (name, bytes). What is in several of
/// them must be the same in each, and counts once. Images keep their size.
///
/// # Errors
/// [`DataError::Binary`] for a file that is no zip archive or for a number of alphabets or characters that is
/// another, [`DataError::Member`] for a member that belongs nowhere, is missing, or is no such image.
pub fn parse(files: &[(&str, &[u8])], layout: &OmniglotLayout) -> Result<Omniglot, DataError> {
    let index = Index::of(files, layout)?;
    let images = index.decode(layout)?;
    Ok(index.with_images(images))
}

fn check_side(side: usize, largest: usize) -> Result<(), DataError> {
    if (1..=largest).contains(&side) { Ok(()) } else { Err(DataError::Side { side, largest }) }
}

impl OmniglotLayout {
    /// The images as the cache keeps them.
    fn images(&self) -> ImageLayout {
        ImageLayout {
            train: 0,
            test: usize::from(self.characters) * usize::from(self.drawers),
            channels: 1,
            height: self.side,
            width: self.side,
            classes: self.characters,
        }
    }
}

/// The path of a drawing below its archive's folder: alphabet, character, file.
type Path = [String; 3];

/// Where a drawing is: the places of its archives, and the member in each.
type Places = Vec<(usize, String)>;

/// What the archives hold, by the names of their members alone.
struct Index<'a> {
    archives: Vec<(&'a str, Zip<'a>)>,
    drawings: BTreeMap<Path, Places>,
    alphabets: Vec<String>,
    characters: Vec<Character>,
}

impl<'a> Index<'a> {
    fn of(files: &[(&'a str, &'a [u8])], layout: &OmniglotLayout) -> Result<Self, DataError> {
        let limit = layout.images().test;
        let mut archives = Vec::new();
        let mut drawings: BTreeMap<Path, Places> = BTreeMap::new();
        for (place, &(file, bytes)) in files.iter().enumerate() {
            let archive = Zip::open(file, bytes, limit)?;
            for member in archive.names() {
                let path = path_of(member).ok_or_else(|| {
                    let problem = "expected only <folder>/<alphabet>/<character>/<number>_<drawer>.png";
                    DataError::member(file, member, problem)
                })?;
                drawings.entry(path).or_default().push((place, member.to_owned()));
            }
            archives.push((file, archive));
        }
        let alphabets: BTreeSet<&String> = drawings.keys().map(|[alphabet, ..]| alphabet).collect();
        let alphabets: Vec<String> = alphabets.into_iter().cloned().collect();
        let characters = characters(&drawings, &alphabets);
        let index = Self { archives, drawings, alphabets, characters };
        index.check(layout)?;
        Ok(index)
    }

    fn check(&self, layout: &OmniglotLayout) -> Result<(), DataError> {
        let file = self.archives.first().map_or("", |(file, _)| file);
        for (what, found, expected) in [
            ("alphabets", self.alphabets.len(), layout.alphabets),
            ("characters", self.characters.len(), layout.characters.into()),
        ] {
            if found != expected {
                return Err(DataError::binary(file, 0, format!("{found} {what}, expected {expected}")));
            }
        }
        let drawers = usize::from(layout.drawers);
        let drawings: Vec<(&Path, &Places)> = self.drawings.iter().collect();
        for character in drawings.chunk_by(|(a, _), (b, _)| a[..2] == b[..2]) {
            for (number, (path, places)) in (1..).zip(character) {
                if character.len() != drawers || drawer_of(&path[2]) != Some(number) {
                    let (archive, member) = &places[0];
                    let problem = format!("expected one drawing of each of {drawers} drawers in its folder");
                    return Err(DataError::member(self.archives[*archive].0, member, problem));
                }
            }
        }
        Ok(())
    }

    fn decode(&self, layout: &OmniglotLayout) -> Result<LabelledImages, DataError> {
        let mut images = layout.images().room_for(self.drawings.len());
        for (drawing, places) in self.drawings.values().enumerate() {
            let mut same: Option<Vec<u8>> = None;
            for (archive, member) in places {
                let (file, archive) = &self.archives[*archive];
                let bytes = archive.read(member, LARGEST_FILE)?;
                match &same {
                    Some(first) if *first != bytes => {
                        return Err(DataError::member(
                            file,
                            member,
                            "is another drawing than in the other archive",
                        ));
                    }
                    Some(_) => {}
                    None => {
                        let ink = ink(&bytes, layout.side);
                        images
                            .pixels
                            .extend(ink.map_err(|problem| DataError::member(file, member, problem))?);
                        same = Some(bytes);
                    }
                }
            }
            images.labels.push((drawing / usize::from(layout.drawers)) as u16);
        }
        Ok(images)
    }

    /// `images` in the order of the drawings.
    fn with_images(self, images: LabelledImages) -> Omniglot {
        let alphabet = |&label: &u16| self.characters[usize::from(label)].alphabet;
        Omniglot {
            alphabets: images.labels.iter().map(alphabet).collect(),
            drawers: self.drawings.keys().filter_map(|[.., file]| drawer_of(file)).collect(),
            images,
            alphabet_names: self.alphabets,
            characters: self.characters,
        }
    }
}

/// Alphabet, character and file of a member.
fn path_of(member: &str) -> Option<Path> {
    let mut parts = member.split('/').skip(1).map(str::to_owned);
    let path = [parts.next()?, parts.next()?, parts.next()?];
    let whole = parts.next().is_none() && path.iter().all(|part| !part.is_empty());
    (whole && drawer_of(&path[2]).is_some()).then_some(path)
}

/// The drawer of a file `<number>_<drawer>.png`.
fn drawer_of(file: &str) -> Option<u8> {
    let (number, drawer) = file.strip_suffix(".png")?.split_once('_')?;
    let digits = [number, drawer].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    drawer.parse().ok().filter(|_| digits)
}

/// The characters, in the order of the drawings.
fn characters(drawings: &BTreeMap<Path, Places>, alphabets: &[String]) -> Vec<Character> {
    let mut characters: Vec<Character> = Vec::new();
    let mut last = None;
    for [alphabet, folder, _] in drawings.keys() {
        if last != Some((alphabet, folder)) {
            last = Some((alphabet, folder));
            let alphabet = alphabets.binary_search(alphabet).unwrap_or_default() as u8;
            characters.push(Character { alphabet, folder: folder.clone() });
        }
    }
    characters
}

/// What the first chunk of a PNG file says after the size: one bit a pixel, grey, and no choice of methods.
const ONE_BIT_GREY: [u8; 5] = [1, 0, 0, 0, 0];

/// The ink of a drawing, 255 where it is black.
fn ink(png: &[u8], side: usize) -> Result<Vec<u8>, String> {
    if png.get(24..29) != Some(&ONE_BIT_GREY) {
        return Err("is no PNG image of one bit a pixel".to_owned());
    }
    let options = DecoderOptions::default().set_strict_mode(true).png_set_confirm_crc(true);
    let mut decoder = PngDecoder::new_with_options(ZCursor::new(png), options);
    decoder.decode_headers().map_err(|error| format!("is no PNG image: {error:?}"))?;
    let size = decoder.dimensions().unwrap_or_default();
    if size != (side, side) {
        return Err(format!("is {} x {}, expected {side} x {side}", size.1, size.0));
    }
    let white = decoder.decode_raw().map_err(|error| format!("cannot be decoded: {error:?}"))?;
    if white.len() != side * side || white.iter().any(|&level| !matches!(level, 0 | 255)) {
        return Err("has other values than black and white".to_owned());
    }
    Ok(white.into_iter().map(|level| 255 - level).collect())
}
