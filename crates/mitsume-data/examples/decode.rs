//! What becomes of image files: `cargo run --release -p mitsume-data --example decode -- FILE...`.
//!
//! A line of JSON an image, of which DICOM files may hold several (frames): its size, how it stores pixels, and their values (8 or 16 bits) row by row; or why
//! it is not read.

use mitsume_data::decode::decode_file;
use mitsume_data::{DecodedPixels, images_in};
use serde_json::json;

fn main() {
    let files = std::env::args_os().skip(1).map(Into::into).collect();
    for path in images_in(files) {
        let decoded = decode_file(&path);
        let path = path.to_string_lossy();
        println!(
            "{}",
            match decoded {
                Ok(decoded) => {
                    let pixels = decoded.pixels;
                    let data = match &pixels {
                        DecodedPixels::Bits8(pixels) => json!(pixels.data),
                        DecodedPixels::Bits16(pixels) => json!(pixels.data),
                    };
                    json!({ "path": path, "mode": decoded.mode.name(), "width": pixels.width(),
                        "height": pixels.height(), "channels": pixels.channels(), "data": data,
                        "more_frames": decoded.more_frames })
                }
                Err(error) => json!({ "path": path, "error": error.reason() }),
            }
        );
    }
}
