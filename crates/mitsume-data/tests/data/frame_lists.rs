//! Frames of DICOM files in lists and divisions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use mitsume_data::check::check;
use mitsume_data::divide::{DividePlan, DivideSource, ExistingSplits, ValidShare};
use mitsume_data::{ImageFolder, MultiLabelData, PatientPattern};

/// A file of 2 x 2 pixels in so many frames, all different.
fn write_frames(file: &Path, frames: u16, first: u16) {
    let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let values = (0..4 * frames).map(|i| first + i * i);
    let values = PrimitiveValue::U16(values.collect());
    let object = InMemDicomObject::from_element_iter([
        number(tags::SAMPLES_PER_PIXEL, 1),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string()),
        number(tags::ROWS, 2),
        number(tags::COLUMNS, 2),
        number(tags::BITS_ALLOCATED, 16),
        number(tags::BITS_STORED, 16),
        number(tags::HIGH_BIT, 15),
        number(tags::PIXEL_REPRESENTATION, 0),
        text(tags::WINDOW_CENTER, VR::DS, "20000"),
        text(tags::WINDOW_WIDTH, VR::DS, "40000"),
        DataElement::new(tags::PIXEL_DATA, VR::OW, values),
    ]);
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax("1.2.840.10008.1.2.1")
        .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.2")
        .media_storage_sop_instance_uid("1.2.3");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    object.with_meta(meta).unwrap().write_to_file(file).unwrap();
}

/// Files of 3 to 6 frames, `p1.dcm` and others, in two classes.
fn data_set() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (index, class) in ["a", "a", "a", "a", "b", "b", "b", "b"].iter().enumerate() {
        let file = dir.path().join(format!("{class}/p{index}.dcm"));
        write_frames(&file, 3 + index as u16 % 4, 5000 * index as u16);
    }
    dir
}

fn error(dir: &Path, rows: &str) -> String {
    let list = dir.join("list.csv");
    fs::write(&list, rows).unwrap();
    ImageFolder::open(&list).unwrap_err().to_string()
}

#[test]
fn single_frames_are_listed_with_labels_of_their_own() {
    let dir = data_set();
    let rows = "path,label,patient\na/p0.dcm#3,lesion,x\na/p0.dcm#1,none,x\na/p1.dcm,none,y\n";
    let list = dir.path().join("list.csv");
    fs::write(&list, rows).unwrap();
    let folder = ImageFolder::open(&list).unwrap();
    let named = |class: usize| -> Vec<String> {
        let of_class = folder.samples.iter().filter(|sample| sample.class == class);
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        of_class.map(|sample| name(&sample.path)).collect()
    };
    assert_eq!(named(0), ["p0.dcm#3"]);
    assert_eq!(
        named(1),
        ["p0.dcm#1", "p1.dcm#1", "p1.dcm#2", "p1.dcm#3", "p1.dcm#4"]
    );
    let patient = |sample: usize| &folder.patients[&folder.samples[sample].path];
    assert_eq!((patient(0), patient(5)), (&"x".to_owned(), &"y".to_owned()));
}

#[test]
fn frames_that_are_not_there_or_stand_twice_are_refused_with_their_line() {
    let dir = data_set();
    let found = error(dir.path(), "path,label\na/p0.dcm#1,a\na/p0.dcm#4,b\n");
    assert!(
        found.contains("line 3, column path") && found.contains("has 3 frames"),
        "{found}"
    );
    let found = error(dir.path(), "path,label\na/p0.dcm,a\na/p0.dcm#2,b\n");
    assert!(
        found.contains("line 3") && found.contains("stands in line 2 too"),
        "{found}"
    );
    let found = error(dir.path(), "path,label\na/p9.dcm#2,b\n");
    assert!(found.contains("there is no file"), "{found}");
    fs::write(dir.path().join("a/x.png"), "no image").unwrap();
    let found = error(dir.path(), "path,label\na/x.png#1,b\n");
    assert!(found.contains("no DICOM file of several frames"), "{found}");
}

#[test]
fn frames_of_one_file_are_of_one_split_and_one_patient() {
    let dir = data_set();
    let rows = "path,label,split\na/p0.dcm#1,a,train\nb/p4.dcm,b,train\na/p0.dcm#2,a,test\n";
    let found = error(dir.path(), rows);
    assert!(
        found.contains("line 4, column split") && found.contains("line 2"),
        "{found}"
    );
    let rows = "path,label,patient\na/p0.dcm#1,a,x\na/p0.dcm#2,b,y\n";
    let found = error(dir.path(), rows);
    assert!(found.contains("line 3, column patient"), "{found}");
}

#[test]
fn frames_of_one_file_are_on_one_side_of_a_division() {
    let dir = data_set();
    // With a pattern that the number of the frame would answer, too.
    for pattern in [None, Some(PatientPattern::new(r"\d+").unwrap())] {
        let source =
            DivideSource::read(dir.path(), ExistingSplits::Refuse, pattern.as_ref()).unwrap();
        assert_eq!(source.len(), 2 * (3 + 4 + 5 + 6));
        for seed in 0..20 {
            let plan = DividePlan {
                valid: ValidShare::Fraction(0.25),
                test: 0.25,
                seed,
            };
            let list = source.divide(&plan).unwrap().remove(0);
            let mut sides: BTreeMap<String, Vec<_>> = BTreeMap::new();
            for image in &list {
                let name = image.path.to_string_lossy();
                let file = name.split('#').next().unwrap().to_owned();
                sides
                    .entry(file)
                    .or_default()
                    .push((image.split, image.patient.clone()));
            }
            assert_eq!(sides.len(), 8);
            for (file, sides) in sides {
                assert!(
                    sides.iter().all(|side| *side == sides[0]),
                    "{file}: {sides:?}"
                );
            }
        }
    }
}

#[test]
fn findings_of_a_file_are_those_of_each_of_its_frames() {
    let dir = data_set();
    let list = dir.path().join("list.csv");
    fs::write(
        &list,
        "path,labels\nb/p4.dcm,x|y\na/p0.dcm#2,y\na/p1.dcm,\n",
    )
    .unwrap();
    let data = MultiLabelData::open(&list, None).unwrap();
    let found: Vec<&[usize]> = (0..data.folder.samples.len())
        .map(|i| data.findings(i))
        .collect();
    let both: &[usize] = &[0, 1];
    assert_eq!(found, [both, both, both, &[1], &[], &[], &[], &[]]);
    assert!(data.folder.samples[3].path.ends_with("a/p0.dcm#2"));
}

#[test]
fn every_frame_is_checked() {
    let dir = data_set();
    let report = check(dir.path(), None, &|_, _| ()).unwrap();
    assert_eq!(report.splits[0].images, 36);
    assert_eq!(report.unreadable, [""; 0]);
    assert_eq!(report.splits[0].sizes["2x2"], 36);
}
