//! What goes to stdout.

use std::io::{ErrorKind, Write};

use mitsume::measures::Measures;
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

/// Measures beyond the two forms, a line each; those that were not taken are left out.
pub fn measures(measures: Option<&Measures>) -> String {
    let Some(measures) = measures else {
        return String::new();
    };
    let [rows, columns] = measures.grid;
    let lines = [
        ("squared-l2 on the grid", measures.grid_squared_l2),
        ("l2 on the grid", measures.grid_l2),
        ("chance-corrected (higher: more)", measures.chance_corrected),
        ("  permutation p", measures.chance_p),
        ("1 - cosine", measures.cosine),
        ("Jensen-Shannon, bits", measures.jensen_shannon),
        ("earth mover's, on the grid", measures.earth_mover),
        ("1 - Pearson", measures.pearson),
        ("1 - SSIM", measures.ssim),
    ];
    let taken = lines
        .iter()
        .filter_map(|(name, value)| Some((name, (*value)?)));
    let text: String = taken
        .map(|(name, value)| format!("  {name:<32}{value:.6}\n"))
        .collect();
    format!("beyond the metric (grid {rows}x{columns}; distances from the class mean map)\n{text}")
}

/// A time as people say it: "45 s", "3 min 10 s", "2 h 5 min".
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) if seconds < 10.0 => format!("{seconds:.1} s"),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
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
    fn times_have_two_units_at_most() {
        let texts = [4.56, 45.0, 190.0, 7500.0].map(duration);
        assert_eq!(texts, ["4.6 s", "45 s", "3 min 10 s", "2 h 5 min"]);
    }

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["class".into(), "n".into()],
            vec!["a".into(), "12".into()],
        ];
        assert_eq!(table(&rows), "class   n\na      12\n");
    }
}
