//! DICOM files of several frames, each of which is an image to every command.

use std::path::Path;

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, files_below, text};

/// A data element of the explicit little-endian encoding.
fn element(tag: [u16; 2], representation: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if representation == "UI" || representation == "OB" {
            0
        } else {
            b' '
        });
    }
    let mut bytes: Vec<u8> = tag.into_iter().flat_map(u16::to_le_bytes).collect();
    bytes.extend(representation.as_bytes());
    if representation == "OB" {
        bytes.extend([0; 2]);
        bytes.extend((value.len() as u32).to_le_bytes());
    } else {
        bytes.extend((value.len() as u16).to_le_bytes());
    }
    bytes.extend(value);
    bytes
}

/// A DICOM file whose frames are these images of `side` pixels a side, with a window over all values.
fn dicom(frames: &[Vec<u8>], side: u16) -> Vec<u8> {
    let meta = [
        element([2, 2], "UI", b"1.2.840.10008.5.1.4.1.1.7"),
        element([2, 3], "UI", b"1.2.3"),
        element([2, 0x10], "UI", b"1.2.840.10008.1.2.1"),
        element([2, 0x12], "UI", b"1.2.3.4"),
    ]
    .concat();
    let number = |element_number: u16, value: u16| {
        element([0x28, element_number], "US", &value.to_le_bytes())
    };
    let count = frames.len().to_string();
    let data_set = [
        number(0x02, 1),
        element([0x28, 0x04], "CS", b"MONOCHROME2"),
        element([0x28, 0x08], "IS", count.as_bytes()),
        number(0x10, side),
        number(0x11, side),
        number(0x100, 8),
        number(0x101, 8),
        number(0x102, 7),
        number(0x103, 0),
        element([0x28, 0x1050], "DS", b"128"),
        element([0x28, 0x1051], "DS", b"256"),
        element([0x7fe0, 0x10], "OB", &frames.concat()),
    ]
    .concat();
    let length = element([2, 0], "UL", &(meta.len() as u32).to_le_bytes());
    [&[0; 128][..], b"DICM", &length, &meta, &data_set].concat()
}

/// A trained model, `scans` with the test images of each class as the frames of one file, and `alone`
/// with each in a file.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::trained("level2", 2, "learning_rate = 1e-3");
    for class in std::fs::read_dir(sandbox.path("data/Testing")).unwrap() {
        let class = class.unwrap().path();
        let grey = |file: &std::path::PathBuf| image::open(file).unwrap().to_luma8().into_raw();
        let frames: Vec<Vec<u8>> = files_below(&class).iter().map(grey).collect();
        let to = sandbox.path("scans").join(class.file_name().unwrap());
        std::fs::create_dir_all(&to).unwrap();
        std::fs::write(to.join("scan.dcm"), dicom(&frames, 32)).unwrap();
        let alone = sandbox.path("alone").join(class.file_name().unwrap());
        std::fs::create_dir_all(&alone).unwrap();
        for (number, frame) in frames.into_iter().enumerate() {
            let file = alone.join(format!("{number}.dcm"));
            std::fs::write(file, dicom(&[frame], 32)).unwrap();
        }
    }
    sandbox
}

fn eval<'a>(data: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let args = [
        "eval",
        "--run",
        "run",
        "--data",
        data,
        "--out",
        out,
        "--batch-size",
        "3",
    ];
    [&args, more].concat()
}

/// The same pixels, so the same figures, but for the names.
#[test]
fn an_evaluation_of_frames_is_that_of_the_same_images_in_files() {
    let sandbox = sandbox();
    for (data, out) in [("alone", "files"), ("scans", "frames")] {
        sandbox.succeeds(&eval(data, out, &[]));
    }
    let names = sandbox.cells("frames/images.csv", "path");
    assert_eq!(names.len(), 20);
    assert_eq!(names[..2], ["glioma/scan.dcm#1", "glioma/scan.dcm#2"]);
    for column in ["predicted", "probability", "squared_l2"] {
        let [files, frames] =
            ["files", "frames"].map(|out| sandbox.cells(&format!("{out}/images.csv"), column));
        assert_eq!(files, frames, "{column}");
    }
    assert!(sandbox.read("files/class_means.npy") == sandbox.read("frames/class_means.npy"));
    let report = ["report", "frames"];
    let warned = text(&sandbox.succeeds(&report).stderr);
    assert!(
        !warned.contains("warning"),
        "every frame has its picture: {warned}"
    );
    assert!(text(&sandbox.read("frames/report.html")).contains("scan.dcm#2"));
}

#[test]
fn shards_of_an_evaluation_of_frames_are_merged_into_the_same_bytes() {
    let sandbox = sandbox();
    sandbox.succeeds(&eval("scans", "whole", &[]));
    for shard in ["2/2", "1/2"] {
        sandbox.succeeds(&eval("scans", "merged", &["--shard", shard]));
    }
    sandbox.succeeds(&["eval", "--merge", "merged"]);
    for file in [
        "eval.json",
        "images.csv",
        "maps.safetensors",
        "class_means.npy",
    ] {
        let [whole, merged] = ["whole", "merged"].map(|dir| sandbox.read(&format!("{dir}/{file}")));
        assert!(whole == merged, "{file} differs");
    }
}

fn images(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let found = sandbox.json(args);
    let all = found["images"].as_array().unwrap();
    let name = |one: &Value| one["image"].as_str().unwrap().to_owned();
    all.iter().map(name).collect()
}

#[test]
fn a_file_is_explained_frame_by_frame_and_a_frame_by_itself() {
    let sandbox = sandbox();
    let scan = "scans/glioma/scan.dcm";
    let explain = |image: &str, out: &str| {
        let args = ["explain", "--run", "run", image, "--out", out, "--json"];
        images(&sandbox, &args)
    };
    let frames: Vec<String> = (1..=5).map(|frame| format!("{scan}#{frame}")).collect();
    assert_eq!(explain(scan, "all"), frames);
    for frame in 1..=5 {
        let picture = sandbox.path(&format!("all/scan#{frame}.explained.png"));
        assert!(picture.is_file(), "{}", picture.display());
    }
    let page = text(&sandbox.read("all/explained.html"));
    assert!(
        page.contains("./scan%233.explained.png"),
        "a link that leads there"
    );
    assert_eq!(explain(&frames[2], "one"), [&frames[2][..]]);
    let same = |picture: &str| {
        sandbox.read(&format!("all/{picture}")) == sandbox.read(&format!("one/{picture}"))
    };
    assert!(same("scan#3.explained.png"));
    let missing = format!("{scan}#6");
    let args = ["explain", "--run", "run", &missing, "--out", "none"];
    let output = sandbox.run(&args);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("holds 5 frames, and no frame 6"));

    let predict = ["predict", "--run", "run", "scans", "--out", "p.csv"];
    sandbox.succeeds(&predict);
    let predicted = sandbox.cells("p.csv", "image");
    assert_eq!(predicted.len(), 20);
    assert_eq!(predicted[..5], frames);
}

#[test]
fn frames_are_divided_by_file_and_a_list_that_parts_them_is_refused() {
    let sandbox = sandbox();
    // Three more files of each class.
    for class in ["glioma", "meningioma", "notumor", "pituitary"] {
        let first = sandbox.path(&format!("scans/{class}/scan.dcm"));
        for number in 2..=4 {
            let to = Path::new(&first).with_file_name(format!("scan-{number}.dcm"));
            std::fs::copy(&first, to).unwrap();
        }
    }
    sandbox.succeeds(&[
        "data",
        "split",
        "scans",
        "--out",
        "scans.csv",
        "--valid",
        "0.25",
    ]);
    let (paths, splits) = (
        sandbox.cells("scans.csv", "path"),
        sandbox.cells("scans.csv", "split"),
    );
    assert_eq!(paths.len(), 80);
    let side = |path: &str| {
        let file = path.split('#').next().unwrap();
        let rows = paths
            .iter()
            .zip(&splits)
            .filter(|(path, _)| path.starts_with(file));
        let rows = rows.filter(|(path, _)| path[file.len()..].starts_with('#'));
        rows.map(|(_, split)| split.clone()).collect::<Vec<_>>()
    };
    for path in &paths {
        let sides = side(path);
        assert_eq!(sides.len(), 5);
        assert!(
            sides.iter().all(|one| *one == sides[0]),
            "{path}: {sides:?}"
        );
    }
    let args = [
        "eval",
        "--run",
        "run",
        "--data",
        "scans.csv/valid",
        "--json",
    ];
    assert_eq!(sandbox.json(&args)["data"]["images"], 20);
    sandbox.write(
        "apart.csv",
        "path,label,split\nscans/glioma/scan.dcm#1,glioma,train\nscans/glioma/scan.dcm#2,glioma,test\n",
    );
    let args = ["eval", "--run", "run", "--data", "apart.csv/test"];
    assert_refused(
        &sandbox,
        &args,
        &["line 3, column split", "belong together"],
    );
}

/// One sample a frame would be thousands of errors.
#[test]
fn a_file_that_says_it_has_more_frames_than_bytes_is_one_image_that_is_skipped() {
    let sandbox = sandbox();
    let mut bytes = dicom(&vec![vec![7; 32 * 32]; 1000], 32);
    bytes.truncate(2000);
    std::fs::write(sandbox.path("scans/glioma/short.dcm"), bytes).unwrap();
    let output = sandbox.succeeds(&eval("scans", "looked", &[]));
    let warned = text(&output.stderr);
    assert_eq!(warned.matches("short.dcm").count(), 1, "{warned}");
    assert_eq!(sandbox.cells("looked/images.csv", "path").len(), 20);
}
