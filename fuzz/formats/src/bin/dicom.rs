//! DICOM files, as `decode` tells them by their first bytes.
#![no_main]

mitsume_fuzz_formats::image_target!(|bytes| bytes.get(128..132) == Some(b"DICM"));
