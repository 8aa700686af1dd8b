//! `mitsume data`

use std::collections::BTreeMap;
use std::path::PathBuf;

use mitsume_data::PatientPattern;
use mitsume_data::check::{CheckReport, Patients, SplitReport, check, check_splits};
use mitsume_data::phantom::{PhantomSpec, write_data_set};
use mitsume_locale::{Language, text};

use super::{output, remove, split};
use crate::args::{CheckArgs, DataArgs, DataCommand, SynthArgs};
use crate::console::Console;
use crate::data_warnings;
use crate::failure::{Failure, Result};
use crate::threads;

/// Runs the command.
pub fn run(args: DataArgs, console: Console) -> Result {
    match args.command {
        DataCommand::Synth(args) => synth(args, console),
        DataCommand::Check(args) => run_check(args, console),
        DataCommand::Split(args) => split::run(args, console),
        DataCommand::Remove(args) => remove::run(*args, console),
    }
}

fn synth(args: SynthArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let spec = PhantomSpec {
        per_class_train: args.train,
        per_class_test: args.test,
        size: args.size as usize,
        seed: args.seed,
    };
    let written = write_data_set(&args.dir, spec, &|_, _| {});
    written.map_err(|error| Failure::from_new_folder(error.into(), &args.dir))?;
    let language = console.language;
    let dir = args.dir.display();
    output::text(&format!(
        "{dir}/Training: {}\n{dir}/Testing: {}\n{dir}/masks: {}",
        text!(language, "command-phantoms", images = args.train),
        text!(language, "command-phantoms", images = args.test),
        text!(language, "command-phantom-masks"),
    ))
}

fn run_check(args: CheckArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let patients = patient_pattern(args.patient_regex.as_deref())?;
    let report = match &args.dirs[..] {
        [dir] => check(dir, patients.as_ref(), &|_, _| {})?,
        splits => check_splits(splits, patients.as_ref(), &|_, _| {})?,
    };
    if args.json {
        output::json(&report)
    } else {
        output::text(&summary(&report, console.language))
    }
}

/// The value of `--patient-regex`.
pub(super) fn patient_pattern(text: Option<&str>) -> Result<Option<PatientPattern>> {
    let pattern = text.map(PatientPattern::new).transpose();
    pattern.map_err(|error| Failure::Request(format!("--patient-regex: {error}")))
}

fn summary(report: &CheckReport, language: Language) -> String {
    let mut text = String::new();
    for split in &report.splits {
        text += &split_summary(split, language);
    }
    let files = report.unreadable.len();
    text += &text!(language, "command-unreadable", files = files);
    text.push('\n');
    for (path, reason) in report.unreadable.iter().zip(&report.unreadable_reasons) {
        text += &format!("  {path}: {reason}\n");
    }
    if !report.more_frames.is_empty() {
        let images: Vec<PathBuf> = report.more_frames.iter().map(PathBuf::from).collect();
        text += &format!("{}\n", data_warnings::more_frames(&images, language));
    }
    let others = match data_warnings::other_files(&report.other_files, language) {
        none if none.is_empty() => text!(language, "command-not-images-none"),
        files => text!(language, "command-not-images", files = files),
    };
    text += &format!("{others}\n");
    text += &groups_summary(report, language);
    if let Some(patients) = &report.patients {
        text += &patients_summary(patients, language);
    }
    text + &text!(language, "command-json-lists")
}

/// Number of images, and counts by class, size and mode.
fn split_summary(split: &SplitReport, language: Language) -> String {
    let name = match split.name.as_str() {
        "" => text!(language, "command-split-unnamed"),
        name => name.to_owned(),
    };
    let images = split.images;
    let mut text = text!(language, "command-split", split = name, images = images);
    text.push('\n');
    for (name, counts) in [
        (text!(language, "command-split-classes"), &split.classes),
        (text!(language, "command-split-sizes"), &split.sizes),
        (text!(language, "command-split-modes"), &split.modes),
    ] {
        text += &counts_line(&name, counts);
    }
    text
}

/// A name, and how often each value occurs.
pub(super) fn counts_line(name: &str, counts: &BTreeMap<String, usize>) -> String {
    let counts = counts
        .iter()
        .map(|(value, count)| format!("{value} {count}"));
    let counts = shortened(&counts.collect::<Vec<_>>().join(", "));
    format!("  {}{counts}\n", output::pad_right(name, 8))
}

/// Duplicates, near duplicates, leaks and conflicting labels, with the first groups of each.
fn groups_summary(report: &CheckReport, language: Language) -> String {
    let (duplicates, near) = (&report.duplicates, &report.near_duplicates);
    let conflicts = report.conflicts.len();
    let sections = [
        (
            text!(
                language,
                "command-duplicates",
                groups = duplicates.groups,
                repeats = duplicates.images
            ),
            &duplicates.paths,
        ),
        (
            text!(
                language,
                "command-near-duplicates",
                groups = near.groups,
                images = near.images,
            ),
            &near.paths,
        ),
        (
            text!(language, "command-leaks", images = report.leaks.images),
            &report.leaks.groups,
        ),
        (
            text!(language, "command-conflicts", groups = conflicts),
            &report.conflicts,
        ),
    ];
    let sections = sections.iter().map(|(line, groups)| {
        let groups = data_warnings::groups(groups, language);
        format!("{line}\n{groups}")
    });
    sections.collect()
}

/// The number of patients, and those with images in several splits.
fn patients_summary(patients: &Patients, language: Language) -> String {
    let mut text = text!(
        language,
        "command-patients",
        patients = patients.patients,
        shared = patients.shared.len(),
        unknown = patients.images_without_patient
    );
    text.push('\n');
    if patients.shared.is_empty() {
        return text;
    }
    let shared = patients.shared.iter().map(|one| {
        let splits = one.splits.iter().map(|(name, n)| format!("{name} {n}"));
        format!("{}: {}", one.patient, splits.collect::<Vec<_>>().join(", "))
    });
    let shared: Vec<String> = shared.collect();
    text += &format!(
        "  {}\n",
        data_warnings::first_few(&shared, "\n  ", language)
    );
    text
}

/// A list, cut after an item if it is too long for a few lines.
fn shortened(list: &str) -> String {
    const MAX_CHARACTERS: usize = 300;
    match list.char_indices().nth(MAX_CHARACTERS) {
        None => list.into(),
        Some((end, _)) => format!(
            "{}, ...",
            list[..end].rsplit_once(", ").map_or("", |(a, _)| a)
        ),
    }
}
