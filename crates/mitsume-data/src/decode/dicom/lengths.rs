//! Whether a file can hold what its elements claim.
//!
//! The reader makes room for an element before it reads it, and an element may claim four gigabytes. So
//! the lengths are added up first, in one walk over the headers. Sequences are not nested here: their
//! items' elements simply come one after the other, which also bounds the sum by the file's size.

use dicom_core::dictionary::DataDictionary;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};

/// Retired from the standard, and still met.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// "As long as it takes."
const UNDEFINED: u32 = 0xffff_ffff;
const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);
/// Value representations whose length has 16 bits, so that what they claim is small.
const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
];

/// How elements are written.
#[derive(Clone, Copy)]
struct Writing {
    explicit: bool,
    big_endian: bool,
}

const LITTLE: Writing = Writing {
    explicit: true,
    big_endian: false,
};

/// An element's header.
struct Header {
    tag: Tag,
    sequence: bool,
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
        uids::IMPLICIT_VR_LITTLE_ENDIAN => Writing {
            explicit: false,
            ..LITTLE
        },
        EXPLICIT_VR_BIG_ENDIAN => Writing {
            big_endian: true,
            ..LITTLE
        },
        // Encapsulated pixels come in an explicit little-endian data set.
        _ => LITTLE,
    };
    walk.data_set(writing)
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
                syntax = text.trim_end_matches(['\0', ' ']).to_owned();
            }
        }
        if data_set != Some(self.rest.len()) {
            return Err("DICOM: damaged: its header is not as long as it says".into());
        }
        Ok(syntax)
    }

    fn data_set(&mut self, writing: Writing) -> Result<(), String> {
        let mut fragments = false;
        // Some writers fill the file up with zeros.
        while self.rest.iter().any(|byte| *byte != 0) {
            let header = self.header(writing)?;
            match header.tag {
                SEQUENCE_END => fragments = false,
                ITEM_END => {}
                // Items of a sequence hold elements, those of pixel data hold bytes.
                ITEM if !fragments => {}
                ITEM => {
                    self.take(header.length)?;
                }
                // As the reader does: what has no length is pixels by its tag, and else a sequence, whatever it says.
                tags::PIXEL_DATA if header.length == UNDEFINED => fragments = true,
                _ if header.sequence => {}
                _ if header.length == UNDEFINED => {
                    return Err("DICOM: a private sequence is of a form that is not read".into());
                }
                _ => {
                    self.take(header.length)?;
                }
            }
        }
        Ok(())
    }

    fn header(&mut self, writing: Writing) -> Result<Header, String> {
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
            return Ok(Header {
                tag,
                sequence: known == Some(VR::SQ)
                    || (!delimiter && known.is_none() && length == UNDEFINED),
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
            length,
        })
    }

    /// The next bytes, if there are so many.
    fn take(&mut self, length: u32) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length as usize)
            .ok_or("DICOM: damaged or incomplete: an element claims more than the file holds")?;
        self.rest = rest;
        Ok(taken)
    }
}
