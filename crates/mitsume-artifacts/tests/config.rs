//! `run.toml`: defaults, presets, overrides and the messages of errors.

use std::path::Path;

use mitsume::methods::Method;
use mitsume::{AlphaGradient as Alpha, LossDistance, Preset, Reference};
use mitsume_artifacts::{Augment, RunConfig};

const MINIMAL: &str = r#"
    [data]
    train = "Training"
    valid = "/data/Testing"
    [model]
    name = "level2"
"#;

fn parse(text: &str) -> RunConfig {
    RunConfig::from_toml(text, Path::new("run.toml")).unwrap()
}

fn parse_with(sets: &[&str]) -> RunConfig {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    RunConfig::from_toml_with(MINIMAL, Path::new("run.toml"), &sets).unwrap()
}

fn refuse(text: &str) -> String {
    RunConfig::from_toml(text, Path::new("run.toml"))
        .unwrap_err()
        .to_string()
}

fn refuse_set(set: &str) -> String {
    let sets = [set.to_owned()];
    RunConfig::from_toml_with(MINIMAL, Path::new("run.toml"), &sets)
        .unwrap_err()
        .to_string()
}

#[test]
fn defaults_are_the_thesis_conditions() {
    let config = parse(MINIMAL);
    assert_eq!(
        config.data.train,
        std::env::current_dir().unwrap().join("Training")
    );
    assert_eq!(config.data.valid, Path::new("/data/Testing"));
    assert_eq!((config.data.image_size, config.data.channels), (224, 1));
    assert_eq!(config.data.cache, 2 << 30);
    assert_eq!(config.data.augment, Some(Augment::default()));
    assert_eq!((config.model.dropout, config.model.init), (0.5, None));
    assert_eq!((config.train.epochs, config.train.batch_size), (20, 32));
    assert_eq!((config.train.learning_rate, config.train.seed), (1e-4, 0));
    assert!(config.train.shuffle);
    assert_eq!(
        (config.train.plateau.factor, config.train.plateau.patience),
        (0.1, 5)
    );
    let consistency = config.consistency;
    assert_eq!(consistency.preset, Preset::Thesis);
    assert_eq!(consistency.method, Method::GradCam);
    assert_eq!(
        (consistency.lambda_max, consistency.t0, consistency.t1),
        (0.0, 2, 10)
    );
    assert_eq!(consistency.distance, LossDistance::SquaredL2);
    assert_eq!(consistency.reference, Reference::Ema);
    assert_eq!(
        (consistency.ema_decay, consistency.alpha),
        (0.9, Alpha::Full)
    );
}

#[test]
fn dropout_follows_the_level() {
    let dropouts = ["level1", "level2", "level3", "level4", "level5"]
        .map(|name| parse_with(&[&format!("model.name={name}")]).model.dropout);
    assert_eq!(dropouts, [0.0, 0.5, 0.5, 0.5, 0.6]);
    assert!(refuse_set("model.name=level6").contains("one of level1, level2"));
    let level1 = MINIMAL.replace("level2", "level1") + "dropout = 0.3";
    assert!(refuse(&level1).contains("model.dropout: level1 has no dropout"));
}

#[test]
fn a_preset_decides_and_explicit_keys_override_it() {
    let published = parse_with(&["consistency.preset=published"]).consistency;
    assert_eq!(
        (published.distance, published.alpha),
        (LossDistance::L2, Alpha::Detached)
    );
    let mixed = parse_with(&["consistency.preset=published", "consistency.alpha=full"]);
    assert_eq!(mixed.consistency.distance, LossDistance::L2);
    assert_eq!(mixed.consistency.alpha, Alpha::Full);
}

#[test]
fn every_method_that_can_be_trained_is_taken_and_no_other() {
    let resnet = MINIMAL.replace("level2", "level3");
    for method in Method::ALL {
        let text = format!("{resnet}[consistency]\nmethod = \"{method}\"");
        if method.is_differentiable() {
            let consistency = parse(&text).consistency;
            assert_eq!(consistency.method, method);
            assert_eq!(consistency.settings().method, method);
        } else {
            let error = refuse(&text);
            let expected = format!("run.toml: consistency.method: {method} cannot be trained: it");
            assert!(error.starts_with(&expected), "{error}");
            assert!(error.contains("one of grad-cam, hires-cam"), "{error}");
        }
    }
    let unknown = refuse_set("consistency.method=gradcam");
    let expected = "consistency.method: \"gradcam\" is no method of maps; one of grad-cam,";
    assert!(unknown.contains(expected), "{unknown}");
    assert!(!unknown.contains("eigen-cam"), "{unknown}");
    assert!(refuse_set("consistency.method=3").contains("consistency.method: invalid type"));
    assert!(refuse_set("consistency.methods=cam").contains("did you mean consistency.method?"));
}

#[test]
fn cam_is_for_the_levels_with_a_pool_and_a_linear_layer_at_the_end() {
    for (level, taken) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        let text = MINIMAL.replace("level2", &format!("level{level}"));
        let text = format!("{text}[consistency]\nmethod = \"cam\"");
        let config = RunConfig::from_toml(&text, Path::new("run.toml"));
        assert_eq!(config.is_ok(), taken, "level{level}");
        if let Err(error) = config {
            let error = error.to_string();
            let expected = "run.toml: consistency.method: cam needs a global average pool";
            assert!(error.starts_with(expected), "{error}");
            assert!(error.contains("take grad-cam"), "{error}");
        }
    }
}

#[test]
fn setting_a_preset_on_a_resolved_configuration_takes_effect() {
    let thesis = parse(MINIMAL);
    let published = thesis.with_set("consistency.preset=published").unwrap();
    assert_eq!(published.consistency.distance, LossDistance::L2);
    assert_eq!(published.consistency.alpha, Alpha::Detached);
    assert_eq!(
        thesis.with_set("model.name=level5").unwrap().model.dropout,
        0.6
    );
    assert_eq!(thesis.with_set("train.epochs = 3").unwrap().train.epochs, 3);
}

#[test]
fn the_resolved_configuration_reads_back_equal() {
    let settings: [&[&str]; 6] = [
        &[],
        &[
            "data.augment=false",
            "data.cache=123456789",
            "model.init=a b.pth",
        ],
        &[
            "consistency.preset=published",
            "consistency.reference=batch",
            "consistency.method=layer-cam",
            "data.channels=3",
        ],
        &[
            "train.seed=9223372036854775807",
            "consistency.lambda_max=-100",
            "train.learning_rate=0.1",
        ],
        &[
            "train.optimizer=sgd",
            "train.nesterov=true",
            "train.schedule=step",
            "train.step_size=5",
            "train.clip_norm=1",
            "train.accumulate=4",
            "train.class_weights=[1, 2.5, 3]",
            "train.best=none",
            "train.evaluate_every=5",
        ],
        &[
            "train.optimizer=adamw",
            "train.schedule=cosine",
            "train.warmup_epochs=2",
            "train.class_weights=balanced",
            "train.label_smoothing=0.1",
            "train.best=loss",
            "train.early_stopping=3",
            "train.weight_average=0.999",
            "data.augment.rotation=15",
            "data.augment.affine_translate=[0.1, 0.05]",
            "data.augment.brightness=0.2",
        ],
    ];
    for sets in settings {
        let config = parse_with(sets);
        assert_eq!(parse(&config.to_toml().unwrap()), config);
    }
}

#[test]
fn the_resolved_file_is_what_a_user_would_write() {
    let config = parse_with(&["data.train=/data/Training", "consistency.preset=published"]);
    insta::assert_snapshot!(config.to_toml().unwrap());
}

#[test]
fn augmentation_can_be_off_on_or_partly_set() {
    assert_eq!(parse_with(&["data.augment=false"]).data.augment, None);
    assert_eq!(
        parse_with(&["data.augment=true"]).data.augment,
        Some(Augment::default())
    );
    let partly = parse_with(&["data.augment=false", "data.augment.horizontal_flip=0"]);
    let expected = Augment {
        horizontal_flip: 0.0,
        ..Augment::default()
    };
    assert_eq!(partly.data.augment, Some(expected));
    assert!(refuse_set("data.augment=maybe").contains("data.augment: \"maybe\" is neither false"));
}

#[test]
fn sizes_are_read_with_and_without_units() {
    for (text, bytes) in [
        ("1GiB", 1 << 30),
        ("500MB", 500_000_000),
        ("0", 0),
        ("'1.5 KiB'", 1536),
        ("4096", 4096),
    ] {
        assert_eq!(
            parse_with(&[&format!("data.cache={text}")]).data.cache,
            bytes,
            "{text}"
        );
    }
    for text in ["lots", "-1", "1e30", "99999999999TiB", "true"] {
        assert!(
            refuse_set(&format!("data.cache={text}")).contains("write \"2GiB\""),
            "{text}"
        );
    }
}

#[test]
fn settings_take_toml_values_and_bare_words() {
    let config = parse_with(&["model.init=weights = 1.pth", "data.train=\"quoted path\""]);
    assert!(config.model.init.unwrap().ends_with("weights = 1.pth"));
    assert!(config.data.train.ends_with("quoted path"));
    let config = parse_with(&["data.augment.resized_crop_scale=[0.5, 1]"]);
    assert_eq!(config.data.augment.unwrap().resized_crop_scale, [0.5, 1.0]);
    assert!(refuse_set("train.epochs").contains("write key=value"));
    assert!(
        refuse_set("train.epochs=many").contains("train.epochs: invalid type: string \"many\"")
    );
    assert!(refuse_set("train=3").contains("train: must be a section"));
    assert!(refuse_set("train.epochs=3\nseed=4").contains("train.epochs: invalid type"));
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_right_one() {
    for (set, hint) in [
        ("train.epoch=3", "did you mean train.epochs?"),
        ("train.learningrate=3", "did you mean train.learning_rate?"),
        (
            "consistency.lambda=3",
            "[consistency] has preset, lambda_max",
        ),
        ("train.lambda_max=3", "did you mean consistency.lambda_max?"),
        ("epochs=3", "did you mean train.epochs?"),
        ("data.augment.flip=1", "[data.augment] has horizontal_flip"),
        (
            "banana.split=1",
            "there are data, model, train, consistency",
        ),
    ] {
        let error = refuse_set(set);
        assert!(error.contains(hint), "{set}: {error}");
        assert!(error.starts_with("--set: "), "{error}");
    }
    let error = refuse(&MINIMAL.replace("[model]", "[modle]"));
    assert!(
        error.starts_with("run.toml: modle: no such key; did you mean model?"),
        "{error}"
    );
}

#[test]
fn values_out_of_range_are_refused_by_key() {
    for set in [
        "data.image_size=8",
        "data.image_size=100000",
        "data.channels=2",
        "data.channels=4",
        "model.dropout=1",
        "model.dropout=nan",
        "train.epochs=0",
        "train.epochs=-1",
        "train.batch_size=0",
        "train.learning_rate=0",
        "train.learning_rate=inf",
        "train.seed=-1",
        "train.shuffle=1",
        "train.plateau.factor=1",
        "train.plateau.factor=nan",
        "train.accumulate=0",
        "train.accumulate=70000",
        "train.optimizer=lion",
        "train.momentum=1",
        "train.momentum=nan",
        "train.weight_decay=-1",
        "train.weight_decay=nan",
        "train.decay_norms_and_biases=1",
        "train.clip_norm=0",
        "train.clip_norm=nan",
        "train.schedule=linear",
        "train.schedule=step",
        "train.warmup_epochs=20",
        "train.step_size=0",
        "train.gamma=0",
        "train.gamma=1.5",
        "train.min_learning_rate=1",
        "train.min_learning_rate=nan",
        "train.best=accuracy",
        "train.early_stopping=0",
        "train.evaluate_every=0",
        "train.weight_average=0",
        "train.weight_average=1",
        "train.weight_average=nan",
        "train.label_smoothing=1",
        "train.label_smoothing=nan",
        "train.class_weights=even",
        "train.class_weights=2",
        "train.class_weights=[]",
        "train.class_weights=[1, 0]",
        "train.class_weights=[1, nan]",
        "train.class_weights=[1, \"2\"]",
        "consistency.lambda_max=inf",
        "consistency.lambda_max=nan",
        "consistency.t0=11",
        "consistency.distance=l3",
        "consistency.reference=mean",
        "consistency.alpha=none",
        "consistency.method=eigen-cam",
        "consistency.preset=paper",
        "consistency.ema_decay=1",
        "data.augment.horizontal_flip=1.1",
        "data.augment.resized_crop_scale=[1, 0.9]",
        "data.augment.resized_crop_scale=[0, 1]",
        "data.augment.resized_crop_scale=[0.9]",
        "data.augment.resized_crop_ratio=[nan, 1]",
        "data.augment.vertical_flip=2",
        "data.augment.rotation=-1",
        "data.augment.rotation=nan",
        "data.augment.affine_translate=[0, 2]",
        "data.augment.affine_scale=[0, 1]",
        "data.augment.brightness=-1",
        "data.augment.contrast=inf",
    ] {
        let error = refuse_set(set);
        let key = set.split('=').next().unwrap();
        // A schedule misses its step size.
        let key = if set == "train.schedule=step" {
            "train.step_size"
        } else {
            key
        };
        assert!(error.contains(key), "{set}: {error}");
    }
    let unknown = refuse_set("consistency.distance=l3");
    assert!(
        unknown.contains("one of `squared-l2`, `l2`, `l1`, `ssim`"),
        "{unknown}"
    );
    let unknown = refuse_set("train.optimizer=lion");
    let expected = "expected one of `adam`, `adamw`, `sgd`";
    assert!(unknown.contains(expected), "{unknown}");
    let sets = ["optimizer=sgd", "nesterov=true", "momentum=0"].map(|set| format!("train.{set}"));
    let error = RunConfig::from_toml_with(MINIMAL, Path::new("run.toml"), &sets).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("train.nesterov: needs a momentum")
    );
}

#[test]
fn the_optimiser_decides_its_weight_decay() {
    let decay = |sets: &[&str]| parse_with(sets).train.optimizer.weight_decay;
    assert_eq!(decay(&[]), 0.0);
    assert_eq!(decay(&["train.optimizer=sgd"]), 0.0);
    assert_eq!(decay(&["train.optimizer=adamw"]), 0.01);
    assert_eq!(
        decay(&["train.optimizer=adamw", "train.weight_decay=0"]),
        0.0
    );
    let adamw = parse_with(&["train.optimizer=adamw"]);
    let sgd = adamw.with_set("train.optimizer=sgd").unwrap();
    assert_eq!(sgd.train.optimizer.weight_decay, 0.0);
    assert_eq!(sgd.train.optimizer.momentum, 0.9);
}

#[test]
fn keys_of_another_optimiser_or_schedule_have_no_effect() {
    let keys = |train: &str| without_effect(&format!("[train]\n{train}"));
    let adam = keys("");
    for key in [
        "momentum",
        "nesterov",
        "decay_norms_and_biases",
        "step_size",
        "gamma",
        "min_learning_rate",
    ] {
        assert!(adam.contains(&&*format!("train.{key}")), "{key}: {adam:?}");
    }
    assert!(!adam.contains(&"train.plateau.factor"));
    assert!(!adam.contains(&"train.weight_decay"));
    let sgd = keys("optimizer = \"sgd\"\nweight_decay = 1e-4\nschedule = \"cosine\"");
    for key in [
        "momentum",
        "nesterov",
        "decay_norms_and_biases",
        "min_learning_rate",
    ] {
        assert!(!sgd.contains(&&*format!("train.{key}")), "{key}: {sgd:?}");
    }
    assert!(sgd.contains(&"train.plateau.factor") && sgd.contains(&"train.plateau.patience"));
    let step = keys("schedule = \"step\"\nstep_size = 2");
    assert!(!step.contains(&"train.step_size") && !step.contains(&"train.gamma"));
}

#[test]
fn what_is_missing_is_named() {
    assert!(refuse("").contains("run.toml: data.train: missing"));
    assert!(refuse("[data]\ntrain='a'\nvalid='b'").contains("model.name: missing; one of level1"));
    assert!(refuse("[data").contains("run.toml: no TOML:"));
}

fn without_effect(more: &str) -> Vec<&'static str> {
    let text = format!("{MINIMAL}\n{more}");
    let config = RunConfig::from_toml(&text, Path::new("run.toml")).unwrap();
    config.keys_without_effect()
}

#[test]
fn nothing_of_the_cam_loss_has_an_effect_on_plain_training() {
    let of_the_loss = ["t0", "t1", "distance", "reference", "ema_decay", "alpha"];
    let of_the_loss = of_the_loss.map(|key| format!("consistency.{key}"));
    let all = |keys: &[&str]| of_the_loss.iter().all(|key| keys.contains(&&**key));
    let none = |keys: &[&str]| !of_the_loss.iter().any(|key| keys.contains(&&**key));
    let plain = without_effect("");
    assert!(all(&plain), "{plain:?}");
    // The method also decides which maps are evaluated.
    assert!(!plain.contains(&"consistency.method"), "{plain:?}");
    assert!(none(&without_effect("[consistency]\nlambda_max = 50")));
    // A ramp that is still 0 in the last epoch, and one that is not.
    for (t0, t1, never) in [(3, 10, true), (2, 10, false), (4, 4, true), (3, 3, false)] {
        let more =
            format!("[train]\nepochs = 3\n[consistency]\nlambda_max = -50\nt0 = {t0}\nt1 = {t1}");
        let keys = without_effect(&more);
        assert_eq!(all(&keys), never, "{t0} {t1}: {keys:?}");
        assert_eq!(none(&keys), !never, "{t0} {t1}: {keys:?}");
        assert_eq!(keys.contains(&"consistency.lambda_max"), never);
    }
}

#[test]
fn settings_that_others_put_out_of_use_have_no_effect() {
    let batch = "[consistency]\nlambda_max = 50\nreference = \"batch\"";
    assert!(without_effect(batch).contains(&"consistency.ema_decay"));
    let ema = "[consistency]\nlambda_max = 50\nreference = \"ema\"";
    assert!(!without_effect(ema).contains(&"consistency.ema_decay"));
    assert!(without_effect("[evaluation]\nmeasures = false").contains(&"evaluation.grid"));
    assert!(!without_effect("").contains(&"evaluation.grid"));
    assert!(without_effect("").contains(&"consistency.preset"));
}
