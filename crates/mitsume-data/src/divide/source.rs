//! The images that are to be divided.

use std::path::Path;

use super::{DivideSource, ExistingSplits, ToDivide};
use crate::check::splits::{Split as FoundSplit, find_splits};
use crate::error::DataError;
use crate::folder::relative;
use crate::frame_name::{FrameName, without_frame};
use crate::list::{ListPath, Split};
use crate::other_files::OtherFiles;
use crate::patient_pattern::PatientPattern;

/// The images of a folder or list, ordered by class and path whatever the order of a list.
pub(super) fn read(
    path: &Path,
    existing: ExistingSplits,
    pattern: Option<&PatientPattern>,
) -> Result<DivideSource, DataError> {
    let found = find_splits(path)?;
    let tests = tests(path, &found, existing)?;
    let root = match ListPath::parse(path) {
        Some(_) => found.first().map_or(path, |split| &split.dir).to_owned(),
        None => path.to_owned(),
    };
    let mut classes: Vec<String> = Vec::new();
    for split in &found {
        classes.extend(split.classes.iter().map(|(class, _)| class.clone()));
    }
    classes.sort();
    classes.dedup();
    let mut images = Vec::new();
    let mut other_paths = Vec::new();
    for (split, test) in found.into_iter().zip(tests) {
        other_paths.extend(split.other_paths);
        for (class, files) in split.classes {
            let class = classes.binary_search(&class).expect("one of them");
            images.extend(files.into_iter().map(|path| ToDivide {
                name: relative(&path, &root),
                patient: split.patients.get(&path).cloned(),
                path,
                class,
                test,
            }));
        }
    }
    if let Some(class) = (0..classes.len()).find(|&c| images.iter().all(|i| i.class != c)) {
        let reason = format!("no image of the class {} in it", classes[class]);
        return Err(DataError::layout(path, reason));
    }
    if images.is_empty() {
        let reason = "no image in it: a data set has one folder per class, or is a list";
        return Err(DataError::layout(path, reason));
    }
    if let Some(pattern) = pattern {
        find_patients(path, &mut images, pattern)?;
    }
    images.sort_by_cached_key(|image| {
        let frame = FrameName::parse(&image.path).map_or(0, |name| name.frame);
        (image.class, without_frame(&image.name).to_owned(), frame)
    });
    Ok(DivideSource {
        other_files: OtherFiles::by_kind(&root, &other_paths),
        root,
        classes,
        images,
    })
}

/// Whether each split stays as it is, the test.
fn tests(
    path: &Path,
    found: &[FoundSplit],
    existing: ExistingSplits,
) -> Result<Vec<bool>, DataError> {
    let is_test = |split: &FoundSplit| Split::from_name(&split.name) == Some(Split::Test);
    let names: Vec<&str> = found.iter().map(|split| split.name.as_str()).collect();
    let refuse = |reason: String| Err(DataError::layout(path, reason));
    match existing {
        ExistingSplits::Pool => Ok(vec![false; found.len()]),
        ExistingSplits::KeepTest => {
            let tests: Vec<bool> = found.iter().map(is_test).collect();
            match (tests.contains(&true), tests.contains(&false)) {
                (true, true) => Ok(tests),
                (false, _) => refuse(format!(
                    "no test to keep: it holds {}",
                    match names[..] {
                        [_] => "no splits".to_owned(),
                        _ => names.join(", "),
                    }
                )),
                (true, false) => refuse("nothing but the test: no image is left to divide".into()),
            }
        }
        ExistingSplits::Refuse if found.len() == 1 => Ok(vec![false]),
        ExistingSplits::Refuse => refuse(format!(
            "is divided already ({}): name the one to divide, such as {}; or keep its test and divide \
             the rest (--keep-test), or divide all images anew (--pool)",
            names.join(", "),
            path.join(names[0]).display()
        )),
    }
}

/// Sets the patients by the images' paths.
fn find_patients(
    path: &Path,
    images: &mut [ToDivide],
    pattern: &PatientPattern,
) -> Result<(), DataError> {
    if images.iter().any(|image| image.patient.is_some()) {
        let reason = "names the patients itself, in its column patient: leave out the pattern, or the column";
        return Err(DataError::layout(path, reason));
    }
    for image in images.iter_mut() {
        image.patient = pattern
            .patient(without_frame(&image.name))
            .map(str::to_owned);
    }
    let missed = images.iter().filter(|image| image.patient.is_none());
    let missed: Vec<&str> = missed.map(|image| image.name.as_str()).collect();
    if missed.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "the pattern of patients {} finds none in {} of {} paths, such as {}: add what they are named by, \
         as in person\\d+|IM-\\d+",
        pattern.as_str(),
        missed.len(),
        images.len(),
        missed[..missed.len().min(3)].join(", ")
    );
    Err(DataError::layout(path, reason))
}
