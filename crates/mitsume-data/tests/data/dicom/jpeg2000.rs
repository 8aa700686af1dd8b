//! JPEG 2000 in DICOM files.

use mitsume_data::DecodedPixels;

use super::*;

const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

/// Of 8 bits and three channels.
fn colours(photometric: &str) -> Vec<(Tag, VR, PrimitiveValue)> {
    let numbers = [
        (tags::SAMPLES_PER_PIXEL, 3_u16),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PLANAR_CONFIGURATION, 0),
    ];
    let numbers = numbers.map(|(tag, value)| (tag, VR::US, PrimitiveValue::from(value)));
    let name = text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    of_16_by_8(&[&numbers[..], &[name]].concat())
}

/// Without a window the smallest value becomes black and the largest white, in 16 bits.
#[test]
fn jpeg_2000_of_16_bits_is_decoded_as_pillow_does() {
    let expected = expected_pixels("grey16.j2k");
    let (low, high) = (0.0, 65_535.0);
    assert!(
        expected.contains(&low) && expected.contains(&high),
        "the whole range"
    );
    let mut signed = codestream("grey16.j2k");
    assert_eq!(signed[42], 15, "16 bits without a sign");
    signed[42] |= 0x80;
    let two_s_complement = (
        tags::PIXEL_REPRESENTATION,
        VR::US,
        PrimitiveValue::from(1_u16),
    );
    for (stream, more) in [
        (codestream("grey16.j2k"), of_16_by_8(&[])),
        (signed.clone(), of_16_by_8(&[two_s_complement])),
    ] {
        let decoded = pixels(&encoded(&stream, &more, JPEG_2000));
        assert_eq!(decoded.mode, Mode::Grey16);
        let DecodedPixels::Bits16(image) = decoded.pixels else {
            panic!("16 bits")
        };
        assert_eq!((image.width, image.height, image.channels), (16, 8, 1));
        for (ours, theirs) in image.data.iter().zip(&expected) {
            // 65,535 times a quotient in f64, cut off.
            assert!((f64::from(*ours) - theirs).abs() <= 1.0, "{ours} {theirs}");
        }
    }
    refused(&encoded(&signed, &of_16_by_8(&[]), JPEG_2000), &["sign"]);
}

#[test]
fn jpeg_2000_of_colours_is_decoded_as_pillow_does() {
    for (name, photometric, tolerance) in [
        ("rgb.j2k", "YBR_RCT", 0.0),
        ("rgb.j2k", "RGB", 0.0),
        // Rounding of the wavelets and of the colours.
        ("lossy.j2k", "YBR_ICT", 2.0),
    ] {
        let syntax = "1.2.840.10008.1.2.4.91";
        let decoded = pixels(&encoded(&codestream(name), &colours(photometric), syntax));
        assert_eq!(decoded.mode, Mode::Rgb);
        let ours = decoded.pixels.into_8_bits().data;
        let theirs = expected_pixels(name);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!(
                (f64::from(*ours) - theirs).abs() <= tolerance,
                "{name}: {ours} {theirs}"
            );
        }
    }
}

#[test]
fn jpeg_2000_that_is_damaged_or_does_not_fit_is_refused() {
    let stream = codestream("grey16.j2k");
    let header = 60;
    for length in (0..header).chain([stream.len() / 2]) {
        refused(
            &encoded(&stream[..length], &of_16_by_8(&[]), JPEG_2000),
            &["DICOM"],
        );
    }
    refused(
        &encoded(&stream, &[], JPEG_2000),
        &["size, number, bits, sign"],
    );
    refused(
        &encoded(&codestream("rgb.j2k"), &of_16_by_8(&[]), JPEG_2000),
        &["number"],
    );
    for at in 4..stream.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = stream.clone();
            damaged[at] ^= flip;
            // Any image or error, without a panic that is not caught.
            if let Err(reason) = decode(&encoded(&damaged, &of_16_by_8(&[]), JPEG_2000)) {
                assert!(
                    reason.starts_with("DICOM") || reason.contains("gave up"),
                    "{reason}"
                );
            }
        }
    }
}
