//! Decoded images in the cache: what takes seconds to decode is decoded once.

use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::dataset::DataSet;
use crate::error::DataError;
use crate::images::{ImageLayout, ImageSet, LabelledImages};
use crate::library::{Library, lock};

/// The last two bytes are the version: raise it when the format or what decoders give changes.
const MAGIC: &[u8; 8] = b"MIXIMG01";

/// Reads an image set out of the bytes of its archive, which is named in messages.
pub(crate) type Parse = fn(&str, &[u8], &ImageLayout) -> Result<ImageSet, DataError>;

/// The decoded images of the cache where they are whole, else `parse`s the set's one file and keeps
/// the outcome.
pub(crate) fn load(
    library: &Library,
    set: &DataSet,
    layout: &ImageLayout,
    parse: Parse,
) -> Result<ImageSet, DataError> {
    kept(library, set, layout, || {
        let archive = library.obtain(set, &|_| ())?.files.remove(0);
        let bytes = fs::read(&archive).map_err(|source| DataError::Read { path: archive.clone(), source })?;
        parse(&archive.display().to_string(), &bytes, layout)
    })
}

/// The decoded images of the cache where they are whole, else `decode`s them and keeps the outcome. What is
/// kept was made of files with the catalogue's sums, so that these are not read again. Processes that want the same set at the same time wait for each other.
pub(crate) fn kept(
    library: &Library,
    set: &DataSet,
    layout: &ImageLayout,
    decode: impl FnOnce() -> Result<ImageSet, DataError>,
) -> Result<ImageSet, DataError> {
    let folder = library.cache_dir.join(set.name);
    let kept = folder.join("decoded.bin");
    let identity = set.sha256();
    if let Some(images) = open(&kept, &identity, layout) {
        return Ok(images);
    }
    // A cache that cannot be written costs time, not the images.
    let lock = lock(&folder).ok();
    if let Some(images) = open(&kept, &identity, layout) {
        return Ok(images);
    }
    let images = decode()?;
    if lock.is_some() {
        let _ = keep(&folder, &kept, &identity, &images, layout);
    }
    Ok(images)
}

/// A file that is absent, torn, old, or of another archive is none.
fn open(path: &Path, identity: &str, layout: &ImageLayout) -> Option<ImageSet> {
    let file = fs::File::open(path).ok()?;
    read(BufReader::with_capacity(1 << 20, file), identity, layout).ok()
}

/// Writes beside the target, then renames.
fn keep(
    folder: &Path,
    target: &Path,
    identity: &str,
    images: &ImageSet,
    layout: &ImageLayout,
) -> io::Result<()> {
    let temporary = NamedTempFile::new_in(folder)?;
    let mut writer = BufWriter::with_capacity(1 << 20, temporary.as_file());
    write(&mut writer, identity, images, layout)?;
    writer.flush()?;
    drop(writer);
    temporary.as_file().sync_all()?;
    temporary.persist(target)?;
    Ok(())
}

/// Writes decoded images: magic number, `identity` (of the archive), layout, then pixels and
/// little-endian labels of the training and of the test part, then the SHA-256 of all that.
///
/// # Errors
/// What the writer says.
pub fn write(writer: impl Write, identity: &str, images: &ImageSet, layout: &ImageLayout) -> io::Result<()> {
    let mut writer = Hashing { inner: writer, hash: Sha256::new() };
    writer.write_all(&header(identity, layout))?;
    for part in [&images.train, &images.test] {
        writer.write_all(&part.pixels)?;
        let labels: Vec<u8> = part.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        writer.write_all(&labels)?;
    }
    let sum = writer.hash.finalize();
    writer.inner.write_all(&sum)
}

/// Reads what [`write()`] has written for the same archive and layout. It asks for no more memory than
/// `layout` needs.
///
/// # Errors
/// Why the bytes are not that: another header, a wrong length, sum or label.
pub fn read(reader: impl Read, identity: &str, layout: &ImageLayout) -> io::Result<ImageSet> {
    let mut reader = Hashing { inner: reader, hash: Sha256::new() };
    let expected = header(identity, layout);
    let mut found = vec![0; expected.len()];
    reader.read_exact(&mut found)?;
    if found != expected {
        return Err(invalid("another version, archive or layout"));
    }
    let train = read_part(&mut reader, layout, layout.train)?;
    let test = read_part(&mut reader, layout, layout.test)?;
    let sum = reader.hash.finalize();
    let mut rest = Vec::new();
    reader.inner.take(sum.len() as u64 + 1).read_to_end(&mut rest)?;
    if rest[..] != sum[..] {
        return Err(invalid("a wrong sum at the end"));
    }
    Ok(ImageSet { train, test })
}

fn read_part(reader: &mut impl Read, layout: &ImageLayout, count: usize) -> io::Result<LabelledImages> {
    let mut images = layout.room_for(count);
    images.pixels.resize(count * layout.size(), 0);
    reader.read_exact(&mut images.pixels)?;
    let mut labels = vec![0; 2 * count];
    reader.read_exact(&mut labels)?;
    images.labels.extend(labels.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])));
    if images.labels.iter().any(|&label| label >= layout.classes) {
        return Err(invalid("a label that is no class"));
    }
    Ok(images)
}

fn header(identity: &str, layout: &ImageLayout) -> Vec<u8> {
    let ImageLayout { train, test, channels, height, width, classes } = *layout;
    let sizes = [identity.len(), train, test, channels, height, width, usize::from(classes)];
    let sizes = sizes.into_iter().flat_map(|size| (size as u64).to_le_bytes());
    MAGIC.iter().copied().chain(sizes).chain(identity.bytes()).collect()
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

/// Hashes what passes.
struct Hashing<T> {
    inner: T,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::catalogue;
    use crate::dataset::{Content, File};
    use crate::digest::{Sum, sha256_of};

    const LAYOUT: ImageLayout =
        ImageLayout { train: 3, test: 1, channels: 1, height: 1, width: 2, classes: 300 };

    thread_local! {
        static PARSED: Cell<usize> = const { Cell::new(0) };
    }

    /// An archive of four images and nothing else; their labels are 256 and more.
    fn parse(_: &str, bytes: &[u8], layout: &ImageLayout) -> Result<ImageSet, DataError> {
        PARSED.set(PARSED.get() + 1);
        let part = |pixels: &[u8]| LabelledImages {
            pixels: pixels.to_vec(),
            labels: (256..).take(pixels.len() / 2).collect(),
            ..layout.room_for(0)
        };
        Ok(ImageSet { train: part(&bytes[..6]), test: part(&bytes[6..]) })
    }

    fn made_set(archive: &[u8]) -> DataSet {
        let sha256: &str = sha256_of([archive]).leak();
        let sums = vec![Sum { sha256, bytes: archive.len() as u64 }].leak();
        let files = vec![File { name: "made.bin", sums, source: None }].leak();
        DataSet { name: "made", content: Content::Files(files), ..catalogue::AIRFOIL }
    }

    #[test]
    fn decoded_once_and_anew_where_the_copy_is_torn_or_of_another_archive() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(Some(folder.path().join("given")), folder.path().join("cache"));
        let given = folder.path().join("given/made");
        fs::create_dir_all(&given).unwrap();
        let archive = b"01234567";
        fs::write(given.join("made.bin"), archive).unwrap();
        let load = |archive: &[u8]| load(&library, &made_set(archive), &LAYOUT, parse).unwrap();
        let first = load(archive);
        assert_eq!((first.train.image(2), &first.train.labels[..]), (&b"45"[..], &[256, 257, 258][..]));
        assert_eq!((load(archive), PARSED.get()), (first.clone(), 1));
        let kept = folder.path().join("cache/made/decoded.bin");
        let whole = fs::read(&kept).unwrap();
        for torn in [&whole[..whole.len() / 2], b"", &[&whole[..], b"x"].concat()] {
            fs::write(&kept, torn).unwrap();
            assert_eq!(load(archive), first);
            assert!(fs::read(&kept).unwrap() == whole, "the torn copy was not replaced");
        }
        assert_eq!(PARSED.get(), 4);
        fs::write(given.join("made.bin"), b"76543210").unwrap();
        assert_eq!(load(b"76543210").test.image(0), b"10");
        assert_eq!(PARSED.get(), 5);
    }

    #[test]
    fn a_cache_that_cannot_be_written_costs_time_only() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("given/made")).unwrap();
        fs::write(folder.path().join("given/made/made.bin"), b"01234567").unwrap();
        fs::write(folder.path().join("cache"), b"a file where a folder should be").unwrap();
        let library = Library::new(Some(folder.path().join("given")), folder.path().join("cache"));
        let images = load(&library, &made_set(b"01234567"), &LAYOUT, parse).unwrap();
        assert_eq!(images.test.image(0), b"67");
    }
}
