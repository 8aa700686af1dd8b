//! What goes to stdout.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::failure::{Failure, Result};

/// Prints text, ending in a new line.
pub fn text(text: &str) -> Result {
    write(text.trim_end().as_bytes())
}

/// Prints one JSON object.
pub fn json(value: &impl Serialize) -> Result {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Work(format!("cannot write JSON: {error}")))?;
    write(json.as_bytes())
}

fn write(bytes: &[u8]) -> Result {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Work(format!("cannot write to stdout: {error}")),
        })
}

/// A figure with six decimals, or a dash.
pub fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.6}"))
}

/// Rows under a header, in columns; the first is aligned to the left and the rest to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(i, (cell, width))| {
                if i == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["class".into(), "n".into()],
            vec!["a".into(), "12".into()],
        ];
        assert_eq!(table(&rows), "class   n\na      12\n");
    }
}
