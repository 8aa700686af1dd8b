//! Kappa against consistency, a point per epoch, with least-squares lines.

use std::fmt::Write;

use mitsume_locale::{Language, text};
use mitsume_stats::EpochRecord;
use mitsume_stats::least_squares::{LinearFit, least_squares};

use super::figure::{Axes, Figure, FigureLegendItem, HEIGHT, WIDTH};
use super::records::Measure;
use super::style::Style;
use crate::file_names::file_stem_from_parts;
use crate::number_format;

/// The smallest model, whose maps are four times finer than the others': the thesis looks at its
/// figures with and without it.
const FINEST: &str = "level1";

/// The figure of one data set; none without points.
pub(crate) fn scatter(
    dataset: &str,
    measure: &Measure,
    models: &[String],
    language: Language,
) -> Option<Figure> {
    let title = measure.name.title(language);
    let title = &title[..];
    let of = |wanted: &dyn Fn(&EpochRecord) -> bool| -> Vec<(f64, f64)> {
        let records = measure.records.iter();
        let here = records.filter(|record| record.dataset == dataset && wanted(record));
        here.filter_map(|record| record.kappa.zip(record.consistency))
            .collect()
    };
    let all = of(&|_| true);
    if all.is_empty() {
        return None;
    }
    let axes = Axes::around(&all, false);
    let y_name = if measure.name.more_is_consistent() {
        text!(language, "analysis-higher-axis", measure = title)
    } else {
        text!(language, "analysis-lower-axis", measure = title)
    };
    let mut body = axes.frame(&text!(language, "analysis-kappa"), &y_name);
    let mut legend = Vec::new();
    let mut words = text!(language, "analysis-scatter-chart", measure = title);
    let mut fits = String::new();
    for (index, model) in models.iter().enumerate() {
        let points = of(&|record| record.model == *model);
        if points.is_empty() {
            continue;
        }
        let style = Style(index);
        let _ = write!(body, "<g class=\"line points {}\">", style.classes());
        for point in &points {
            let (x, y) = axes.at(*point);
            body.push_str(&style.point(x, y));
        }
        body.push_str("</g>");
        if let Some(line) = fit(&points) {
            fits.push_str(&drawn(
                &axes,
                &points,
                line,
                &format!("fit {}", style.classes()),
            ));
            let _ = write!(words, " {model}: {}.", slope(line, language));
        }
        legend.push(FigureLegendItem {
            label: model.clone(),
            swatch: style.swatch(true, true),
        });
    }
    body.push_str(&fits);
    let mut overall = |points: &[(f64, f64)], label: &str, classes: &str| {
        if let Some(line) = fit(points) {
            body.push_str(&drawn(&axes, points, line, classes));
            let _ = write!(words, " {label}: {}.", slope(line, language));
            legend.push(FigureLegendItem {
                label: label.to_owned(),
                swatch: format!("<g class=\"line {classes}\"><path d=\"M1 6L33 6\"/></g>"),
            });
        }
    };
    if models.len() > 1 {
        overall(&all, &text!(language, "analysis-all-models"), "all");
        let rest = of(&|record| !is_finest(&record.model));
        if rest.len() < all.len() && !rest.is_empty() {
            overall(
                &rest,
                &text!(language, "analysis-without", model = FINEST),
                "all rest",
            );
        }
    }
    Some(Figure {
        file: file_stem_from_parts(&["scatter", measure.name.key(), dataset]),
        title: text!(
            language,
            "analysis-scatter-title",
            dataset = dataset,
            measure = title
        ),
        caption: measure.name.note(language),
        description: words,
        body,
        size: (WIDTH, HEIGHT),
        legend,
    })
}

fn is_finest(model: &str) -> bool {
    model == FINEST || model.starts_with(&format!("{FINEST} "))
}

fn fit(points: &[(f64, f64)]) -> Option<LinearFit> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    least_squares(&xs, &ys)
}

/// The line over the range of its own points, and within the axes.
fn drawn(axes: &Axes, points: &[(f64, f64)], line: LinearFit, classes: &str) -> String {
    let xs = || points.iter().map(|point| point.0);
    let (low, high) = axes.y_range();
    // Cut where the line leaves the drawing.
    let reach = |y: f64| (y - line.intercept) / line.slope;
    let (mut from, mut to) = (
        xs().fold(f64::INFINITY, f64::min),
        xs().fold(f64::NEG_INFINITY, f64::max),
    );
    if line.slope.abs() > f64::MIN_POSITIVE {
        let (a, b) = (reach(low), reach(high));
        from = from.max(a.min(b));
        to = to.min(a.max(b));
    }
    let at = |x: f64| axes.at((x, line.intercept + line.slope * x));
    let ((x1, y1), (x2, y2)) = (at(from), at(to));
    format!("<g class=\"line {classes}\"><path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\"/></g>")
}

fn slope(line: LinearFit, language: Language) -> String {
    text!(
        language,
        "analysis-slope",
        slope = number_format::significant_4(line.slope)
    )
}
