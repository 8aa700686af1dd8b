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

/// The smallest model, whose maps have four times the resolution of the others'. The thesis shows
/// its figures with and without it.
const FINEST: &str = "level1";

/// The figure of one data set; `None` without points.
pub(crate) fn scatter(
    dataset: &str,
    measure: &Measure,
    models: &[String],
    language: Language,
) -> Option<Figure> {
    let title = measure.name.title(language);
    let title = &title[..];
    let points_where = |wanted: &dyn Fn(&EpochRecord) -> bool| -> Vec<(f64, f64)> {
        let records = measure.records.iter();
        let here = records.filter(|record| record.dataset == dataset && wanted(record));
        here.filter_map(|record| record.kappa.zip(record.consistency))
            .collect()
    };
    let all = points_where(&|_| true);
    if all.is_empty() {
        return None;
    }
    let mut plot = ScatterPlot::new(&all, measure, language);
    for (index, model) in models.iter().enumerate() {
        plot.add_model(model, Style(index), &points_where(&|r| r.model == *model));
    }
    plot.draw_model_fits();
    if models.len() > 1 {
        plot.add_fit(&all, &text!(language, "analysis-all-models"), "all");
        let rest = points_where(&|record| !is_finest(&record.model));
        if rest.len() < all.len() && !rest.is_empty() {
            let label = text!(language, "analysis-without", model = FINEST);
            plot.add_fit(&rest, &label, "all rest");
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
        description: plot.description,
        body: plot.body,
        size: (WIDTH, HEIGHT),
        legend: plot.legend,
    })
}

/// A scatter plot in the making.
struct ScatterPlot {
    language: Language,
    axes: Axes,
    body: String,
    /// The lines of the models, drawn over all points.
    model_fits: String,
    legend: Vec<FigureLegendItem>,
    description: String,
}

impl ScatterPlot {
    fn new(points: &[(f64, f64)], measure: &Measure, language: Language) -> Self {
        let axes = Axes::around(points, false);
        let title = measure.name.title(language);
        let title = &title[..];
        let y_name = if measure.name.higher_is_more_consistent() {
            text!(language, "analysis-higher-axis", measure = title)
        } else {
            text!(language, "analysis-lower-axis", measure = title)
        };
        Self {
            language,
            body: axes.frame(&text!(language, "analysis-kappa"), &y_name),
            axes,
            model_fits: String::new(),
            legend: Vec::new(),
            description: text!(language, "analysis-scatter-chart", measure = title),
        }
    }

    /// Adds the points of a model and its line; nothing if it has no points.
    fn add_model(&mut self, model: &str, style: Style, points: &[(f64, f64)]) {
        if points.is_empty() {
            return;
        }
        let _ = write!(self.body, "<g class=\"line points {}\">", style.classes());
        for (x, y) in points {
            let (x, y) = self.axes.to_drawing(*x, *y);
            self.body.push_str(&style.point(x, y));
        }
        self.body.push_str("</g>");
        if let Some(line) = fit(points) {
            let classes = format!("fit {}", style.classes());
            let svg = fit_svg(&self.axes, points, line, &classes);
            self.model_fits.push_str(&svg);
            self.describe(model, line);
        }
        self.legend.push(FigureLegendItem {
            label: model.to_owned(),
            swatch: style.swatch(true, true),
        });
    }

    fn draw_model_fits(&mut self) {
        self.body.push_str(&self.model_fits);
    }

    /// Adds a line over the points of several models, if they determine one.
    fn add_fit(&mut self, points: &[(f64, f64)], label: &str, classes: &str) {
        let Some(line) = fit(points) else {
            return;
        };
        self.body
            .push_str(&fit_svg(&self.axes, points, line, classes));
        self.describe(label, line);
        self.legend.push(FigureLegendItem {
            label: label.to_owned(),
            swatch: format!("<g class=\"line {classes}\"><path d=\"M1 6L33 6\"/></g>"),
        });
    }

    fn describe(&mut self, label: &str, line: LinearFit) {
        let slope = slope(line, self.language);
        let _ = write!(self.description, " {label}: {slope}.");
    }
}

fn is_finest(model: &str) -> bool {
    model == FINEST || model.starts_with(&format!("{FINEST} "))
}

fn fit(points: &[(f64, f64)]) -> Option<LinearFit> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    least_squares(&xs, &ys)
}

/// The line over the range of its own points, and within the axes.
fn fit_svg(axes: &Axes, points: &[(f64, f64)], line: LinearFit, classes: &str) -> String {
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
    let at = |x: f64| axes.to_drawing(x, line.intercept + line.slope * x);
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
