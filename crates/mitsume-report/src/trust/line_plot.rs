//! A figure of lines.

use std::fmt::Write;

use mitsume_locale::{Language, text};

use crate::analysis::figure::{Axes, Figure, FigureLegendItem, HEIGHT, WIDTH};
use crate::chart::style_classes;
use crate::number_format;
use crate::xml::escape_xml;

/// One line.
pub(super) struct PlotLine {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}

impl PlotLine {
    /// Where it begins and ends; empty where it has no points.
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

/// A figure of `lines` over named axes.
pub(super) fn line_plot(
    (title, caption): (&str, &str),
    (x, y): (&str, &str),
    lines: &[PlotLine],
    language: Language,
) -> Figure {
    let all: Vec<(f64, f64)> = lines.iter().flat_map(|line| line.points.clone()).collect();
    let axes = Axes::around(&all, false);
    let mut body = axes.frame(x, y);
    let mut description = text!(language, "trust-chart", title = title);
    let mut legend = Vec::new();
    for (style, line) in lines.iter().enumerate() {
        let classes = style_classes(style);
        let places: Vec<(f64, f64)> = line.points.iter().map(|point| axes.at(*point)).collect();
        let path: Vec<String> = places
            .iter()
            .map(|(x, y)| format!("{x:.1} {y:.1}"))
            .collect();
        let _ = write!(
            body,
            "<g class=\"line {classes}\"><path d=\"M{}\"/>",
            path.join("L")
        );
        for (place, (x, y)) in places.iter().zip(&line.points) {
            let [x, y] = [*x, *y].map(number_format::significant_4);
            let label = line.label.as_str();
            let point = text!(language, "trust-chart-point", label = label, x = x, y = y);
            let _ = write!(
                body,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"><title>{}</title></circle>",
                place.0,
                place.1,
                escape_xml(&point)
            );
        }
        body.push_str("</g>");
        description.push_str(&line.in_words(language));
        legend.push(FigureLegendItem {
            label: line.label.clone(),
            swatch: format!("<g class=\"line {classes}\"><path d=\"M1 6L33 6\"/></g>"),
        });
    }
    Figure {
        file: String::new(),
        title: title.to_owned(),
        caption: caption.to_owned(),
        description,
        body,
        size: (WIDTH, HEIGHT),
        legend,
    }
}
