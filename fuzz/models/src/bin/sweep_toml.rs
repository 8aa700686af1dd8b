//! `sweep.toml`, down to the configuration of every run; what is accepted must be written and read
//! back equal.
#![no_main]

use std::path::Path;

use mitsume_fuzz_limits::Limited;
use mitsume_sweep::SweepConfig;

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

libfuzzer_sys::fuzz_target!(|text: &str| {
    let path = Path::new("sweep.toml");
    if let Ok(config) = SweepConfig::from_toml(text, path) {
        let _ = config.cells(path);
        let written = config.to_toml().expect("paths are UTF-8");
        let read = SweepConfig::from_toml(&written, path).expect("what was written is read");
        assert_eq!(read.to_toml().expect("paths are UTF-8"), written);
    }
});
