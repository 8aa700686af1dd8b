//! A figure of values layer by layer, from top to bottom, with the layers' names beside it.

use std::fmt::Write;

use mitsume_locale::Language;

use super::line_plot::{Mark, PlotLine, PlotTitle, figure, line_svg};
use crate::analysis::figure::Figure;
use crate::bitmap_text::shortened;
use crate::chart::{bounds, tick_text, ticks};
use crate::number_format;
use crate::xml::escape_xml;

/// Narrow, so that the text can be read on a phone.
const WIDTH: f64 = 460.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 46.0;
const ROW: f64 = 28.0;
/// Characters of a layer's name that fit beside the drawing.
const MAX_LETTERS: usize = 22;

/// The value axis, and the height of all rows.
struct LayerAxes {
    range: (f64, f64),
    bottom: f64,
}

impl LayerAxes {
    /// Where a value at a row lies in the drawing.
    fn to_drawing(&self, row: f64, value: f64) -> (f64, f64) {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        (
            LEFT + share * (WIDTH - LEFT - RIGHT),
            TOP + ROW * (row + 0.5),
        )
    }
}

/// A plot of `lines`, whose points are (row, value), over an axis called `x`.
pub(super) fn layer_plot(
    title: &PlotTitle,
    x: &str,
    rows: &[String],
    lines: &[PlotLine],
    language: Language,
) -> Figure {
    let values = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|point| point.1);
    let (low, high) = bounds(values).unwrap_or((0.0, 1.0));
    let ticks = ticks(low.min(0.0), high, 5);
    let bottom = TOP + ROW * rows.len() as f64;
    let axes = LayerAxes {
        range: (ticks[0], ticks[ticks.len() - 1]),
        bottom,
    };
    let mut body = frame(&axes, x, rows, &ticks);
    for (style, line) in lines.iter().enumerate() {
        let circle = |(row, value): &(f64, f64)| {
            let (x, y) = axes.to_drawing(*row, *value);
            let name = rows.get(*row as usize).map_or("", String::as_str);
            let value = number_format::significant_4(*value);
            Mark {
                x,
                y,
                radius: 3.2,
                title: format!("{}, {name}: {value}", line.label),
            }
        };
        let marks: Vec<Mark> = line.points.iter().map(circle).collect();
        body.push_str(&line_svg(style, &marks));
    }
    figure(title, lines, body, (WIDTH, bottom + BOTTOM), language)
}

fn frame(axes: &LayerAxes, x: &str, rows: &[String], ticks: &[f64]) -> String {
    let (bottom, mut svg) = (axes.bottom, String::new());
    for tick in ticks {
        let at = axes.to_drawing(0.0, *tick).0;
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 17.0,
            tick_text(*tick, ticks)
        );
    }
    for (row, name) in rows.iter().enumerate() {
        let y = axes.to_drawing(row as f64, 0.0).1;
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}<title>{}</title></text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.5,
            escape_xml(&shortened(name, MAX_LETTERS)),
            escape_xml(name)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        bottom + 38.0,
        escape_xml(x)
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: PlotTitle = PlotTitle {
        title: "t",
        caption: "c",
    };

    #[test]
    fn every_layer_is_named_and_no_name_leaves_the_drawing() {
        let long = "/backbone/features/features.13/conv/Conv_output_0".to_owned();
        let rows = ["the model", "<fc>", &long].map(str::to_owned);
        let line = PlotLine {
            label: "Spearman".to_owned(),
            points: vec![(0.0, 1.0), (1.0, 0.4), (2.0, -0.1)],
        };
        let figure = layer_plot(&TITLE, "similarity", &rows, &[line], Language::English);
        assert!(figure.body.contains(">the model<") && figure.body.contains("&lt;fc&gt;"));
        let shown = shortened(&long, MAX_LETTERS);
        assert!(
            figure
                .body
                .contains(&format!(">{shown}<title>{long}</title>"))
        );
        // Rows from top to bottom, inside.
        let heights: Vec<f64> = figure
            .body
            .split("cy=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
            .collect();
        assert!(heights.is_sorted() && heights[2] < figure.size.1 - BOTTOM);
    }
}
