//! `mitsume demo`

use mitsume_lab::{DemoOptions, DemoOutcome};

use super::output;
use crate::args::DemoArgs;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{stop, threads};

/// Runs the command.
pub fn run(args: DemoArgs) -> Result {
    threads::set(args.threads.count())?;
    let stop = stop::on_signal();
    let mut progress = Progress::new();
    let options = DemoOptions {
        out: args.out.clone(),
        seed: args.seed,
    };
    let outcome = mitsume_lab::demo(&options, &stop, &mut |event| progress.show(event))?;
    progress.finish();
    match outcome {
        Some(outcome) => output::text(&summary(&outcome)),
        None => Err(Failure::Interrupted(format!(
            "the demo starts anew: remove {} and run it again",
            args.out.display()
        ))),
    }
}

fn summary(outcome: &DemoOutcome) -> String {
    let (plain, consistent) = (&outcome.plain, &outcome.consistent);
    let row = |name: &str, plain: String, consistent: String| vec![name.into(), plain, consistent];
    let figure = output::figure;
    let table = output::table(&[
        row("", "lambda 0".into(), "lambda 50".into()),
        row(
            "kappa",
            format!("{:.4}", plain.kappa),
            format!("{:.4}", consistent.kappa),
        ),
        row(
            "consistency, squared-l2",
            figure(plain.consistency.squared_l2),
            figure(consistent.consistency.squared_l2),
        ),
        row(
            "consistency, l2",
            figure(plain.consistency.l2),
            figure(consistent.consistency.l2),
        ),
    ]);
    format!(
        "{table}Lower consistency figures: the model looks at the same place more.\n\n\
         report: {report}\n\n\
         Next, on images of your own (one folder per class):\n  \
         mitsume data check DIR\n  \
         mitsume explain --run {run} {example}/*.png --out explained\n  \
         mitsume train --help",
        report = outcome.report.display(),
        run = outcome.run.display(),
        example = outcome.example.display(),
    )
}
