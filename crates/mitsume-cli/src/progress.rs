//! Showing progress: bars on a terminal, one line per epoch elsewhere. All on stderr.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use mitsume_lab::Event;
use mitsume_locale::{Language, text};
use mitsume_record::EpochRow;

/// Turns events into what a person sees.
pub struct Progress {
    bar: Option<ProgressBar>,
    terminal: bool,
}

/// What the bar is about; a new activity starts a new bar, so that the time left is its own.
impl Progress {
    /// Bars only where stderr is a terminal.
    pub fn new() -> Self {
        Progress {
            bar: None,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Shows one event.
    pub fn show(&mut self, event: Event) {
        match event {
            Event::Stage(name) => self.line(&name),
            Event::OtherInit(path) => self.line(&text!(
                Language::default(),
                "command-train-other-init",
                path = path.display().to_string()
            )),
            Event::Loading { done, total } => self.bar("reading images", done, total, ""),
            Event::Skipped(skipped) => {
                self.line(&format!(
                    "skipped {}: {}",
                    skipped.path.display(),
                    skipped.reason
                ));
            }
            Event::Step {
                epoch,
                epochs,
                step,
                steps,
                loss,
            } => {
                let name = format!("epoch {epoch}/{epochs}");
                self.bar(&name, step, steps, &format!("loss {loss:.4}"));
            }
            Event::Evaluating { done, total } => self.bar("evaluating", done, total, ""),
            Event::Epoch(row) => self.line(&epoch_line(&row)),
        }
    }

    /// Removes the bar.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn line(&mut self, text: &str) {
        self.finish();
        eprintln!("{text}");
    }

    fn bar(&mut self, name: &str, done: usize, total: usize, message: &str) {
        if !self.terminal {
            return;
        }
        let total = total as u64;
        let same = self
            .bar
            .as_ref()
            .is_some_and(|bar| bar.prefix() == name && bar.length() == Some(total));
        if !same {
            self.finish();
            let style = ProgressStyle::with_template(
                "{prefix:>14} [{bar:30}] {pos}/{len}  {elapsed} elapsed, {eta} left  {msg}",
            )
            .expect("the template is a constant")
            .progress_chars("=> ");
            let bar = ProgressBar::new(total)
                .with_style(style)
                .with_prefix(name.to_string());
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
            bar.set_message(message.to_string());
        }
        if done as u64 == total {
            self.finish();
        }
    }
}

fn epoch_line(row: &EpochRow) -> String {
    let figure = |value: Option<f64>| value.map_or("-".to_string(), |value| format!("{value:.6}"));
    let cam = row
        .train_cam_loss
        .map_or(String::new(), |cam| format!(" cam {cam:.5}"));
    format!(
        "epoch {:>3}  lambda {:<6.4} loss {:.4}{cam}  valid loss {:.4}  accuracy {:.4}  kappa {:.4}  \
         squared-l2 {}  l2 {}  {:.1} s",
        row.epoch,
        row.lambda,
        row.train_loss,
        row.val_loss,
        row.val_accuracy,
        row.kappa,
        figure(row.consistency_squared_l2),
        figure(row.consistency_l2),
        row.seconds,
    )
}
