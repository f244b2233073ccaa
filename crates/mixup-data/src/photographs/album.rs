//! Sets of photographs by name.

use std::path::{Path, PathBuf};

use super::develop::{Fit, decoded};
use super::{Photograph, Photographs};
use crate::catalogue;
use crate::dataset::DataSet;
use crate::error::DataError;
use crate::images::{ImageSet, LabelledImages};
use crate::library::Library;

/// Reads the lists in a folder.
type Read = fn(&Path) -> Result<Photographs, DataError>;

const ALBUMS: [(&DataSet, Read); 8] = [
    (&catalogue::CUB_200_2011, super::cub_200_2011),
    (&catalogue::STANFORD_CARS, super::stanford_cars),
    (&catalogue::STANFORD_ONLINE_PRODUCTS, super::stanford_online_products),
    (&catalogue::IN_SHOP, super::in_shop),
    (&catalogue::FGVC_AIRCRAFT, super::fgvc_aircraft),
    (&catalogue::BUTTERFLY_200, super::butterfly_200),
    (&catalogue::NABIRDS, super::nabirds),
    (&catalogue::WEBVISION, super::webvision),
];

/// The photographs of a set. Gigabytes of them stay on the disk: what selects images works on *stand-ins*, images of four
/// bytes that are the photograph's number, and [`Album::developed`] decodes those that are left.
#[derive(Debug, Clone)]
pub struct Album {
    root: PathBuf,
    photographs: Photographs,
    classes: u16,
}

/// Bytes of a stand-in.
const STAND_IN: usize = 4;

/// The album of this name; none where the set is no set of photographs.
///
/// # Errors
/// [`DataError::UnknownDataSet`], what [`Library::obtain`] says, and what the lists' reader says.
pub fn album(library: &Library, name: &str) -> Result<Option<Album>, DataError> {
    let set = catalogue::find(name)?;
    let Some((_, read)) = ALBUMS.iter().find(|(known, _)| known.name == set.name) else { return Ok(None) };
    let root = library.obtain(set, &|_| ())?.files.remove(0);
    let photographs = read(&root)?;
    Album::new(root, photographs).map(Some)
}

/// Whether a data set is one of photographs; it need not be at hand.
pub fn is_album(name: &str) -> bool {
    ALBUMS.iter().any(|(known, _)| known.name == name)
}

impl Album {
    /// An album of lists in a folder.
    ///
    /// # Errors
    /// [`DataError::Member`] for more classes than labels can count.
    pub fn new(root: PathBuf, photographs: Photographs) -> Result<Self, DataError> {
        let Photographs { train, queries, gallery } = &photographs;
        let classes = train.iter().chain(queries).chain(gallery).map(|photograph| photograph.class + 1).max();
        let classes = classes.unwrap_or(0);
        let classes = u16::try_from(classes).map_err(|_| {
            DataError::member(&root.display().to_string(), "its lists", format!("have {classes} classes"))
        })?;
        Ok(Self { root, photographs, classes })
    }

    /// Whether no class is both trained on and tested on.
    pub fn is_apart(&self) -> bool {
        self.photographs.shared().is_none()
    }

    /// Stand-ins of the training part, and of all others as the test part.
    pub fn split(&self) -> ImageSet {
        let Photographs { train, queries, gallery } = &self.photographs;
        let test = self.stand_ins(train.len(), queries.iter().chain(gallery));
        ImageSet { train: self.train(), test }
    }

    /// Stand-ins of the training part.
    pub fn train(&self) -> LabelledImages {
        self.stand_ins(0, self.photographs.train.iter())
    }

    /// Stand-ins of the queries.
    pub fn queries(&self) -> LabelledImages {
        self.stand_ins(self.photographs.train.len(), self.photographs.queries.iter())
    }

    /// Stand-ins of what queries search, where it is another part.
    pub fn gallery(&self) -> Option<LabelledImages> {
        let Photographs { train, queries, gallery } = &self.photographs;
        (!gallery.is_empty()).then(|| self.stand_ins(train.len() + queries.len(), gallery.iter()))
    }

    /// Stand-ins of all.
    pub fn all(&self) -> LabelledImages {
        let Photographs { train, queries, gallery } = &self.photographs;
        self.stand_ins(0, train.iter().chain(queries).chain(gallery))
    }

    fn stand_ins<'a>(
        &self,
        first: usize,
        photographs: impl Iterator<Item = &'a Photograph>,
    ) -> LabelledImages {
        // `new` has seen that classes fit.
        let labels: Vec<u16> = photographs.map(|photograph| photograph.class as u16).collect();
        let numbers = (first..first + labels.len()).flat_map(|number| (number as u32).to_le_bytes());
        LabelledImages {
            channels: 1,
            height: 1,
            width: STAND_IN,
            classes: self.classes,
            pixels: numbers.collect(),
            labels,
        }
    }

    /// The photographs that stand-ins stand for, as squares of `side` pixels in three colours, with the stand-ins' labels.
    ///
    /// # Errors
    /// [`DataError::Read`] and [`DataError::Binary`] for a photograph that is not there or cannot be decoded.
    ///
    /// # Panics
    /// When an image is no stand-in of this album.
    pub fn developed(
        &self,
        stand_ins: &LabelledImages,
        fit: Fit,
        side: usize,
    ) -> Result<LabelledImages, DataError> {
        let Photographs { train, queries, gallery } = &self.photographs;
        let all: Vec<&Photograph> = train.iter().chain(queries).chain(gallery).collect();
        let mut pixels = Vec::with_capacity(3 * side * side * stand_ins.len());
        for number in stand_ins.pixels.chunks_exact(STAND_IN) {
            let number = number.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte));
            let path = self.root.join(&all[number].path);
            let square = decoded(&path)?.square(fit, side);
            pixels.extend(square.map_err(|why| DataError::binary(&path.display().to_string(), 0, why))?);
        }
        let (classes, labels) = (stand_ins.classes, stand_ins.labels.clone());
        Ok(LabelledImages { channels: 3, height: side, width: side, classes, pixels, labels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jpeg_encoder::{ColorType, Encoder};
    use std::fs;

    fn jpeg(path: &Path, colour: [u8; 3], width: u16, height: u16) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let pixels = colour.repeat(usize::from(width) * usize::from(height));
        Encoder::new_file(path, 95).unwrap().encode(&pixels, width, height, ColorType::Rgb).unwrap();
    }

    /// A tree of CUB-200-2011 with four birds of three classes, in the data directory of a library.
    fn birds() -> (tempfile::TempDir, Library) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data/CUB_200_2011");
        for (at, name) in ["001.A/a.jpg", "001.A/b.jpg", "150.B/c.jpg", "200.C/d.jpg"].iter().enumerate() {
            jpeg(&root.join("images").join(name), [40 * at as u8, 100, 200], 20, 12 + 8 * at as u16);
        }
        fs::write(root.join("images.txt"), "1 001.A/a.jpg\n2 001.A/b.jpg\n3 150.B/c.jpg\n4 200.C/d.jpg\n")
            .unwrap();
        fs::write(root.join("image_class_labels.txt"), "1 1\n2 1\n3 150\n4 200\n").unwrap();
        let library = Library::new(Some(folder.path().join("data")), folder.path().join("cache"));
        (folder, library)
    }

    #[test]
    fn stand_ins_are_selected_and_developed() {
        let (_folder, library) = birds();
        let album = album(&library, "cub-200-2011").unwrap().unwrap();
        assert!(album.is_apart());
        assert_eq!((album.classes, album.gallery()), (200, None));
        let ImageSet { train, test } = album.split();
        assert_eq!((&train.labels[..], &test.labels[..]), (&[0, 0][..], &[149, 199][..]));
        assert_eq!((album.train(), album.queries()), (train, test));
        let chosen = album.all().select(&[3, 1]);
        let images = album.developed(&chosen, Fit::Stretched, 8).unwrap();
        assert_eq!((images.channels, images.height, images.width, images.classes), (3, 8, 8, 200));
        assert_eq!(images.labels, [199, 0]);
        for (row, red) in [(0, 120), (1, 40)] {
            let image = images.image(row);
            for (plane, expected) in image.chunks_exact(64).zip([red, 100, 200]) {
                assert!(plane.iter().all(|pixel| pixel.abs_diff(expected) <= 3), "{row}: {plane:?}");
            }
        }
        let none = album.developed(&chosen.select(&[]), Fit::CentreSquare, 8).unwrap();
        assert!(none.is_empty() && none.pixels.is_empty());
    }

    #[test]
    fn what_is_no_photograph_is_named() {
        let (folder, library) = birds();
        let whole = album(&library, "cub-200-2011").unwrap().unwrap();
        fs::write(folder.path().join("data/CUB_200_2011/images/150.B/c.jpg"), "no image").unwrap();
        let error = whole.developed(&whole.all(), Fit::Stretched, 8).unwrap_err().to_string();
        assert!(error.contains("c.jpg") && error.contains("no JPEG"), "{error}");
        assert!(album(&library, "airfoil").unwrap().is_none());
        assert!(is_album("nabirds") && !is_album("cifar-10"));
        let absent = album(&library, "nabirds").unwrap_err().to_string();
        assert!(absent.contains("DIR/nabirds/images.txt"), "{absent}");
    }
}
