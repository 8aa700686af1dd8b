//! Rows as images: every value is checked.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::{Labels, ListedImage, Problem, Row, Split};

pub(super) fn check(
    root: &Path,
    rows: Vec<Row>,
    labels: Labels,
) -> Result<Vec<ListedImage>, Problem> {
    if rows.is_empty() {
        return Err(Problem::new("the whole file", "no image in this list"));
    }
    let mut places: HashMap<PathBuf, String> = HashMap::new();
    let mut images = Vec::with_capacity(rows.len());
    for row in rows {
        let path = relative_path(&row)?;
        let image = ListedImage {
            path: existing_file(root, &path, &row)?,
            label: label(&row, labels)?,
            split: split(&row)?,
            patient: (!row.patient.is_empty()).then_some(row.patient),
        };
        if let Some(first) = places.get(&path) {
            let reason = format!("{} stands in {first} too: remove one of them", row.path);
            return Err(Problem::new(column(&row.place, "path"), reason));
        }
        places.insert(path, row.place);
        images.push(image);
    }
    Ok(images)
}

/// The path below the list's folder, without `.` in it.
fn relative_path(row: &Row) -> Result<PathBuf, Problem> {
    let problem = |reason: String| Problem::new(column(&row.place, "path"), reason);
    if row.path.is_empty() {
        return Err(problem("no path of an image".into()));
    }
    let mut path = PathBuf::new();
    for component in Path::new(&row.path).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(problem(format!(
                    "{} leads out of the list's folder: paths are relative to it, without .. (put \
                     the list into a folder above the images)",
                    row.path
                )));
            }
        }
    }
    Ok(path)
}

fn existing_file(root: &Path, path: &Path, row: &Row) -> Result<PathBuf, Problem> {
    let full = root.join(path);
    if full.is_file() {
        return Ok(full);
    }
    let hint = match row.path.contains('\\') {
        true => "; between folders stands /",
        false => "",
    };
    Err(Problem::new(
        column(&row.place, "path"),
        format!(
            "there is no file {} (paths are relative to the list's folder){hint}",
            full.display()
        ),
    ))
}

fn label(row: &Row, labels: Labels) -> Result<String, Problem> {
    let problem = |reason: String| Problem::new(column(&row.place, "label"), reason);
    if row.label.is_empty() && labels == Labels::Required {
        return Err(problem(format!("{} has no label", row.path)));
    }
    if row.label.contains(char::is_control) {
        return Err(problem(format!("{:?} has a control character", row.label)));
    }
    Ok(row.label.clone())
}

fn split(row: &Row) -> Result<Option<Split>, Problem> {
    let Some(name) = &row.split else {
        return Ok(None);
    };
    let split = Split::from_name(name).ok_or_else(|| {
        let reason = match name.as_str() {
            "" => format!("{} has no split: write train, valid or test", row.path),
            name => format!("\"{name}\" is no split: write train, valid or test"),
        };
        Problem::new(column(&row.place, "split"), reason)
    })?;
    Ok(Some(split))
}

fn column(place: &str, name: &str) -> String {
    format!("{place}, column {name}")
}
