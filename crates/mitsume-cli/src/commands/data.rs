//! `mitsume data`

use mitsume_data::check::{CheckReport, check, check_splits};
use mitsume_data::phantom::{PhantomSpec, write_data_set};
use mitsume_locale::{Language, text};

use super::output;
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
    written.map_err(|error| Failure::of_new_folder(error.into(), &args.dir))?;
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
    let report = match &args.dirs[..] {
        [dir] => check(dir, &|_, _| {})?,
        splits => check_splits(splits, &|_, _| {})?,
    };
    if args.json {
        output::json(&report)
    } else {
        output::text(&summary(&report, console.language))
    }
}

fn summary(report: &CheckReport, language: Language) -> String {
    let mut text = String::new();
    for split in &report.splits {
        let name = match split.name.as_str() {
            "" => text!(language, "command-split-unnamed"),
            name => name.to_owned(),
        };
        let images = split.images;
        text += &text!(language, "command-split", split = name, images = images);
        text.push('\n');
        let counts = |counts: &std::collections::BTreeMap<String, usize>| {
            counts
                .iter()
                .map(|(what, n)| format!("{what} {n}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        for (what, counted) in [
            (text!(language, "command-split-classes"), &split.classes),
            (text!(language, "command-split-sizes"), &split.sizes),
            (text!(language, "command-split-modes"), &split.modes),
        ] {
            text += &format!("  {}{}\n", output::padded(&what, 8), some(&counts(counted)));
        }
    }
    let files = report.unreadable.len();
    text += &text!(language, "command-unreadable", files = files);
    text.push('\n');
    for (path, reason) in report.unreadable.iter().zip(&report.unreadable_reasons) {
        text += &format!("  {path}: {reason}\n");
    }
    let others = match data_warnings::other_files(&report.other_files, language) {
        none if none.is_empty() => text!(language, "command-not-images-none"),
        files => text!(language, "command-not-images", files = files),
    };
    text += &format!("{others}\n");
    let (duplicates, near) = (&report.duplicates, &report.near_duplicates);
    let (groups, repeats) = (duplicates.groups, duplicates.images);
    let conflicts = report.conflicts.len();
    for (line, groups) in [
        (
            text!(
                language,
                "command-duplicates",
                groups = groups,
                repeats = repeats
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
    ] {
        text += &format!("{line}\n{}", data_warnings::groups(groups, language));
    }
    text + &text!(language, "command-json-lists")
}

/// At most a few lines' worth of a long list.
fn some(list: &str) -> String {
    const MOST: usize = 300;
    match list.char_indices().nth(MOST) {
        None => list.into(),
        Some((end, _)) => format!(
            "{}, ...",
            list[..end].rsplit_once(", ").map_or("", |(a, _)| a)
        ),
    }
}
