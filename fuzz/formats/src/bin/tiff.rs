//! TIFF files, as `decode` tells them by their first bytes.
#![no_main]

mitsume_fuzz_formats::image_target!(
    |bytes| bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*")
);
