//! Known keys, suggestions for misspelt ones, and `--set key=value`.

use std::path::Path;
use std::sync::LazyLock;

use serde_aux::serde_introspection::serde_introspect;
use toml::{Table, Value};

use super::augment::AugmentKeys;
use super::consistency::ConsistencyKeys;
use super::data::DataKeys;
use super::evaluation::EvaluationKeys;
use super::model::ModelKeys;
use super::preprocessing::PreprocessingKeys;
use super::schedule::PlateauKeys;
use super::train::TrainKeys;
use crate::{ArtifactError, Result};

/// The keys of every section: the fields into which it is deserialised.
static SECTIONS: LazyLock<[(&str, &[&str]); 8]> = LazyLock::new(|| {
    [
        ("data", serde_introspect::<DataKeys>()),
        (
            "data.preprocessing",
            serde_introspect::<PreprocessingKeys>(),
        ),
        ("data.augment", serde_introspect::<AugmentKeys>()),
        ("model", serde_introspect::<ModelKeys>()),
        ("train", serde_introspect::<TrainKeys>()),
        ("train.plateau", serde_introspect::<PlateauKeys>()),
        ("consistency", serde_introspect::<ConsistencyKeys>()),
        ("evaluation", serde_introspect::<EvaluationKeys>()),
    ]
});

/// A key whose value decides the defaults of others in its section.
const DEFAULTS_FROM: [(&str, &[&str]); 3] = [
    (
        "consistency.preset",
        &[
            "consistency.distance",
            "consistency.reference",
            "consistency.alpha",
        ],
    ),
    ("model.name", &["model.dropout"]),
    ("train.optimizer", &["train.weight_decay"]),
];

/// Refuses an unknown key and suggests a known one.
pub(super) fn check(table: &Table, path: &Path) -> Result<()> {
    check_section(table, "", path)
}

fn check_section(table: &Table, section: &str, path: &Path) -> Result<()> {
    for (name, value) in table {
        let key = if section.is_empty() {
            name.clone()
        } else {
            format!("{section}.{name}")
        };
        if !exists(&key) {
            return Err(unknown(&key, path));
        }
        let is_section = SECTIONS.iter().any(|(section, _)| *section == key);
        match value {
            Value::Table(inner) if is_section => check_section(inner, &key, path)?,
            _ if is_section && key != "data.augment" => {
                let problem = format!("must be a section: write [{key}] with its keys below");
                return Err(ArtifactError::Config {
                    path: path.to_owned(),
                    key,
                    problem,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn exists(key: &str) -> bool {
    all_keys().any(|known| known == key)
}

/// All sections and their keys, dotted.
fn all_keys() -> impl Iterator<Item = String> {
    SECTIONS.iter().flat_map(|(section, keys)| {
        let keys = keys.iter().map(move |key| format!("{section}.{key}"));
        std::iter::once((*section).to_owned()).chain(keys)
    })
}

fn unknown(key: &str, path: &Path) -> ArtifactError {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    // The last part decides and the section breaks ties, because a key in the wrong section is
    // common.
    let score = |known: &String| {
        let part = strsim::damerau_levenshtein(&last(known), &last(key));
        (part, strsim::damerau_levenshtein(known, key))
    };
    let section_of = |key: &str| {
        key.rsplit_once('.')
            .map_or(String::new(), |(s, _)| s.to_owned())
    };
    let section = section_of(key);
    // In another section the key itself must be right but for a letter.
    let is_close = |known: &String| {
        let same_section = section_of(known) == section;
        let allowed = if same_section {
            1 + last(key).chars().count() / 3
        } else {
            1
        };
        score(known).0 <= allowed
    };
    let close = all_keys().filter(is_close).min_by_key(score);
    let problem = match close {
        Some(known) => format!("no such key; did you mean {known}?"),
        None => match SECTIONS.iter().find(|(name, _)| *name == section) {
            Some((name, keys)) => format!("no such key; [{name}] has {}", keys.join(", ")),
            None => {
                "no such section; there are data, model, train, consistency, evaluation".to_owned()
            }
        },
    };
    ArtifactError::Config {
        path: path.to_owned(),
        key: key.to_owned(),
        problem,
    }
}

/// Applies `key=value` settings in order.
pub(super) fn apply(table: &mut Table, sets: &[String]) -> Result<()> {
    let origin = Path::new("--set");
    let mut assignments = Vec::new();
    for set in sets {
        let Some((key, value)) = set.split_once('=') else {
            let problem = "write key=value, for example train.epochs=3".to_owned();
            return Err(ArtifactError::Config {
                path: origin.into(),
                key: set.clone(),
                problem,
            });
        };
        let key = key.trim();
        if !exists(key) {
            return Err(unknown(key, origin));
        }
        assignments.push((key, parse(value.trim())));
    }
    for (key, others) in DEFAULTS_FROM {
        if assignments.iter().any(|(set, _)| *set == key) {
            for other in others {
                remove(table, other);
            }
        }
    }
    for (key, value) in assignments {
        insert(table, key, value)?;
    }
    check(table, origin)
}

/// Parses a TOML value; other text is a string.
fn parse(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok();
    // Text with a line break could define more keys; then it is not a value.
    let single = parsed.filter(|table| table.len() == 1);
    single
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn remove(table: &mut Table, key: &str) {
    if let Some((section, name)) = key.split_once('.')
        && let Some(Value::Table(inner)) = table.get_mut(section)
    {
        inner.remove(name);
    }
}

fn insert(table: &mut Table, key: &str, value: Value) -> Result<()> {
    let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut here = table;
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        let entry = here
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        if !entry.is_table() && section == "augment" {
            // `augment = false` in the file, but one of its keys is set: augmentation is on.
            *entry = Value::Table(Table::new());
        }
        let Value::Table(inner) = entry else {
            let problem = format!("{section} is no section");
            return Err(ArtifactError::Config {
                path: "--set".into(),
                key: key.to_owned(),
                problem,
            });
        };
        here = inner;
    }
    here.insert(name.to_owned(), value);
    Ok(())
}
