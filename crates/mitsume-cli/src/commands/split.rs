//! `mitsume data split`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mitsume_artifacts::write_atomic;
use mitsume_data::divide::{
    DividePlan, DivideSource, ExistingSplits, SideCounts, ValidShare, side_counts,
};
use mitsume_data::{ListedImage, write_list};
use mitsume_engine::EngineError;
use mitsume_locale::{Language, text};
use serde::Serialize;

use super::data::{counts_line, patient_pattern};
use super::output;
use crate::args::SplitArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::other_files_line;

/// Share of the images for validation without `--valid` and `--folds`.
const VALID_SHARE: f64 = 0.2;

/// A list that is written.
#[derive(Serialize)]
struct WrittenList {
    file: String,
    splits: BTreeMap<&'static str, SideCounts>,
}

/// Runs the command.
pub(super) fn run(args: SplitArgs, console: Console) -> Result {
    let pattern = patient_pattern(args.patient_regex.as_deref())?;
    let existing = match (args.keep_test, args.pool) {
        (true, _) => ExistingSplits::KeepTest,
        (_, true) => ExistingSplits::Pool,
        _ => ExistingSplits::Refuse,
    };
    let plan = DividePlan {
        valid: match args.folds {
            Some(folds) => ValidShare::Folds(folds),
            None => ValidShare::Fraction(args.valid.unwrap_or(VALID_SHARE)),
        },
        test: args.test,
        seed: args.seed,
    };
    let source = DivideSource::read(&args.data, existing, pattern.as_ref())?;
    let lists = source.divide(&plan)?;
    let files = files(&args.out, args.folds)?;
    let written = write(&lists, &files)?;
    if !source.other_files.is_empty() {
        console.warn(&other_files_line(
            &source.root,
            &source.other_files,
            console,
        ));
    }
    let (unknown, all) = (source.images_without_patient(), source.len());
    if unknown == all {
        console.note(&text!(console.language, "command-no-patients"));
    } else if unknown > 0 {
        let id = "command-some-patients-unknown";
        console.warn(&text!(console.language, id, images = unknown, of = all));
    }
    if args.json {
        return output::json(&serde_json::json!({
            "images": all,
            "images_without_patient": unknown,
            "lists": written,
        }));
    }
    output::text(&summary(&written, args.folds, console.language))
}

/// The files to write, none of which exists.
fn files(out: &Path, folds: Option<usize>) -> Result<Vec<PathBuf>> {
    let csv = out
        .extension()
        .is_some_and(|own| own.eq_ignore_ascii_case("csv"));
    let stem = out
        .file_stem()
        .filter(|_| csv)
        .ok_or_else(|| Failure::Request(format!("--out {}: a list ends in .csv", out.display())))?;
    let fold = |fold: usize| {
        let mut name = stem.to_owned();
        name.push(format!("-fold{fold}.csv"));
        out.with_file_name(name)
    };
    let files: Vec<PathBuf> = match folds {
        None => vec![out.to_owned()],
        Some(folds) => (1..=folds).map(fold).collect(),
    };
    match files.iter().find(|file| file.symlink_metadata().is_ok()) {
        None => Ok(files),
        Some(file) => Err(Failure::Request(format!(
            "{} is there already: remove it, or name another file with --out",
            file.display()
        ))),
    }
}

fn write(lists: &[Vec<ListedImage>], files: &[PathBuf]) -> Result<Vec<WrittenList>> {
    // Nothing is written if a later list cannot be made.
    let contents = lists
        .iter()
        .zip(files)
        .map(|(list, file)| write_list(list, file));
    let contents = contents.collect::<std::result::Result<Vec<_>, _>>()?;
    for (content, file) in contents.iter().zip(files) {
        write_atomic(file, content).map_err(EngineError::from)?;
    }
    let written = lists.iter().zip(files).map(|(list, file)| WrittenList {
        file: file.display().to_string(),
        splits: side_counts(list)
            .into_iter()
            .map(|(split, counts)| (split.name(), counts))
            .collect(),
    });
    Ok(written.collect())
}

fn summary(written: &[WrittenList], folds: Option<usize>, language: Language) -> String {
    let mut text = String::new();
    for (list, fold) in written.iter().zip(1..) {
        let file = list.file.clone();
        text += &match folds {
            None => file,
            Some(folds) => {
                let id = "command-divided-fold";
                text!(language, id, fold = fold, folds = folds, list = file)
            }
        };
        text.push('\n');
        for name in ["train", "valid", "test"] {
            let Some(side) = list.splits.get(name) else {
                continue;
            };
            text += &text!(
                language,
                "command-divided-side",
                split = name,
                images = side.images,
                patients = side.patients
            );
            text.push('\n');
            text += &counts_line(&text!(language, "command-split-classes"), &side.classes);
        }
    }
    text
}
