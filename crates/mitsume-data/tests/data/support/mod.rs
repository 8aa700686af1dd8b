//! Data sets made for the tests.

use std::path::Path;

/// An RGB image with structure, different for each `seed`.
pub fn picture(width: u32, height: u32, seed: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| {
        let wave = |k: u32| (x * (3 + k + seed % 7) + y * (5 + 2 * k) + 31 * seed) % 256;
        image::Rgb([wave(0) as u8, wave(1) as u8, wave(2) as u8])
    })
}

/// `counts[k]` images of mixed sizes in the class folder `names[k]`.
pub fn data_set(root: &Path, names: &[&str], counts: &[u32]) {
    for (class, (name, count)) in names.iter().zip(counts).enumerate() {
        let folder = root.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for n in 0..*count {
            let seed = 100 * class as u32 + n;
            let image = picture(20 + n % 5, 24 + n % 3, seed);
            image.save(folder.join(format!("{n:03}.png"))).unwrap();
        }
    }
}
