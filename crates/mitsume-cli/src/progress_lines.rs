//! Progress as lines of JSON on stderr, for a program that shows it in its own way: the Python
//! package, or a web interface.
//!
//! ```text
//! {"activity":"evaluating","done":64,"total":600}
//! ```

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::screen::screen;

/// Environment variable; set to `json`, lines take the place of bars.
const VARIABLE: &str = "MITSUME_PROGRESS";
/// Least time between two lines of an activity, but for its last.
const INTERVAL: Duration = Duration::from_millis(100);

#[derive(Serialize)]
struct Line<'a> {
    activity: &'a str,
    done: usize,
    total: usize,
}

/// Writes the lines.
#[derive(Default)]
pub struct ProgressLines {
    last: Option<Instant>,
}

impl ProgressLines {
    /// `None` unless the environment asks for lines.
    pub fn from_environment() -> Option<Self> {
        let wanted = std::env::var(VARIABLE).is_ok_and(|value| value == "json");
        wanted.then(Self::default)
    }

    /// `done` of `total` steps of an activity.
    pub fn show(&mut self, activity: &str, done: usize, total: usize) {
        let is_due = self.last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due || done == total {
            self.last = Some(Instant::now());
            let line = Line {
                activity,
                done,
                total,
            };
            let line = serde_json::to_string(&line).expect("plain data serialises");
            screen().suspend(|| eprintln!("{line}"));
        }
    }
}
