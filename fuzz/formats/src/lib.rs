//! What the fuzz targets of image formats share.

use std::io::Cursor;

use mitsume_data::decode::{Decoded, count_frames, decode, decode_frame};

/// A fuzz target for the images that `$is_format`, a function of the file's bytes, tells by them.
#[macro_export]
macro_rules! image_target {
    ($is_format:expr) => {
        #[global_allocator]
        static ALLOCATOR: mitsume_fuzz_limits::Limited =
            mitsume_fuzz_limits::Limited { bytes: 2 << 30 };

        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
            let is_format: fn(&[u8]) -> bool = $is_format;
            if !is_format(bytes) {
                return libfuzzer_sys::Corpus::Reject;
            }
            $crate::decode_completely(bytes);
            libfuzzer_sys::Corpus::Keep
        });
    };
}

/// Decodes an image if it is sound; as many values as its size says must come out.
pub fn decode_completely(bytes: &[u8]) {
    if let Ok(image) = decode(bytes) {
        check(image);
    }
    // Of a DICOM file with several frames, the first and the last.
    let mut file = Cursor::new(bytes);
    let frames = count_frames(&mut file);
    if frames > 1 {
        for frame in [1, frames] {
            if let Ok(image) = decode_frame(&mut file, frame) {
                check(image);
            }
        }
    }
}

fn check(image: Decoded) {
    let values = image.pixels.width() * image.pixels.height() * image.pixels.channels();
    assert_eq!(image.pixels.into_8_bits().data.len(), values);
}
