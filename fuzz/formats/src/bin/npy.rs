//! CAM files of numpy: a sound archive of damaged arrays, which random changes of an archive's
//! bytes hardly make, because of its checksums.
#![no_main]

use std::io::{Cursor, Write};

use mitsume::score::{ScoreOptions, score};
use mitsume_fuzz_limits::{Limited, file};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

/// What stands between the arrays.
const MAGIC: &[u8] = b"\x93NUMPY";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in ["labels", "predictions", "cams"]
        .into_iter()
        .zip(arrays(bytes))
    {
        zip.start_file(format!("{name}.npy"), options)
            .expect("in memory");
        zip.write_all(array).expect("in memory");
    }
    let archive = zip.finish().expect("in memory").into_inner();
    let options = ScoreOptions {
        normalise: true,
        measures: None,
    };
    let _ = score(&file("arrays.npz", &archive), options);
});

/// The bytes cut before each magic but the first.
fn arrays(bytes: &[u8]) -> Vec<&[u8]> {
    let starts = bytes.windows(MAGIC.len()).enumerate().skip(1);
    let starts = starts
        .filter(|(_, window)| *window == MAGIC)
        .map(|(at, _)| at);
    let mut cuts = vec![0];
    cuts.extend(starts.take(2));
    cuts.push(bytes.len());
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}
