//! Rows as images: every value is checked.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;

use super::{Labels, ListedImage, Problem, Row, Split};
use crate::decode::frames_in;
use crate::frame_name::{FrameName, images_in};

/// The images with their rows. A row of a DICOM file with several frames has as many images.
pub(super) fn check(
    root: &Path,
    rows: Vec<Row>,
    labels: Labels,
) -> Result<Vec<(usize, ListedImage)>, Problem> {
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
        places.insert(path, row.place.clone());
        images.push((row.place, image));
    }
    with_frames(images)
}

/// Each frame of the DICOM files in the place of the file.
fn with_frames(rows: Vec<(String, ListedImage)>) -> Result<Vec<(usize, ListedImage)>, Problem> {
    let frames: Vec<Vec<PathBuf>> = rows
        .par_iter()
        .map(|(_, image)| images_in(vec![image.path.clone()]))
        .collect();
    let mut of_file: HashMap<PathBuf, usize> = HashMap::new();
    let mut seen: HashMap<PathBuf, usize> = HashMap::new();
    let mut images = Vec::new();
    for (row, paths) in frames.into_iter().enumerate() {
        let (place, image) = &rows[row];
        for path in paths {
            if let Some(name) = FrameName::parse(&path) {
                let first = *of_file.entry(name.file.clone()).or_insert(row);
                refuse_apart(&rows[first], &rows[row], &name.file)?;
                if let Some(before) = seen.insert(path.clone(), row) {
                    let reason = format!(
                        "{} stands in {} too: name the file, or single frames of it",
                        path.display(),
                        rows[before].0
                    );
                    return Err(Problem::new(column(place, "path"), reason));
                }
            }
            images.push((
                row,
                ListedImage {
                    path,
                    ..image.clone()
                },
            ));
        }
    }
    Ok(images)
}

/// Frames of one file show one patient: what is learned of some is known in others.
fn refuse_apart(
    first: &(String, ListedImage),
    other: &(String, ListedImage),
    file: &Path,
) -> Result<(), Problem> {
    let file = file.display();
    if first.1.split != other.1.split {
        let reason = format!(
            "frames of {file} in another split ({}): those of one file belong together",
            first.0
        );
        return Err(Problem::new(column(&other.0, "split"), reason));
    }
    if first.1.patient != other.1.patient {
        let reason = format!("frames of {file} with another patient ({})", first.0);
        return Err(Problem::new(column(&other.0, "patient"), reason));
    }
    Ok(())
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
    if let Some(frame) = FrameName::parse(&full).filter(|frame| frame.file.is_file()) {
        let reason = match frames_in(&frame.file) {
            frames if frames > 1 && frame.frame <= frames => return Ok(full),
            0 | 1 => format!(
                "{} is no DICOM file of several frames that are read",
                frame.file.display()
            ),
            frames => format!("{} has {frames} frames", frame.file.display()),
        };
        return Err(Problem::new(column(&row.place, "path"), reason));
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
