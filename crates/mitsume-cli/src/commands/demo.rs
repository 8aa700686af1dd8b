//! `mitsume demo`

use mitsume_engine::{DemoOptions, DemoOutcome, shell_word};
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
