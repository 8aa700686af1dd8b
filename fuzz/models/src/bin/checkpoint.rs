//! A checkpoint folder of level 1 with one of its files replaced, whole or its front: the first
//! byte says which file, the second how.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mitsume_artifacts::RunConfig;
use mitsume_engine::check_checkpoint;
use mitsume_fuzz_limits::{Limited, folder};
use mitsume_fuzz_models::with_front;

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

/// A sound file each, of a run of 4 classes and 6 steps at 32 pixels.
const FILES: [(&str, &[u8]); 4] = [
    (
        "optimizer.bpk",
        include_bytes!("../../checkpoint/optimizer.bpk"),
    ),
    ("ema.json", include_bytes!("../../checkpoint/ema.json")),
    (
        "progress.json",
        include_bytes!("../../checkpoint/progress.json"),
    ),
    (
        "weights.safetensors",
        include_bytes!("../../checkpoint/weights.safetensors"),
    ),
];
const CLASSES: usize = 4;
const CONFIG: &str = include_str!("../../checkpoint/config.toml");

/// The folder with the sound files, and the configuration of its run.
fn sound() -> &'static (PathBuf, RunConfig) {
    static SOUND: OnceLock<(PathBuf, RunConfig)> = OnceLock::new();
    SOUND.get_or_init(|| {
        let dir = folder().join("checkpoint");
        std::fs::create_dir_all(&dir).expect("a temporary folder can be made");
        for (name, bytes) in FILES {
            std::fs::write(dir.join(name), bytes).expect("the temporary folder takes a file");
        }
        let config = RunConfig::from_toml(CONFIG, Path::new("config.toml")).expect("it is sound");
        check_checkpoint(&dir, &config, CLASSES).expect("the checkpoint is sound");
        (dir, config)
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (dir, config) = sound();
    let Some((which, bytes)) = bytes.split_first() else {
        return;
    };
    let (name, whole) = FILES[usize::from(*which) % FILES.len()];
    let path = dir.join(name);
    std::fs::write(&path, with_front(bytes, whole)).expect("the temporary folder takes a file");
    let _ = check_checkpoint(dir, config, CLASSES);
    std::fs::write(&path, whole).expect("the temporary folder takes a file");
});
