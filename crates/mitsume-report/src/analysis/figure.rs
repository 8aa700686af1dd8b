//! A figure with axes, for a page or a file of its own.

use std::fmt::Write;

use crate::chart::{bounds, tick_text, ticks};
use crate::export::{Drawing, DrawingLegendItem};
use crate::xml::escape_xml;

/// Narrow, so that the text can be read on a phone and in a column of a paper.
pub(crate) const WIDTH: f64 = 480.0;
pub(crate) const HEIGHT: f64 = 330.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 16.0;
/// Room for the name of the y axis above it; along the axis, long names would be cut.
const TOP: f64 = 32.0;
const BOTTOM: f64 = 52.0;

/// A finished drawing.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// Its file's name without `.svg`.
    pub file: String,
    pub title: String,
    /// What the figure shows, in a sentence.
    pub caption: String,
    /// A description for screen readers.
    pub description: String,
    /// SVG of `size`, without the frame of the file. Names in it are escaped.
    pub body: String,
    /// Width and height.
    pub size: (f64, f64),
    pub legend: Vec<FigureLegendItem>,
}

/// A line of a legend.
#[derive(Debug, Clone)]
pub(crate) struct FigureLegendItem {
    pub label: String,
    /// SVG, 34 by 12.
    pub swatch: String,
}

impl Figure {
    /// The figure as an SVG file, with title and legend, on white.
    pub(crate) fn file_text(&self) -> String {
        let legend = self.legend.iter().map(|item| DrawingLegendItem {
            swatch: item.swatch.clone(),
            size: [34.0, 12.0],
            label: item.label.clone(),
        });
        Drawing {
            title: self.title.clone(),
            description: self.description.clone(),
            view: [0.0, 0.0, self.size.0, self.size.1],
            body: self.body.clone(),
            legend: legend.collect(),
            ..Drawing::default()
        }
        .svg()
    }
}

/// The axes of a drawing, which place its data.
pub(crate) struct Axes {
    x: (f64, f64),
    y: (f64, f64),
    x_ticks: Vec<(f64, String)>,
    y_ticks: Vec<(f64, String)>,
}

impl Axes {
    /// Axes with round ticks around all points; with `whole` the ticks of x are whole numbers
    /// (epochs).
    pub(crate) fn around(points: &[(f64, f64)], whole: bool) -> Self {
        let (x, x_ticks) = if whole {
            let (low, high) = bounds(points.iter().map(|p| p.0)).unwrap_or((1.0, 1.0));
            let at = crate::chart::epoch_ticks(low as u64, high as u64);
            let ticks = at.iter().map(|&epoch| (epoch as f64, epoch.to_string()));
            // A single epoch stands in the middle.
            let margin = if high > low { 0.0 } else { 0.5 };
            ((low - margin, high + margin), ticks.collect())
        } else {
            axis(points.iter().map(|point| point.0))
        };
        let (y, y_ticks) = axis(points.iter().map(|point| point.1));
        Self {
            x,
            y,
            x_ticks,
            y_ticks,
        }
    }

    /// Where a point of the data lies in the drawing.
    pub(crate) fn to_drawing(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        (
            LEFT + share(x, self.x) * (WIDTH - LEFT - RIGHT),
            TOP + (1.0 - share(y, self.y)) * (HEIGHT - TOP - BOTTOM),
        )
    }

    /// Smallest and largest y on the axis.
    pub(crate) fn y_range(&self) -> (f64, f64) {
        self.y
    }

    /// Grid, ticks and names of the axes.
    pub(crate) fn frame(&self, x_name: &str, y_name: &str) -> String {
        let mut svg = String::new();
        let (left, right) = (LEFT, WIDTH - RIGHT);
        let (top, bottom) = (TOP, HEIGHT - BOTTOM);
        for (value, text) in &self.y_ticks {
            let y = self.to_drawing(self.x.0, *value).1;
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                left - 7.0,
                y + 4.0
            );
        }
        for (value, text) in &self.x_ticks {
            let x = self.to_drawing(*value, self.y.0).0;
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                bottom + 18.0
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text x=\"4\" y=\"16\">{}</text>",
            (left + right) / 2.0,
            HEIGHT - 10.0,
            escape_xml(x_name),
            escape_xml(y_name),
        );
        svg
    }
}

fn axis(values: impl Iterator<Item = f64>) -> ((f64, f64), Vec<(f64, String)>) {
    let (low, high) = bounds(values).unwrap_or((0.0, 1.0));
    let ticks = ticks(low, high, 6);
    let range = (ticks[0].min(low), ticks[ticks.len() - 1].max(high));
    let texts = ticks.iter().map(|tick| (*tick, tick_text(*tick, &ticks)));
    (range, texts.collect())
}
