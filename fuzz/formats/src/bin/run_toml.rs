//! `run.toml`; what is accepted must be written and read back equal.
#![no_main]

use std::path::Path;

use mitsume_artifacts::RunConfig;
use mitsume_fuzz_limits::Limited;

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 256 << 20 };

libfuzzer_sys::fuzz_target!(|text: &str| {
    let path = Path::new("run.toml");
    if let Ok(config) = RunConfig::from_toml(text, path) {
        let written = config.to_toml().expect("paths are UTF-8");
        let read = RunConfig::from_toml(&written, path).expect("what was written is read");
        assert_eq!(read, config);
    }
});
