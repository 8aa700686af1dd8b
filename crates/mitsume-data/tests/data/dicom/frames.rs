//! Files of several frames, each of which is an image.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use mitsume_data::decode::{decode_file, frames_in};
use mitsume_data::{ImageFolder, images_in};

use super::*;

const IMPLICIT: &str = "1.2.840.10008.1.2";
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

/// Frames of six values.
const FRAMES: [[u16; 6]; 3] = [
    [0, 100, 200, 300, 400, 500],
    [9, 7, 5, 3, 1, 0],
    [60_000, 2, 40_000, 4, 20_000, 6],
];

fn number_of_frames(frames: &str) -> (Tag, VR, PrimitiveValue) {
    text(tags::NUMBER_OF_FRAMES, VR::IS, frames)
}

/// A file of all of [`FRAMES`].
fn three(more: &[(Tag, VR, PrimitiveValue)], syntax: &str) -> Vec<u8> {
    let values = PrimitiveValue::U16(FRAMES.concat().into());
    let all = [(tags::PIXEL_DATA, VR::OW, values), number_of_frames("3")];
    file([0; 6], &[&all[..], more].concat(), syntax)
}

/// A file whose encoded pixels are these fragments, after a table of offsets.
fn fragments(
    frames: &str,
    (table, pieces): (Vec<u32>, Vec<Vec<u8>>),
    more: &[(Tag, VR, PrimitiveValue)],
    syntax: &str,
) -> Vec<u8> {
    let mut object = image([0; 6], more);
    let (tag, vr, value) = number_of_frames(frames);
    object.put(DataElement::new(tag, vr, value));
    let pieces = PixelFragmentSequence::new(table, pieces);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pieces));
    written(object, syntax)
}

fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn frame(file: &Path, number: u32) -> Result<Decoded, String> {
    let path = format!("{}#{number}", file.display());
    decode_file(Path::new(&path)).map_err(|error| error.reason())
}

#[track_caller]
fn frame_refused(file: &Path, number: u32, word: &str) {
    let reason = frame(file, number).unwrap_err();
    assert!(reason.contains(word), "no \"{word}\" in: {reason}");
    assert!(!reason.contains("Yamada"), "no patient in: {reason}");
}

#[test]
fn a_frame_is_decoded_as_a_file_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    for syntax in [EXPLICIT, IMPLICIT, BIG_ENDIAN] {
        let path = put(dir.path(), "scan.dcm", &three(&[], syntax));
        assert_eq!(frames_in(&path), 3);
        for (index, values) in FRAMES.into_iter().enumerate() {
            let alone = pixels(&file(values, &[], syntax));
            assert_eq!(frame(&path, index as u32 + 1).unwrap(), alone, "{syntax}");
        }
        frame_refused(&path, 4, "holds 3 frames, and no frame 4");
        let reason = decode_file(&path).unwrap_err().reason();
        assert!(
            reason.contains("3 frames") && reason.contains("#1"),
            "{reason}"
        );
    }
}

/// Nine bytes a frame, and one that fills up the value.
#[test]
fn frames_of_an_odd_number_of_bytes_begin_where_the_last_one_ends() {
    let small = [
        (tags::ROWS, 3_u16),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
    ];
    let small = small.map(|(tag, value)| (tag, VR::US, PrimitiveValue::from(value)));
    let bytes: Vec<u8> = (0..27).map(|i| (i * 37 % 101) as u8).collect();
    let of = |bytes: &[u8], frames: &str| {
        let mut bytes = bytes.to_vec();
        bytes.extend((bytes.len() % 2 == 1).then_some(0));
        let values = PrimitiveValue::U8(bytes.into_iter().collect());
        let own = [(tags::PIXEL_DATA, VR::OB, values), number_of_frames(frames)];
        file([0; 6], &[&small[..], &own].concat(), EXPLICIT)
    };
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "scan.dcm", &of(&bytes, "3"));
    for (index, values) in bytes.chunks_exact(9).enumerate() {
        let alone = pixels(&of(values, "1"));
        let found = frame(&path, index as u32 + 1).unwrap();
        assert_eq!(found, alone);
        let (low, high) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        let at = |value: &u8| values.iter().position(|v| v == value).unwrap();
        let image = found.pixels.into_8_bits();
        assert_eq!((image.data[at(low)], image.data[at(high)]), (0, 255));
    }
}

#[test]
fn each_frame_has_the_window_and_the_rescale_of_its_own_groups() {
    let windows = [("100", "50"), ("300", "200"), ("20000", "30000")];
    let group = |(centre, width): (&str, &str), intercept: &str| {
        let item = |elements: &[(Tag, VR, PrimitiveValue)]| {
            let elements = elements.iter().cloned();
            let elements = elements.map(|(tag, vr, value)| DataElement::new(tag, vr, value));
            InMemDicomObject::from_element_iter(elements)
        };
        let sequence = |tag: Tag, item: InMemDicomObject| {
            DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item]))
        };
        let window = item(&[
            text(tags::WINDOW_CENTER, VR::DS, centre),
            text(tags::WINDOW_WIDTH, VR::DS, width),
        ]);
        let rescale = item(&[
            text(tags::RESCALE_INTERCEPT, VR::DS, intercept),
            text(tags::RESCALE_SLOPE, VR::DS, "1"),
        ]);
        InMemDicomObject::from_element_iter([
            sequence(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, rescale),
            sequence(tags::FRAME_VOILUT_SEQUENCE, window),
        ])
    };
    let values = PrimitiveValue::U16(FRAMES.concat().into());
    let all = [(tags::PIXEL_DATA, VR::OW, values), number_of_frames("3")];
    let of = |groups: usize, syntax: &str| {
        let mut object = image([0; 6], &all);
        let intercepts = ["0", "10", "-5"];
        let groups = windows.iter().zip(intercepts).take(groups);
        let groups: Vec<_> = groups.map(|(window, at)| group(*window, at)).collect();
        let tag = tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE;
        object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(groups)));
        written(object, syntax)
    };
    let dir = tempfile::tempdir().unwrap();
    for syntax in [EXPLICIT, IMPLICIT, BIG_ENDIAN] {
        let path = put(dir.path(), "scan.dcm", &of(3, syntax));
        for (index, values) in FRAMES.into_iter().enumerate() {
            let own = [
                text(tags::WINDOW_CENTER, VR::DS, windows[index].0),
                text(tags::WINDOW_WIDTH, VR::DS, windows[index].1),
                text(tags::RESCALE_INTERCEPT, VR::DS, ["0", "10", "-5"][index]),
                text(tags::RESCALE_SLOPE, VR::DS, "1"),
            ];
            let alone = pixels(&file(values, &own, syntax));
            assert_eq!(frame(&path, index as u32 + 1).unwrap(), alone, "{syntax}");
        }
    }
    let path = put(dir.path(), "two.dcm", &of(2, EXPLICIT));
    frame_refused(&path, 1, "describes more or fewer frames");
}

/// Two frames of one fragment each, with and without a table of offsets.
#[test]
fn encoded_frames_of_a_fragment_each_are_told_apart_by_their_number() {
    let first = run_lengths();
    let mut second = run_lengths();
    second[66..72].reverse();
    let length = first.len() as u32;
    let dir = tempfile::tempdir().unwrap();
    for table in [vec![], vec![0, length + 8]] {
        let bytes = fragments("2", (table, vec![first.clone(), second.clone()]), &[], RLE);
        let path = put(dir.path(), "scan.dcm", &bytes);
        assert_eq!(frames_in(&path), 2);
        for (index, frame_bytes) in [&first, &second].into_iter().enumerate() {
            let alone = pixels(&encoded(frame_bytes, &[], RLE));
            assert_eq!(frame(&path, index as u32 + 1).unwrap(), alone);
        }
    }
    for wrong in [
        vec![0, length],
        vec![0, 0],
        vec![8, length + 8],
        vec![0],
        vec![0, 8, 16],
    ] {
        let bytes = fragments("2", (wrong.clone(), vec![first.clone(); 2]), &[], RLE);
        let path = put(dir.path(), "wrong.dcm", &bytes);
        frame_refused(&path, 1, "table of offsets");
    }
}

/// Streams of JPEG 2000, cut into pieces.
#[test]
fn encoded_frames_of_several_fragments_are_told_apart_by_a_table_or_their_streams() {
    let size = of_16_by_8(&[]);
    let mut whole = codestream("grey16.j2k");
    whole.extend((whole.len() % 2 == 1).then_some(0));
    let cut = |at: usize| [whole[..at].to_vec(), whole[at..].to_vec()];
    let pieces = [&cut(60)[..], std::slice::from_ref(&whole), &cut(80)].concat();
    let offsets = [0, whole.len() as u32 + 16, 2 * whole.len() as u32 + 24];
    let alone = pixels(&encoded(&whole, &size, JPEG_2000));
    let extended = PrimitiveValue::U64(offsets.iter().map(|&offset| offset.into()).collect());
    let extended = (Tag(0x7fe0, 0x0001), VR::OV, extended);
    let dir = tempfile::tempdir().unwrap();
    for (table, more) in [
        (offsets.to_vec(), size.clone()),
        (vec![], size.clone()),
        (vec![], [&size[..], &[extended]].concat()),
    ] {
        let bytes = fragments("3", (table, pieces.clone()), &more, JPEG_2000);
        let path = put(dir.path(), "scan.dcm", &bytes);
        for number in 1..=3 {
            assert_eq!(frame(&path, number).unwrap(), alone);
        }
    }
    let bytes = fragments("2", (vec![], pieces), &size, JPEG_2000);
    let path = put(dir.path(), "two.dcm", &bytes);
    frame_refused(&path, 1, "cannot be told apart");
}

/// It would not fit into the limit of a file that is read whole. Its values are 0 but for a frame's.
#[test]
fn only_the_frame_is_read_of_a_file_however_large() {
    let large = [(tags::ROWS, 512_u16), (tags::COLUMNS, 512)];
    let large = large.map(|(tag, value)| (tag, VR::US, PrimitiveValue::from(value)));
    let more = [&large[..], &[number_of_frames("2000")]].concat();
    let mut bytes = file([0; 6], &more, EXPLICIT);
    let start = bytes.len() - 12;
    let (frame_bytes, all) = (512 * 512 * 2_u64, 2000 * 512 * 512 * 2_u64);
    bytes[start - 4..start].copy_from_slice(&(all as u32).to_le_bytes());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scan.dcm");
    let mut written = File::create(&path).unwrap();
    written.write_all(&bytes[..start]).unwrap();
    let at = start as u64 + 1499 * frame_bytes;
    written.seek(SeekFrom::Start(at)).unwrap();
    written.write_all(&[0xff, 0xff]).unwrap();
    // A sparse file of a gigabyte.
    written.set_len(start as u64 + all).unwrap();
    assert_eq!(frames_in(&path), 2000);
    let image = frame(&path, 1500).unwrap().pixels.into_8_bits();
    assert_eq!((image.width, image.data[0], image.data[1]), (512, 255, 0));
    let dark = frame(&path, 1501).unwrap().pixels.into_8_bits();
    assert_eq!(dark.data[0], dark.data[1]);
    written.set_len(start as u64 + all - 1).unwrap();
    assert_eq!(frames_in(&path), 2000);
    frame_refused(&path, 2000, "claims more than the file holds");
}

#[test]
fn numbers_of_frames_that_are_not_to_be_believed_are_refused_and_make_no_images() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |bytes: &[u8], word: &str| {
        let path = put(dir.path(), "scan.dcm", bytes);
        assert_eq!(images_in(vec![path.clone()]), std::slice::from_ref(&path));
        let reason = decode_file(&path).unwrap_err().reason();
        assert!(reason.contains(word), "no \"{word}\" in: {reason}");
        frame_refused(&path, 1, "");
    };
    for (frames, word) in [
        ("4097", "at most 4096"),
        ("2147483647", "at most 4096"),
        ("4000", "more than are in the file"),
        ("0", "0 frames"),
    ] {
        refused(&file([0; 6], &[number_of_frames(frames)], EXPLICIT), word);
    }
    let video = "1.2.840.10008.1.2.4.102";
    let pieces = vec![vec![0; 64]];
    refused(
        &fragments("8", (vec![], pieces), &[], video),
        "a video of 8 frames",
    );
    let doses = [(tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(32_u16))];
    refused(&three(&doses, EXPLICIT), "3 frames of 32-bit values");
    // As many bytes as frames, or fewer, or none.
    for (values, word) in [(13, "not as long"), (20, "not as long"), (0, "not as long")] {
        let values = PrimitiveValue::U16(vec![1; values].into());
        let all = [(tags::PIXEL_DATA, VR::OW, values), number_of_frames("2")];
        let path = put(dir.path(), "scan.dcm", &file([0; 6], &all, EXPLICIT));
        frame_refused(&path, 1, word);
    }
    let bits = [(tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(1_u16))];
    let path = put(dir.path(), "bits.dcm", &three(&bits, EXPLICIT));
    frame_refused(&path, 1, "do not begin with a byte");
    let path = put(dir.path(), "one.dcm", &file([0; 6], &[], EXPLICIT));
    frame_refused(&path, 1, "no DICOM file of several frames");
    let path = put(dir.path(), "text.dcm", b"no DICOM at all");
    frame_refused(&path, 1, "no DICOM file of several frames");
}

/// Any image or error, but no panic that is not caught, no patient, and never another frame's pixels
/// for a change before the pixels that leaves rows and columns.
#[test]
fn no_changed_byte_of_a_file_of_frames_panics() {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        three(&[], EXPLICIT),
        fragments(
            "2",
            (vec![0, 88], vec![run_lengths(), run_lengths()]),
            &[],
            RLE,
        ),
    ];
    for whole in files {
        for at in 132..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                let path = put(dir.path(), "scan.dcm", &bytes);
                for image in images_in(vec![path.clone()]) {
                    if let Err(error) = decode_file(&image) {
                        assert!(!error.reason().contains("Yamada"), "{error}");
                    }
                }
            }
        }
        for end in 132..whole.len() {
            let path = put(dir.path(), "scan.dcm", &whole[..end]);
            let images = images_in(vec![path]);
            let last = decode_file(images.last().unwrap());
            assert!(last.is_err(), "cut at {end} of {}", whole.len());
        }
    }
}

fn names(folder: &ImageFolder) -> Vec<String> {
    let below = |path: &Path| {
        path.strip_prefix(&folder.root)
            .unwrap()
            .display()
            .to_string()
    };
    folder
        .samples
        .iter()
        .map(|sample| below(&sample.path))
        .collect()
}

/// A file of so many frames of six values.
fn many(frames: usize) -> Vec<u8> {
    let values = (0..6 * frames).map(|i| (i * i % 251) as u16);
    let values = PrimitiveValue::U16(values.collect());
    let frames = number_of_frames(&frames.to_string());
    file(
        [0; 6],
        &[(tags::PIXEL_DATA, VR::OW, values), frames],
        EXPLICIT,
    )
}

#[test]
fn every_frame_in_a_class_folder_is_an_image_in_the_order_of_the_frames() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a/scan.dcm", &many(11));
    put(dir.path(), "a/scan-2.DCM", &many(2));
    put(dir.path(), "b/alone.dcm", &many(1));
    let folder = ImageFolder::open(dir.path()).unwrap();
    let mut expected: Vec<String> = (1..=2).map(|n| format!("a/scan-2.DCM#{n}")).collect();
    expected.extend((1..=11).map(|n| format!("a/scan.dcm#{n}")));
    expected.push("b/alone.dcm".into());
    assert_eq!(names(&folder), expected);
    for sample in &folder.samples {
        decode_file(&sample.path).unwrap();
    }
    let rows: String = expected
        .iter()
        .rev()
        .map(|name| format!("{name},{}\n", &name[..1]))
        .collect();
    fs::write(dir.path().join("frames.csv"), format!("path,label\n{rows}")).unwrap();
    let whole = "path,label\nb/alone.dcm,b\na/scan.dcm,a\na/scan-2.DCM,a\n";
    fs::write(dir.path().join("files.csv"), whole).unwrap();
    let fingerprint = folder.fingerprint().unwrap();
    for list in ["frames.csv", "files.csv"] {
        let listed = ImageFolder::open(&dir.path().join(list)).unwrap();
        assert_eq!(names(&listed), expected, "{list}");
        assert_eq!(listed.fingerprint().unwrap(), fingerprint, "{list}");
    }
    let mut other = fs::read(dir.path().join("a/scan.dcm")).unwrap();
    *other.last_mut().unwrap() ^= 1;
    put(dir.path(), "a/scan.dcm", &other);
    assert_ne!(folder.fingerprint().unwrap(), fingerprint);
    // A file with the name of a frame: which is meant is not guessed.
    put(dir.path(), "a/scan.dcm#3", &many(1));
    let path = dir.path().join("a/scan.dcm");
    frame_refused(&path, 3, "the name of a file and of a frame");
    frame(&path, 2).unwrap();
}
