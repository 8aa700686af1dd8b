//! Whether a file can hold what its elements claim.
//!
//! The reader makes room for an element before it reads it, and an element may claim four gigabytes. So
//! the lengths are added up first, in one walk over the headers. It must see the same elements as the reader, so
//! it knows items and sequences, and refuses what the reader would take in a way of its own.

use dicom_core::dictionary::DataDictionary;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};

/// Retired from the standard, and still met.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// "As long as it takes."
const UNDEFINED_LENGTH: u32 = 0xffff_ffff;
const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);
/// Value representations whose length has 16 bits, so that what they claim is small.
const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
];

/// Deepest sequences that are read; the reader calls itself for each.
const DEEPEST: usize = 32;

/// How elements are written.
#[derive(Clone, Copy)]
struct Encoding {
    explicit: bool,
    big_endian: bool,
}

const LITTLE: Encoding = Encoding {
    explicit: true,
    big_endian: false,
};

/// An element's header.
struct Header {
    tag: Tag,
    sequence: bool,
    /// Bytes of one of its values; the reader leaves an incomplete last value where it is.
    unit: u32,
    length: u32,
}

/// Walks over all headers; `bytes` begin after the mark.
///
/// # Errors
/// An element that claims more than is left; forms that are not read at all.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut walk = Walk { rest: bytes };
    let syntax = walk.file_meta()?;
    let writing = match &syntax[..] {
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => {
            return Err("DICOM: a deflated data set is not read: convert it to PNG".into());
        }
        uids::IMPLICIT_VR_LITTLE_ENDIAN => Encoding {
            explicit: false,
            ..LITTLE
        },
        EXPLICIT_VR_BIG_ENDIAN => Encoding {
            big_endian: true,
            ..LITTLE
        },
        // Encapsulated pixels come in an explicit little-endian data set.
        _ => LITTLE,
    };
    let end = Some(0);
    walk.data_set(writing, end, 0)
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    /// The group before the data set, which begins with its own length. The reader goes by that length, so the
    /// elements must end where it says; otherwise the reader would see other elements than this walk.
    /// Gives the transfer syntax.
    fn file_meta(&mut self) -> Result<String, String> {
        let header = self.header(LITTLE)?;
        let length = self.take(header.length)?.try_into().map(u32::from_le_bytes);
        let (tags::FILE_META_INFORMATION_GROUP_LENGTH, Ok(length)) = (header.tag, length) else {
            return Err("DICOM: damaged: its header does not begin with its length".into());
        };
        let data_set = self.rest.len().checked_sub(length as usize);
        let mut syntax = String::new();
        while data_set.is_some_and(|left| left < self.rest.len()) {
            let header = self.header(LITTLE)?;
            let value = self.take(header.length)?;
            if header.tag == tags::TRANSFER_SYNTAX_UID {
                let text = String::from_utf8_lossy(value);
                // What the reader drops at its end.
                let filling = |c: char| c.is_whitespace() || c == '\0';
                syntax = text.trim_end_matches(filling).to_owned();
            }
        }
        if data_set != Some(self.rest.len()) {
            return Err("DICOM: damaged: its header is not as long as it says".into());
        }
        if syntax.contains(|c: char| !c.is_ascii_digit() && c != '.') {
            return Err("DICOM: damaged: its transfer syntax is no identifier".into());
        }
        Ok(syntax)
    }

    /// Elements up to where `end` bytes are left, or to the mark that ends an item without a length.
    fn data_set(
        &mut self,
        writing: Encoding,
        end: Option<usize>,
        depth: usize,
    ) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!(
                "DICOM: sequences nested deeper than {DEEPEST} are not read"
            ));
        }
        // Some writers fill the file up with zeros.
        let filling = |rest: &[u8]| depth == 0 && rest.iter().all(|byte| *byte == 0);
        while self.goes_on(end)? && !filling(self.rest) {
            let header = self.header(writing)?;
            let open = header.length == UNDEFINED_LENGTH;
            match header.tag {
                ITEM_END if header.length == 0 && end.is_none() => return Ok(()),
                // Outside of an item the reader passes over it.
                ITEM_END if header.length == 0 && depth == 0 => {}
                tag if tag.group() == ITEM.group() => return Err(out_of_place()),
                _ if header.sequence => {
                    let end = self.end(header.length)?;
                    self.items(writing, end, depth + 1)?;
                }
                tags::PIXEL_DATA if open => self.fragments(writing)?,
                _ if open => {
                    return Err("DICOM: a private sequence is of a form that is not read".into());
                }
                _ if header.length % header.unit != 0 => {
                    return Err("DICOM: damaged: an element ends within a number".into());
                }
                _ => {
                    self.take(header.length)?;
                }
            }
        }
        Ok(())
    }

    /// The items of a sequence.
    fn items(&mut self, writing: Encoding, end: Option<usize>, depth: usize) -> Result<(), String> {
        while self.goes_on(end)? {
            let header = self.header(writing)?;
            match header.tag {
                ITEM => {
                    let end = self.end(header.length)?;
                    self.data_set(writing, end, depth)?;
                }
                SEQUENCE_END if header.length == 0 && end.is_none() => return Ok(()),
                _ => return Err(out_of_place()),
            }
        }
        Ok(())
    }

    /// The pieces of encapsulated pixels.
    fn fragments(&mut self, writing: Encoding) -> Result<(), String> {
        loop {
            let header = self.header(writing)?;
            match header.tag {
                ITEM => {
                    self.take(header.length)?;
                }
                SEQUENCE_END if header.length == 0 => return Ok(()),
                _ => return Err(out_of_place()),
            }
        }
    }

    /// How many bytes are left after the next `length`; none where a mark ends them.
    fn end(&self, length: u32) -> Result<Option<usize>, String> {
        if length == UNDEFINED_LENGTH {
            return Ok(None);
        }
        let end = self.rest.len().checked_sub(length as usize);
        end.map(Some).ok_or_else(too_much)
    }

    /// Whether there is more before `end`.
    fn goes_on(&self, end: Option<usize>) -> Result<bool, String> {
        match end {
            Some(end) if self.rest.len() < end => Err(too_much()),
            Some(end) => Ok(self.rest.len() > end),
            None => Ok(true),
        }
    }

    fn header(&mut self, writing: Encoding) -> Result<Header, String> {
        let number = |bytes: &[u8]| -> u32 {
            let add = |sum: u32, byte: &u8| (sum << 8) | u32::from(*byte);
            if writing.big_endian {
                bytes.iter().fold(0, add)
            } else {
                bytes.iter().rev().fold(0, add)
            }
        };
        let start = self.take(4)?;
        let tag = Tag(number(&start[..2]) as u16, number(&start[2..]) as u16);
        let delimiter = tag.group() == ITEM.group();
        if delimiter || !writing.explicit {
            let length = number(self.take(4)?);
            let entry = StandardDataDictionary.by_tag(tag);
            let known = entry.map(|entry| entry.vr.relaxed());
            let name = known.map_or("UN", VR::to_string);
            return Ok(Header {
                tag,
                sequence: known == Some(VR::SQ)
                    || (!delimiter && known.is_none() && length == UNDEFINED_LENGTH),
                unit: unit(name.as_bytes()),
                length,
            });
        }
        let vr = self.take(2)?;
        let short = SHORT.iter().any(|known| vr == *known);
        let length = if short {
            number(self.take(2)?)
        } else {
            self.take(2)?;
            number(self.take(4)?)
        };
        Ok(Header {
            tag,
            sequence: vr == b"SQ",
            unit: unit(vr),
            length,
        })
    }

    /// The next bytes, if there are so many.
    fn take(&mut self, length: u32) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length as usize)
            .ok_or_else(too_much)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Bytes of one value of a representation; 1 for text and bytes.
fn unit(representation: &[u8]) -> u32 {
    match representation {
        b"SS" | b"US" | b"OW" => 2,
        b"AT" | b"FL" | b"SL" | b"UL" | b"OF" | b"OL" => 4,
        b"FD" | b"OD" | b"SV" | b"UV" | b"OV" => 8,
        _ => 1,
    }
}

fn too_much() -> String {
    "DICOM: damaged or incomplete: an element claims more than the file holds".into()
}

fn out_of_place() -> String {
    "DICOM: damaged: an item or its end where none can be".into()
}
