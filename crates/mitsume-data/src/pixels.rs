//! A decoded 8-bit image.

use std::borrow::Cow;

use crate::crop::CropBox;

/// 8-bit pixels, row by row, channels interleaved: `data.len() == width * height * channels`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Columns, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// `[height, width, channels]`.
    pub data: Vec<u8>,
}

impl Pixels {
    /// Pixels from size, channels and data.
    ///
    /// # Panics
    /// If `data` is not `width * height * channels` long, a side is 0, or `channels` is not 1 or 3.
    pub fn new(width: usize, height: usize, channels: usize, data: Vec<u8>) -> Self {
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
