//! Writes the tables and figures of `docs/evidence.md`, its translation and the READMEs' summaries
//! from the records in `evidence/`. From the root of the repository:
//!
//! ```text
//! cargo run --release --example evidence
//! cargo run --release --example evidence -- --check
//! ```
//!
//! The second changes nothing and fails if a file is not up to date. In a page, what is written
//! stands between `<!-- begin NAME -->` and `<!-- end NAME -->`; figures are files of their own.

mod cell;
mod figures;
mod pages;
mod records;
mod study;
mod tables;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cell::Cells;
use mitsume_locale::Language;
use study::Study;

const FIGURES: &str = "docs/figures/evidence";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("evidence: {error}");
            ExitCode::from(2)
        }
    }
}

/// Writes or checks; false if a check found a file that is not up to date.
fn run() -> Result<bool, Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let check = match &args.iter().map(|arg| &arg[..]).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => return Err("only --check is an option".into()),
    };
    let mut outdated = Vec::new();
    for (path, text) in files(&Cells::read(Path::new("evidence"))?)? {
        if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
            continue;
        }
        if !check {
            std::fs::create_dir_all(FIGURES)?;
            std::fs::write(&path, text)?;
        }
        outdated.push(path.display().to_string());
    }
    if check && !outdated.is_empty() {
        let outdated = outdated.join(", ");
        eprintln!("evidence: not what the records give: {outdated}; run this without --check");
        return Ok(false);
    }
    Ok(true)
}

/// Every file with the text it should have.
fn files(cells: &Cells) -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let mut files = Vec::new();
    for (language, suffix) in [(Language::English, ""), (Language::Japanese, ".ja")] {
        let study = Study::read(Path::new("evidence"), language)?;
        for (name, svg) in figures::all(cells, language)
            .into_iter()
            .chain(study.figures())
        {
            files.push((format!("{FIGURES}/{name}{suffix}.svg").into(), svg));
        }
        let mut blocks = tables::all(cells, language);
        blocks.extend(study.blocks());
        for page in ["docs/evidence", "README"] {
            let path = PathBuf::from(format!("{page}{suffix}.md"));
            let text = pages::filled(&path, &blocks)?;
            files.push((path, text));
        }
    }
    Ok(files)
}
