//! DICOM files, as `decode` tells them by their first bytes.
#![no_main]

use mitsume_data::decode::decode;
use mitsume_fuzz_limits::Limited;

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 2 << 30 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    if !(bytes.get(128..132) == Some(b"DICM")) {
        return libfuzzer_sys::Corpus::Reject;
    }
    if let Ok(image) = decode(bytes) {
        let values = image.pixels.width() * image.pixels.height() * image.pixels.channels();
        assert_eq!(image.pixels.into_8_bits().data.len(), values);
    }
    libfuzzer_sys::Corpus::Keep
});
