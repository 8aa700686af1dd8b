//! Fragments of encoded pixels, of which each frame has one or several (PS3.5 annex A.4).

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::super::lengths::{ITEM, SEQUENCE_DELIMITATION, length_error};
use super::head::Head;
use super::{MAX_FILE_BYTES, MAX_FRAMES, Source, add_bytes, not_read, too_large};
use dicom_core::Tag;

/// Most fragments of a file.
const MAX_FRAGMENTS: usize = 1 << 18;
/// First bytes of a JPEG and of a JPEG 2000 stream.
const STREAM_BEGINS: [&[u8]; 2] = [b"\xff\xd8", b"\xff\x4f\xff\x51"];

/// A fragment.
struct Fragment {
    /// Where its header begins, in bytes from the first one's.
    offset: u64,
    /// Where its bytes begin in the file.
    start: u64,
    length: u32,
}

/// Adds the fragments of a frame.
pub fn add(
    file: &mut dyn Source,
    head: &Head,
    frame: u32,
    single: &mut Vec<u8>,
) -> Result<(), String> {
    let pixels = head.pixels()?;
    if pixels.length.is_some() {
        return Err("DICOM: damaged: encoded pixels that are not in fragments".into());
    }
    let (table, fragments) = list(file, pixels.value)?;
    let frames = head.frames().unwrap_or(0) as usize;
    let table = (!table.is_empty()).then_some(table);
    let begins = match table.or_else(|| head.offsets.clone()) {
        Some(offsets) => by_offsets(&offsets, &fragments, frames)?,
        None if fragments.len() == frames => (0..frames).collect(),
        None => by_streams(file, &fragments, frames)?,
    };
    let index = frame as usize - 1;
    let end = begins.get(index + 1).copied().unwrap_or(fragments.len());
    let own = &fragments[begins[index]..end];
    let length: u64 = own.iter().map(|fragment| u64::from(fragment.length)).sum();
    if length > MAX_FILE_BYTES {
        return Err(too_large());
    }
    head.end_with_undefined_length(single);
    add_header(single, ITEM, 0);
    for fragment in own {
        add_header(single, ITEM, fragment.length);
        add_bytes(file, fragment.start, fragment.length.into(), single)?;
    }
    add_header(single, SEQUENCE_DELIMITATION, 0);
    Ok(())
}

/// Encapsulated pixels are little-endian.
fn add_header(single: &mut Vec<u8>, tag: Tag, length: u32) {
    single.extend(tag.group().to_le_bytes());
    single.extend(tag.element().to_le_bytes());
    single.extend(length.to_le_bytes());
}

/// The table of offsets before the fragments, which may be empty, and all fragments.
fn list(file: &mut dyn Source, value: u64) -> Result<(Vec<u64>, Vec<Fragment>), String> {
    let mut file = BufReader::with_capacity(4096, file);
    file.seek(SeekFrom::Start(value)).map_err(not_read)?;
    let (tag, length) = item_header(&mut file)?;
    if tag != ITEM || length > 4 * MAX_FRAMES {
        return Err("DICOM: damaged: no table of offsets before its encoded pixels".into());
    }
    let mut table = vec![0; length as usize];
    file.read_exact(&mut table).map_err(|_| length_error())?;
    let offsets = table.chunks_exact(4);
    let offsets = offsets.map(|four| u32::from_le_bytes(four.try_into().expect("four bytes")));
    let table: Vec<u64> = offsets.map(u64::from).collect();
    let mut fragments: Vec<Fragment> = Vec::new();
    let first = value + 8 + u64::from(length);
    let mut at = first;
    loop {
        let (tag, length) = item_header(&mut file)?;
        match tag {
            ITEM if fragments.len() < MAX_FRAGMENTS => fragments.push(Fragment {
                offset: at - first,
                start: at + 8,
                length,
            }),
            ITEM => return Err("DICOM: its pixels are in too many pieces to be read".into()),
            SEQUENCE_DELIMITATION if length == 0 => return Ok((table, fragments)),
            _ => return Err("DICOM: damaged: an item or its end where none can be".into()),
        }
        at += 8 + u64::from(length);
        file.seek_relative(length.into()).map_err(not_read)?;
    }
}

fn item_header(file: &mut impl Read) -> Result<(Tag, u32), String> {
    let mut header = [0; 8];
    file.read_exact(&mut header).map_err(|_| length_error())?;
    let [g0, g1, e0, e1, length @ ..] = header;
    let tag = Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]));
    Ok((tag, u32::from_le_bytes(length)))
}

/// The first fragment of each frame, by the offsets of their headers.
fn by_offsets(
    offsets: &[u64],
    fragments: &[Fragment],
    frames: usize,
) -> Result<Vec<usize>, String> {
    let damaged = || "DICOM: damaged: its table of offsets does not fit its frames".to_owned();
    let index = |offset: &u64| {
        fragments
            .binary_search_by_key(offset, |one| one.offset)
            .ok()
    };
    let begins: Option<Vec<usize>> = offsets.iter().map(index).collect();
    let begins = begins.ok_or_else(damaged)?;
    let ascending = begins.first() == Some(&0) && begins.is_sorted_by(|a, b| a < b);
    match ascending && begins.len() == frames {
        true => Ok(begins),
        false => Err(damaged()),
    }
}

/// The first fragment of each frame: those that begin a stream.
fn by_streams(
    file: &mut dyn Source,
    fragments: &[Fragment],
    frames: usize,
) -> Result<Vec<usize>, String> {
    let mut begins = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let mut first = Vec::new();
        let length = u64::from(fragment.length.min(4));
        add_bytes(file, fragment.start, length, &mut first)?;
        if STREAM_BEGINS.iter().any(|begin| first.starts_with(begin)) {
            begins.push(index);
        }
    }
    match begins.len() == frames && begins[0] == 0 {
        true => Ok(begins),
        false => Err(format!(
            "DICOM: its {frames} frames cannot be told apart: no table says where each begins"
        )),
    }
}
