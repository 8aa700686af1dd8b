//! Tables on stdout, as wide as the terminal at most.

use mitsume_report::{Alignment, text_table};

use crate::screen::stdout_columns;

/// Before the lines of an indented table.
const INDENT: &str = "  ";

/// A table of rows, the first of them its header. The first column is aligned left, the others
/// right.
pub fn table(rows: &[Vec<String>]) -> String {
    text_table(rows, Alignment::Right, columns())
}

/// As [`table`], every line indented.
pub fn indented(rows: &[Vec<String>]) -> String {
    let table = text_table(
        rows,
        Alignment::Right,
        columns().saturating_sub(INDENT.len()),
    );
    let lines = table.lines().map(|line| format!("{INDENT}{line}\n"));
    lines.collect()
}

fn columns() -> usize {
    stdout_columns().unwrap_or(usize::MAX)
}
