//! Whether a file has more frames or pages than the first.
//!
//! Only the file's structure is walked; what is damaged counts as no frame.

use super::ImageFormat;

/// Whether there is a second frame (GIF, WebP) or page (TIFF).
pub(super) fn has_more(format: ImageFormat, bytes: &[u8]) -> bool {
    match format {
        ImageFormat::Gif => gif_frames(bytes).is_some_and(|frames| frames > 1),
        ImageFormat::WebP => webp_frames(bytes) > 1,
        ImageFormat::Tiff => second_page(bytes).unwrap_or(false),
        ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Bmp | ImageFormat::Dicom => false,
    }
}

/// The number of image blocks, of which 2 are as good as more.
fn gif_frames(bytes: &[u8]) -> Option<usize> {
    /// Bytes of the colour table that the lowest bits of a flag byte announce.
    fn table(flags: u8) -> usize {
        match flags & 0x80 {
            0 => 0,
            _ => 3 << ((flags & 7) + 1),
        }
    }
    let mut at = 13 + table(*bytes.get(10)?);
    let mut frames = 0;
    while frames < 2 {
        // Where the sub-blocks of this block begin.
        at = match bytes.get(at) {
            Some(b'!') => at + 2,
            Some(b',') => {
                frames += 1;
                at + 11 + table(*bytes.get(at + 9)?)
            }
            _ => break,
        };
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
    Some(frames)
}

/// The number of chunks that are frames of an animation.
fn webp_frames(bytes: &[u8]) -> usize {
    let mut rest = bytes.get(12..).unwrap_or_default();
    let mut frames = 0;
    while let Some((header, after)) = rest.split_first_chunk::<8>() {
        frames += usize::from(header.starts_with(b"ANMF"));
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        // Chunks begin at even places.
        rest = after.get(length + length % 2..).unwrap_or_default();
    }
    frames
}

/// Whether the first page's directory names a second one.
fn second_page(bytes: &[u8]) -> Option<bool> {
    let big = bytes.starts_with(b"MM");
    let number = |at: usize, length: usize| -> Option<usize> {
        let field = bytes.get(at..at.checked_add(length)?)?;
        let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(match big {
            true => field.iter().fold(0, add),
            false => field.iter().rev().fold(0, add),
        })
    };
    let directory = number(4, 4)?;
    let entries = number(directory, 2)?;
    Some(number(directory + 2 + 12 * entries, 4)? != 0)
}
