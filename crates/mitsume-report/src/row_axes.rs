//! The axes of a drawing of values row by row, with the rows' names on the left and the value axis below.

use std::fmt::Write;

use crate::bitmap_text::shortened;
use crate::chart::tick_text;
use crate::xml::escape_xml;

/// Narrow, so that the text can be read on a phone.
pub(crate) const WIDTH: f64 = 460.0;
/// Above the first row.
pub(crate) const TOP: f64 = 12.0;
/// Below the last row.
pub(crate) const BOTTOM: f64 = 46.0;

/// Sizes of a drawing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowLayout {
    /// Beside the rows.
    pub left: f64,
    pub right: f64,
    /// Height of a row.
    pub row: f64,
    /// Between a name and the drawing.
    pub gap: f64,
    /// Characters of a name that fit beside the drawing.
    pub letters: usize,
}

/// The value axis, and the place of the rows.
#[derive(Debug)]
pub(crate) struct RowAxes {
    layout: RowLayout,
    range: (f64, f64),
    /// Below the last row.
    pub bottom: f64,
}

impl RowAxes {
    /// Axes of so many rows, from the first of the ticks to the last.
    pub fn new(layout: RowLayout, ticks: &[f64], rows: usize) -> Self {
        Self {
            layout,
            range: (ticks[0], ticks[ticks.len() - 1]),
            bottom: TOP + layout.row * rows as f64,
        }
    }

    /// Where a value lies.
    pub fn x(&self, value: f64) -> f64 {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        self.layout.left + share * (WIDTH - self.layout.left - self.layout.right)
    }

    /// The middle of a row, counted from 0.
    pub fn y(&self, row: f64) -> f64 {
        TOP + self.layout.row * (row + 0.5)
    }

    /// Width and height of the drawing.
    pub fn size(&self) -> (f64, f64) {
        (WIDTH, self.bottom + BOTTOM)
    }

    /// Lines and numbers of the value axis.
    pub fn ticks_svg(&self, ticks: &[f64]) -> String {
        let (bottom, mut svg) = (self.bottom, String::new());
        for tick in ticks {
            let x = self.x(*tick);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 17.0,
                tick_text(*tick, ticks)
            );
        }
        svg
    }

    /// What the value axis is of.
    pub fn label_svg(&self, label: &str) -> String {
        let RowLayout { left, right, .. } = self.layout;
        format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            (left + WIDTH - right) / 2.0,
            self.bottom + 38.0,
            escape_xml(label)
        )
    }

    /// The name of a row, shortened where it does not fit.
    pub fn name_svg(&self, row: usize, name: &str) -> String {
        format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}<title>{}</title></text>",
            self.layout.left - self.layout.gap,
            self.y(row as f64) + 4.5,
            escape_xml(&shortened(name, self.layout.letters)),
            escape_xml(name)
        )
    }
}
