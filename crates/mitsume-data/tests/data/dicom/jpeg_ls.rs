//! JPEG-LS in DICOM files, beside CharLS.

use mitsume_data::DecodedPixels;

use super::*;

const LOSSLESS: &str = "1.2.840.10008.1.2.4.80";
const NEAR_LOSSLESS: &str = "1.2.840.10008.1.2.4.81";

fn numbers<const N: usize>(values: [(Tag, u16); N]) -> Vec<(Tag, VR, PrimitiveValue)> {
    of_16_by_8(&values.map(|(tag, value)| (tag, VR::US, PrimitiveValue::from(value))))
}

fn of_bits(bits: u16) -> Vec<(Tag, VR, PrimitiveValue)> {
    numbers([
        (tags::BITS_ALLOCATED, bits),
        (tags::BITS_STORED, bits),
        (tags::HIGH_BIT, bits - 1),
    ])
}

/// With its sign, and twelve of sixteen bits used.
fn signed() -> Vec<(Tag, VR, PrimitiveValue)> {
    numbers([
        (tags::PIXEL_REPRESENTATION, 1),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
    ])
}

/// Without a window the smallest value becomes black and the largest white.
#[test]
fn jpeg_ls_is_decoded_as_charls_does() {
    for (name, more, syntax) in [
        ("grey16.jls", of_bits(16), LOSSLESS),
        ("grey16.jls", of_bits(16), NEAR_LOSSLESS),
        ("signed12.jls", signed(), LOSSLESS),
        ("near.jls", of_bits(8), NEAR_LOSSLESS),
    ] {
        let decoded = pixels(&encoded(&codestream(name), &more, syntax));
        let values: Vec<f64> = match decoded.pixels {
            DecodedPixels::Bits8(image) => image.data.into_iter().map(f64::from).collect(),
            DecodedPixels::Bits16(image) => {
                let to_8_bits = |v| f64::from(v) * 255.0 / 65_535.0;
                image.data.into_iter().map(to_8_bits).collect()
            }
        };
        let expected = expected_pixels(name);
        let [low, high] = [f64::min, f64::max].map(|f| expected.iter().copied().reduce(f).unwrap());
        assert_eq!(values.len(), expected.len());
        for (ours, theirs) in values.iter().zip(&expected) {
            let theirs = (theirs - low) / (high - low) * 255.0;
            // The window cuts off what is behind the point, of 8 bits or 16.
            assert!((ours - theirs).abs() <= 1.0, "{name}: {ours} {theirs}");
        }
    }
}

#[test]
fn jpeg_ls_that_is_damaged_or_does_not_fit_is_refused() {
    let stream = codestream("grey16.jls");
    for length in (0..40).chain([stream.len() / 2]) {
        refused(
            &encoded(&stream[..length], &of_bits(16), LOSSLESS),
            &["DICOM"],
        );
    }
    refused(&encoded(&stream, &[], LOSSLESS), &["size"]);
    refused(&encoded(&stream, &of_bits(8), LOSSLESS), &["bits"]);
    let colours = numbers([
        (tags::SAMPLES_PER_PIXEL, 3),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PLANAR_CONFIGURATION, 0),
    ]);
    refused(
        &encoded(&codestream("colours.jls"), &colours, LOSSLESS),
        &["colours", "PNG"],
    );
    refused(
        &encoded(&codestream("colours.jls"), &of_bits(8), LOSSLESS),
        &["colours", "PNG"],
    );
    for at in 2..stream.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = stream.clone();
            damaged[at] ^= flip;
            // Any image or error, without a panic that is not caught.
            if let Err(reason) = decode(&encoded(&damaged, &of_bits(16), LOSSLESS)) {
                assert!(
                    reason.starts_with("DICOM") || reason.contains("gave up"),
                    "{reason}"
                );
            }
        }
    }
}
