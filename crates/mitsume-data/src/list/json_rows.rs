//! The rows of a JSON file.

use serde_json::{Map, Value};

use super::{Problem, Row};

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Row>, Problem> {
    let entries: Vec<Map<String, Value>> = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let reason = format!(
            "{error}: a list is an array of objects with the keys path and label (and, if there are \
             any, split and patient)"
        );
        Problem::new(place, reason)
    })?;
    let has_splits = entries.iter().any(|entry| entry.contains_key("split"));
    let rows = entries.iter().enumerate().map(|(index, entry)| {
        let place = format!("entry {}", index + 1);
        let value = |key: &str| text(entry.get(key), &format!("{place}, key {key}"));
        Ok(Row {
            path: value("path")?,
            label: value("label")?,
            split: has_splits.then(|| value("split")).transpose()?,
            patient: value("patient")?,
            place,
        })
    });
    rows.collect()
}

/// A string, or a whole number as people number classes and patients.
fn text(value: Option<&Value>, place: &str) -> Result<String, Problem> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        Some(other) => Err(Problem::new(
            place,
            format!("{other} is neither a string nor a whole number"),
        )),
    }
}
