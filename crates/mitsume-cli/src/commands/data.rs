//! `mitsume data`

use mitsume_data::check::{CheckReport, check};
use mitsume_data::phantom::{PhantomSpec, write_data_set};

use super::output;
use crate::args::{CheckArgs, DataArgs, DataCommand, SynthArgs};
use crate::failure::Result;
use crate::threads;

/// Runs the command.
pub fn run(args: DataArgs) -> Result {
    match args.command {
        DataCommand::Synth(args) => synth(args),
        DataCommand::Check(args) => run_check(args),
    }
}

fn synth(args: SynthArgs) -> Result {
    threads::set(args.threads.count())?;
    let spec = PhantomSpec {
        per_class_train: args.train,
        per_class_test: args.test,
        size: args.size as usize,
        seed: args.seed,
    };
    write_data_set(&args.dir, spec, &|_, _| {})?;
    let dir = args.dir.display();
    output::text(&format!(
        "{dir}/Training: {} images in each of 4 classes\n{dir}/Testing: {}\n{dir}/masks: where the lesions are",
        args.train, args.test
    ))
}

fn run_check(args: CheckArgs) -> Result {
    threads::set(args.threads.count())?;
    let report = check(&args.dir, &|_, _| {})?;
    if args.json {
        output::json(&report)
    } else {
        output::text(&summary(&report))
    }
}

fn summary(report: &CheckReport) -> String {
    let mut text = String::new();
    for split in &report.splits {
        let name = if split.name.is_empty() {
            "images"
        } else {
            &split.name
        };
        text += &format!("{name}: {} images\n", split.images);
        let counts = |counts: &std::collections::BTreeMap<String, usize>| {
            counts
                .iter()
                .map(|(what, n)| format!("{what} {n}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        for (what, counted) in [
            ("classes", &split.classes),
            ("sizes", &split.sizes),
            ("modes", &split.modes),
        ] {
            text += &format!("  {what:<8}{}\n", some(&counts(counted)));
        }
    }
    text += &format!("unreadable files: {}\n", report.unreadable.len());
    for (path, reason) in report.unreadable.iter().zip(&report.unreadable_reasons) {
        text += &format!("  {path}: {reason}\n");
    }
    text += &format!(
        "exact duplicates (same pixels): {} groups, {} repeats\n\
         near duplicates (same to the eye, perhaps): {} groups, {} images in all\n\
         leaks: {} images of a later split equal one in the first\n\
         label conflicts: {} groups with the same pixels under different classes\n",
        report.duplicates.groups,
        report.duplicates.images,
        report.near_duplicates.groups,
        report.near_duplicates.images,
        report.leaks.images,
        report.conflicts.len(),
    );
    for group in &report.conflicts {
        text += &format!("  {}\n", group.join(", "));
    }
    text + "--json lists every file."
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
