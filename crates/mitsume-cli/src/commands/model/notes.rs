//! What is said of a model: where it is used other than as it was trained, and what had to be assumed.

use mitsume_artifacts::{ModelSetting, ModelSettings, Override};
use mitsume_engine::RunStatus;
use mitsume_locale::{Language, text};
use mitsume_report::override_text;
use serde_json::Value;

use super::OpenedModel;
use crate::console::Console;

/// Says it on stderr, before the work.
pub(super) fn say(opened: &OpenedModel, console: Console) {
    let language = console.language;
    let lines = [
        opened.unfinished.as_ref().map(|s| unfinished(s, language)),
        assumed(opened, language),
        by_position(opened, language),
    ];
    let overridden = opened.settings.overrides.iter();
    let overridden = overridden.map(|one| overridden_line(one, opened, language));
    for line in lines.into_iter().flatten().chain(overridden) {
        console.warn(&line);
    }
    settled(opened, console);
}

/// What was overridden, in one line for a summary; empty where nothing was.
pub fn overrides(settings: &ModelSettings, language: Language) -> String {
    let all = settings.overrides.iter();
    let all: Vec<String> = all.map(|one| override_text(one, language)).collect();
    if all.is_empty() {
        return String::new();
    }
    text!(
        language,
        "command-model-overrides",
        changes = all.join("; ")
    ) + "\n"
}

fn overridden_line(one: &Override, opened: &OpenedModel, language: Language) -> String {
    let (used, trained) = (one.used_text(), one.trained_text());
    let fewer = |value: &Value| value.as_array().map_or(0, Vec::len);
    if one.key == ModelSetting::Classes && fewer(&one.used) < opened.outputs {
        return text!(
            language,
            "command-model-fewer-classes",
            used = used,
            trained = trained
        );
    }
    text!(
        language,
        "command-model-override",
        setting = one.key.name(),
        used = used,
        trained = trained
    )
}

fn unfinished(status: &RunStatus, language: Language) -> String {
    text!(
        language,
        "command-model-unfinished",
        run = status.run.display().to_string(),
        step = status.steps_done,
        done = status.epochs_done,
        epochs = status.epochs
    )
}

/// How images are prepared where neither the weights nor the flags say all of it.
fn assumed(opened: &OpenedModel, language: Language) -> Option<String> {
    let assumed = &opened.settings.assumed;
    let of_images: Vec<ModelSetting> = assumed
        .iter()
        .copied()
        .filter(|setting| *setting != ModelSetting::Classes)
        .collect();
    if of_images.is_empty() {
        return None;
    }
    Some(text!(
        language,
        "command-model-assumed",
        model = opened.source.display().to_string(),
        settings = values(opened, &of_images)
    ))
}

/// Settings and their values, such as "image_size 224, crop –".
fn values(opened: &OpenedModel, settings: &[ModelSetting]) -> String {
    let transform = opened.transform;
    let numbers = |values: [f32; 3]| {
        let same = values.iter().all(|value| *value == values[0]);
        let told = if same { &values[..1] } else { &values[..] };
        let told: Vec<String> = told.iter().map(f32::to_string).collect();
        told.join(",")
    };
    let values = settings.iter().map(|setting| {
        let value = match setting {
            ModelSetting::ImageSize if opened.size[0] == opened.size[1] => {
                opened.size[1].to_string()
            }
            ModelSetting::ImageSize => format!("{}x{}", opened.size[0], opened.size[1]),
            ModelSetting::Crop => transform.crop.map_or("–".into(), |crop| crop.to_string()),
            ModelSetting::Interpolation => format!("{:?}", transform.interpolation).to_lowercase(),
            ModelSetting::Mean => numbers(transform.mean),
            ModelSetting::Std => numbers(transform.std),
            ModelSetting::Classes => opened.classes.join(", "),
        };
        format!("{} {value}", setting.name())
    });
    values.collect::<Vec<_>>().join(", ")
}

/// What was settled on, for whoever asks.
fn settled(opened: &OpenedModel, console: Console) {
    let language = console.language;
    let network = opened.network.as_ref();
    let [height, width] = network.cam_size(opened.size);
    console.detail(&text!(
        language,
        "command-settled-model",
        model = network.name(),
        file = opened.source.display().to_string(),
        layer = network.target_layer(),
        method = opened.maps.method.to_string(),
        size = format!("{height}x{width}")
    ));
    let of_images = [
        ModelSetting::ImageSize,
        ModelSetting::Crop,
        ModelSetting::Interpolation,
        ModelSetting::Mean,
        ModelSetting::Std,
    ];
    let channels = network.channels();
    let settings = format!("channels {channels}, {}", values(opened, &of_images));
    console.detail(&text!(
        language,
        "command-settled-images",
        settings = settings
    ));
    let classes = opened.classes.join(", ");
    console.detail(&text!(
        language,
        "command-settled-classes",
        classes = classes
    ));
}

fn by_position(opened: &OpenedModel, language: Language) -> Option<String> {
    let assumed = opened.settings.assumed.contains(&ModelSetting::Classes);
    assumed.then(|| {
        text!(
            language,
            "command-model-classes-by-position",
            model = opened.source.display().to_string(),
            classes = opened.classes.join(", ")
        )
    })
}
