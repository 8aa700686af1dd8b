//! `mitsume demo`

use mitsume_engine::{DemoOptions, DemoOutcome, DemoSize, shell_word};
use mitsume_locale::{Language, text};

use super::output;
use crate::args::DemoArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{stop, threads};

/// Runs the command.
pub fn run(args: DemoArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let stop = stop::on_signal(console);
    let mut progress = Progress::new(console);
    let options = DemoOptions {
        out: args.out.clone(),
        seed: args.seed,
        size: DemoSize::DEFAULT,
        language: console.language,
    };
    let outcome = mitsume_engine::demo(&options, &stop, &mut |event| progress.show(event));
    progress.finish();
    let outcome = outcome.map_err(|error| Failure::from_new_folder(error, &args.out))?;
    match outcome {
        Some(outcome) => output::text(&summary(&outcome, console.language)),
        None => {
            let out = args.out.display().to_string();
            Err(Failure::Interrupted(text!(
                console.language,
                "command-demo-interrupted",
                out = out
            )))
        }
    }
}

fn summary(outcome: &DemoOutcome, language: Language) -> String {
    let (plain, consistent) = (&outcome.plain, &outcome.consistent);
    let row = |name: &str, plain: String, consistent: String| vec![name.into(), plain, consistent];
    let decimal = output::decimal;
    let table = output::table(&[
        row("", "lambda 0".into(), "lambda 50".into()),
        row(
            "kappa",
            format!("{:.4}", plain.kappa),
            format!("{:.4}", consistent.kappa),
        ),
        row(
            &text!(language, "command-demo-consistency", form = "squared-l2"),
            decimal(plain.consistency.squared_l2),
            decimal(consistent.consistency.squared_l2),
        ),
        row(
            &text!(language, "command-demo-consistency", form = "l2"),
            decimal(plain.consistency.l2),
            decimal(consistent.consistency.l2),
        ),
    ]);
    let explain = format!(
        "mitsume explain --run {} {}/*.png --out explained",
        shell_word(&outcome.run),
        shell_word(&outcome.example),
    );
    let report = outcome.report.display().to_string();
    format!(
        "{table}{}\n\n{}\n{}\n\n{}\n  mitsume data check DIR\n  {explain}\n  mitsume train --help",
        text!(language, "command-demo-lower"),
        output::bullet_list(&outcome.findings),
        text!(language, "command-report-at", path = report),
        text!(language, "command-demo-next"),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// A small demo in `language`: what is printed, and the page.
    fn demo(language: Language) -> (String, String) {
        let dir = tempfile::tempdir().unwrap();
        let options = DemoOptions {
            out: dir.path().join("demo"),
            seed: 0,
            size: DemoSize {
                image_side: 32,
                train_per_class: 4,
                test_per_class: 4,
                epochs: 3,
            },
            language,
        };
        let outcome = mitsume_engine::demo(&options, &AtomicBool::new(false), &mut |_| ());
        let outcome = outcome.unwrap().expect("nothing stopped it");
        let page = std::fs::read_to_string(&outcome.report).unwrap();
        (summary(&outcome, language), page)
    }

    #[test]
    fn a_demo_is_in_one_language_from_its_page_to_what_is_printed() {
        let is_japanese = |letter: char| ('\u{3041}'..='\u{9fff}').contains(&letter);
        let (english, page) = demo(Language::English);
        assert!(!english.contains(is_japanese), "{english}");
        assert!(page.contains("<html lang=\"en\""));
        assert!(english.contains("\n  mitsume explain --run "), "{english}");

        let (japanese, page) = demo(Language::Japanese);
        assert!(page.contains("<html lang=\"ja\""));
        // Names of forms and metrics, commands and paths are the same in both languages.
        let prose = japanese.lines().filter(|line| line.len() > 40);
        // Columns of tables and commands begin with two spaces.
        let prose = prose.filter(|line| !line.contains("  "));
        assert!(prose.clone().count() >= 3, "{japanese}");
        for line in prose {
            assert!(line.contains(is_japanese), "not in Japanese: {line}");
        }
        let command = |text: &str| text.lines().filter(|l| l.starts_with("  mitsume ")).count();
        assert_eq!(command(&japanese), command(&english));
    }
}
