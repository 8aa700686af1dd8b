//! Notes on a model: overridden and assumed settings.

use mitsume_artifacts::{ModelSetting, ModelSettings, Override, Precision};
use mitsume_engine::RunStatus;
use mitsume_locale::{Language, text};
use mitsume_report::override_text;
use serde_json::Value;

use super::OpenedModel;
use crate::console::Console;

/// Prints the notes to stderr, before the work.
pub(super) fn print_notes(opened: &OpenedModel, console: Console) {
    let language = console.language;
    let lines = [
        opened
            .unfinished
            .as_ref()
            .map(|status| unfinished_line(status, language)),
        assumed_line(opened, language),
        classes_by_position(opened, language),
    ];
    let overridden = opened.settings.overrides.iter();
    let overridden = overridden.map(|one| overridden_line(one, opened, language));
    for line in lines.into_iter().flatten().chain(overridden) {
        console.warn(&line);
    }
    print_settings(opened, console);
}

/// All overrides in one line for a summary; empty if there are none.
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
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    if one.key == ModelSetting::Classes && count(&one.used) < opened.outputs {
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

fn unfinished_line(status: &RunStatus, language: Language) -> String {
    text!(
        language,
        "command-model-unfinished",
        run = status.run.display().to_string(),
        step = status.steps_done,
        done = status.epochs_done,
        epochs = status.epochs
    )
}

/// Settings of the preprocessing that neither the weights nor the flags give.
fn assumed_line(opened: &OpenedModel, language: Language) -> Option<String> {
    let assumed = &opened.settings.assumed;
    let image_settings: Vec<ModelSetting> = assumed
        .iter()
        .copied()
        .filter(|setting| *setting != ModelSetting::Classes)
        .collect();
    if image_settings.is_empty() {
        return None;
    }
    Some(text!(
        language,
        "command-model-assumed",
        model = opened.source.display().to_string(),
        settings = values(opened, &image_settings)
    ))
}

/// Settings and their values, such as "image_size 224, crop –".
fn values(opened: &OpenedModel, settings: &[ModelSetting]) -> String {
    let transform = opened.transform;
    let numbers = |values: [f32; 3]| {
        let same = values.iter().all(|value| *value == values[0]);
        let shown = if same { &values[..1] } else { &values[..] };
        let shown: Vec<String> = shown.iter().map(f32::to_string).collect();
        shown.join(",")
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
            ModelSetting::Precision => opened.settings.precision.to_string(),
        };
        format!("{} {value}", setting.name())
    });
    values.collect::<Vec<_>>().join(", ")
}

/// Prints all settings, with `--verbose`.
fn print_settings(opened: &OpenedModel, console: Console) {
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
    let mut image_settings = vec![
        ModelSetting::ImageSize,
        ModelSetting::Crop,
        ModelSetting::Interpolation,
        ModelSetting::Mean,
        ModelSetting::Std,
    ];
    if opened.settings.precision != Precision::Float32 {
        image_settings.push(ModelSetting::Precision);
    }
    let channels = network.channels();
    let settings = format!("channels {channels}, {}", values(opened, &image_settings));
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

/// The names, or of many the first and the last ones.
fn few(names: &[String]) -> String {
    const MOST: usize = 24;
    match names.len() {
        0..=MOST => names.join(", "),
        many => format!(
            "{}, ..., {}",
            names[..MOST - 4].join(", "),
            names[many - 4..].join(", ")
        ),
    }
}

/// Classes of a folder that were assigned to the outputs by position.
fn classes_by_position(opened: &OpenedModel, language: Language) -> Option<String> {
    let assumed = opened.settings.assumed.contains(&ModelSetting::Classes);
    assumed.then(|| {
        let message = match opened.is_multi_label {
            true => "command-model-findings-by-position",
            false => "command-model-classes-by-position",
        };
        text!(
            language,
            message,
            model = opened.source.display().to_string(),
            classes = few(&opened.classes)
        )
    })
}
