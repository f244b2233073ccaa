//! JPEG images of a known size, and archives of them.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::DataError;
use crate::images::{ImageLayout, LabelledImages};
use crate::zip::Zip;

/// No packed image of the sizes read here comes near this.
const LARGEST_FILE: u64 = 1 << 20;

/// Decodes members of an archive, each given with its label, to `layout`'s colour images.
pub(crate) fn decode_members<'a>(
    file: &str,
    archive: &Zip<'_>,
    layout: &ImageLayout,
    members: impl ExactSizeIterator<Item = (&'a str, u16)>,
) -> Result<LabelledImages, DataError> {
    let mut images = layout.room_for(members.len());
    for (member, label) in members {
        let bytes = archive.read(member, LARGEST_FILE)?;
        decode(&bytes, layout, &mut images.pixels)
            .map_err(|problem| DataError::member(file, member, problem))?;
        images.labels.push(label);
    }
    Ok(images)
}

/// Appends an image as red, green and blue planes; a grey image has three equal ones.
fn decode(bytes: &[u8], layout: &ImageLayout, pixels: &mut Vec<u8>) -> Result<(), String> {
    let options = DecoderOptions::default().set_strict_mode(true).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| format!("is no JPEG image: {error:?}"))?;
    let (width, height) = decoder.info().map_or((0, 0), |info| (info.width.into(), info.height.into()));
    if (height, width) != (layout.height, layout.width) {
        return Err(format!("is {height} x {width}, expected {} x {}", layout.height, layout.width));
    }
    let interleaved = decoder.decode().map_err(|error| format!("cannot be decoded: {error:?}"))?;
    if interleaved.len() != layout.size() {
        return Err(format!("has {} values, expected {}", interleaved.len(), layout.size()));
    }
    for channel in 0..layout.channels {
        pixels.extend(interleaved.iter().skip(channel).step_by(layout.channels));
    }
    Ok(())
}
