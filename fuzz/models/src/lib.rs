//! What fuzz targets of weights share.

use burn::tensor::Device;
use mitsume_fuzz_limits::file;
use mitsume_nn::weights::{Weights, read_metadata};
use mitsume_nn::{Classifier, Level};

/// Reads `bytes` as a file of weights called `name`, whose ending says the format, and puts them into the
/// networks they fit.
pub fn apply_weights(name: &str, bytes: &[u8]) {
    let path = file(name, bytes);
    read_metadata(&path);
    let Ok(weights) = Weights::open(&path) else {
        return;
    };
    for level in [Level::ALL[0], Level::ALL[1]] {
        if let Ok(spec) = weights.spec(level) {
            let mut model = Classifier::new(spec, 0, &Device::flex());
            let _ = weights.apply(level, &mut model);
        }
    }
}
