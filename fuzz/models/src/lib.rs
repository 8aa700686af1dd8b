//! What fuzz targets of weights share.

use std::cell::Cell;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use burn::tensor::Device;
use mitsume_nn::weights::{Weights, read_metadata};
use mitsume_nn::{Classifier, ClassifierSpec, Level};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The file that an input stands for: after an even first byte the rest of the input, after an odd
/// one the file `sound` with its front replaced by the rest of the input. So a small input changes
/// the header of a file whose values fit a network.
pub fn with_front(input: &[u8], sound: &[u8]) -> Vec<u8> {
    let Some((&first, front)) = input.split_first() else {
        return Vec::new();
    };
    let rest = match first % 2 {
        1 => sound.get(front.len()..).unwrap_or(&[]),
        _ => &[],
    };
    [front, rest].concat()
}

/// Reads the weights in a file and puts them into the networks they fit.
pub fn apply_weights(path: &Path) {
    read_metadata(path);
    let Ok(weights) = Weights::open(path) else {
        return;
    };
    for level in [Level::ALL[0], Level::ALL[1]] {
        if let Ok(spec) = weights.spec(level) {
            let mut model = NETWORK.take().filter(|(made_for, _)| *made_for == spec);
            let (_, network) =
                model.get_or_insert_with(|| (spec, Classifier::new(spec, 0, &Device::flex())));
            let _ = weights.apply(level, network);
            NETWORK.set(model);
        }
    }
}

thread_local! {
    /// The network of the last input: most inputs are of one shape, and to draw its values takes longer than to read an input.
    static NETWORK: Cell<Option<(ClassifierSpec, Classifier)>> = const { Cell::new(None) };
}

/// Files of an archive.
pub struct Archive(Vec<(String, Vec<u8>)>);

impl Archive {
    /// The files of the zip archive in `bytes`.
    pub fn read(bytes: &[u8]) -> Self {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("it is sound");
        let names: Vec<String> = archive
            .file_names()
            .map(|name| {
                name.expect("a name that the archive was written with")
                    .into_owned()
            })
            .collect();
        let read = |name: String| {
            let mut bytes = Vec::new();
            let mut file = archive.by_name(&name).expect("it is in the archive");
            file.read_to_end(&mut bytes).expect("it is sound");
            (name, bytes)
        };
        Archive(names.into_iter().map(read).collect())
    }

    /// The archive with another content of the file `changed`.
    pub fn with_file(&self, changed: &str, content: &[u8]) -> Vec<u8> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in &self.0 {
            let bytes = if name == changed { content } else { bytes };
            zip.start_file(name.as_str(), options).expect("in memory");
            zip.write_all(bytes).expect("in memory");
        }
        zip.finish().expect("in memory").into_inner()
    }
}
