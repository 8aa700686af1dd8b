//! Shards of evaluations: what is accepted is read to its end.
#![no_main]

use mitsume_artifacts::ShardFile;
use mitsume_fuzz_limits::{Limited, file};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 256 << 20 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(shard) = ShardFile::open(&file("1-of-2.safetensors", bytes)) else {
        return;
    };
    let _ = shard.verify();
    for image in 0..shard.labels().len() {
        let _ = shard.image(image);
    }
    for class in 0..shard.shape().classes {
        let _ = shard.image_sum(class);
    }
});
