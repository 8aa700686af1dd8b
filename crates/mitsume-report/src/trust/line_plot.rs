//! A line plot.

use std::fmt::Write;

use mitsume_locale::{Language, text};

use crate::analysis::figure::{Axes, Figure, FigureLegendItem, HEIGHT, WIDTH};
use crate::chart::style_classes;
use crate::number_format;
use crate::xml::escape_xml;

/// Title and caption of a plot.
pub(super) struct PlotTitle<'a> {
    pub title: &'a str,
    pub caption: &'a str,
}

/// One line of a plot.
pub(super) struct PlotLine {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}

impl PlotLine {
    /// Its first and last value, as text; empty without points.
    pub fn in_words(&self, language: Language) -> String {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return String::new();
        };
        let [from, to] = [first.1, last.1].map(number_format::significant_4);
        let label = self.label.as_str();
        let words = text!(
            language,
            "trust-chart-line",
            label = label,
            from = from,
            to = to
        );
        format!(" {words}")
    }
}

/// A plot of `lines` over axes named `x` and `y`.
pub(super) fn line_plot(
    title: &PlotTitle,
    x: &str,
    y: &str,
    lines: &[PlotLine],
    language: Language,
) -> Figure {
    let all: Vec<(f64, f64)> = lines.iter().flat_map(|line| line.points.clone()).collect();
    let axes = Axes::around(&all, false);
    let mut body = axes.frame(x, y);
    for (style, line) in lines.iter().enumerate() {
        let circle = |(x, y): &(f64, f64)| {
            let (cx, cy) = axes.to_drawing(*x, *y);
            let [x, y] = [*x, *y].map(number_format::significant_4);
            let label = line.label.as_str();
            Mark {
                x: cx,
                y: cy,
                radius: 3.0,
                title: text!(language, "trust-chart-point", label = label, x = x, y = y),
            }
        };
        let marks: Vec<Mark> = line.points.iter().map(circle).collect();
        body.push_str(&line_svg(style, &marks));
    }
    figure(title, lines, body, (WIDTH, HEIGHT), language)
}

/// The figure of a plot of `lines`, drawn in `body`.
pub(super) fn figure(
    title: &PlotTitle,
    lines: &[PlotLine],
    body: String,
    size: (f64, f64),
    language: Language,
) -> Figure {
    Figure {
        file: String::new(),
        title: title.title.to_owned(),
        caption: title.caption.to_owned(),
        description: describe(title.title, lines, language),
        body,
        size,
        legend: legend(lines),
    }
}

/// A point of a line in the drawing, with the text a pointer over it shows.
pub(super) struct Mark {
    pub x: f64,
    pub y: f64,
    pub radius: f64,
    pub title: String,
}

/// A line through its marks.
pub(super) fn line_svg(style: usize, marks: &[Mark]) -> String {
    let classes = style_classes(style);
    let path: Vec<String> = marks
        .iter()
        .map(|mark| format!("{:.1} {:.1}", mark.x, mark.y))
        .collect();
    let mut svg = format!(
        "<g class=\"line {classes}\"><path d=\"M{}\"/>",
        path.join("L")
    );
    for mark in marks {
        let _ = write!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{}\"><title>{}</title></circle>",
            mark.x,
            mark.y,
            mark.radius,
            escape_xml(&mark.title)
        );
    }
    svg + "</g>"
}

/// A description for screen readers.
fn describe(title: &str, lines: &[PlotLine], language: Language) -> String {
    let mut description = text!(language, "trust-chart", title = title);
    for line in lines {
        description.push_str(&line.in_words(language));
    }
    description
}

fn legend(lines: &[PlotLine]) -> Vec<FigureLegendItem> {
    let item = |(style, line): (usize, &PlotLine)| FigureLegendItem {
        label: line.label.clone(),
        swatch: format!(
            "<g class=\"line {}\"><path d=\"M1 6L33 6\"/></g>",
            style_classes(style)
        ),
    };
    lines.iter().enumerate().map(item).collect()
}
