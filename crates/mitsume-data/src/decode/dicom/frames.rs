//! Frames of DICOM files that have several, each as a file of a single frame.
//!
//! Only what describes the image and the frame itself is read, so that memory does not grow with the
//! number of frames. The file that is made of them has the elements of the whole one, with two
//! differences: it says that it has one frame, and of the functional groups of the frames (rescale,
//! window) it has those of its own. It is decoded, and checked, as any other.

mod fragments;
mod head;

use std::io::{Read, Seek, SeekFrom};

use super::lengths::is_encapsulated;
use super::{check_size, is_dicom};
use crate::decode::MAX_FILE_BYTES;
use head::{Head, Part};

/// Most frames of a file.
pub(in crate::decode) const MAX_FRAMES: u32 = 4096;

/// A file to read from.
pub(in crate::decode) trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// The number of frames that a file is taken apart into; 1 if it is no DICOM file of several frames,
/// if the number is not to be believed, or if they cannot be told apart. [`refusal`] says why.
pub(in crate::decode) fn count(file: &mut dyn Source) -> u32 {
    let head = match head::read(file, Part::Image) {
        Ok(Some((_, head))) => head,
        _ => return 1,
    };
    let Some(frames) = head.frames().filter(|frames| *frames > 1) else {
        return 1;
    };
    let length = file.seek(SeekFrom::End(0)).unwrap_or(0);
    match refusal_of(&head, frames, length) {
        None => frames,
        Some(_) => 1,
    }
}

/// Why a file that says it has this number of frames is not taken apart, as far as its head tells;
/// `None` if it is.
pub(super) fn refusal(bytes: &[u8]) -> Option<String> {
    let mut file = std::io::Cursor::new(bytes);
    let (_, head) = head::read(&mut file, Part::Image).ok()??;
    refusal_of(&head, head.frames()?, bytes.len() as u64)
}

fn refusal_of(head: &Head, frames: u32, length: u64) -> Option<String> {
    if frames > MAX_FRAMES {
        return Some(format!(
            "DICOM: says it holds {frames} frames: at most {MAX_FRAMES} are read"
        ));
    }
    // MPEG-2, MPEG-4 and HEVC: one stream for all frames.
    let number = head.syntax.strip_prefix("1.2.840.10008.1.2.4.");
    let number = number.and_then(|number| number.parse::<u32>().ok());
    if number.is_some_and(|number| (100..=108).contains(&number)) {
        return Some(format!("DICOM: a video of {frames} frames is not read"));
    }
    if let Some(bits) = head.bits.filter(|bits| *bits > 16) {
        return Some(format!(
            "DICOM: {frames} frames of {bits}-bit values, which are not read"
        ));
    }
    // An encoded frame is a fragment with its header at least.
    let least = match is_encapsulated(&head.syntax) {
        true => 8,
        false => head.frame_bits()? / 8,
    };
    if u64::from(frames).saturating_mul(least) > length {
        return Some(format!(
            "DICOM: damaged or incomplete: says it holds {frames} frames, more than are in the file"
        ));
    }
    None
}

/// A file with frame number `frame`, from 1, alone.
///
/// # Errors
/// A message saying what is wrong with the file, or that it has no such frame.
pub(in crate::decode) fn single(file: &mut dyn Source, frame: u32) -> Result<Vec<u8>, String> {
    let none = || "is no DICOM file of several frames, of which one could be named".to_owned();
    let (bytes, head) = head::read(file, Part::UpToPixels)?.ok_or_else(none)?;
    let frames = head
        .frames()
        .filter(|frames| *frames > 1)
        .ok_or_else(none)?;
    let length = file.seek(SeekFrom::End(0)).map_err(not_read)?;
    if let Some(reason) = refusal_of(&head, frames, length) {
        return Err(reason);
    }
    if !(1..=frames).contains(&frame) {
        return Err(format!(
            "DICOM: holds {frames} frames, and no frame {frame}"
        ));
    }
    let mut single = head.of_frame(&bytes, frame)?;
    match is_encapsulated(&head.syntax) {
        true => fragments::add(file, &head, frame, &mut single)?,
        false => add_native(file, &head, frame, &mut single)?,
    }
    Ok(single)
}

/// Adds the values of a frame that is not encoded.
fn add_native(
    file: &mut dyn Source,
    head: &Head,
    frame: u32,
    single: &mut Vec<u8>,
) -> Result<(), String> {
    let pixels = head.pixels()?;
    let bits = head.frame_bits().unwrap_or(0);
    let bytes = bits / 8;
    if bits == 0
        || !bits.is_multiple_of(8)
        || (head.encoding.big_endian && !bytes.is_multiple_of(2))
    {
        return Err("DICOM: frames that do not begin with a byte are not read".into());
    }
    if bytes > MAX_FILE_BYTES {
        return Err(too_large());
    }
    let frames = u64::from(head.frames().unwrap_or(0));
    let all = frames.saturating_mul(bytes);
    // A byte fills up an odd length.
    if pixels
        .length
        .is_none_or(|found| u64::from(found) != all + all % 2)
    {
        return Err("DICOM: its pixels are not as long as its frames together".into());
    }
    let padded = bytes + bytes % 2;
    head.end_with_length(single, padded as u32);
    let start = pixels.value + u64::from(frame - 1) * bytes;
    add_bytes(file, start, bytes, single)?;
    single.extend((bytes < padded).then_some(0));
    Ok(())
}

/// Adds `length` bytes of the file from `start` on.
fn add_bytes(
    file: &mut dyn Source,
    start: u64,
    length: u64,
    single: &mut Vec<u8>,
) -> Result<(), String> {
    file.seek(SeekFrom::Start(start)).map_err(not_read)?;
    let before = single.len() as u64;
    Read::take(&mut *file, length)
        .read_to_end(single)
        .map_err(not_read)?;
    match single.len() as u64 - before == length {
        true => Ok(()),
        false => Err(super::lengths::length_error()),
    }
}

fn too_large() -> String {
    format!(
        "DICOM: a frame is larger than {} MiB: not read",
        MAX_FILE_BYTES >> 20
    )
}

fn not_read(error: std::io::Error) -> String {
    error.to_string()
}
