//! What becomes of image files: `cargo run --release -p mitsume-data --example decode -- FILE...`.
//!
//! A line of JSON a file: its size, how it stores pixels, and their 8-bit values row by row; or why
//! it is not read.

use mitsume_data::decode::decode_file;
use serde_json::json;

fn main() {
    for path in std::env::args_os().skip(1) {
        let decoded = decode_file(path.as_ref());
        let path = path.to_string_lossy();
        println!(
            "{}",
            match decoded {
                Ok(decoded) => {
                    let pixels = decoded.pixels;
                    json!({ "path": path, "mode": decoded.mode.name(), "width": pixels.width,
                        "height": pixels.height, "channels": pixels.channels, "data": pixels.data })
                }
                Err(error) => json!({ "path": path, "error": error.reason() }),
            }
        );
    }
}
