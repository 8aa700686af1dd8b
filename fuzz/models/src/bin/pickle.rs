//! PyTorch's state dicts: the pickle of a sound archive, whose checksums random changes of its
//! bytes hardly meet.
#![no_main]

use std::sync::OnceLock;

use mitsume_fuzz_limits::{Limited, file};
use mitsume_fuzz_models::{Archive, apply_weights};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

/// Weights of level 1, in the archive's folder `w`.
fn sound() -> &'static Archive {
    static SOUND: OnceLock<Archive> = OnceLock::new();
    SOUND.get_or_init(|| Archive::read(include_bytes!("../../sound/level1.pth")))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let archive = sound().with_file("w/data.pkl", bytes);
    apply_weights(&file("weights.pth", &archive));
});
