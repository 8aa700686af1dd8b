//! Ctrl-C and SIGTERM as a flag that the work checks between steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mitsume_engine::EngineError;
use mitsume_locale::text;

use crate::console::Console;
use crate::failure::Failure;
use crate::screen::screen;

/// A flag that the first signal sets. The second signal ends the process at once; the last
/// checkpoint is intact in both cases.
pub fn on_signal(console: Console) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            let _ = screen().clear();
            std::process::exit(130);
        }
        console.note(&text!(console.language, "command-stopping"));
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        let reason = error.to_string();
        console.warn(&text!(
            console.language,
            "command-no-signals",
            reason = reason
        ));
    }
    stop
}

/// The failure of work of which nothing is kept if it is stopped.
pub fn failure(error: EngineError, console: Console) -> Failure {
    match error {
        EngineError::Interrupted => {
            Failure::Interrupted(text!(console.language, "command-nothing-kept"))
        }
        error => error.into(),
    }
}
