//! Decodes image files to 8-bit pixels.
//!
//! PNG, JPEG and DICOM are recognised by their first bytes, not by their names. Conversions:
//!
//! - **16-bit samples**: `round(v / 257)`, which maps 65535 to 255 (Pillow's `convert("RGB")` clips
//!   a 16-bit grey file at 255, which turns it white).
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
mod jpeg;
mod png;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use image::DynamicImage;
use mitsume_guard::catch_panic;

use crate::error::DataError;
use crate::pixels::Pixels;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// Largest image side, in pixels: JPEG's own limit.
pub const MAX_SIDE: usize = 65_535;
/// Largest number of pixels in an image.
pub const MAX_PIXELS: usize = 100_000_000;

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
    pub pixels: Pixels,
    /// How the file stores them.
    pub mode: Mode,
}

/// Reads and decodes one image file.
///
/// # Errors
/// If the file cannot be read, is not a complete PNG, JPEG or DICOM file, or is above the limits of
/// this module.
pub fn decode_file(path: &Path) -> Result<Decoded, DataError> {
    let bytes = read_file(path)?;
    decode(&bytes).map_err(|reason| DataError::Decode {
        path: path.to_owned(),
        reason,
    })
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
    });
    let (image, mode) = decoded.ok_or("damaged: the decoder gave up")??;
    Ok(Decoded {
        pixels: to_pixels(image),
        mode,
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
}

/// The format by magic bytes (the first 132 bytes of a file) and its name; `None` for the format if
/// it is known but cannot be decoded.
pub(crate) fn format_of(bytes: &[u8]) -> Option<(Option<ImageFormat>, &'static str)> {
    const OTHERS: [(&[u8], &str); 8] = [
        (b"GIF8", "GIF"),
        (b"BM", "BMP"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"RIFF", "WebP"),
        (b"P5", "PGM"),
        (b"P6", "PPM"),
        (b"\0\0\0\x0cjP", "JPEG 2000"),
    ];
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((Some(ImageFormat::Png), "PNG"));
    }
    if bytes.starts_with(b"\xff\xd8") {
        return Some((Some(ImageFormat::Jpeg), "JPEG"));
    }
    if dicom::is_dicom(bytes) {
        return Some((Some(ImageFormat::Dicom), "DICOM"));
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
        None => Err("neither PNG, JPEG nor DICOM".into()),
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

fn to_pixels(image: DynamicImage) -> Pixels {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let drop_alpha = |data: Vec<u8>, kept: usize| -> Vec<u8> {
        let opaque = data.chunks_exact(kept + 1).flat_map(|p| &p[..kept]);
        opaque.copied().collect()
    };
    let to_8_bits = |data: Vec<u16>, stored: usize, kept: usize| -> Vec<u8> {
        let opaque = data.chunks_exact(stored).flat_map(|p| &p[..kept]);
        opaque
            .map(|v| ((u32::from(*v) + 128) / 257) as u8)
            .collect()
    };
    let (channels, data) = match image {
        DynamicImage::ImageLuma8(i) => (1, i.into_raw()),
        DynamicImage::ImageLumaA8(i) => (1, drop_alpha(i.into_raw(), 1)),
        DynamicImage::ImageRgb8(i) => (3, i.into_raw()),
        DynamicImage::ImageRgba8(i) => (3, drop_alpha(i.into_raw(), 3)),
        DynamicImage::ImageLuma16(i) => (1, to_8_bits(i.into_raw(), 1, 1)),
        DynamicImage::ImageLumaA16(i) => (1, to_8_bits(i.into_raw(), 2, 1)),
        DynamicImage::ImageRgb16(i) => (3, to_8_bits(i.into_raw(), 3, 3)),
        DynamicImage::ImageRgba16(i) => (3, to_8_bits(i.into_raw(), 4, 3)),
        // No decoder here gives floating-point pixels.
        other => (3, other.into_rgb8().into_raw()),
    };
    Pixels::new(width, height, channels, data)
}
