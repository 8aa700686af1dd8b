//! What stands before the pixels of a file.

use std::io::Read;
use std::ops::Range;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::MAGIC_OFFSET;
use super::super::lengths::{ElementReader, Encoding, UNDEFINED_LENGTH, length_error};
use super::{MAX_FILE_BYTES, Source, check_size, is_dicom, not_read};

/// Bytes that are read first; 16 times as many wherever they do not suffice.
const FIRST_BYTES: u64 = 64 << 10;
/// Group of the elements that describe the image.
const IMAGE_GROUP: u16 = 0x0028;
const EXTENDED_OFFSET_TABLE: Tag = Tag(0x7fe0, 0x0001);

/// How much of a file is asked for.
#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    /// As far as the elements that describe the image.
    Image,
    /// All that stands before the pixels.
    UpToPixels,
}

/// Elements outside of sequences, as far as frames are concerned.
pub struct Head {
    pub encoding: Encoding,
    /// The transfer syntax.
    pub syntax: String,
    /// Where the value of the number of frames stands, and the value.
    frames: Option<(Range<usize>, Option<u32>)>,
    rows: Option<u16>,
    columns: Option<u16>,
    samples: Option<u16>,
    /// Bits of a value.
    pub bits: Option<u16>,
    per_frame: Option<PerFrame>,
    /// Where each frame begins among the fragments, if that is said outside of them.
    pub offsets: Option<Vec<u64>>,
    pixels: Option<Pixels>,
}

/// The functional groups of the frames.
struct PerFrame {
    header: Range<usize>,
    items: Vec<Range<usize>>,
    end: usize,
}

/// The element of the pixels.
#[derive(Clone)]
pub struct Pixels {
    header: Range<usize>,
    /// Where the value begins.
    pub value: u64,
    /// `None` for fragments.
    pub length: Option<u32>,
}

/// Reads what is asked for with all bytes before it; `None` if the file is no DICOM file.
///
/// # Errors
/// If an element is longer than the file or its form is not read.
pub fn read(file: &mut dyn Source, part: Part) -> Result<Option<(Vec<u8>, Head)>, String> {
    let mut bytes = Vec::new();
    let mut wanted = FIRST_BYTES;
    file.rewind().map_err(not_read)?;
    loop {
        let more = wanted - bytes.len() as u64;
        let taken = Read::take(&mut *file, more)
            .read_to_end(&mut bytes)
            .map_err(not_read)? as u64;
        if !is_dicom(&bytes) {
            return Ok(None);
        }
        let mut reader = ElementReader::new(&bytes[MAGIC_OFFSET + 4..]);
        let head = Head::walk(&bytes, &mut reader, part);
        // A whole file that is too short is damaged; of a part more is needed.
        let ran_out = reader.ran_out && taken == more;
        match head {
            Ok(head) => return Ok(Some((bytes, head))),
            Err(_) if ran_out && wanted < MAX_FILE_BYTES => wanted *= 16,
            Err(_) if ran_out => {
                let limit = MAX_FILE_BYTES >> 20;
                return Err(format!(
                    "DICOM: more than {limit} MiB before its pixels: not read"
                ));
            }
            Err(reason) => return Err(reason),
        }
    }
}

impl Head {
    fn walk(bytes: &[u8], reader: &mut ElementReader<'_>, part: Part) -> Result<Self, String> {
        let syntax = reader.file_meta()?;
        let mut head = Self {
            encoding: Encoding::of(&syntax)?,
            syntax,
            frames: None,
            rows: None,
            columns: None,
            samples: None,
            bits: None,
            per_frame: None,
            offsets: None,
            pixels: None,
        };
        let mut last = None;
        while head.pixels.is_none() {
            if reader.left() == 0 {
                // The end of the file, or of the part of it.
                reader.ran_out = true;
                match part {
                    Part::Image => return Ok(head),
                    Part::UpToPixels => return Err("DICOM: holds no pixel data".into()),
                }
            }
            let start = bytes.len() - reader.left();
            let header = reader.header(head.encoding)?;
            if last.is_some_and(|last| header.tag <= last) {
                return Err("DICOM: damaged: its elements are not in order".into());
            }
            last = Some(header.tag);
            if part == Part::Image && header.tag.group() > IMAGE_GROUP {
                break;
            }
            let value = bytes.len() - reader.left();
            let element = Element {
                tag: header.tag,
                header: start..value,
                length: (!header.is_undefined()).then_some(header.length),
            };
            if header.tag == tags::PIXEL_DATA {
                head.take_pixels(bytes, element)?;
            } else if header.tag == tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE && header.sequence {
                let bounds = reader.item_bounds(head.encoding, header.length)?;
                let at = |left: usize| bytes.len() - left;
                head.per_frame = Some(PerFrame {
                    header: element.header,
                    items: bounds
                        .iter()
                        .map(|[begin, end]| at(*begin)..at(*end))
                        .collect(),
                    end: bytes.len() - reader.left(),
                });
            } else {
                reader.skip_value(head.encoding, &header)?;
                head.take_value(&bytes[value..bytes.len() - reader.left()], &element);
            }
        }
        Ok(head)
    }

    fn take_pixels(&mut self, bytes: &[u8], element: Element) -> Result<(), String> {
        let representation = bytes.get(element.header.start + 4..element.header.start + 6);
        if self.encoding.explicit && ![Some(&b"OB"[..]), Some(b"OW")].contains(&representation) {
            return Err("DICOM: damaged: its pixels are neither bytes nor words".into());
        }
        self.pixels = Some(Pixels {
            value: element.header.end as u64,
            header: element.header,
            length: element.length,
        });
        Ok(())
    }

    fn take_value(&mut self, value: &[u8], element: &Element) {
        let big_endian = self.encoding.big_endian;
        let number = || {
            let value = value.try_into().ok()?;
            Some(match big_endian {
                true => u16::from_be_bytes(value),
                false => u16::from_le_bytes(value),
            })
        };
        match element.tag {
            tags::NUMBER_OF_FRAMES => {
                let text = std::str::from_utf8(value).ok();
                let text = text.map(|text| text.trim_matches([' ', '\0']));
                let start = element.header.end;
                let at = start..start + value.len();
                self.frames = Some((at, text.and_then(|text| text.parse().ok())));
            }
            tags::ROWS => self.rows = number(),
            tags::COLUMNS => self.columns = number(),
            tags::SAMPLES_PER_PIXEL => self.samples = number(),
            tags::BITS_ALLOCATED => self.bits = number(),
            EXTENDED_OFFSET_TABLE => {
                let offsets = value.chunks_exact(8);
                let offsets = offsets.map(|o| u64::from_le_bytes(o.try_into().expect("eight")));
                self.offsets = Some(offsets.collect());
            }
            _ => {}
        }
    }

    /// The number of frames, if it is said.
    pub fn frames(&self) -> Option<u32> {
        self.frames.as_ref()?.1
    }

    /// Bits of a frame that is not encoded; `None` if its size is not said or above the limits.
    pub fn frame_bits(&self) -> Option<u64> {
        let (rows, columns) = (self.rows?, self.columns?);
        check_size(columns.into(), rows.into()).ok()?;
        let samples = u64::from(self.samples.unwrap_or(1)) * u64::from(self.bits?);
        (u64::from(rows) * u64::from(columns)).checked_mul(samples)
    }

    /// The element of the pixels.
    pub fn pixels(&self) -> Result<&Pixels, String> {
        self.pixels.as_ref().ok_or_else(length_error)
    }

    /// All bytes before the pixels, as of a file with this frame alone, with the header of the pixels
    /// but for its length.
    ///
    /// # Errors
    /// If another number of frames is described than there are.
    pub fn of_frame(&self, bytes: &[u8], frame: u32) -> Result<Vec<u8>, String> {
        let pixels = self.pixels()?;
        let (number, frames) = self.frames.as_ref().ok_or_else(length_error)?;
        let mut single = bytes[..number.start].to_vec();
        single.push(b'1');
        single.resize(number.end, b' ');
        let mut done = number.end;
        if let Some(groups) = &self.per_frame {
            if Some(groups.items.len() as u32) != *frames {
                return Err("DICOM: damaged: describes more or fewer frames than it holds".into());
            }
            let item = &groups.items[frame as usize - 1];
            single.extend(&bytes[done..groups.header.end - 4]);
            self.end_with_length(&mut single, item.len() as u32);
            single.extend(&bytes[item.clone()]);
            done = groups.end;
        }
        single.extend(&bytes[done..pixels.header.end - 4]);
        Ok(single)
    }

    /// Adds a length, the last field of a header.
    pub fn end_with_length(&self, single: &mut Vec<u8>, length: u32) {
        single.extend(match self.encoding.big_endian {
            true => length.to_be_bytes(),
            false => length.to_le_bytes(),
        });
    }

    /// Adds the length of an element that ends with a delimiter.
    pub fn end_with_undefined_length(&self, single: &mut Vec<u8>) {
        self.end_with_length(single, UNDEFINED_LENGTH);
    }
}

/// Where an element stands.
struct Element {
    tag: Tag,
    header: Range<usize>,
    /// `None` if a delimiter ends it.
    length: Option<u32>,
}
