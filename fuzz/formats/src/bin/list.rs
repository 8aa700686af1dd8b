//! Lists of images: JSON where the first byte is a bracket, CSV otherwise.
#![no_main]

use std::sync::Once;

use mitsume_data::ImageList;
use mitsume_fuzz_limits::{Limited, file};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 256 << 20 };

/// Files that a list may name.
static IMAGES: Once = Once::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    IMAGES.call_once(|| {
        for name in ["a.png", "b.png", "c.png"] {
            file(name, b"");
        }
    });
    let name = match bytes.first() {
        Some(b'[' | b'{') => "list.json",
        _ => "list.csv",
    };
    let path = file(name, bytes);
    for list in [ImageList::read(&path), ImageList::read_unlabelled(&path)]
        .into_iter()
        .flatten()
    {
        assert!(
            list.images
                .iter()
                .all(|image| image.path.starts_with(&list.root))
        );
        list.classes();
        list.splits();
    }
});
