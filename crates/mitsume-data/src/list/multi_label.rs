//! Lists of images that may have several labels at once.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::{Map, Value};

use super::csv_rows::{line, problem};
use super::{ImageList, ListPath, Problem, has_extension, read_bytes};
use crate::error::DataError;
use crate::folder::{ImageFolder, choose_split};

/// Columns of a list that are no findings.
const OTHER_COLUMNS: [&str; 5] = ["path", "label", "labels", "split", "patient"];

/// What stands for an image without a finding in the label column of ChestX-ray14, in any case.
const NO_FINDING: &str = "no finding";

/// The largest number of findings; that of classes in files of maps.
const MAX_FINDINGS: usize = 4096;

/// Images of which each has any number of findings, among them none.
///
/// The list ([`ImageList`]) has no one `label` for each image, but a column `labels` with the names of its
/// findings, separated by `|` (`Effusion|Mass`; empty or `No Finding` for none), or a column of 0 and
/// 1 for each finding. In JSON `labels` may also be an array of strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiLabelData {
    /// The images; its classes are the findings, and the class of its samples means nothing.
    pub folder: ImageFolder,
    /// The findings of each image, ascending.
    findings: Vec<Vec<usize>>,
}

/// What the columns of a list tell of its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListLabels {
    /// One label for each image.
    Single,
    /// Any number of findings for each image.
    Multi,
    /// Both, in the columns `label` and `labels`.
    Both,
}

impl ListLabels {
    /// What the columns of the list `path`, or of the list of a split, tell. A folder has one class
    /// for each image.
    ///
    /// # Errors
    /// If the list cannot be read.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        let Some(list) = ListPath::parse(path) else {
            return Ok(Self::Single);
        };
        let bytes = read_bytes(list.file)?;
        let columns = columns(list.file, &bytes).map_err(|problem| problem.of_file(list.file))?;
        let has = |name: &str| columns.iter().any(|column| column == name);
        let others = || columns.iter().any(|c| !OTHER_COLUMNS.contains(&c.as_str()));
        let csv = !has_extension(list.file, "json");
        Ok(match (has("label"), has("labels")) {
            (true, true) => Self::Both,
            (false, true) => Self::Multi,
            (false, false) if csv && has("path") && others() => Self::Multi,
            (_, false) => Self::Single,
        })
    }
}

impl MultiLabelData {
    /// Reads a list, or a split of one, in the list's order. No image is opened.
    ///
    /// - `findings`: the names of the findings, in order. Without them they are the columns' in their
    ///   order, or those that occur anywhere in the list, sorted by code point.
    ///
    /// The labels are those of the column `labels`, else of one column for each of `findings`, else of
    /// a column `label`, else, without `findings`, of all columns but `path`, `split` and `patient`.
    ///
    /// # Errors
    /// As [`ImageFolder::open`]; no such columns; a value that is neither 0 nor 1; a label that is
    /// none of `findings`.
    pub fn open(path: &Path, findings: Option<&[String]>) -> Result<Self, DataError> {
        let Some(list_path) = ListPath::parse(path) else {
            let reason = "several labels for an image stand in a list, CSV or JSON, not in folders";
            return Err(DataError::layout(path, reason));
        };
        let file = list_path.file;
        let list = ImageList::read_unlabelled(file)?;
        let split = choose_split(&list_path, &list.splits(), None)?;
        let bytes = read_bytes(file)?;
        let table = match has_extension(file, "json") {
            true => json_labels(&bytes, findings),
            false => csv_labels(&bytes, findings),
        };
        let table = table.map_err(|problem| problem.of_file(file))?;
        let named = split.map_or(file.to_owned(), |split| file.join(split.name()));
        let folder = ImageFolder::unlabelled(&named)?;
        let rows = list.images.iter().zip(&list.rows);
        let rows = rows.filter(|(image, _)| image.split == split);
        let findings: Option<Vec<Vec<usize>>> = rows
            .map(|(_, &row)| table.findings.get(row).cloned())
            .collect();
        let last = list.rows.last().map_or(0, |row| row + 1);
        let changed = || DataError::layout(file, "changed while it was read");
        let findings = findings
            .filter(|found| table.findings.len() == last && found.len() == folder.samples.len())
            .ok_or_else(changed)?;
        Ok(Self {
            findings,
            folder: ImageFolder {
                classes: table.names,
                ..folder
            },
        })
    }

    /// The findings of image `index`, ascending.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn findings(&self, index: usize) -> &[usize] {
        &self.findings[index]
    }

    /// Number of labels of all images together.
    pub fn labels(&self) -> usize {
        self.findings.iter().map(Vec::len).sum()
    }
}

/// Findings by name, and the findings of each row.
struct LabelTable {
    names: Vec<String>,
    findings: Vec<Vec<usize>>,
}

/// The columns of a CSV file, or the keys of a JSON file's first entry.
fn columns(file: &Path, bytes: &[u8]) -> Result<Vec<String>, Problem> {
    if has_extension(file, "json") {
        let entries = json_entries(bytes)?;
        let first = entries.first().map(|entry| entry.keys().cloned().collect());
        return Ok(first.unwrap_or_default());
    }
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|error| problem(&error, bytes))?;
    Ok(header.iter().map(str::to_owned).collect())
}

/// Where the labels of a CSV file stand.
enum LabelColumns {
    /// Names separated by `|`.
    Names(usize),
    /// 0 or 1 for each finding.
    Flags(Vec<usize>),
}

fn csv_labels(bytes: &[u8], names: Option<&[String]>) -> Result<LabelTable, Problem> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|error| problem(&error, bytes))?;
    let header = header.clone();
    let columns = label_columns(&header, names)?;
    let mut cells = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| problem(&error, bytes))?;
        cells.push((line(record.position(), bytes), record));
    }
    match columns {
        LabelColumns::Names(column) => {
            let place = |line: u64| format!("line {line}, column {}", &header[column]);
            let rows = cells.iter().map(|(line, record)| {
                let labels = record[column].split('|').map(str::to_owned);
                (place(*line), labels.collect())
            });
            named_labels(rows.collect(), names)
        }
        LabelColumns::Flags(columns) => {
            let flag = |line: u64, record: &StringRecord, column: usize| match &record[column] {
                "0" | "0.0" => Ok(false),
                "1" | "1.0" => Ok(true),
                other => Err(Problem::new(
                    format!("line {line}, column {}", &header[column]),
                    format!(
                        "\"{other}\" is neither 0 nor 1: a column is a finding, unless it is path, \
                         split or patient, or --classes names the findings"
                    ),
                )),
            };
            let mut findings = Vec::with_capacity(cells.len());
            for (line, record) in &cells {
                let mut found = Vec::new();
                for (finding, &column) in columns.iter().enumerate() {
                    if flag(*line, record, column)? {
                        found.push(finding);
                    }
                }
                findings.push(found);
            }
            let names = columns.iter().map(|&column| header[column].to_owned());
            Ok(LabelTable {
                names: names.collect(),
                findings,
            })
        }
    }
}

fn label_columns(header: &StringRecord, names: Option<&[String]>) -> Result<LabelColumns, Problem> {
    let find = |name: &str| header.iter().position(|column| column == name);
    let refuse = |reason: String| Err(Problem::new("line 1", reason));
    if let Some(column) = find("labels") {
        return Ok(LabelColumns::Names(column));
    }
    let flags: Vec<usize> = match names {
        Some(names) => {
            let missing = names.iter().find(|name| find(name).is_none());
            match (missing, find("label")) {
                (None, _) => names.iter().filter_map(|name| find(name)).collect(),
                (Some(_), Some(label)) => return Ok(LabelColumns::Names(label)),
                (Some(name), None) => {
                    return refuse(format!(
                        "no column {name}: each finding of --classes has a column of 0 and 1, or \
                         one column labels holds their names, as Effusion|Mass"
                    ));
                }
            }
        }
        None => match find("label") {
            Some(label) => return Ok(LabelColumns::Names(label)),
            None => (0..header.len())
                .filter(|&column| !OTHER_COLUMNS.contains(&&header[column]))
                .collect(),
        },
    };
    let mut seen = BTreeSet::new();
    let twice = flags.iter().find(|&&column| !seen.insert(&header[column]));
    if let Some(&column) = twice {
        return refuse(format!("two columns are named {}", &header[column]));
    }
    if flags.is_empty() || flags.len() > MAX_FINDINGS {
        return refuse(format!(
            "{} findings: 1 to {MAX_FINDINGS} columns of 0 and 1, or a column labels",
            flags.len()
        ));
    }
    Ok(LabelColumns::Flags(flags))
}

fn json_entries(bytes: &[u8]) -> Result<Vec<Map<String, Value>>, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(place, error.to_string())
    })
}

fn json_labels(bytes: &[u8], names: Option<&[String]>) -> Result<LabelTable, Problem> {
    let mut rows = Vec::new();
    for (index, entry) in json_entries(bytes)?.iter().enumerate() {
        let place = |key: &str| format!("entry {}, key {key}", index + 1);
        let (key, value) = match (entry.get("labels"), entry.get("label")) {
            (Some(labels), _) => ("labels", labels),
            (None, Some(label)) => ("label", label),
            (None, None) => {
                let reason = "no labels: an array of the names of findings, or [] for none";
                return Err(Problem::new(place("labels"), reason));
            }
        };
        let names: Option<Vec<String>> = match value {
            Value::Null => Some(Vec::new()),
            Value::String(text) => Some(text.split('|').map(str::to_owned).collect()),
            Value::Array(all) => all.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let names = names.ok_or_else(|| {
            let reason = format!("{value} is neither a string nor an array of strings");
            Problem::new(place(key), reason)
        })?;
        rows.push((place(key), names));
    }
    named_labels(rows, names)
}

/// A table of rows with their places and their findings' names.
fn named_labels(
    rows: Vec<(String, Vec<String>)>,
    names: Option<&[String]>,
) -> Result<LabelTable, Problem> {
    let mut clean = Vec::with_capacity(rows.len());
    for (place, labels) in rows {
        let labels = labels.iter().map(|label| label.trim());
        let labels: BTreeSet<String> = labels
            .filter(|label| !label.is_empty() && label.to_lowercase() != NO_FINDING)
            .map(str::to_owned)
            .collect();
        if let Some(label) = labels.iter().find(|l| l.contains(char::is_control)) {
            let reason = format!("{label:?} has a control character");
            return Err(Problem::new(place, reason));
        }
        clean.push((place, labels));
    }
    let names: Vec<String> = match names {
        Some(names) => names.to_vec(),
        None => {
            let all: BTreeSet<&String> = clean.iter().flat_map(|(_, labels)| labels).collect();
            all.into_iter().cloned().collect()
        }
    };
    if names.is_empty() || names.len() > MAX_FINDINGS {
        let reason = format!("{} findings: 1 to {MAX_FINDINGS} expected", names.len());
        return Err(Problem::new("the whole file", reason));
    }
    let index: HashMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (&n[..], i)).collect();
    let mut findings = Vec::with_capacity(clean.len());
    for (place, labels) in &clean {
        let mut found = Vec::with_capacity(labels.len());
        for label in labels {
            let finding = index.get(&label[..]).ok_or_else(|| {
                let reason = format!("{label} is none of the findings {}", names.join(", "));
                Problem::new(place.clone(), reason)
            })?;
            found.push(*finding);
        }
        found.sort_unstable();
        findings.push(found);
    }
    Ok(LabelTable { names, findings })
}
