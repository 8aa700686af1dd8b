//! `explain` on folders, and on images some of which cannot be read.

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, files_below, text};

/// A sandbox with `run`, a level 1 trained for an epoch, and `scans`, an unlabelled folder.
fn sandbox_with_scans() -> Sandbox {
    let sandbox = Sandbox::trained("level1", 1, "");
    std::fs::create_dir_all(sandbox.path("scans/later")).unwrap();
    for (from, to) in [
        ("glioma/0000.png", "scans/one.png"),
        ("notumor/0000.png", "scans/two, or so.png"),
        ("pituitary/0000.png", "scans/later/one.png"),
    ] {
        std::fs::copy(sandbox.path("data/Testing").join(from), sandbox.path(to)).unwrap();
    }
    sandbox
}

/// Rows of `explained.csv`, by column.
fn read_table(sandbox: &Sandbox, out: &str) -> Vec<std::collections::HashMap<String, String>> {
    let bytes = sandbox.read(&format!("{out}/explained.csv"));
    let mut csv = csv::Reader::from_reader(&bytes[..]);
    csv.deserialize().map(Result::unwrap).collect()
}

#[test]
fn a_folder_without_labels_becomes_a_table_pictures_and_a_page() {
    let sandbox = sandbox_with_scans();
    let args = [
        "explain",
        "--run",
        "run",
        "scans",
        "--reference",
        "run",
        "--out",
        "out",
    ];
    let output = sandbox.succeeds(&args);
    assert!(text(&output.stdout).contains("out/explained.html"));
    let rows = read_table(&sandbox, "out");
    let images: Vec<_> = rows.iter().map(|row| row["image"].as_str()).collect();
    assert_eq!(
        images,
        [
            "scans/one.png",
            "scans/two, or so.png",
            "scans/later/one.png"
        ]
    );
    for row in &rows {
        let classes = ["glioma", "meningioma", "notumor", "pituitary"];
        let probability = |class: &str| {
            let index = classes.iter().position(|one| *one == class).unwrap();
            row[&format!("p{index}:{class}")].parse::<f64>().unwrap()
        };
        let sum: f64 = classes.iter().map(|class| probability(class)).sum();
        assert!((sum - 1.0).abs() < 1e-5);
        let largest = classes
            .into_iter()
            .max_by(|a, b| probability(a).total_cmp(&probability(b)));
        assert_eq!(row["predicted"], largest.unwrap());
        assert!(image::open(sandbox.path("out").join(&row["picture"])).is_ok());
        assert_eq!(row["error"], "");
    }
    assert!(
        rows.iter()
            .any(|row| row["squared_l2"].parse::<f64>().is_ok()),
        "{rows:?}"
    );
    let page = text(&sandbox.read("out/explained.html"));
    assert_eq!(page.matches("<img").count(), 6);
    assert!(page.contains("two, or so.png") && !page.contains("://"));
    // Again into the same folder, which lies in the one that is explained: no picture of a picture.
    let inside = ["explain", "--run", "run", "scans", "--out", "scans"];
    for _ in 0..2 {
        assert!(sandbox.run(&inside).status.success());
        assert_eq!(read_table(&sandbox, "scans").len(), 3);
    }
}

#[test]
fn images_of_one_name_keep_pictures_of_their_own() {
    let sandbox = sandbox_with_scans();
    let args = [
        "explain",
        "--run",
        "run",
        "data/Testing",
        "scans",
        "scans/one.png",
        "--json",
        "--out",
        "out",
    ];
    let output = sandbox.succeeds(&args);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["images"].as_array().unwrap().len(), 24);
    let mut files = files_below(&sandbox.path("out"));
    files.retain(|file| file.to_string_lossy().ends_with(".explained.png"));
    assert_eq!(files.len(), 24);
    let probabilities = &json["images"][0]["probabilities"];
    assert_eq!(
        probabilities.as_array().unwrap().len(),
        json["classes"].as_array().unwrap().len()
    );
}

#[test]
fn an_image_that_cannot_be_read_stops_none_of_the_others() {
    let sandbox = sandbox_with_scans();
    sandbox.write("scans/broken.png", b"no picture");
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    let args = [
        "explain",
        "--run",
        "run",
        "nowhere.png",
        "scans",
        "empty",
        "--out",
        "out",
    ];
    let output = sandbox.run(&args);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let last = stderr.rsplit("error:").next().unwrap();
    for word in [
        "3 of 6",
        "nowhere.png",
        "broken.png",
        "empty: no image file",
    ] {
        assert!(last.contains(word), "no {word:?} in {stderr}");
    }
    let rows = read_table(&sandbox, "out");
    assert_eq!(rows.len(), 6);
    assert_eq!(rows.iter().filter(|row| row["error"].is_empty()).count(), 3);
    let page = text(&sandbox.read("out/explained.html"));
    assert!(page.contains("3 images could not be explained") && page.contains("nowhere.png"));
    // Where nothing can be done nothing is left, and the request was wrong.
    let none = [
        "explain",
        "--run",
        "run",
        "nowhere.png",
        "scans/broken.png",
        "--out",
        "none",
    ];
    assert_refused(&sandbox, &none, &["nowhere.png", "broken.png"]);
    assert!(!sandbox.path("none").exists());
}

/// Float32 values of a NumPy file, and its shape.
fn parse_npy(bytes: &[u8]) -> (Vec<f32>, [usize; 2]) {
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (header, values) = bytes[10..].split_at(header);
    let header = text(header);
    assert!(
        header.contains("'<f4'") && header.contains("False"),
        "{header}"
    );
    let shape = header.split(['(', ')']).nth(1).unwrap();
    let mut sides = shape.split(',').map(|side| side.trim().parse().unwrap());
    let shape = [sides.next().unwrap(), sides.next().unwrap()];
    let values = values.chunks_exact(4);
    let values = values.map(|four| f32::from_le_bytes(four.try_into().unwrap()));
    (values.collect(), shape)
}

#[test]
fn maps_are_drawn_at_the_images_own_resolution_and_written_as_they_are() {
    let sandbox = sandbox_with_scans();
    // Six times as large as it was, so that nothing here is of the network's size.
    let small = image::open(sandbox.path("scans/one.png")).unwrap();
    let (width, height) = (small.width() * 6, small.height() * 6);
    let large = small.resize_exact(width, height, image::imageops::FilterType::Nearest);
    large.save(sandbox.path("large.png")).unwrap();
    let explain = |alpha: &str, out: &str| {
        let args = [
            "explain",
            "--run",
            "run",
            "large.png",
            "--overlay",
            "--raw-maps",
            "--method",
            "random",
        ];
        let style = ["--colour-map", "viridis", "--alpha", alpha, "--out", out];
        sandbox.succeeds(&[&args[..], &style].concat());
        let row = read_table(&sandbox, out).remove(0);
        assert_eq!(row["overlay"], "large.explained.overlay.png");
        let file = |name: &str| sandbox.path(out).join(&row[name]);
        let picture = image::open(file("overlay")).unwrap().into_rgb8();
        (picture, parse_npy(&std::fs::read(file("map")).unwrap()))
    };
    let (picture, (values, [h, w])) = explain("1", "map");
    assert_eq!(picture.height(), height);
    assert!(
        (width + 40..width + 120).contains(&picture.width()),
        "a colour bar beside it"
    );
    let most = (0..h * w)
        .max_by(|a, b| values[*a].total_cmp(&values[*b]))
        .unwrap();
    assert!(
        (values[most] - 1.0).abs() < 1e-5,
        "maps are scaled to a largest value of 1"
    );
    let centre =
        |at: usize, of: usize, side: u32| ((at as f64 + 0.5) / of as f64 * f64::from(side)) as u32;
    let (x, y) = (centre(most % w, w, width), centre(most / w, h, height));
    // matplotlib's viridis at 1; the pixel lies within half a pixel of the element's centre.
    let [r, g, b] = picture.get_pixel(x, y).0.map(i32::from);
    assert!(
        (r - 253).abs() < 12 && (g - 231).abs() < 12 && (b - 37).abs() < 12,
        "{r} {g} {b}"
    );

    let (picture, _) = explain("0", "image");
    let original = large.into_rgb8();
    let same = original
        .enumerate_pixels()
        .all(|(x, y, p)| picture.get_pixel(x, y) == p);
    assert!(same, "without opacity the image is as it was");
}

#[test]
fn opacities_and_colour_maps_that_do_not_exist_are_refused() {
    let sandbox = Sandbox::new();
    let refuse = |flag: &str, value: &str| {
        let args = [
            "explain", "--run", "run", "x.png", "--out", "out", flag, value,
        ];
        text(&sandbox.run(&args).stderr)
    };
    assert!(refuse("--alpha", "1.5").contains("from 0 to 1"));
    assert!(refuse("--alpha", "NaN").contains("from 0 to 1"));
    assert!(refuse("--colour-map", "rainbow").contains("cividis"));
}
