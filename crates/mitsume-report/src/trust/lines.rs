//! A figure of lines.

use std::fmt::Write;

use crate::chart::style_classes;
use crate::number;
use crate::study::figure::{Axes, Figure, Item, escape};

/// One line.
pub(super) struct Line {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}

/// A figure of `lines` over named axes.
pub(super) fn lines(title: &str, caption: &str, (x, y): (&str, &str), lines: &[Line]) -> Figure {
    let all: Vec<(f64, f64)> = lines.iter().flat_map(|line| line.points.clone()).collect();
    let axes = Axes::around(&all, false);
    let mut body = axes.frame(x, y);
    let mut description = format!("{title}. Line chart.");
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
            let _ = write!(
                body,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"><title>{}: {} at {}</title></circle>",
                place.0,
                place.1,
                escape(&line.label),
                number::short(*y),
                number::short(*x)
            );
        }
        body.push_str("</g>");
        if let (Some(first), Some(last)) = (line.points.first(), line.points.last()) {
            let [from, to] = [first.1, last.1].map(number::short);
            let _ = write!(description, " {}: from {from} to {to}.", line.label);
        }
        legend.push(Item {
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
        legend,
    }
}
