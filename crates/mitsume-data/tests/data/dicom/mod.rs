//! DICOM files written by the test, with known pixels.

mod frames;
mod jpeg2000;
mod jpeg_ls;

use dicom_core::value::{DataSetSequence, PixelFragmentSequence};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use mitsume_data::decode::{Decoded, Mode, decode};

const NAME: &str = "Yamada^Hanako";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// A file of 2 rows and 3 columns of 16-bit values, with more elements.
fn file(pixels: [u16; 6], more: &[(Tag, VR, PrimitiveValue)], syntax: &str) -> Vec<u8> {
    written(image(pixels, more), syntax)
}

/// A file of the same size whose pixels are one encoded frame.
fn encoded(frame: &[u8], more: &[(Tag, VR, PrimitiveValue)], syntax: &str) -> Vec<u8> {
    let mut object = image([0; 6], more);
    let pieces = PixelFragmentSequence::new_fragments(vec![frame.to_vec()]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pieces));
    written(object, syntax)
}

fn image(pixels: [u16; 6], more: &[(Tag, VR, PrimitiveValue)]) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let base = [
        (tags::PATIENT_NAME, VR::PN, PrimitiveValue::from(NAME)),
        (tags::SAMPLES_PER_PIXEL, VR::US, PrimitiveValue::from(1_u16)),
        (
            tags::PHOTOMETRIC_INTERPRETATION,
            VR::CS,
            PrimitiveValue::from("MONOCHROME2"),
        ),
        (tags::ROWS, VR::US, PrimitiveValue::from(2_u16)),
        (tags::COLUMNS, VR::US, PrimitiveValue::from(3_u16)),
        (tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(16_u16)),
        (tags::BITS_STORED, VR::US, PrimitiveValue::from(16_u16)),
        (tags::HIGH_BIT, VR::US, PrimitiveValue::from(15_u16)),
        (
            tags::PIXEL_REPRESENTATION,
            VR::US,
            PrimitiveValue::from(0_u16),
        ),
        (
            tags::PIXEL_DATA,
            VR::OW,
            PrimitiveValue::U16(pixels.into_iter().collect()),
        ),
    ];
    for (tag, vr, value) in base.into_iter().chain(more.iter().cloned()) {
        object.put(DataElement::new(tag, vr, value));
    }
    object
}

fn written(object: InMemDicomObject, syntax: &str) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.2")
        .media_storage_sop_instance_uid("1.2.3");
    let mut bytes = Vec::new();
    object
        .with_meta(meta)
        .unwrap()
        .write_all(&mut bytes)
        .unwrap();
    bytes
}

fn text(tag: Tag, vr: VR, text: &str) -> (Tag, VR, PrimitiveValue) {
    (tag, vr, PrimitiveValue::from(text))
}

/// A compressed image of 16 x 8 pixels that another program wrote (`tests/files/formats.py`).
fn codestream(name: &str) -> Vec<u8> {
    let file = format!("{}/tests/files/formats/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(file).unwrap()
}

fn of_16_by_8(more: &[(Tag, VR, PrimitiveValue)]) -> Vec<(Tag, VR, PrimitiveValue)> {
    let size = [(tags::ROWS, 8_u16), (tags::COLUMNS, 16)];
    let size = size.map(|(tag, value)| (tag, VR::US, PrimitiveValue::from(value)));
    size.into_iter().chain(more.iter().cloned()).collect()
}

/// The pixels of such an image, as that program reads them.
fn expected_pixels(name: &str) -> Vec<f64> {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../../files/formats.json")).unwrap();
    serde_json::from_value(all[name]["data"].clone()).unwrap()
}

fn pixels(bytes: &[u8]) -> Decoded {
    decode(bytes).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], words: &[&str]) {
    let reason = decode(bytes).unwrap_err();
    for word in words {
        assert!(reason.contains(word), "no \"{word}\" in: {reason}");
    }
    assert!(!reason.contains("Yamada"), "no patient in: {reason}");
}

#[test]
fn without_a_window_the_image_fills_the_range() {
    let decoded = pixels(&file([100, 200, 300, 400, 500, 600], &[], EXPLICIT));
    assert_eq!(decoded.mode, Mode::Grey16);
    let image = decoded.pixels.into_8_bits();
    assert_eq!((image.width, image.height, image.channels), (3, 2, 1));
    assert_eq!(image.data, [0, 51, 102, 153, 204, 255]);
}

/// Scanners store Hounsfield units, which are negative in air, as signed values; some without a window.
#[test]
fn without_a_window_signed_values_fill_the_range_too() {
    let signed = |bits: u16| {
        [
            (tags::PIXEL_REPRESENTATION, 1),
            (tags::BITS_STORED, bits),
            (tags::HIGH_BIT, bits - 1),
        ]
        .map(|(tag, value)| (tag, VR::US, PrimitiveValue::from(value)))
    };
    let values = [-1000_i16, -750, -500, -250, 0, 250];
    let expected = [0, 51, 102, 153, 204, 255];
    for (bits, values) in [
        (16, values.map(|value| value as u16)),
        // Bits above those of the value are another's (overlays).
        (12, values.map(|value| value as u16 & 0xfff)),
        (12, values.map(|value| value as u16 & 0xfff | 0x5000)),
    ] {
        let image = pixels(&file(values, &signed(bits), EXPLICIT));
        assert_eq!(image.pixels.into_8_bits().data, expected, "{bits} bits");
        // A falling slope: what is stored as the largest is the darkest.
        let slope = [
            text(tags::RESCALE_SLOPE, VR::DS, "-0.001"),
            text(tags::RESCALE_INTERCEPT, VR::DS, "3"),
        ];
        let falling = [&signed(bits)[..], &slope].concat();
        let image = pixels(&file(values, &falling, EXPLICIT));
        assert_eq!(
            image.pixels.into_8_bits().data,
            expected.map(|v| 255 - v),
            "{bits} bits"
        );
    }
    let same = pixels(&file([7; 6], &[], EXPLICIT))
        .pixels
        .into_8_bits()
        .data;
    assert!(same.iter().all(|&value| value == same[0]), "{same:?}");
}

/// Values of -1000 to 4000 Hounsfield units with a window of width 400 and centre 40.
#[test]
fn the_window_applies_to_rescaled_values() {
    let more = [
        text(tags::RESCALE_INTERCEPT, VR::DS, "-1000"),
        text(tags::RESCALE_SLOPE, VR::DS, "2"),
        text(tags::WINDOW_CENTER, VR::DS, "40"),
        text(tags::WINDOW_WIDTH, VR::DS, "400"),
    ];
    // -1000, -160, 40, 140, 240, 4000: PS3.3 C.11.2.1.2.1 puts 40 at (0.5 / 399 + 0.5) of the
    // range.
    let image = pixels(&file([0, 420, 520, 570, 620, 2500], &more, EXPLICIT))
        .pixels
        .into_8_bits();
    assert_eq!((image.data[0], image.data[1]), (0, 0));
    assert_eq!((image.data[4], image.data[5]), (255, 255));
    assert_eq!((image.data[2], image.data[3]), (128, 192));
}

#[test]
fn monochrome1_is_inverted() {
    let more = [text(
        tags::PHOTOMETRIC_INTERPRETATION,
        VR::CS,
        "MONOCHROME1",
    )];
    let image = pixels(&file([0, 100, 200, 300, 400, 500], &more, EXPLICIT))
        .pixels
        .into_8_bits();
    assert_eq!(image.data, [255, 204, 153, 102, 51, 0]);
}

/// `dicom-object` relies on this length, and would parse bytes of the header as data elements.
#[test]
fn a_header_that_is_not_as_long_as_it_says_is_refused() {
    let whole = file([0, 1, 2, 3, 4, 5], &[], EXPLICIT);
    let at = 132 + 8..132 + 12;
    let length = u32::from_le_bytes(whole[at.clone()].try_into().unwrap());
    let mut read = Vec::new();
    for wrong in (0..2 * length).filter(|wrong| *wrong != length) {
        let mut bytes = whole.clone();
        bytes[at.clone()].copy_from_slice(&wrong.to_le_bytes());
        if let Ok(image) = decode(&bytes) {
            assert_eq!(image, pixels(&whole), "{wrong} for {length}");
            read.push(wrong);
        }
    }
    // Harmless only where it ends with an element: two follow the transfer syntax, then comes the
    // data set.
    assert_eq!(read, [90, 142, 188]);
    // `dicom-object` tried to allocate 3.7 GB.
    let found = include_bytes!("../../found/header-length.dcm");
    refused(found, &["header is not as long"]);
}

/// `dicom-object` tried to allocate 2.1 GB: it parses these bytes as elements of a sequence.
#[test]
fn only_pixel_data_may_have_an_undefined_length() {
    let found = include_bytes!("../../found/undefined-length.dcm");
    refused(found, &["a private sequence"]);
}

/// `dicom-object` tried to allocate gigabytes: it continues after the last complete number, and
/// parses an item delimitation outside of items as an element.
#[test]
fn elements_that_the_decoder_would_parse_differently_are_refused() {
    let number = include_bytes!("../../found/half-a-number.dcm");
    refused(number, &["ends within a number"]);
    let item = include_bytes!("../../found/item-out-of-place.dcm");
    refused(item, &["an item or its end where none can be"]);
}

/// `dicom-object` ignores white space after the transfer syntax, which gives the encoding of
/// elements.
#[test]
fn a_transfer_syntax_is_parsed_as_by_the_decoder() {
    let found = include_bytes!("../../found/syntax-with-a-tab.dcm");
    refused(found, &["an element claims more than the file holds"]);
    let whole = file([0, 1, 2, 3, 4, 5], &[], EXPLICIT);
    let at = whole
        .windows(EXPLICIT.len())
        .position(|w| w == EXPLICIT.as_bytes());
    let mut bytes = whole.clone();
    bytes[at.unwrap() + 1] = 0xa0;
    refused(&bytes, &["transfer syntax is no identifier"]);
}

#[test]
fn sequences_are_read_up_to_a_nesting_depth() {
    let nested = |depth: usize| {
        let mut object = InMemDicomObject::new_empty();
        for _ in 0..depth {
            let items = DataSetSequence::from(vec![object]);
            let tag = tags::REFERENCED_IMAGE_SEQUENCE;
            object = InMemDicomObject::from_element_iter([DataElement::new(tag, VR::SQ, items)]);
        }
        let mut whole = image([0, 1, 2, 3, 4, 5], &[]);
        whole.extend(object);
        written(whole, EXPLICIT)
    };
    assert_eq!(pixels(&nested(3)), pixels(&nested(0)));
    refused(&nested(40), &["nested deeper than 32"]);
}

#[test]
fn damaged_and_hostile_files_are_refused() {
    let whole = file([0, 1, 2, 3, 4, 5], &[], EXPLICIT);
    for end in [132, 140, whole.len() / 2, whole.len() - 5] {
        assert!(
            decode(&whole[..end]).is_err(),
            "cut at {end} of {}",
            whole.len()
        );
    }
    let huge = [
        (tags::ROWS, VR::US, PrimitiveValue::from(65_535_u16)),
        (tags::COLUMNS, VR::US, PrimitiveValue::from(65_535_u16)),
    ];
    refused(&file([0; 6], &huge, EXPLICIT), &["65535 x 65535"]);
    let none = [(tags::ROWS, VR::US, PrimitiveValue::from(0_u16))];
    refused(&file([0; 6], &none, EXPLICIT), &["no pixels"]);
    let larger = [(tags::ROWS, VR::US, PrimitiveValue::from(9_u16))];
    refused(&file([0; 6], &larger, EXPLICIT), &["DICOM"]);
    let odd = [(tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(7_u16))];
    refused(&file([0; 6], &odd, EXPLICIT), &["DICOM"]);
    let colour = [(tags::SAMPLES_PER_PIXEL, VR::US, PrimitiveValue::from(3_u16))];
    refused(&file([0; 6], &colour, EXPLICIT), &["colour of 16 bits"]);
    for at in 132..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x5a;
        // The result may be any, but no panic and no patient name in the message.
        if let Err(reason) = decode(&bytes) {
            assert!(!reason.contains("Yamada"), "{reason}");
        }
    }
}

/// `dicom-object` would allocate memory for it first.
#[test]
fn an_element_that_claims_more_than_the_file_is_refused_before_it_is_read() {
    let whole = file([0, 1, 2, 3, 4, 5], &[], EXPLICIT);
    // The pixel data: its tag, "OW", two reserved bytes, and the length.
    let at = whole
        .windows(4)
        .rposition(|tag| tag == [0xe0, 0x7f, 0x10, 0x00])
        .unwrap();
    let mut bytes = whole.clone();
    bytes[at + 8..at + 12].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    refused(&bytes, &["claims more than the file holds"]);
    // The same for a text of 64 kilobytes.
    let name = whole
        .windows(4)
        .position(|tag| tag == [0x10, 0x00, 0x10, 0x00])
        .unwrap();
    let mut bytes = whole;
    bytes[name + 6..name + 8].copy_from_slice(&0xfffe_u16.to_le_bytes());
    refused(&bytes, &["claims more than the file holds"]);
}

/// Six 16-bit pixels 0x0102 to 0x0607, as literals: the high bytes, then the low ones.
fn run_lengths() -> Vec<u8> {
    let mut frame: Vec<u8> = Vec::new();
    for number in [2_u32, 64, 72] {
        frame.extend(number.to_le_bytes());
    }
    frame.resize(64, 0);
    frame.extend([5, 1, 2, 3, 4, 5, 6, 0x80]);
    frame.extend([5, 2, 3, 4, 5, 6, 7, 0x80]);
    frame
}

const RLE: &str = "1.2.840.10008.1.2.5";

#[test]
fn run_lengths_are_decoded() {
    let image = pixels(&encoded(&run_lengths(), &[], RLE))
        .pixels
        .into_8_bits();
    assert_eq!(image.data, [0, 51, 102, 153, 204, 255]);
}

/// The decoder would index beyond its slices, or allocate four thousand million offsets.
#[test]
fn damaged_run_lengths_are_refused_before_they_are_decoded() {
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut frame = run_lengths();
        change(&mut frame);
        encoded(&frame, &[], RLE)
    };
    let number = |frame: &mut Vec<u8>, at: usize, value: u32| {
        frame[at..at + 4].copy_from_slice(&value.to_le_bytes());
    };
    refused(&changed(&|f| f.truncate(20)), &["no header"]);
    refused(&changed(&|f| f.truncate(0)), &["damaged"]);
    for segments in [0, 1, 3, u32::MAX] {
        refused(
            &changed(&|f| number(f, 0, segments)),
            &["number of segments"],
        );
    }
    refused(&changed(&|f| number(f, 8, 63)), &["outside"]);
    refused(&changed(&|f| number(f, 8, u32::MAX)), &["outside"]);
    refused(&changed(&|f| number(f, 4, 0)), &["outside"]);
    refused(&changed(&|f| f[72] = 0x80), &["fewer pixels"]);
    refused(&changed(&|f| f.truncate(74)), &["fewer pixels"]);
    let larger = [(tags::ROWS, VR::US, PrimitiveValue::from(9_u16))];
    refused(&encoded(&run_lengths(), &larger, RLE), &["fewer pixels"]);
}

/// Checks before decoding find every damage of the frame; panics from other header values are
/// caught.
#[test]
fn no_changed_byte_of_an_encoded_image_panics() {
    let whole = encoded(&run_lengths(), &[], RLE);
    let frame = run_lengths();
    let start = whole.windows(64).position(|w| w == &frame[..64]).unwrap();
    for at in 132..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            if let Err(reason) = decode(&bytes) {
                let foreseen = !reason.contains("gave up");
                let in_frame = (start..start + frame.len()).contains(&at);
                assert!(foreseen || !in_frame, "byte {at} ^ {flip}: {reason}");
                assert!(!reason.contains("Yamada"), "{reason}");
            }
        }
    }
}

#[test]
fn a_jpeg_of_other_samples_than_the_image_is_refused_before_it_is_decoded() {
    const BASELINE: &str = "1.2.840.10008.1.2.4.50";
    let jpeg = |components: u8| {
        let mut stream = vec![0xff, 0xd8, 0xff, 0xc0, 0, 8 + 3 * components, 8, 0, 2, 0, 3];
        stream.push(components);
        (0..components).for_each(|c| stream.extend([c + 1, 0x11, 0]));
        stream.extend([0xff, 0xd9]);
        stream
    };
    // 8 bits where the image has 16, and three components where it has one.
    refused(&encoded(&jpeg(1), &[], BASELINE), &["other samples"]);
    let eight = [(tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(8_u16))];
    refused(&encoded(&jpeg(3), &eight, BASELINE), &["other samples"]);
    refused(
        &encoded(&[0xff, 0xd8, 0xff, 0xd9], &eight, BASELINE),
        &["no frame"],
    );
}

#[test]
fn class_folders_may_hold_dicom_files() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        let folder = dir.path().join(class);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(
            folder.join("1.dcm"),
            file([0, 100, 200, 300, 400, 500], &[], EXPLICIT),
        )
        .unwrap();
    }
    let folder = mitsume_data::ImageFolder::open(dir.path()).unwrap();
    assert_eq!(folder.samples.len(), 2);
    let preprocess = mitsume_data::Preprocess {
        height: 2,
        width: 3,
        channels: 1,
        augment: None,
        seed: 0,
        transform: Default::default(),
    };
    let source = mitsume_data::ImageSource::new(&folder.samples, preprocess, 0).unwrap();
    let image = source.image(1, 0).unwrap();
    // White is 254 of 255 after torchvision's greyscale, whose weights sum to 0.9999.
    assert!(image[0] == -1.0 && image[5] > 0.99, "{image:?}");
}
