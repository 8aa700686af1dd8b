//! Decodes image files to pixels of 8 bits, or 16 where the file has 16.
//!
//! PNG, JPEG, TIFF, WebP, BMP, GIF and DICOM are recognised by their first bytes, not by their names.
//! Conversions:
//!
//! - **16-bit samples**: kept until values are scaled to [0, 1], by 65535 (Pillow's `convert("RGB")`
//!   clips a 16-bit grey file at 255, which turns it white).
//! - **several frames or pages** (GIF, WebP, TIFF): the first is taken, and [`Decoded::more_frames`]
//!   says that there are others. **Of DICOM** each frame is an image of its own, named `scan.dcm#3`
//!   ([`FrameName`]).
//! - **1-, 2- and 4-bit grey**: scaled to the full range. **Palettes**: looked up.
//! - **alpha**: dropped, as Pillow's `convert("RGB")` does; the colour stored under a transparent
//!   pixel is used.
//! - **CMYK and YCCK JPEG**: `R = C' K' / 255` with inverted inks as Adobe stores them, the
//!   convention Pillow and torchvision follow too.
//! - **EXIF orientation**: applied, so that the pixels are as every viewer shows them.
//!   torchvision's `ImageFolder` does not apply it; data sets without such a tag (all the published
//!   ones) are not affected.
//! - **colour profiles, gamma**: ignored, as torchvision does.
//!
//! Files are untrusted: the size is checked before a file is read, the dimensions before pixels are
//! allocated, an incomplete file is an error, and a panic inside a decoder is caught.

mod dicom;
mod frames;
mod jpeg;
mod png;
mod raster;

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use image::DynamicImage;
use mitsume_guard::catch_panic;

use crate::error::DataError;
use crate::frame_name::FrameName;
use crate::pixels::{DecodedPixels, Pixels};

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// Largest image side, in pixels: JPEG's own limit.
pub const MAX_SIDE: usize = 65_535;
/// Largest number of pixels in an image. A fuzz target would spend its time on empty images of this size.
pub const MAX_PIXELS: usize = if cfg!(fuzzing) {
    1_000_000
} else {
    100_000_000
};

/// Where a decoder panicked.
const GAVE_UP: &str = "damaged: the decoder gave up";

/// How a file stores its pixels (Pillow's mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Mode {
    /// One channel, up to 8 bits.
    Grey,
    /// One channel and alpha.
    GreyAlpha,
    /// Three channels.
    Rgb,
    /// Three channels and alpha.
    Rgba,
    /// Indices into a colour table.
    Palette,
    /// Four inks (CMYK or YCCK).
    Cmyk,
    /// One channel, 16 bits.
    Grey16,
    /// One channel and alpha, 16 bits.
    GreyAlpha16,
    /// Three channels, 16 bits.
    Rgb16,
    /// Three channels and alpha, 16 bits.
    Rgba16,
}

impl Mode {
    /// A short name, such as `grey` or `rgb16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grey => "grey",
            Self::GreyAlpha => "grey-alpha",
            Self::Rgb => "rgb",
            Self::Rgba => "rgba",
            Self::Palette => "palette",
            Self::Cmyk => "cmyk",
            Self::Grey16 => "grey16",
            Self::GreyAlpha16 => "grey-alpha16",
            Self::Rgb16 => "rgb16",
            Self::Rgba16 => "rgba16",
        }
    }
}

/// A decoded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Upright pixels, 1 channel for grey files, otherwise 3.
    pub pixels: DecodedPixels,
    /// How the file stores them.
    pub mode: Mode,
    /// Whether the file has other frames or pages, which are not used.
    pub more_frames: bool,
}

/// Reads and decodes one image file, or one frame of a DICOM file ([`FrameName`]).
///
/// # Errors
/// If the file cannot be read, is not a complete file of a format of this module, or is above its
/// limits; if it has no such frame, or a file has the name of the frame.
pub fn decode_file(path: &Path) -> Result<Decoded, DataError> {
    let decode_error = |reason: String| DataError::Decode {
        path: path.to_owned(),
        reason,
    };
    let named = FrameName::parse(path).filter(|frame| frame.file.is_file());
    let Some(frame) = named else {
        return decode(&read_file(path)?).map_err(decode_error);
    };
    if !path.is_file() {
        let file = File::open(&frame.file);
        let mut file = file.map_err(|error| DataError::read(&frame.file, error))?;
        return decode_frame(&mut file, frame.frame).map_err(decode_error);
    }
    if frames_in(&frame.file) > 1 {
        let reason = "is the name of a file and of a frame of another: rename one of the files";
        return Err(decode_error(reason.into()));
    }
    decode(&read_file(path)?).map_err(decode_error)
}

/// The number of frames that a DICOM file is taken apart into, each an image of its own; 1 for every
/// other file, and for a DICOM file whose frames are not read, which is refused when it is decoded.
pub fn frames_in(file: &Path) -> u32 {
    // Checked before opening, because opening a named pipe waits for a writer.
    if !std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file()) {
        return 1;
    }
    let Ok(mut file) = File::open(file) else {
        return 1;
    };
    count_frames(&mut file)
}

/// As [`frames_in`], of an open file.
pub fn count_frames(file: &mut (impl Read + Seek)) -> u32 {
    catch_panic(|| dicom::frame_count(file)).unwrap_or(1)
}

/// Decodes a frame, counted from 1, of a DICOM file with several. No other is read.
///
/// # Errors
/// A message saying what is wrong with the file, or that it has no such frame.
pub fn decode_frame(file: &mut (impl Read + Seek), frame: u32) -> Result<Decoded, String> {
    let single = catch_panic(|| dicom::single_frame(file, frame));
    decode(&single.ok_or(GAVE_UP)??)
}

/// Decodes the bytes of an image file.
///
/// # Errors
/// A message saying what is wrong with the bytes.
pub fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let format = image_format(bytes)?;
    let decoded = catch_panic(|| match format {
        ImageFormat::Png => png::decode(bytes),
        ImageFormat::Jpeg => jpeg::decode(bytes),
        ImageFormat::Dicom => dicom::decode(bytes),
        ImageFormat::Tiff => raster::tiff(bytes),
        ImageFormat::WebP => raster::webp(bytes),
        ImageFormat::Bmp => raster::bmp(bytes),
        ImageFormat::Gif => raster::gif(bytes),
    });
    let (image, mode) = decoded.ok_or(GAVE_UP)??;
    Ok(Decoded {
        pixels: to_pixels(image)?,
        mode,
        more_frames: frames::has_more(format, bytes),
    })
}

fn read_file(path: &Path) -> Result<Vec<u8>, DataError> {
    let decode_error = |reason: String| DataError::Decode {
        path: path.to_owned(),
        reason,
    };
    // Checked before opening, because opening a named pipe waits for a writer.
    let metadata = std::fs::metadata(path).map_err(|e| DataError::read(path, e))?;
    if !metadata.is_file() {
        return Err(decode_error("not a regular file".into()));
    }
    let file = File::open(path).map_err(|e| DataError::read(path, e))?;
    let mut bytes = Vec::with_capacity(metadata.len().min(MAX_FILE_BYTES) as usize);
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| DataError::read(path, e))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let limit = MAX_FILE_BYTES >> 20;
        return Err(decode_error(format!("larger than {limit} MiB: not read")));
    }
    Ok(bytes)
}

/// A format that can be decoded.
#[derive(Clone, Copy)]
pub(crate) enum ImageFormat {
    Png,
    Jpeg,
    Dicom,
    Tiff,
    WebP,
    Bmp,
    Gif,
}

impl ImageFormat {
    /// The usual ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => ".png",
            Self::Jpeg => ".jpg",
            Self::Dicom => ".dcm",
            Self::Tiff => ".tif",
            Self::WebP => ".webp",
            Self::Bmp => ".bmp",
            Self::Gif => ".gif",
        }
    }
}

/// The format by magic bytes (the first 132 bytes of a file) and its name; `None` for the format if
/// it is known but cannot be decoded.
pub(crate) fn format_of(bytes: &[u8]) -> Option<(Option<ImageFormat>, &'static str)> {
    const FORMATS: [(&[u8], ImageFormat, &str); 7] = [
        (b"\x89PNG\r\n\x1a\n", ImageFormat::Png, "PNG"),
        (b"\xff\xd8", ImageFormat::Jpeg, "JPEG"),
        (b"GIF87a", ImageFormat::Gif, "GIF"),
        (b"GIF89a", ImageFormat::Gif, "GIF"),
        (b"BM", ImageFormat::Bmp, "BMP"),
        (b"II*\0", ImageFormat::Tiff, "TIFF"),
        (b"MM\0*", ImageFormat::Tiff, "TIFF"),
    ];
    const OTHERS: [(&[u8], &str); 5] = [
        (b"II+\0", "BigTIFF"),
        (b"MM\0+", "BigTIFF"),
        (b"P5", "PGM"),
        (b"P6", "PPM"),
        (b"\0\0\0\x0cjP", "JPEG 2000"),
    ];
    // Before the short beginnings of others, which a preamble may have.
    if dicom::is_dicom(bytes) {
        return Some((Some(ImageFormat::Dicom), "DICOM"));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some((Some(ImageFormat::WebP), "WebP"));
    }
    let mut known = FORMATS.iter();
    if let Some((_, format, name)) = known.find(|(magic, ..)| bytes.starts_with(magic)) {
        return Some((Some(*format), name));
    }
    let other = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic));
    other.map(|(_, name)| (None, *name))
}

fn image_format(bytes: &[u8]) -> Result<ImageFormat, String> {
    if bytes.is_empty() {
        return Err("empty file".into());
    }
    match format_of(bytes) {
        Some((Some(format), _)) => Ok(format),
        Some((None, name)) => Err(format!("{name} is not read: convert it to PNG or JPEG")),
        None => Err("neither PNG, JPEG, TIFF, WebP, BMP, GIF nor DICOM".into()),
    }
}

fn check_size(width: usize, height: usize) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err("claims to have no pixels".into());
    }
    if width > MAX_SIDE || height > MAX_SIDE || width.saturating_mul(height) > MAX_PIXELS {
        return Err(format!(
            "claims {width} x {height} pixels: at most {MAX_SIDE} a side and {} million together are read",
            MAX_PIXELS / 1_000_000
        ));
    }
    Ok(())
}

fn to_pixels(image: DynamicImage) -> Result<DecodedPixels, String> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let eight = |channels: usize, data: Vec<u8>| Pixels::new(width, height, channels, data).into();
    let deep = |channels: usize, data: Vec<u16>| Pixels::new(width, height, channels, data).into();
    Ok(match image {
        DynamicImage::ImageLuma8(i) => eight(1, i.into_raw()),
        DynamicImage::ImageLumaA8(i) => eight(1, without_alpha(i.into_raw(), 1)),
        DynamicImage::ImageRgb8(i) => eight(3, i.into_raw()),
        DynamicImage::ImageRgba8(i) => eight(3, without_alpha(i.into_raw(), 3)),
        DynamicImage::ImageLuma16(i) => deep(1, i.into_raw()),
        DynamicImage::ImageLumaA16(i) => deep(1, without_alpha(i.into_raw(), 1)),
        DynamicImage::ImageRgb16(i) => deep(3, i.into_raw()),
        DynamicImage::ImageRgba16(i) => deep(3, without_alpha(i.into_raw(), 3)),
        _ => return Err("floating-point samples are not read: convert them to 16-bit PNG".into()),
    })
}

/// The first `kept` of each pixel's `kept + 1` values.
fn without_alpha<V: Copy>(data: Vec<V>, kept: usize) -> Vec<V> {
    let opaque = data.chunks_exact(kept + 1).flat_map(|p| &p[..kept]);
    opaque.copied().collect()
}
