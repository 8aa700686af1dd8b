//! TIFF, WebP, BMP and GIF, and pixels of 16 bits, compared with Pillow, NumPy and PyTorch
//! (`tests/files/formats.py`); damaged files of these formats.

use std::path::{Path, PathBuf};

use mitsume_data::decode::{decode, decode_file};
use mitsume_data::{DecodedPixels, ImageSource, Preprocess, Sample, find_duplicates};
use proptest::prelude::*;
use serde_json::Value;

/// What is read, and for lossy WebP how far colours may be off: its decoders round the conversion
/// of colours differently.
const READ: [(&str, u16); 24] = [
    ("grey16.png", 0),
    ("rgb16.png", 0),
    ("rgba16.png", 0),
    ("grey16.tif", 0),
    ("deflate.tif", 0),
    ("big-endian.tif", 0),
    ("rgb16.tif", 0),
    ("rgb.tif", 0),
    ("packbits.tif", 0),
    ("bilevel.tif", 0),
    ("cmyk.tif", 1),
    ("turned.tif", 0),
    ("pages.tif", 0),
    ("rgb.bmp", 0),
    ("grey.bmp", 0),
    ("palette.bmp", 0),
    ("bits.bmp", 0),
    ("lossless.webp", 0),
    ("lossy.webp", 3),
    ("alpha.webp", 0),
    ("frames.webp", 0),
    ("still.gif", 0),
    ("frames.gif", 0),
    ("transparent.gif", 0),
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files/formats")
        .join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).unwrap()
}

fn expected() -> Value {
    serde_json::from_str(include_str!("../files/formats.json")).unwrap()
}

/// The values at the file's own depth.
fn values(pixels: &DecodedPixels) -> Vec<u16> {
    match pixels {
        DecodedPixels::Bits8(pixels) => pixels.data.iter().copied().map(u16::from).collect(),
        DecodedPixels::Bits16(pixels) => pixels.data.clone(),
    }
}

#[test]
fn every_format_decodes_as_pillow_does_and_16_bits_stay() {
    let expected = expected();
    for (name, tolerance) in READ {
        let decoded = decode_file(&file(name)).unwrap();
        let theirs: Vec<u16> = serde_json::from_value(expected[name]["data"].clone()).unwrap();
        assert_eq!(decoded.mode.name(), expected[name]["mode"], "{name}");
        let deep = matches!(decoded.pixels, DecodedPixels::Bits16(_));
        assert_eq!(deep, decoded.mode.name().ends_with("16"), "{name}");
        let size = (decoded.pixels.width(), decoded.pixels.height());
        let upright = name != "turned.tif";
        assert_eq!(size, if upright { (16, 8) } else { (8, 16) }, "{name}");
        let ours = values(&decoded.pixels);
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let differences = ours.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b));
        let largest = differences.max().unwrap();
        assert!(largest <= tolerance, "{name}: {largest}");
        let several = ["pages.tif", "frames.webp", "frames.gif"].contains(&name);
        assert_eq!(decoded.more_frames, several, "{name}");
    }
}

#[test]
fn samples_without_a_black_and_a_white_are_refused_with_what_to_do() {
    for name in ["float.tif", "int32.tif", "signed.tif", "palette.tif"] {
        let error = decode_file(&file(name)).unwrap_err().to_string();
        assert!(
            error.contains("not read") && error.contains("PNG"),
            "{error}"
        );
    }
    let mut big = bytes("rgb.tif");
    big[2] = 43;
    assert!(decode(&big).unwrap_err().contains("BigTIFF"));
}

fn preprocess(channels: usize) -> Preprocess {
    Preprocess {
        height: 5,
        width: 7,
        channels,
        augment: None,
        seed: 0,
        transform: Default::default(),
    }
}

/// Two passes of a resize, each rounded to 16 bits, and weights in fixed point: two levels of
/// 65535, twice as much after the division by the standard deviation of 1/2. An image cut to 8 bits
/// is off by up to half a level of 255, a hundred times as much.
#[test]
fn a_network_gets_16_bits_as_pytorch_scales_them() {
    let theirs = &expected()["network"];
    let largest = |name: &str, channels: usize, key: &str| -> f32 {
        let decoded = decode_file(&file(name)).unwrap();
        let theirs: Vec<f32> = serde_json::from_value(theirs[key].clone()).unwrap();
        let ours = preprocess(channels).prepare(decoded.pixels);
        assert_eq!(ours.len(), theirs.len());
        let differences = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
        differences.fold(0.0, f32::max)
    };
    for name in ["rgb16.png", "rgb16.tif"] {
        assert!(largest(name, 3, "rgb") <= 4.0 / 65_535.0, "{name}");
        // Grey is cut off at 16 bits first: one level more.
        assert!(largest(name, 1, "grey") <= 6.0 / 65_535.0, "{name}");
    }
    let cut = decode_file(&file("rgb16.png"))
        .unwrap()
        .pixels
        .into_8_bits();
    let theirs: Vec<f32> = serde_json::from_value(theirs["rgb"].clone()).unwrap();
    let off = preprocess(3).prepare(cut).into_iter().zip(theirs);
    let off = off.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off > 0.5 / 255.0, "the test tells 16 bits from 8: {off}");
}

/// In a cache or not, an image of 16 bits gives the same input, also with augmentation.
#[test]
fn images_of_16_bits_go_through_cache_batches_and_augmentation() {
    let sample = |name: &str| Sample {
        path: file(name),
        class: 0,
    };
    let samples = [
        sample("grey16.png"),
        sample("grey16.tif"),
        sample("rgb.bmp"),
    ];
    for augment in [None, Some(mitsume_data::Augment::default())] {
        let preprocess = Preprocess {
            augment,
            ..preprocess(1)
        };
        let [with, without] = [1 << 20, 0]
            .map(|cache| ImageSource::new(&samples, preprocess.clone(), cache).unwrap());
        let batch = |source: &ImageSource| source.batches(vec![0, 1, 2], 3, 4).next().unwrap();
        let first = batch(&with);
        assert_eq!(first.images, batch(&with).images);
        assert_eq!(first.images, batch(&without).images);
        assert_eq!((with.cached(), without.cached()), (3, 0));
        if preprocess.augment.is_none() {
            assert_eq!(first.images[..35], first.images[35..70], "the same pixels");
        }
        let distinct: std::collections::BTreeSet<u32> =
            first.images[..35].iter().map(|v| v.to_bits()).collect();
        assert!(distinct.len() > 30, "values between those of 8 bits");
    }
}

/// By 16 bits, and by 8 where those say everything.
#[test]
fn equal_images_are_found_whatever_their_depth_and_format() {
    let dir = tempfile::tempdir().unwrap();
    let grey = image::GrayImage::from_fn(9, 9, |x, y| image::Luma([(x * 27 + y) as u8]));
    let deep = image::ImageBuffer::<image::Luma<u16>, Vec<u16>>::from_fn(9, 9, |x, y| {
        image::Luma([u16::from(grey.get_pixel(x, y).0[0]) * 257])
    });
    let mut other = deep.clone();
    other.get_pixel_mut(4, 4).0[0] += 1;
    let rgb = image::DynamicImage::ImageLuma8(grey.clone()).into_rgb8();
    grey.save(dir.path().join("8.png")).unwrap();
    rgb.save(dir.path().join("rgb.bmp")).unwrap();
    deep.save(dir.path().join("16.tif")).unwrap();
    other.save(dir.path().join("other.png")).unwrap();
    let source = |names: &[&str]| {
        let sample = |name: &&str| Sample {
            path: dir.path().join(name),
            class: 0,
        };
        let samples: Vec<Sample> = names.iter().map(sample).collect();
        let source = ImageSource::new(&samples, preprocess(1), 0).unwrap();
        assert!(source.load(&|_, _| ()).is_empty());
        source
    };
    let found = find_duplicates(
        &source(&["16.tif", "rgb.bmp", "other.png"]),
        &source(&["8.png"]),
    );
    assert_eq!(found, [(0, 0), (1, 0)]);
    let names = ["16.tif", "other.png"];
    assert_eq!(
        find_duplicates(&source(&names), &source(&names)),
        [(0, 0), (1, 1)]
    );
}

#[test]
fn images_with_more_frames_are_named_once() {
    let names = ["frames.gif", "still.gif", "pages.tif", "frames.gif"];
    let samples = names.map(|name| Sample {
        path: file(name),
        class: 0,
    });
    let source = ImageSource::new(&samples, preprocess(1), 0).unwrap();
    assert!(source.with_more_frames().is_empty(), "none is decoded yet");
    for _ in 0..2 {
        source.load(&|_, _| ());
    }
    let expected = ["frames.gif", "pages.tif", "frames.gif"].map(file);
    assert_eq!(source.with_more_frames(), expected);
}

#[test]
fn truncated_files_are_errors() {
    for (name, _) in READ {
        let whole = bytes(name);
        // What comes after the pixels may be missing: a trailer, padding, alpha, other frames, and of
        // TIFF everything is needed, since its directory may be last.
        let needed = match name.rsplit_once('.').unwrap().1 {
            "png" | "bmp" => whole.len() - 16,
            "tif" => 0,
            _ => whole.len() / 4,
        };
        for length in 0..needed {
            assert!(decode(&whole[..length]).is_err(), "{name} cut to {length}");
        }
    }
}

/// Sides of GIF and BMP, and of TIFF and WebP, that the pixels cannot have.
#[test]
fn claimed_sizes_are_checked_before_pixels_are_allocated() {
    let refused = |bytes: &[u8]| {
        let reason = decode(bytes).unwrap_err();
        assert!(reason.contains("at most"), "{reason}");
    };
    let mut gif = bytes("still.gif");
    gif[6..10].copy_from_slice(&[0xff; 4]);
    refused(&gif);
    let mut bmp = bytes("rgb.bmp");
    bmp[18..26].copy_from_slice(&[0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0]);
    refused(&bmp);
    let mut tiff = bytes("big-endian.tif");
    for tag in [[1, 0, 0, 3], [1, 1, 0, 3]] {
        let at = tiff.windows(4).position(|window| window == tag).unwrap();
        tiff[at + 8..at + 10].copy_from_slice(&[0xff, 0xff]);
    }
    // All rows in the one strip.
    let at = tiff.windows(4).position(|window| window == [1, 22, 0, 4]);
    tiff[at.unwrap() + 10..at.unwrap() + 12].copy_from_slice(&[0xff, 0xff]);
    refused(&tiff);
    let mut webp = bytes("frames.webp");
    let at = webp
        .windows(4)
        .position(|window| window == b"VP8X")
        .unwrap();
    webp[at + 12..at + 18].copy_from_slice(&[0xff, 0x3f, 0, 0xff, 0x3f, 0]);
    refused(&webp);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Any damage gives an image or an error, never a panic.
    #[test]
    fn damaged_files_never_panic(
        which in 0..READ.len(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut data = bytes(READ[which].0);
        for (at, value) in damage {
            let at = at.index(data.len());
            data[at] = value;
        }
        if let Ok(decoded) = decode(&data) {
            let p = decoded.pixels;
            prop_assert_eq!(values(&p).len(), p.width() * p.height() * p.channels());
        }
    }

    /// Random bytes after a signature give an error, never a panic.
    #[test]
    fn random_bytes_never_panic(
        start in prop::sample::select(vec![&b"GIF89a"[..], b"BM", b"II*\0", b"MM\0*", b"RIFF\x40\0\0\0WEBPVP8 "]),
        rest in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(&[start, &rest].concat());
    }
}
