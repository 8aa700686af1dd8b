//! The rows of a CSV file.

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::{Labels, Problem, Row};

/// Where the columns stand.
struct Columns {
    path: usize,
    label: Option<usize>,
    split: Option<usize>,
    patient: Option<usize>,
}

pub(super) fn read(bytes: &[u8], labels: Labels) -> Result<Vec<Row>, Problem> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let columns = Columns::find(
        reader.headers().map_err(|error| problem(&error, bytes))?,
        labels,
    )?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| problem(&error, bytes))?;
        let value = |column: usize| record[column].to_owned();
        let line = line(record.position(), bytes);
        rows.push(Row {
            place: format!("line {line}"),
            path: value(columns.path),
            label: columns.label.map(value).unwrap_or_default(),
            split: columns.split.map(value),
            patient: columns.patient.map(value).unwrap_or_default(),
        });
    }
    Ok(rows)
}

impl Columns {
    fn find(header: &StringRecord, labels: Labels) -> Result<Self, Problem> {
        let find = |name: &str| -> Result<Option<usize>, Problem> {
            let mut found = (0..header.len()).filter(|&column| &header[column] == name);
            let first = found.next();
            if found.next().is_some() {
                let reason = format!("two columns are named {name}");
                return Err(Problem::new("line 1", reason));
            }
            Ok(first)
        };
        let needed = |name: &str| {
            find(name)?.ok_or_else(|| {
                let found: Vec<&str> = header.iter().collect();
                let several = match name == "label" && matches!(find("labels"), Ok(Some(_))) {
                    true => "; several labels for an image (labels) are only evaluated",
                    false => "",
                };
                let reason = format!(
                    "no column {name}: the first line names the columns path and label (and, if \
                     there are any, split and patient), separated by commas; it has {}{several}",
                    found.join(" | ")
                );
                Problem::new("line 1", reason)
            })
        };
        Ok(Self {
            path: needed("path")?,
            label: match labels {
                Labels::Required => Some(needed("label")?),
                Labels::Optional => find("label")?,
            },
            split: find("split")?,
            patient: find("patient")?,
        })
    }
}

/// The line of a record. The reader's own is that of the empty lines before it.
pub(super) fn line(position: Option<&csv::Position>, bytes: &[u8]) -> u64 {
    let Some(position) = position else {
        return 1;
    };
    let before = &bytes[position.byte() as usize..];
    let empty = before.iter().take_while(|b| matches!(b, b'\n' | b'\r'));
    position.line() + empty.filter(|b| **b == b'\n').count() as u64
}

pub(super) fn problem(error: &csv::Error, bytes: &[u8]) -> Problem {
    let place = format!("line {}", line(error.position(), bytes));
    match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => Problem::new(
            place,
            format!("{len} values, but the first line names {expected_len} columns"),
        ),
        ErrorKind::Utf8 { .. } => Problem::new(place, "not UTF-8: save the list as UTF-8"),
        _ => Problem::new(place, error.to_string()),
    }
}
