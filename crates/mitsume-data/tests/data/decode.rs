//! Image files of all modes, compared with Pillow (`tests/files/make.py`), and damaged ones.

use std::path::{Path, PathBuf};

use mitsume_data::Pixels;
use mitsume_data::decode::{Mode, decode, decode_file};
use proptest::prelude::*;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files")
        .join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).unwrap()
}

fn rgb(pixels: &Pixels) -> Vec<u8> {
    match pixels.channels {
        1 => pixels.data.iter().flat_map(|v| [*v; 3]).collect(),
        _ => pixels.data.clone(),
    }
}

fn expected(name: &str) -> Vec<u8> {
    let text = include_str!("../files/expected.json");
    let all: serde_json::Value = serde_json::from_str(text).unwrap();
    serde_json::from_value(all[name].clone()).unwrap()
}

/// PNG is exact. JPEG decoders may differ by rounding in the cosine transform and in the colour
/// conversion: 3 levels; CMYK adds a product of two such values.
#[test]
fn every_mode_decodes_as_pillow_does() {
    for (name, mode, channels, tolerance) in [
        ("rgb.png", Mode::Rgb, 3, 0),
        ("grey.png", Mode::Grey, 1, 0),
        ("bits.png", Mode::Grey, 1, 0),
        ("grey_alpha.png", Mode::GreyAlpha, 1, 0),
        ("rgba.png", Mode::Rgba, 3, 0),
        ("palette.png", Mode::Palette, 3, 0),
        ("rgb.jpg", Mode::Rgb, 3, 3),
        ("progressive.jpg", Mode::Rgb, 3, 3),
        ("grey.jpg", Mode::Grey, 1, 2),
        ("grey_adobe.jpg", Mode::Grey, 1, 2),
        ("cmyk.jpg", Mode::Cmyk, 3, 4),
        ("ycck.jpg", Mode::Cmyk, 3, 4),
    ] {
        let decoded = decode_file(&file(name)).unwrap();
        let pixels = &decoded.pixels.into_8_bits();
        assert_eq!(decoded.mode, mode, "{name}");
        let shape = (pixels.width, pixels.height, pixels.channels);
        assert_eq!(shape, (16, 8, channels), "{name}");
        let (ours, theirs) = (rgb(pixels), expected(name));
        let differences = ours.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b));
        let largest = differences.max().unwrap();
        assert!(largest <= tolerance, "{name}: {largest}");
    }
}

/// Decoders interpolate reduced colour differently near edges; block centres agree.
#[test]
fn subsampled_colour_agrees_away_from_edges() {
    let ours = decode_file(&file("subsampled.jpg"))
        .unwrap()
        .pixels
        .into_8_bits();
    let theirs = expected("subsampled.jpg");
    for (x, y) in [(2, 1), (13, 1), (2, 6), (13, 6)] {
        for channel in 0..3 {
            let at = (y * 16 + x) * 3 + channel;
            assert!(ours.data[at].abs_diff(theirs[at]) <= 4, "{x} {y} {channel}");
        }
    }
}

/// The corner of the red block, upper left in the file, after applying the orientation.
#[test]
fn orientation_is_applied() {
    for (orientation, size, corner) in [
        (3, (16, 8), (15, 7)),
        (6, (8, 16), (7, 0)),
        (8, (8, 16), (0, 15)),
    ] {
        for extension in ["png", "jpg"] {
            let name = format!("turned{orientation}.{extension}");
            let pixels = decode_file(&file(&name)).unwrap().pixels.into_8_bits();
            assert_eq!((pixels.width, pixels.height), size, "{name}");
            let at = (corner.1 * pixels.width + corner.0) * 3;
            let red = &pixels.data[at..at + 3];
            assert!(
                red[0] > 180 && red[1] < 60 && red[2] < 70,
                "{name}: {red:?}"
            );
        }
    }
}

#[test]
fn sixteen_bits_are_shown_as_8_with_rounding() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep.png");
    let values = [0u16, 128, 129, 257, 385, 386, 32_768, 65_535];
    let expected = [0u8, 0, 1, 1, 1, 2, 128, 255];
    let grey = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(8, 1, values.to_vec()).unwrap();
    grey.save(&path).unwrap();
    let decoded = decode_file(&path).unwrap();
    assert_eq!(
        (decoded.mode, decoded.pixels.into_8_bits().data),
        (Mode::Grey16, expected.to_vec())
    );
    let deep: Vec<u16> = values.iter().flat_map(|v| [*v, 0, 65_535, 7]).collect();
    let rgba = image::ImageBuffer::<image::Rgba<u16>, _>::from_raw(8, 1, deep).unwrap();
    rgba.save(&path).unwrap();
    let decoded = decode_file(&path).unwrap();
    let colours: Vec<u8> = expected.iter().flat_map(|v| [*v, 0, 255]).collect();
    assert_eq!(
        (decoded.mode, decoded.pixels.into_8_bits().data),
        (Mode::Rgba16, colours)
    );
}

#[test]
fn the_format_is_recognised_by_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("really_a_jpeg.png");
    std::fs::copy(file("rgb.jpg"), &path).unwrap();
    assert_eq!(
        decode_file(&path).unwrap(),
        decode_file(&file("rgb.jpg")).unwrap()
    );
}

#[test]
fn formats_are_named() {
    for (start, name) in [
        (&b"GIF89a"[..], "GIF"),
        (b"II*\0....", "TIFF"),
        (b"RIFF....WEBP", "WebP"),
        (b"P5 8 8 255 ", "PGM is not read"),
        (b"\0\0\0\x0cjP  ", "JPEG 2000 is not read"),
        (b"hello", "neither PNG, JPEG,"),
        (b"", "empty"),
    ] {
        let reason = decode(start).unwrap_err();
        assert!(reason.contains(name), "{reason}");
    }
    let dicom = [&[0; 128][..], b"DICM"].concat();
    assert!(decode(&dicom).unwrap_err().contains("DICOM"));
}

#[test]
fn truncated_files_are_errors() {
    for name in [
        "rgb.png",
        "palette.png",
        "rgb.jpg",
        "progressive.jpg",
        "grey.jpg",
        "cmyk.jpg",
    ] {
        let whole = bytes(name);
        // The bytes after the pixel data of a PNG (checksum and end chunk) may be missing.
        let needed = whole.len() - if name.ends_with("png") { 16 } else { 1 };
        for length in 0..needed {
            assert!(decode(&whole[..length]).is_err(), "{name} cut to {length}");
        }
    }
}

#[test]
fn claimed_sizes_are_checked_before_pixels_are_allocated() {
    let mut png = bytes("rgb.png");
    png[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    assert!(decode(&png).unwrap_err().contains("at most"));
    let mut jpeg = bytes("rgb.jpg");
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    assert!(decode(&jpeg).unwrap_err().contains("at most"));
}

#[test]
fn only_regular_files_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let message = decode_file(dir.path()).unwrap_err().to_string();
    assert!(message.contains("not a regular file"), "{message}");
    let missing = dir.path().join("missing.png");
    let message = decode_file(&missing).unwrap_err().to_string();
    assert!(message.contains("missing.png"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Any damage gives an image or an error, never a panic.
    #[test]
    fn damaged_files_never_panic(
        which in 0usize..6,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let names = ["rgb.png", "palette.png", "progressive.jpg", "subsampled.jpg", "cmyk.jpg", "turned6.jpg"];
        let mut data = bytes(names[which]);
        for (at, value) in damage {
            let at = at.index(data.len());
            data[at] = value;
        }
        if let Ok(decoded) = decode(&data) {
            let p = decoded.pixels.into_8_bits();
            prop_assert_eq!(p.data.len(), p.width * p.height * p.channels);
        }
    }

    /// Random bytes after a signature give an error, never a panic.
    #[test]
    fn random_bytes_never_panic(png: bool, rest in proptest::collection::vec(any::<u8>(), 0..200)) {
        let start: &[u8] = if png { b"\x89PNG\r\n\x1a\n" } else { b"\xff\xd8\xff" };
        prop_assert!(decode(&[start, &rest].concat()).is_err());
    }
}
