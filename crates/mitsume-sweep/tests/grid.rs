//! `sweep.toml` and its cells.

use std::path::Path;

use mitsume_sweep::{SweepConfig, SweepDir, preset};

const SMALLEST: &str =
    "models = [\"level2\"]\n[data.brain]\ntrain = \"a/Training\"\nvalid = \"a/Testing\"\n";

fn config(text: &str) -> SweepConfig {
    SweepConfig::from_toml(text, Path::new("sweep.toml")).unwrap()
}

fn names(text: &str) -> Vec<String> {
    let cells = config(text).cells(Path::new("sweep.toml")).unwrap();
    cells.into_iter().map(|cell| cell.name).collect()
}

#[track_caller]
fn refused(text: &str, words: &[&str]) {
    let parsed = SweepConfig::from_toml(text, Path::new("sweep.toml"));
    let error = match parsed {
        Ok(config) => config.cells(Path::new("sweep.toml")).unwrap_err(),
        Err(error) => error,
    };
    assert!(error.is_request());
    let text = error.to_string();
    for word in words.iter().chain(&["sweep.toml"]) {
        assert!(text.contains(word), "no \"{word}\" in: {text}");
    }
}

#[test]
fn the_smallest_sweep_is_one_plain_run() {
    let cells = config(SMALLEST).cells(Path::new("sweep.toml")).unwrap();
    assert_eq!(cells.len(), 1);
    assert_eq!(cells[0].name, "brain-level2-lambda0-seed0");
    let run = &cells[0].config;
    assert_eq!((run.model.name.as_str(), run.train.seed), ("level2", 0));
    assert_eq!(run.consistency.lambda_max, 0.0);
    assert_eq!(run.data.title(), "brain");
    assert!(
        run.data.train.is_absolute(),
        "so that tasks elsewhere find it"
    );
}

#[test]
fn every_combination_is_a_cell_seed_by_seed() {
    let text = format!(
        "lambdas = [-100, 0.5]\nseeds = [3, 1]\n{SMALLEST}[grid]\n\
         \"train.learning_rate\" = [0.001]\nconsistency.alpha = [\"full\", \"detached\"]\n\
         [run.train]\nepochs = 4\n"
    );
    let all = names(&text);
    assert_eq!(all.len(), 8);
    assert_eq!(
        all[0],
        "brain-level2-alpha-full-learning-rate-0.001-lambda-100-seed3"
    );
    assert_eq!(
        all[1],
        "brain-level2-alpha-full-learning-rate-0.001-lambda0.5-seed3"
    );
    assert!(all[..4].iter().all(|name| name.ends_with("seed3")));
    let cells = config(&text).cells(Path::new("sweep.toml")).unwrap();
    assert!(cells.iter().all(|cell| cell.config.train.epochs == 4));
    assert!(
        cells
            .iter()
            .all(|cell| cell.config.train.learning_rate == 0.001)
    );
}

#[test]
fn names_contain_no_path_separators() {
    let text = "models = [\"level1\"]\n[data.\"../a b\"]\ntrain = \"x\"\nvalid = \"y\"\n";
    assert_eq!(names(text), ["a-b-level1-lambda0-seed0"]);
}

#[test]
fn mistakes_are_named() {
    refused(
        "models = []\n[data.a]\ntrain = \"x\"\nvalid = \"y\"",
        &["models", "empty"],
    );
    refused("models = [\"level2\"]\n[data]\n", &["data", "[data.NAME]"]);
    refused(
        &format!("seed = [1]\n{SMALLEST}"),
        &["unknown field `seed`", "seeds"],
    );
    refused(
        &format!("seeds = [1, 1]\n{SMALLEST}"),
        &["two runs", "seed1"],
    );
    refused(
        &format!("{SMALLEST}[grid]\ntrain.epohs = [1]"),
        &["train.epochs"],
    );
    refused(
        &format!("{SMALLEST}[grid]\ntrain.epochs = 3"),
        &["grid.train.epochs", "a list"],
    );
    refused(
        &format!("{SMALLEST}[grid]\ntrain.seed = [3]"),
        &["train.seed", "seeds"],
    );
    refused(
        &format!("{SMALLEST}[run.train]\nseed = 3"),
        &["run.train.seed", "grid"],
    );
    refused(&format!("{SMALLEST}[run]\ntrain = 3"), &["train"]);
    refused(
        &SMALLEST.replace("level2", "level9"),
        &["model.name", "level9"],
    );
    let huge: Vec<String> = (0..300).map(|i| i.to_string()).collect();
    let huge = huge.join(", ");
    refused(
        &format!("seeds = [{huge}]\nlambdas = [{huge}]\n{SMALLEST}"),
        &["20000"],
    );
    refused("models = 3", &["models"]);
    refused("not toml", &[]);
}

#[test]
fn a_written_sweep_reads_back_equal() {
    let text = format!(
        "lambdas = [0, 50]\n{SMALLEST}[slurm]\npartition = \"p\"\n[run.train]\nepochs = 2\n"
    );
    let before = config(&text);
    assert_eq!(config(&before.to_toml().unwrap()), before);
}

#[test]
fn set_replaces_existing_keys() {
    let mut sweep = config(&format!("{SMALLEST}[run.train]\nepochs = 9\n"));
    sweep.set("train.epochs=2").unwrap();
    sweep.set("consistency.preset=published").unwrap();
    let run = &sweep.cells(Path::new("sweep.toml")).unwrap()[0].config;
    assert_eq!(run.train.epochs, 2);
    assert_eq!(run.consistency.preset, mitsume::Preset::Published);
    assert!(sweep.set("train.epochs").is_err());
    assert!(sweep.set("train.epochs.x=1").is_err());
}

#[test]
fn presets_find_the_splits_of_a_data_set() {
    let dir = tempfile::tempdir().unwrap();
    for split in ["Train", "TEST", "val"] {
        std::fs::create_dir(dir.path().join(split)).unwrap();
    }
    let data = [(Some("mine".to_owned()), dir.path().to_owned())];
    for (name, _) in preset::PRESETS {
        for quick in [false, true] {
            let sweep = preset::preset(name, quick, &data, &[]).unwrap();
            assert!(sweep.data["mine"].train.ends_with("Train"));
            assert!(
                sweep.data["mine"].valid.ends_with("TEST"),
                "a test set comes first"
            );
            assert!(!sweep.cells(Path::new(name)).unwrap().is_empty());
        }
    }
    let cells = preset::preset("analytic", false, &data, &[]).unwrap();
    assert_eq!(cells.cells(Path::new("x")).unwrap().len(), 30);
    let error = preset::preset("analytical", false, &data, &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("analytic, learning, late"), "{error}");
    let twice = [data[0].clone(), data[0].clone()];
    assert!(preset::preset("late", true, &twice, &[]).is_err());
    std::fs::remove_dir(dir.path().join("Train")).unwrap();
    let error = preset::preset("late", true, &data, &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("train or training"), "{error}");
}

#[test]
fn a_preset_takes_other_models() {
    let dir = tempfile::tempdir().unwrap();
    for split in ["Train", "Test"] {
        std::fs::create_dir(dir.path().join(split)).unwrap();
    }
    let data = [(Some("mine".to_owned()), dir.path().to_owned())];
    let models = ["level4", "nets/vit.onnx"].map(String::from);
    let mut sweep = preset::preset("learning", true, &data, &models).unwrap();
    sweep.set("data.preprocessing.preset=imagenet").unwrap();
    let cells = sweep.cells(Path::new("learning")).unwrap();
    // Five lambdas and three seeds, as with the preset's own models.
    assert_eq!(cells.len(), 2 * 15);
    assert_eq!(cells[0].config.model.name, "level4");
    assert!(Path::new(&cells[5].config.model.name).is_absolute());
    assert_eq!(cells[5].name, "mine-vit.onnx-lambda-100-seed0");
}

#[test]
fn runs_of_files_are_named_after_them_and_by_their_folders_only_where_names_are_the_same() {
    let names = |models: &str| {
        let text = format!(
            "models = {models}\n[data.brain]\ntrain='t'\nvalid='v'\n\
             [run.data.preprocessing]\npreset = \"levels\"\n"
        );
        let cells = config(&text).cells(Path::new("sweep.toml")).unwrap();
        cells.into_iter().map(|cell| cell.name).collect::<Vec<_>>()
    };
    let end = "lambda0-seed0";
    assert_eq!(
        names("[\"level1\", \"a/one.onnx\", \"two.onnx\"]"),
        ["level1", "one.onnx", "two.onnx"].map(|model| format!("brain-{model}-{end}"))
    );
    let same = names("[\"/a/net.onnx\", \"/b/net.onnx\"]");
    assert_eq!(
        same,
        ["a", "b"].map(|folder| format!("brain-{folder}-net.onnx-{end}"))
    );
}

#[test]
fn a_folder_with_something_else_in_it_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("thesis.docx"), "").unwrap();
    let error = SweepDir::plan(dir.path(), config(SMALLEST), Path::new("sweep.toml")).unwrap_err();
    assert!(
        error.is_request() && error.to_string().contains("--out"),
        "{error}"
    );
    assert!(SweepDir::open(dir.path()).unwrap_err().is_request());
}

#[test]
fn a_run_with_another_configuration_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("sweep");
    let plan = |text: &str| SweepDir::plan(&out, config(text), Path::new("sweep.toml"));
    let sweep = plan(SMALLEST).unwrap();
    sweep.write().unwrap();
    let run = sweep.run_dir(&sweep.cells[0]);
    std::fs::create_dir(run.root()).unwrap();
    sweep.cells[0].config.write(&run.config()).unwrap();
    plan(&format!("seeds = [0, 1]\n{SMALLEST}")).expect("a grid may grow");
    let error = plan(&format!("{SMALLEST}[run.train]\nepochs = 7\n"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("epochs = 20") && error.contains("epochs = 7"),
        "{error}"
    );
}
