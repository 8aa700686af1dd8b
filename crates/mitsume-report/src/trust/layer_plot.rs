//! A figure of values layer by layer, from top to bottom, with the layers' names beside it.

use std::fmt::Write;

use mitsume_locale::Language;

use super::line_plot::{Mark, PlotLine, PlotTitle, figure, line_svg};
use crate::analysis::figure::Figure;
use crate::chart::{bounds, ticks};
use crate::number_format;
use crate::row_axes::{RowAxes, RowLayout, WIDTH};

const LAYOUT: RowLayout = RowLayout {
    left: 170.0,
    right: 16.0,
    row: 28.0,
    gap: 8.0,
    letters: 22,
};

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
    let axes = RowAxes::new(LAYOUT, &ticks, rows.len());
    let mut body = frame(&axes, x, rows, &ticks);
    for (style, line) in lines.iter().enumerate() {
        let circle = |(row, value): &(f64, f64)| {
            let (x, y) = (axes.x(*value), axes.y(*row));
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
    figure(title, lines, body, axes.size(), language)
}

fn frame(axes: &RowAxes, x: &str, rows: &[String], ticks: &[f64]) -> String {
    let mut svg = axes.ticks_svg(ticks);
    for (row, name) in rows.iter().enumerate() {
        let y = axes.y(row as f64);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
            LAYOUT.left,
            WIDTH - LAYOUT.right
        );
        svg += &axes.name_svg(row, name);
    }
    svg + &axes.label_svg(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmap_text::shortened;
    use crate::row_axes::BOTTOM;

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
        let shown = shortened(&long, LAYOUT.letters);
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
