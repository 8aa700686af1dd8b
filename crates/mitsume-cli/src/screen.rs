//! The terminal: its width, and the progress bars on it.

use std::io::{self, IsTerminal};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::console::Term;
use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};

/// The progress bars on stderr, if it is a terminal. All lines of all threads are written through
/// it, so that none lands in the middle of a bar.
static SCREEN: LazyLock<MultiProgress> = LazyLock::new(|| {
    MultiProgress::with_draw_target(match io::stderr().is_terminal() {
        true => ProgressDrawTarget::term_like_with_hz(
            Box::new(RightMargin::new(Term::buffered_stderr())),
            REDRAWS_PER_SECOND,
        ),
        false => ProgressDrawTarget::hidden(),
    })
});

const REDRAWS_PER_SECOND: u8 = 20;

/// The progress bars on stderr.
pub fn screen() -> &'static MultiProgress {
    &SCREEN
}

/// Number of columns of stderr; `None` if it is no terminal.
pub fn stderr_columns() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map(|(width, _)| usize::from(width.0))
}

/// Number of columns of stdout; `None` if it is no terminal.
pub fn stdout_columns() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(width, _)| usize::from(width.0))
}

/// A terminal whose last columns stay free, because it prints `^C` itself where the cursor is, at
/// the end of a bar: in the next line the sign would be cleared in place of the bar.
///
/// indicatif fills each line to the width that it is told and expects the terminal to begin the next
/// one. The terminal does so only at its full width; before the margin, this type does.
#[derive(Debug)]
struct RightMargin<T> {
    terminal: T,
    /// Columns of the line that are written.
    column: AtomicUsize,
}

impl<T> RightMargin<T> {
    fn new(terminal: T) -> Self {
        RightMargin {
            terminal,
            column: AtomicUsize::new(0),
        }
    }
}

/// Columns of `^C`.
const MARGIN: u16 = 2;

impl<T: TermLike> TermLike for RightMargin<T> {
    fn width(&self) -> u16 {
        self.terminal.width().saturating_sub(MARGIN).max(1)
    }

    fn height(&self) -> u16 {
        self.terminal.height()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.column.store(0, Ordering::Relaxed);
        self.terminal.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text == "\r" {
            self.column.store(0, Ordering::Relaxed);
            return self.terminal.write_str(text);
        }
        let columns = ::console::measure_text_width(text);
        if columns == 0 {
            return self.terminal.write_str(text);
        }
        let width = usize::from(self.width());
        let mut column = self.column.load(Ordering::Relaxed);
        if column >= width {
            self.terminal.write_line("")?;
            column = 0;
        }
        self.column.store(column + columns, Ordering::Relaxed);
        self.terminal.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.column.store(0, Ordering::Relaxed);
        self.terminal.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.terminal.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use indicatif::{ProgressBar, ProgressStyle};

    use super::*;

    /// A terminal of 40 columns.
    #[derive(Clone)]
    struct Emulator(Arc<Mutex<vt100::Parser>>);

    impl std::fmt::Debug for Emulator {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Emulator")
        }
    }

    impl Emulator {
        fn new() -> Self {
            Emulator(Arc::new(Mutex::new(vt100::Parser::new(10, 40, 0))))
        }

        fn print(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().process(text.as_bytes());
            Ok(())
        }

        fn move_cursor(&self, n: usize, direction: char) -> io::Result<()> {
            match n {
                0 => Ok(()),
                n => self.print(&format!("\x1b[{n}{direction}")),
            }
        }

        fn contents(&self) -> String {
            self.0.lock().unwrap().screen().contents()
        }
    }

    impl TermLike for Emulator {
        fn width(&self) -> u16 {
            40
        }

        fn move_cursor_up(&self, n: usize) -> io::Result<()> {
            self.move_cursor(n, 'A')
        }

        fn move_cursor_down(&self, n: usize) -> io::Result<()> {
            self.move_cursor(n, 'B')
        }

        fn move_cursor_right(&self, n: usize) -> io::Result<()> {
            self.move_cursor(n, 'C')
        }

        fn move_cursor_left(&self, n: usize) -> io::Result<()> {
            self.move_cursor(n, 'D')
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.print(&format!("{text}\r\n"))
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.print(text)
        }

        fn clear_line(&self) -> io::Result<()> {
            self.print("\r\x1b[2K")
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nothing_of_a_bar_stays_after_the_terminal_printed_the_sign_of_ctrl_c() {
        for (bars, line) in [(1, "[{wide_bar}] {pos}/{len}"), (3, "{prefix} {wide_msg}")] {
            let terminal = Emulator::new();
            let target =
                ProgressDrawTarget::term_like(Box::new(RightMargin::new(terminal.clone())));
            let screen = MultiProgress::with_draw_target(target);
            let bars: Vec<ProgressBar> = (0..bars)
                .map(|_| {
                    let style = ProgressStyle::with_template(line).unwrap();
                    let bar = screen.add(ProgressBar::new(10).with_style(style));
                    bar.set_prefix("cell");
                    bar.set_message("a message longer than the terminal is wide");
                    bar.tick();
                    bar
                })
                .collect();
            let lines = terminal.contents();
            assert_eq!(lines.lines().count(), bars.len(), "{lines}");
            terminal.print("^C").unwrap();
            screen.suspend(|| terminal.print("stopping\r\n").unwrap());
            bars.iter().for_each(ProgressBar::finish_and_clear);
            assert_eq!(terminal.contents().trim_end(), "stopping");
        }
    }
}
