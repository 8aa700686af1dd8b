//! Progress on stderr: bars if it is a terminal, and a line per epoch.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use mitsume_artifacts::EpochRow;
use mitsume_data::{OtherFiles, Skipped};
use mitsume_engine::{Event, Phase};
use mitsume_locale::{Language, text};

use crate::commands::duration;
use crate::console::{Console, Verbosity};
use crate::data_warnings;
use crate::epoch_line::EpochLines;
use crate::progress_lines::ProgressLines;
use crate::screen::{screen, stderr_columns};
use crate::time_left::{StepPosition, TimeLeft};

/// Terminals with fewer columns get the counts without a bar.
const MIN_BAR_COLUMNS: usize = 76;

/// Shows events as progress bars and lines.
pub struct Progress {
    console: Console,
    bar: Option<ProgressBar>,
    lines: Option<ProgressLines>,
    terminal: bool,
    began: Instant,
    /// The current activity and its start.
    activity: Option<(String, Instant)>,
    run: RunProgress,
}

/// The run whose epochs are shown.
#[derive(Default)]
struct RunProgress {
    epochs: u64,
    left: TimeLeft,
    /// Set once the header is printed.
    lines: Option<EpochLines>,
}

impl Progress {
    /// Draws bars only if stderr is a terminal, and the environment does not ask for lines.
    pub fn new(console: Console) -> Self {
        let is_shown = console.verbosity > Verbosity::Quiet;
        let lines = ProgressLines::from_environment().filter(|_| is_shown);
        Progress {
            console,
            bar: None,
            terminal: is_shown && lines.is_none() && std::io::stderr().is_terminal(),
            lines,
            began: Instant::now(),
            activity: None,
            run: RunProgress::default(),
        }
    }

    /// Shows one event.
    pub fn show(&mut self, event: Event) {
        let language = self.console.language;
        match event {
            Event::Phase(phase) => self.phase(&phase),
            Event::StoppedEarly { epochs } => {
                self.remove_bar();
                self.console
                    .note(&text!(language, "command-stopped-early", epochs = epochs));
            }
            Event::InitChanged(path) => {
                let path = path.display().to_string();
                self.warn(&text!(language, "command-train-other-init", path = path));
            }
            Event::OtherProcessor { began, now } => {
                self.warn(&other_processor_line(&began, &now, language));
            }
            Event::Loading { done, total } => {
                self.count(text!(language, "command-reading-images"), done, total);
            }
            Event::Skipped(skipped) => {
                self.warn(&skipped_line(&skipped, self.console));
            }
            Event::OtherFiles { root, files } => {
                self.warn(&other_files_line(&root, &files, self.console));
            }
            Event::MoreFrames(images) => {
                self.warn(&data_warnings::more_frames(&images, language));
            }
            Event::Leaks(leaks) => {
                self.warn(&data_warnings::leaks(&leaks, language));
            }
            Event::SharedPatients(shared) => {
                self.warn(&data_warnings::shared_patients(&shared, language));
            }
            Event::Step {
                epoch,
                epochs,
                step,
                steps,
                loss,
            } => {
                self.step(
                    &StepPosition {
                        epoch,
                        epochs,
                        step,
                        steps,
                    },
                    loss,
                );
            }
            Event::Evaluating { done, total } => {
                self.count(text!(language, "command-evaluating"), done, total);
            }
            Event::CheckingShards { done, total } => {
                self.count(text!(language, "command-checking-shards"), done, total);
            }
            Event::Merging { done, total } => {
                self.count(text!(language, "command-merging"), done, total);
            }
            Event::ShardDamaged(problem) => {
                let problem = problem.as_str();
                self.warn(&text!(language, "command-shard-damaged", problem = problem));
            }
            Event::MixedProcessors { shards, processors } => {
                self.warn(&mixed_processors_line(shards, &processors, language));
            }
            Event::Epoch(row) => self.epoch(&row),
        }
    }

    fn warn(&mut self, text: &str) {
        self.remove_bar();
        self.console.warn(text);
    }

    /// Shows how many shards of an evaluation are done.
    pub fn shards(&mut self, done: usize, total: usize) {
        self.count(text!(self.console.language, "command-shards"), done, total);
    }

    /// Removes the bar and, with `--verbose`, prints the total time.
    pub fn finish(&mut self) {
        self.end_activity();
        let time = duration(self.began.elapsed().as_secs_f64(), self.console.language);
        self.console.detail(&text!(
            self.console.language,
            "command-took-in-all",
            time = time
        ));
    }

    fn phase(&mut self, phase: &Phase) {
        let language = self.console.language;
        let text = match phase {
            Phase::Phantoms(dir) => {
                let dir = dir.display().to_string();
                text!(language, "command-drawing-phantoms", dir = dir)
            }
            Phase::Training { lambda } => {
                let lambda = lambda.to_string();
                text!(language, "command-training-level2", lambda = lambda)
            }
        };
        self.run = RunProgress::default();
        self.end_activity();
        self.console.note(&text);
    }

    fn step(&mut self, position: &StepPosition, loss: f64) {
        let language = self.console.language;
        let StepPosition { epoch, epochs, .. } = *position;
        self.run.epochs = epochs;
        let left = self.run.left.step(position, self.began.elapsed());
        let name = text!(language, "command-epoch-of", epoch = epoch, epochs = epochs);
        let left = left.map_or(String::new(), |left| {
            let time = duration(left, language);
            text!(language, "command-about-left", time = time)
        });
        let loss = format!("{loss:.4}");
        let loss = text!(language, "command-step-loss", loss = loss);
        // A narrow terminal truncates the message.
        self.bar(
            name,
            position.step,
            position.steps,
            format!("{left}  {loss}"),
        );
    }

    fn epoch(&mut self, row: &EpochRow) {
        let left = self.run.left.epoch(row.epoch, self.began.elapsed());
        self.end_activity();
        let language = self.console.language;
        let lines = self.run.lines.get_or_insert_with(|| {
            let lines = EpochLines::new(language, stderr_columns());
            self.console.note(&lines.header());
            lines
        });
        let epochs = self.run.epochs.max(row.epoch);
        self.console.note(&lines.epoch(row, epochs, left));
    }

    fn remove_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn end_activity(&mut self) {
        self.remove_bar();
        let Some((name, since)) = self.activity.take() else {
            return;
        };
        let language = self.console.language;
        let time = duration(since.elapsed().as_secs_f64(), language);
        self.console
            .detail(&text!(language, "command-took", what = name, time = time));
    }

    fn count(&mut self, name: String, done: usize, total: usize) {
        self.bar(name, done, total, String::new());
    }

    fn bar(&mut self, name: String, done: usize, total: usize, message: String) {
        if self
            .activity
            .as_ref()
            .is_none_or(|(before, _)| *before != name)
        {
            self.end_activity();
            self.activity = Some((name.clone(), Instant::now()));
        }
        if let Some(lines) = &mut self.lines {
            lines.show(&name, done, total);
        }
        if !self.terminal {
            return;
        }
        let total = total as u64;
        let bar = self.bar.get_or_insert_with(|| {
            // The bar takes the remaining width; a narrow terminal gets none.
            let template = match stderr_columns() {
                Some(0..MIN_BAR_COLUMNS) => "{prefix} {pos}/{len}  {wide_msg}",
                _ => "{prefix} [{wide_bar}] {pos}/{len}  {msg}",
            };
            let style = ProgressStyle::with_template(template)
                .expect("the templates are constants")
                .progress_chars("=> ");
            let bar = screen().add(ProgressBar::new(total).with_style(style).with_prefix(name));
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        bar.set_length(total);
        bar.set_position(done as u64);
        bar.set_message(message);
        if done as u64 == total {
            self.remove_bar();
        }
    }
}

/// Removes the bar also if the work fails.
impl Drop for Progress {
    fn drop(&mut self) {
        self.remove_bar();
    }
}

/// Warns of files of a data set that are not used as images.
pub fn other_files_line(root: &Path, files: &[OtherFiles], console: Console) -> String {
    let folder = root.display().to_string();
    let files = data_warnings::other_files(files, console.language);
    text!(
        console.language,
        "command-not-images-in",
        folder = folder,
        files = files
    )
}

/// Warns of an image that is left out.
pub fn skipped_line(skipped: &Skipped, console: Console) -> String {
    text!(
        console.language,
        "command-skipped",
        path = skipped.path.display().to_string(),
        reason = skipped.reason.as_str(),
    )
}

/// Warns of a run that goes on with other vector instructions.
fn other_processor_line(began: &str, now: &str, language: Language) -> String {
    text!(
        language,
        "command-train-other-processor",
        began = began,
        now = now
    )
}

/// Warns of shards made with different vector instructions.
fn mixed_processors_line(
    shards: [usize; 2],
    [first, other]: &[String; 2],
    language: Language,
) -> String {
    text!(
        language,
        "command-mixed-processors",
        first = shards[0],
        first_processor = first.as_str(),
        other = shards[1],
        other_processor = other.as_str(),
    )
}
