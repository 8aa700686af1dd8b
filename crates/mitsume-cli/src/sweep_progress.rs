//! Showing a sweep: on a terminal a line per running cell and one for all of them, elsewhere a
//! line when a cell begins and ends. All on stderr.

use std::collections::{HashMap, HashSet};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mitsume_lab::Event;
use mitsume_locale::{Language, text};
use mitsume_record::EpochRow;
use mitsume_sweep::{Cell, CellEvent, CellOutcome};

use crate::commands::duration;
use crate::console::{Console, Verbosity};
use crate::oddities;
use crate::progress::{other_files_line, skipped_line};

/// Turns the events of a sweep into what a person sees.
pub struct SweepProgress {
    console: Console,
    /// None where stderr is no terminal, or progress is not wanted.
    screen: Option<(MultiProgress, ProgressBar)>,
    running: HashMap<String, Running>,
    /// What was said of data sets.
    said: HashSet<String>,
    cells: usize,
    ended: usize,
}

/// A cell that is being trained.
struct Running {
    line: Option<ProgressBar>,
    since: Instant,
    /// Epochs of this job, not of the ones before it.
    epochs: u32,
    figures: String,
}

impl SweepProgress {
    /// For `cells` cells to run, after `finished` that were there.
    pub fn new(cells: usize, finished: usize, console: Console) -> Self {
        let wanted = console.verbosity > Verbosity::Quiet;
        let screen = (wanted && std::io::stderr().is_terminal()).then(|| {
            let screen = MultiProgress::new();
            let total = screen.add(ProgressBar::new((cells + finished) as u64));
            total.set_style(style("{prefix} {pos}/{len} [{wide_bar}] {elapsed}"));
            total.set_prefix(text!(console.language, "command-cells"));
            total.set_position(finished as u64);
            (screen, total)
        });
        SweepProgress {
            console,
            screen,
            running: HashMap::new(),
            said: HashSet::new(),
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
                self.warn(&line);
            }
            // Once for a data set, not once for each of its cells.
            CellEvent::Run(Event::OtherFiles { root, files }) => {
                self.warn_once(other_files_line(&root, &files, self.console));
            }
            CellEvent::Run(Event::Leaks(leaks)) => {
                self.warn_once(oddities::leaks(&leaks, self.console.language));
            }
            CellEvent::Run(Event::Step {
                epoch,
                epochs,
                step,
                steps,
                ..
            }) => {
                if let Some(running) = self.running.get(&cell.name)
                    && let Some(line) = &running.line
                {
                    let percent = 100 * step / steps.max(1);
                    let language = self.console.language;
                    let of = text!(language, "command-epoch-of", epoch = epoch, epochs = epochs);
                    line.set_message(format!(
                        "{of} {percent:>3} % {}{}",
                        running.figures,
                        running.time_left(epochs + 1 - epoch, language)
                    ));
                }
            }
            CellEvent::Run(_) => {}
            CellEvent::Ended(outcome) => self.end(cell, &outcome),
        }
    }

    fn warn_once(&mut self, line: String) {
        if !self.said.contains(&line) {
            self.warn(&line);
            self.said.insert(line);
        }
    }

    /// Removes what is on the screen.
    pub fn finish(&mut self) {
        if let Some((screen, _)) = self.screen.take() {
            let _ = screen.clear();
        }
    }

    fn start(&mut self, cell: &Cell) {
        let line = self.screen.as_ref().map(|(screen, total)| {
            let line = screen.insert_before(total, ProgressBar::new_spinner());
            line.set_style(style("{prefix}  {msg}"));
            line.set_prefix(cell.name.clone());
            line.set_message(text!(self.console.language, "command-reading-images"));
            line
        });
        let running = Running {
            line,
            since: Instant::now(),
            epochs: 0,
            figures: String::new(),
        };
        self.running.insert(cell.name.clone(), running);
        if self.screen.is_none() {
            let cell = cell.name.as_str();
            self.say(&text!(
                self.console.language,
                "command-cell-started",
                cell = cell
            ));
        }
    }

    fn epoch(&mut self, cell: &Cell, row: &EpochRow) {
        if let Some(running) = self.running.get_mut(&cell.name) {
            running.epochs += 1;
            running.figures = figures(row);
        }
    }

    fn end(&mut self, cell: &Cell, outcome: &CellOutcome) {
        let running = self.running.remove(&cell.name);
        let figures = running.as_ref().map_or("", |running| &running.figures);
        let time = running
            .as_ref()
            .map_or(Duration::ZERO, |r| r.since.elapsed());
        self.ended += 1;
        let count = format!("[{}/{}]", self.ended, self.cells);
        let language = self.console.language;
        let text = match outcome {
            CellOutcome::Finished => {
                let time = duration(time.as_secs_f64(), language);
                let finished = text!(language, "command-cell-finished", time = time);
                format!("{finished}  {figures}")
            }
            CellOutcome::AlreadyFinished => text!(language, "command-cell-was-finished"),
            CellOutcome::Elsewhere => text!(language, "command-cell-elsewhere"),
            CellOutcome::Interrupted => text!(language, "command-cell-saved"),
            CellOutcome::Failed(problem) => {
                text!(language, "command-cell-failed", problem = problem.as_str())
            }
        };
        let line = format!("{count} {}: {text}", cell.name);
        if matches!(outcome, CellOutcome::Failed(_)) {
            self.warn(&line);
        } else {
            self.say(&line);
        }
        if let Some(line) = running.and_then(|running| running.line) {
            line.finish_and_clear();
        }
        if let Some((_, total)) = &self.screen {
            total.inc(1);
        }
    }

    fn say(&self, text: &str) {
        match &self.screen {
            Some((screen, _)) => {
                let _ = screen.println(text);
            }
            None => self.console.note(text),
        }
    }

    /// What is said with `--quiet` too.
    fn warn(&self, text: &str) {
        match &self.screen {
            Some((screen, _)) => {
                let _ = screen.println(text);
            }
            None => self.console.warn(text),
        }
    }
}

impl Running {
    /// From the epochs of this job so far.
    fn time_left(&self, epochs_left: u64, language: Language) -> String {
        if self.epochs == 0 {
            return String::new();
        }
        let each = self.since.elapsed().as_secs_f64() / f64::from(self.epochs + 1);
        let time = duration(each * epochs_left as f64, language);
        format!("  {}", text!(language, "command-about-left", time = time))
    }
}

fn figures(row: &EpochRow) -> String {
    let squared_l2 = row
        .consistency_squared_l2
        .map_or("-".to_owned(), |value| format!("{value:.4}"));
    format!("kappa {:.3}  squared-l2 {squared_l2}", row.kappa)
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style
        .expect("the templates are constants")
        .progress_chars("=> ")
}
