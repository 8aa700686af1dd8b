//! `mitsume data remove`, and retraining on what it writes.

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, files_below, text};

const REMOVE: [&str; 8] = [
    "data",
    "remove",
    "--run",
    "run",
    "--train",
    "data/Training",
    "--test",
    "data/Testing",
];

fn args<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&REMOVE[..], &["--out", out], more].concat()
}

fn trained() -> Sandbox {
    Sandbox::trained("level2", 3, "learning_rate = 0.003")
}

/// Grey values of a picture.
fn grey(sandbox: &Sandbox, path: &str) -> Vec<u8> {
    let picture = image::load_from_memory(&sandbox.read(path)).unwrap();
    assert_eq!((picture.width(), picture.height()), (32, 32), "{path}");
    picture.to_luma8().into_raw()
}

#[test]
fn exactly_the_share_of_the_pixels_becomes_the_mean_of_the_training_images() {
    let sandbox = trained();
    let record = sandbox.json(&args("out", &["--share", "0.5,0.25", "--json"]));
    let sets: Vec<&str> = record["sets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| set["name"].as_str().unwrap())
        .collect();
    let orders = ["grad-cam", "random-map", "random-pixels"];
    let named = orders.map(|order| [format!("{order}-0.25"), format!("{order}-0.5")]);
    assert_eq!(sets[0], "unchanged");
    assert_eq!(sets[1..], named.concat());
    assert_eq!(record["images"], serde_json::json!([48, 20]));
    let kept: Value = serde_json::from_slice(&sandbox.read("out/removal.json")).unwrap();
    assert_eq!(kept, record);

    let mut sum = 0;
    let unchanged = files_below(&sandbox.path("out/unchanged/Training"));
    assert_eq!(unchanged.len(), 48);
    for file in &unchanged {
        let pixels = image::open(file).unwrap().to_luma8().into_raw();
        sum += pixels.iter().map(|&value| u64::from(value)).sum::<u64>();
    }
    let mean = (sum as f64 / (48.0 * 1024.0)).round() as u64;
    assert_eq!(record["mean"], serde_json::json!([mean]));

    // The pictures are of 32x32 and the network's images too, so that nothing was resized.
    // torchvision's conversion to grey, which the levels take, makes v - 1 of a grey v above 0.
    let original = grey(&sandbox, "data/Training/glioma/0000.png");
    let original: Vec<u8> = original.iter().map(|v| v.saturating_sub(1)).collect();
    let first = "Training/glioma/000000.png";
    assert_eq!(grey(&sandbox, &format!("out/unchanged/{first}")), original);
    for order in orders {
        let removed = |share: &str| -> Vec<usize> {
            let changed = grey(&sandbox, &format!("out/{order}-{share}/{first}"));
            let pixels = original.iter().zip(&changed).enumerate();
            let differing = pixels.filter(|(_, (before, after))| before != after);
            differing
                .map(|(pixel, (_, after))| {
                    assert_eq!(u64::from(*after), mean);
                    pixel
                })
                .collect()
        };
        let (quarter, half) = (removed("0.25"), removed("0.5"));
        // A pixel that had the mean before is not seen to change.
        let unseen = original
            .iter()
            .filter(|&&value| u64::from(value) == mean)
            .count();
        assert!(
            quarter.len() <= 256 && quarter.len() + unseen >= 256,
            "{order}"
        );
        assert!(half.len() <= 512 && half.len() + unseen >= 512, "{order}");
        assert!(quarter.iter().all(|pixel| half.contains(pixel)), "{order}");
    }
}

#[test]
fn neither_threads_nor_other_shares_change_a_picture_and_the_seed_changes_the_random_ones() {
    let sandbox = trained();
    let share = ["--share", "0.3"];
    sandbox.succeeds(&args("a", &[&share[..], &["--threads", "1"]].concat()));
    sandbox.succeeds(&args("b", &["--share", "0.1,0.3", "--threads", "3"]));
    sandbox.succeeds(&args("c", &[&share[..], &["--seed", "1"]].concat()));
    let picture =
        |out: &str, set: &str| sandbox.read(&format!("{out}/{set}/Testing/notumor/000010.png"));
    for set in [
        "unchanged",
        "grad-cam-0.3",
        "random-map-0.3",
        "random-pixels-0.3",
    ] {
        assert_eq!(picture("a", set), picture("b", set), "{set}");
        let same = picture("a", set) == picture("c", set);
        assert_eq!(same, !set.starts_with("random"), "{set}");
    }
}

#[test]
fn a_sweep_retrains_on_every_set_and_the_analysis_draws_kappa_over_the_share() {
    let sandbox = trained();
    sandbox.succeeds(&args(
        "out",
        &["--share", "0.5", "--by", "map,random-pixels"],
    ));
    let sweep = text(&sandbox.read("out/sweep.toml")).replace("level2", "level1");
    sandbox.write("sweep.toml", sweep + "\n[run.train]\nepochs = 1\n");
    sandbox.succeeds(&["sweep", "--config", "sweep.toml", "--out", "swept"]);
    let analysis = sandbox.json(&["analyze", "swept", "--out", "analysis", "--json"]);
    let roar = &analysis["roar"][0];
    let points = roar["points"].as_array().unwrap();
    let point = |by: &str, share: f64| {
        let found = points
            .iter()
            .find(|one| one["by"] == by && one["share"] == share);
        found.unwrap_or_else(|| panic!("{by} {share}: {roar}"))
    };
    for by in ["grad-cam", "random-pixels"] {
        assert_eq!(point(by, 0.0)["runs"], 3);
        assert_eq!(point(by, 0.5)["runs"], 3);
        let kappas = (0..3).map(|seed| {
            let run = format!("swept/runs/{by}-0.5-level1-lambda0-seed{seed}");
            *sandbox.column(&run, "kappa").last().unwrap()
        });
        let mean = kappas.sum::<f64>() / 3.0;
        let found = point(by, 0.5)["mean_kappa"].as_f64().unwrap();
        assert!((found - mean).abs() < 1e-12, "{by}: {found}, {mean}");
    }
    let difference = &roar["differences"][0];
    assert_eq!(
        (&difference["by"], &difference["pairs"]),
        (&"grad-cam".into(), &3.into())
    );
    let page = text(&sandbox.read("analysis/report.html"));
    assert!(page.contains("Remove and retrain (ROAR)"));
    let figure = text(&sandbox.read("analysis/figures/roar-level1.svg"));
    assert!(figure.starts_with("<svg") && !figure.contains("NaN"));
}

#[test]
fn what_would_be_overwritten_or_is_out_of_range_is_refused_and_nothing_is_left() {
    let sandbox = trained();
    assert_refused(&sandbox, &args("data", &[]), &["data", "is not empty"]);
    assert_refused(
        &sandbox,
        &args("out", &["--share", "0"]),
        &["--share", "above 0"],
    );
    assert_refused(&sandbox, &args("out", &["--share", "nan"]), &["--share"]);
    assert_refused(&sandbox, &args("out", &["--by", "luck"]), &["--by"]);
    let broken = files_below(&sandbox.path("data/Testing")).remove(0);
    std::fs::write(&broken, "no image").unwrap();
    assert_refused(&sandbox, &args("out", &[]), &["remove the file"]);
    assert!(!sandbox.path("out").exists());
    let left = std::fs::read_dir(sandbox.path(".")).unwrap();
    let hidden = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".tmp-")
    });
    assert_eq!(hidden.count(), 0);
}
