//! Progress of a sweep on stderr: on a terminal a line per running cell and one for all cells,
//! otherwise a line when a cell starts and ends.

use std::collections::{HashMap, HashSet};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use mitsume_artifacts::EpochRow;
use mitsume_engine::Event;
use mitsume_locale::{Language, text};
use mitsume_sweep::{Cell, CellEvent, CellOutcome};

use crate::commands::duration;
use crate::console::{Console, Verbosity};
use crate::data_warnings;
use crate::progress::{other_files_line, skipped_line};
use crate::screen::screen;
use crate::time_left::{StepPosition, TimeLeft};

/// Shows the events of a sweep.
pub struct SweepProgress {
    console: Console,
    /// The line for all cells; `None` if stderr is no terminal or progress is not shown.
    total: Option<ProgressBar>,
    began: Instant,
    running: HashMap<String, RunningCell>,
    /// Warnings about data sets that were already printed.
    printed_warnings: HashSet<String>,
    cells: usize,
    ended: usize,
}

/// A cell that is being trained.
struct RunningCell {
    line: Option<ProgressBar>,
    start: Instant,
    left: TimeLeft,
    measures: String,
}

impl SweepProgress {
    /// For `cells` cells to run, besides `finished` cells that are done already.
    pub fn new(cells: usize, finished: usize, console: Console) -> Self {
        let is_shown = console.verbosity > Verbosity::Quiet;
        let total = (is_shown && std::io::stderr().is_terminal()).then(|| {
            let total = screen().add(ProgressBar::new((cells + finished) as u64));
            total.set_style(style("{prefix} {pos}/{len} [{wide_bar}] {elapsed}"));
            total.set_prefix(text!(console.language, "command-cells"));
            total.set_position(finished as u64);
            total
        });
        SweepProgress {
            console,
            total,
            began: Instant::now(),
            running: HashMap::new(),
            printed_warnings: HashSet::new(),
            cells,
            ended: 0,
        }
    }

    /// Shows one event.
    pub fn show(&mut self, cell: &Cell, event: CellEvent) {
        match event {
            CellEvent::Started => self.start(cell),
            CellEvent::Run(Event::Epoch(row)) => self.epoch(cell, &row),
            CellEvent::Run(Event::Skipped(skipped)) => {
                let line = format!("{}: {}", cell.name, skipped_line(&skipped, self.console));
                self.console.warn(&line);
            }
            // Once per data set, not for each of its cells.
            CellEvent::Run(Event::OtherFiles { root, files }) => {
                self.warn_once(other_files_line(&root, &files, self.console));
            }
            CellEvent::Run(Event::MoreFrames(images)) => {
                let language = self.console.language;
                self.warn_once(data_warnings::more_frames(&images, language));
            }
            CellEvent::Run(Event::Leaks(leaks)) => {
                self.warn_once(data_warnings::leaks(&leaks, self.console.language));
            }
            CellEvent::Run(Event::SharedPatients(shared)) => {
                let language = self.console.language;
                self.warn_once(data_warnings::shared_patients(&shared, language));
            }
            CellEvent::Run(Event::Step {
                epoch,
                epochs,
                step,
                steps,
                ..
            }) => {
                let (language, now) = (self.console.language, self.began.elapsed());
                if let Some(running) = self.running.get_mut(&cell.name) {
                    let position = StepPosition {
                        epoch,
                        epochs,
                        step,
                        steps,
                    };
                    running.step(&position, now, language);
                }
            }
            CellEvent::Run(_) => {}
            CellEvent::Ended(outcome) => self.end(cell, &outcome),
        }
    }

    fn warn_once(&mut self, line: String) {
        if !self.printed_warnings.contains(&line) {
            self.console.warn(&line);
            self.printed_warnings.insert(line);
        }
    }

    /// Removes all lines from the terminal.
    pub fn finish(&mut self) {
        for line in self.running.drain().filter_map(|(_, cell)| cell.line) {
            line.finish_and_clear();
        }
        if let Some(total) = self.total.take() {
            total.finish_and_clear();
        }
    }

    fn start(&mut self, cell: &Cell) {
        let line = self.total.as_ref().map(|total| {
            let line = screen().insert_before(total, ProgressBar::new_spinner());
            line.set_style(style("{prefix}  {wide_msg}"));
            line.set_prefix(cell.name.clone());
            line.set_message(text!(self.console.language, "command-reading-images"));
            line
        });
        let running = RunningCell {
            line,
            start: Instant::now(),
            left: TimeLeft::default(),
            measures: String::new(),
        };
        self.running.insert(cell.name.clone(), running);
        if self.total.is_none() {
            let cell = cell.name.as_str();
            self.console.note(&text!(
                self.console.language,
                "command-cell-started",
                cell = cell
            ));
        }
    }

    fn epoch(&mut self, cell: &Cell, row: &EpochRow) {
        if let Some(running) = self.running.get_mut(&cell.name) {
            running.left.epoch(row.epoch, self.began.elapsed());
            running.measures = measures_text(row);
        }
    }

    fn end(&mut self, cell: &Cell, outcome: &CellOutcome) {
        let running = self.running.remove(&cell.name);
        let measures = running.as_ref().map_or("", |running| &running.measures);
        let time = running
            .as_ref()
            .map_or(Duration::ZERO, |r| r.start.elapsed());
        self.ended += 1;
        let count = format!("[{}/{}]", self.ended, self.cells);
        let language = self.console.language;
        let text = match outcome {
            CellOutcome::Finished => {
                let time = duration(time.as_secs_f64(), language);
                let finished = text!(language, "command-cell-finished", time = time);
                format!("{finished}  {measures}")
            }
            CellOutcome::AlreadyFinished => text!(language, "command-cell-was-finished"),
            CellOutcome::LockedElsewhere => text!(language, "command-cell-elsewhere"),
            CellOutcome::Interrupted => text!(language, "command-cell-saved"),
            CellOutcome::Failed(problem) => {
                text!(language, "command-cell-failed", problem = problem.as_str())
            }
        };
        let line = format!("{count} {}: {text}", cell.name);
        if matches!(outcome, CellOutcome::Failed(_)) {
            self.console.warn(&line);
        } else {
            self.console.note(&line);
        }
        if let Some(line) = running.and_then(|running| running.line) {
            line.finish_and_clear();
        }
        if let Some(total) = &self.total {
            total.inc(1);
        }
    }
}

/// Removes the lines also if the sweep fails.
impl Drop for SweepProgress {
    fn drop(&mut self) {
        self.finish();
    }
}

impl RunningCell {
    fn step(&mut self, position: &StepPosition, now: Duration, language: Language) {
        let left = self.left.step(position, now);
        let Some(line) = &self.line else {
            return;
        };
        let percent = 100 * position.step / position.steps.max(1);
        let epoch = text!(
            language,
            "command-epoch-of",
            epoch = position.epoch,
            epochs = position.epochs
        );
        let left = left.map_or(String::new(), |left| {
            let time = duration(left, language);
            format!("  {}", text!(language, "command-about-left", time = time))
        });
        // The terminal truncates the end.
        line.set_message(format!("{epoch} {percent:>3} %{left}  {}", self.measures));
    }
}

fn measures_text(row: &EpochRow) -> String {
    let dash = || "-".to_owned();
    let kappa = row.kappa.map_or_else(dash, |value| format!("{value:.3}"));
    let squared_l2 = row.consistency_squared_l2;
    let squared_l2 = squared_l2.map_or_else(dash, |value| format!("{value:.4}"));
    format!("kappa {kappa}  squared-l2 {squared_l2}")
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style
        .expect("the templates are constants")
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_of_a_cell_is_known_in_its_first_epoch() {
        let mut cell = RunningCell {
            line: Some(ProgressBar::hidden()),
            start: Instant::now(),
            left: TimeLeft::default(),
            measures: "kappa 0.500".into(),
        };
        let mut alone = TimeLeft::default();
        let mut after_step = |epoch, step, seconds| {
            let now = Duration::from_secs(seconds);
            let position = StepPosition {
                epoch,
                epochs: 3,
                step,
                steps: 10,
            };
            cell.step(&position, now, Language::English);
            let left = alone.step(&position, now);
            (cell.line.as_ref().unwrap().message(), left)
        };
        let (message, left) = after_step(1, 1, 100);
        assert_eq!(
            (message.as_str(), left),
            ("epoch 1/3  10 %  kappa 0.500", None)
        );
        after_step(1, 2, 102);
        // A pause changes a mean, but not the median.
        after_step(1, 3, 1000);
        let (message, left) = after_step(1, 4, 1002);
        assert_eq!(left, Some(52.0));
        assert_eq!(message, "epoch 1/3  40 %  about 52 s left  kappa 0.500");
    }
}
