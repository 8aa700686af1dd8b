//! A decoded image of 8 or 16 bits.

use std::borrow::Cow;

use fast_image_resize::PixelType;

use crate::crop::CropBox;

mod sealed {
    pub trait Sealed: bytemuck::Pod + Send + Sync {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
}

/// A value of a pixel: `u8` or `u16`, from 0 for black to its largest for white.
pub trait PixelValue: sealed::Sealed + Into<f32> + Into<f64> + Into<u64> {
    /// 1 / white in `f32`, as torchvision scales values to [0, 1].
    const SCALE: f32;
    /// White.
    const WHITE: f64;
    /// One and three channels, as they are resized.
    #[doc(hidden)]
    const TYPES: [PixelType; 2];
    /// Without its fraction, within the range.
    fn truncated(value: f64) -> Self;
    /// As [`PixelValue::truncated`].
    fn truncated_f32(value: f32) -> Self;
}

impl PixelValue for u8 {
    const SCALE: f32 = (1.0_f64 / 255.0) as f32;
    const WHITE: f64 = 255.0;
    const TYPES: [PixelType; 2] = [PixelType::U8, PixelType::U8x3];

    #[inline]
    fn truncated(value: f64) -> Self {
        value as u8
    }

    #[inline]
    fn truncated_f32(value: f32) -> Self {
        value as u8
    }
}

impl PixelValue for u16 {
    const SCALE: f32 = (1.0_f64 / 65_535.0) as f32;
    const WHITE: f64 = 65_535.0;
    const TYPES: [PixelType; 2] = [PixelType::U16, PixelType::U16x3];

    #[inline]
    fn truncated(value: f64) -> Self {
        value as u16
    }

    #[inline]
    fn truncated_f32(value: f32) -> Self {
        value as u16
    }
}

/// Pixels of 8 bits (or 16), row by row, channels interleaved: `data.len() == width * height * channels`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels<V = u8> {
    /// Columns, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// `[height, width, channels]`.
    pub data: Vec<V>,
}

impl<V: PixelValue> Pixels<V> {
    /// Pixels from size, channels and data.
    ///
    /// # Panics
    /// If `data` is not `width * height * channels` long, a side is 0, or `channels` is not 1 or 3.
    pub fn new(width: usize, height: usize, channels: usize, data: Vec<V>) -> Self {
        assert!(width > 0 && height > 0, "an image has at least one pixel");
        assert!(channels == 1 || channels == 3, "1 or 3 channels");
        assert_eq!(data.len(), width * height * channels, "pixel count");
        Self {
            width,
            height,
            channels,
            data,
        }
    }

    /// The rectangle `crop`, mirrored left to right if `mirrored`.
    ///
    /// The rectangle is in coordinates of the mirrored image: the result is `crop(mirror(image))`,
    /// but only the rectangle is mirrored.
    ///
    /// # Panics
    /// If the rectangle reaches beyond the image.
    pub fn crop(&self, crop: &CropBox, mirrored: bool) -> Cow<'_, Self> {
        let whole = crop.width == self.width && crop.height == self.height;
        if whole && !mirrored {
            return Cow::Borrowed(self);
        }
        let channels = self.channels;
        let left = if mirrored {
            self.width - crop.left - crop.width
        } else {
            crop.left
        };
        let mut data = Vec::with_capacity(crop.width * crop.height * channels);
        for row in crop.top..crop.top + crop.height {
            let start = (row * self.width + left) * channels;
            let line = &self.data[start..start + crop.width * channels];
            if mirrored && channels == 1 {
                // Reversing in place is several times as fast as a reversed iterator.
                let from = data.len();
                data.extend_from_slice(line);
                data[from..].reverse();
            } else if mirrored {
                data.extend(line.rchunks_exact(channels).flatten());
            } else {
                data.extend_from_slice(line);
            }
        }
        Cow::Owned(Self::new(crop.width, crop.height, channels, data))
    }
}

/// The pixels of a file, at its own depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodedPixels {
    /// 8 bits or fewer.
    Bits8(Pixels<u8>),
    /// 16 bits.
    Bits16(Pixels<u16>),
}

/// The same expression for both depths.
macro_rules! of_any_depth {
    ($pixels:expr, $one:ident => $result:expr) => {
        match $pixels {
            $crate::pixels::DecodedPixels::Bits8($one) => $result,
            $crate::pixels::DecodedPixels::Bits16($one) => $result,
        }
    };
}
pub(crate) use of_any_depth;

impl DecodedPixels {
    /// Columns.
    pub fn width(&self) -> usize {
        of_any_depth!(self, pixels => pixels.width)
    }

    /// Rows.
    pub fn height(&self) -> usize {
        of_any_depth!(self, pixels => pixels.height)
    }

    /// 1 (grey) or 3 (RGB).
    pub fn channels(&self) -> usize {
        of_any_depth!(self, pixels => pixels.channels)
    }

    /// Bytes of memory of the pixels.
    pub(crate) fn bytes(&self) -> usize {
        of_any_depth!(self, pixels => std::mem::size_of_val(&pixels.data[..]))
    }

    /// As 8 bits, for a screen: 16 bits are `round(v / 257)`, which maps 65535 to 255.
    pub fn into_8_bits(self) -> Pixels {
        match self {
            Self::Bits8(pixels) => pixels,
            Self::Bits16(deep) => {
                let rounded = deep
                    .data
                    .iter()
                    .map(|v| ((u32::from(*v) + 128) / 257) as u8);
                Pixels::new(deep.width, deep.height, deep.channels, rounded.collect())
            }
        }
    }
}

impl From<Pixels<u8>> for DecodedPixels {
    fn from(pixels: Pixels<u8>) -> Self {
        Self::Bits8(pixels)
    }
}

impl From<Pixels<u16>> for DecodedPixels {
    fn from(pixels: Pixels<u16>) -> Self {
        Self::Bits16(pixels)
    }
}
