//! PyTorch's state dicts, put into a network where they fit one.
#![no_main]

use mitsume_fuzz_limits::Limited;
use mitsume_fuzz_models::apply_weights;

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| apply_weights("weights.pth", bytes));
