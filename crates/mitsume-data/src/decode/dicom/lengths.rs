//! Checks the lengths of all data elements against the size of the file.
//!
//! `dicom-object` allocates memory for an element before it reads it, and a damaged element may
//! claim four gigabytes. So the headers are read once beforehand. This pass must see the same
//! elements as `dicom-object`: it follows items and sequences, and refuses files that
//! `dicom-object` would parse in another way.

use dicom_core::dictionary::DataDictionary;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};

/// Retired from the standard, still found in archives.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// Length of an item or sequence that ends with a delimiter.
pub(super) const UNDEFINED_LENGTH: u32 = 0xffff_ffff;
pub(super) const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_DELIMITATION: Tag = Tag(0xfffe, 0xe00d);
pub(super) const SEQUENCE_DELIMITATION: Tag = Tag(0xfffe, 0xe0dd);
/// Value representations with a 16-bit length field.
const SHORT_LENGTH_VRS: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
];

/// Largest nesting depth of sequences; each level is a recursive call.
const MAX_DEPTH: usize = 32;

/// Encoding of elements, from the transfer syntax.
#[derive(Clone, Copy)]
pub(super) struct Encoding {
    pub explicit: bool,
    pub big_endian: bool,
}

const EXPLICIT_LITTLE_ENDIAN: Encoding = Encoding {
    explicit: true,
    big_endian: false,
};

/// An element's header.
pub(super) struct Header {
    pub tag: Tag,
    pub sequence: bool,
    /// Bytes of one value; `dicom-object` does not consume an incomplete last value.
    value_bytes: u32,
    pub length: u32,
}

impl Header {
    /// Whether the length is not said, and a delimiter ends the value.
    pub fn is_undefined(&self) -> bool {
        self.length == UNDEFINED_LENGTH
    }
}

/// Reads all element headers; `bytes` begin after the magic bytes.
///
/// # Errors
/// If an element is longer than the rest of the file, or the encoding is not supported.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut reader = ElementReader::new(bytes);
    let syntax = reader.file_meta()?;
    let encoding = Encoding::of(&syntax)?;
    let end = Some(0);
    reader.data_set(encoding, end, 0)
}

impl Encoding {
    /// Of the data set of a transfer syntax.
    ///
    /// # Errors
    /// If data sets of it are not read.
    pub fn of(syntax: &str) -> Result<Self, String> {
        Ok(match syntax {
            uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => {
                return Err("DICOM: a deflated data set is not read: convert it to PNG".into());
            }
            uids::IMPLICIT_VR_LITTLE_ENDIAN => Self {
                explicit: false,
                ..EXPLICIT_LITTLE_ENDIAN
            },
            EXPLICIT_VR_BIG_ENDIAN => Self {
                big_endian: true,
                ..EXPLICIT_LITTLE_ENDIAN
            },
            // Encapsulated pixels come in an explicit little-endian data set.
            _ => EXPLICIT_LITTLE_ENDIAN,
        })
    }
}

/// Whether the pixels of a transfer syntax are encoded, and lie in fragments.
pub(super) fn is_encapsulated(syntax: &str) -> bool {
    ![
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
    ]
    .contains(&syntax)
}

/// Reads element headers and skips values.
pub(super) struct ElementReader<'a> {
    rest: &'a [u8],
    /// Whether an element claimed more than there is.
    pub ran_out: bool,
}

impl<'a> ElementReader<'a> {
    /// `bytes` begin after the magic bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            ran_out: false,
        }
    }

    /// Number of bytes that are not read yet.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Reads the file meta information and returns the transfer syntax. The group begins with its
    /// own length, which `dicom-object` relies on, so the elements must end exactly there.
    pub fn file_meta(&mut self) -> Result<String, String> {
        let header = self.header(EXPLICIT_LITTLE_ENDIAN)?;
        let length = self.take(header.length)?.try_into().map(u32::from_le_bytes);
        let (tags::FILE_META_INFORMATION_GROUP_LENGTH, Ok(length)) = (header.tag, length) else {
            return Err("DICOM: damaged: its header does not begin with its length".into());
        };
        let data_set = self.rest.len().checked_sub(length as usize);
        let mut syntax = String::new();
        while data_set.is_some_and(|left| left < self.rest.len()) {
            let header = self.header(EXPLICIT_LITTLE_ENDIAN)?;
            let value = self.take(header.length)?;
            if header.tag == tags::TRANSFER_SYNTAX_UID {
                let text = String::from_utf8_lossy(value);
                // Padding, removed as `dicom-object` does.
                let padding = |c: char| c.is_whitespace() || c == '\0';
                syntax = text.trim_end_matches(padding).to_owned();
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

    /// Reads elements until `end` bytes are left, or, if `end` is `None`, to the item delimitation.
    fn data_set(
        &mut self,
        encoding: Encoding,
        end: Option<usize>,
        depth: usize,
    ) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!(
                "DICOM: sequences nested deeper than {MAX_DEPTH} are not read"
            ));
        }
        // Some programs pad the file with zeros.
        let padding = |rest: &[u8]| depth == 0 && rest.iter().all(|byte| *byte == 0);
        while self.has_more(end)? && !padding(self.rest) {
            let header = self.header(encoding)?;
            let undefined = header.length == UNDEFINED_LENGTH;
            match header.tag {
                ITEM_DELIMITATION if header.length == 0 && end.is_none() => return Ok(()),
                // Ignored outside of items, as `dicom-object` does.
                ITEM_DELIMITATION if header.length == 0 && depth == 0 => {}
                tag if tag.group() == ITEM.group() => return Err(misplaced_item()),
                _ if header.sequence => {
                    let end = self.end(header.length)?;
                    self.items(encoding, end, depth + 1, &mut |_| {})?;
                }
                tags::PIXEL_DATA if undefined => self.fragments(encoding)?,
                _ if undefined => {
                    return Err("DICOM: a private sequence is of a form that is not read".into());
                }
                _ if header.length % header.value_bytes != 0 => {
                    return Err("DICOM: damaged: an element ends within a number".into());
                }
                _ => {
                    self.take(header.length)?;
                }
            }
        }
        Ok(())
    }

    /// Reads the items of a sequence of this length, outside of others, and gives the number of bytes
    /// left at the beginning and at the end of each.
    pub fn item_bounds(
        &mut self,
        encoding: Encoding,
        length: u32,
    ) -> Result<Vec<[usize; 2]>, String> {
        let end = self.end(length)?;
        let mut bounds = Vec::new();
        self.items(encoding, end, 1, &mut |item| bounds.push(item))?;
        Ok(bounds)
    }

    /// Reads the items of a sequence.
    fn items(
        &mut self,
        encoding: Encoding,
        end: Option<usize>,
        depth: usize,
        take_bounds: &mut dyn FnMut([usize; 2]),
    ) -> Result<(), String> {
        while self.has_more(end)? {
            let begin = self.rest.len();
            let header = self.header(encoding)?;
            match header.tag {
                ITEM => {
                    let end = self.end(header.length)?;
                    self.data_set(encoding, end, depth)?;
                    take_bounds([begin, self.rest.len()]);
                }
                SEQUENCE_DELIMITATION if header.length == 0 && end.is_none() => return Ok(()),
                _ => return Err(misplaced_item()),
            }
        }
        Ok(())
    }

    /// Reads the fragments of encapsulated pixel data.
    fn fragments(&mut self, encoding: Encoding) -> Result<(), String> {
        loop {
            let header = self.header(encoding)?;
            match header.tag {
                ITEM => {
                    self.take(header.length)?;
                }
                SEQUENCE_DELIMITATION if header.length == 0 => return Ok(()),
                _ => return Err(misplaced_item()),
            }
        }
    }

    /// Skips the value of an element outside of sequences.
    pub fn skip_value(&mut self, encoding: Encoding, header: &Header) -> Result<(), String> {
        if header.sequence {
            let end = self.end(header.length)?;
            return self.items(encoding, end, 1, &mut |_| {});
        }
        if header.is_undefined() {
            return Err("DICOM: a private sequence is of a form that is not read".into());
        }
        self.take(header.length)?;
        Ok(())
    }

    /// Number of bytes left after the next `length`; `None` for an undefined length.
    fn end(&mut self, length: u32) -> Result<Option<usize>, String> {
        if length == UNDEFINED_LENGTH {
            return Ok(None);
        }
        let end = self.rest.len().checked_sub(length as usize);
        self.ran_out |= end.is_none();
        end.map(Some).ok_or_else(length_error)
    }

    /// Whether there are elements before `end`.
    fn has_more(&self, end: Option<usize>) -> Result<bool, String> {
        match end {
            Some(end) if self.rest.len() < end => Err(length_error()),
            Some(end) => Ok(self.rest.len() > end),
            None => Ok(true),
        }
    }

    pub fn header(&mut self, encoding: Encoding) -> Result<Header, String> {
        let number = |bytes: &[u8]| -> u32 {
            let add = |sum: u32, byte: &u8| (sum << 8) | u32::from(*byte);
            if encoding.big_endian {
                bytes.iter().fold(0, add)
            } else {
                bytes.iter().rev().fold(0, add)
            }
        };
        let start = self.take(4)?;
        let tag = Tag(number(&start[..2]) as u16, number(&start[2..]) as u16);
        let delimiter = tag.group() == ITEM.group();
        if delimiter || !encoding.explicit {
            let length = number(self.take(4)?);
            let entry = StandardDataDictionary.by_tag(tag);
            let known = entry.map(|entry| entry.vr.relaxed());
            let name = known.map_or("UN", VR::to_string);
            return Ok(Header {
                tag,
                sequence: known == Some(VR::SQ)
                    || (!delimiter && known.is_none() && length == UNDEFINED_LENGTH),
                value_bytes: value_bytes(name.as_bytes()),
                length,
            });
        }
        let vr = self.take(2)?;
        let short = SHORT_LENGTH_VRS.iter().any(|known| vr == *known);
        let length = if short {
            number(self.take(2)?)
        } else {
            self.take(2)?;
            number(self.take(4)?)
        };
        Ok(Header {
            tag,
            sequence: vr == b"SQ",
            value_bytes: value_bytes(vr),
            length,
        })
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: u32) -> Result<&'a [u8], String> {
        let split = self.rest.split_at_checked(length as usize);
        self.ran_out |= split.is_none();
        let (taken, rest) = split.ok_or_else(length_error)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Bytes of one value of a value representation; 1 for text and bytes.
fn value_bytes(representation: &[u8]) -> u32 {
    match representation {
        b"SS" | b"US" | b"OW" => 2,
        b"AT" | b"FL" | b"SL" | b"UL" | b"OF" | b"OL" => 4,
        b"FD" | b"OD" | b"SV" | b"UV" | b"OV" => 8,
        _ => 1,
    }
}

pub(super) fn length_error() -> String {
    "DICOM: damaged or incomplete: an element claims more than the file holds".into()
}

fn misplaced_item() -> String {
    "DICOM: damaged: an item or its end where none can be".into()
}
