//! Kappa or a measure of consistency over epochs: the mean over runs, and their range.

use std::collections::BTreeMap;
use std::fmt::Write;

use mitsume_locale::{Language, text};
use mitsume_stats::EpochRecord;

use super::figure::{Axes, Figure, FigureLegendItem, HEIGHT, WIDTH};
use super::style::Style;
use crate::file_names::file_stem_from_parts;
use crate::number_format;

/// What is drawn.
pub(crate) struct PlottedQuantity<'a> {
    /// Part of the file's name.
    pub key: &'a str,
    /// Name of the y axis.
    pub title: String,
    pub of: fn(&EpochRecord) -> Option<f64>,
}

/// Lowest, mean and highest of a line by epoch.
type EpochRanges = BTreeMap<u32, (f64, f64, f64)>;

/// Which line a record belongs to.
type Label<'a> = &'a dyn Fn(&EpochRecord) -> String;

/// One line per `label`, in the order given; none where no record has the quantity.
pub(crate) fn curves(
    title: (&str, &str),
    quantity: &PlottedQuantity,
    records: &[&EpochRecord],
    (label, order): (Label, &[String]),
    language: Language,
) -> Option<Figure> {
    let courses: Vec<(usize, &String, EpochRanges)> = order
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let own = records.iter().filter(|record| label(record) == *name);
            (index, name, course(own.copied(), quantity.of))
        })
        .filter(|(_, _, course)| !course.is_empty())
        .collect();
    let points: Vec<(f64, f64)> = courses
        .iter()
        .flat_map(|(_, _, course)| course)
        .flat_map(|(epoch, (low, _, high))| [(f64::from(*epoch), *low), (f64::from(*epoch), *high)])
        .collect();
    if points.is_empty() {
        return None;
    }
    let axes = Axes::around(&points, true);
    let mut body = axes.frame(&text!(language, "analysis-epoch"), &quantity.title);
    let mut words = text!(
        language,
        "analysis-curve-chart",
        quantity = &quantity.title[..]
    );
    let mut legend = Vec::new();
    for (index, name, course) in &courses {
        let style = Style(*index);
        let _ = write!(
            body,
            "<g class=\"line {}\">{}",
            style.classes(),
            band(&axes, course)
        );
        let mut path = String::new();
        let mut marks = String::new();
        for (epoch, (_, mean, _)) in course {
            let (x, y) = axes.at((f64::from(*epoch), *mean));
            let _ = write!(
                path,
                "{}{x:.1} {y:.1}",
                if path.is_empty() { 'M' } else { 'L' }
            );
            marks.push_str(&style.point(x, y));
        }
        let _ = write!(body, "<path d=\"{path}\"/>{marks}</g>");
        if let Some((epoch, (_, mean, _))) = course.iter().next_back() {
            let (name, mean) = (&name[..], number_format::significant_4(*mean));
            let last = text!(
                language,
                "analysis-curve-last",
                name = name,
                mean = mean,
                epoch = *epoch
            );
            let _ = write!(words, " {last}");
        }
        legend.push(FigureLegendItem {
            label: (*name).clone(),
            swatch: style.swatch(true, true),
        });
    }
    let (subject, file) = title;
    Some(Figure {
        file: file_stem_from_parts(&["curve", quantity.key, file]),
        title: text!(
            language,
            "analysis-curve-title",
            subject = subject,
            quantity = &quantity.title[..]
        ),
        caption: text!(language, "analysis-curves-note"),
        description: words,
        body,
        size: (WIDTH, HEIGHT),
        legend,
    })
}

fn course<'a>(
    records: impl Iterator<Item = &'a EpochRecord>,
    of: fn(&EpochRecord) -> Option<f64>,
) -> EpochRanges {
    let mut values: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for record in records {
        if let Some(value) = of(record).filter(|value| value.is_finite()) {
            values.entry(record.epoch).or_default().push(value);
        }
    }
    let summary = |values: &Vec<f64>| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low, values.iter().sum::<f64>() / values.len() as f64, high)
    };
    values
        .iter()
        .map(|(epoch, values)| (*epoch, summary(values)))
        .collect()
}

fn band(axes: &Axes, course: &EpochRanges) -> String {
    let edge = |(epoch, value): (&u32, f64)| {
        let (x, y) = axes.at((f64::from(*epoch), value));
        format!("{x:.1} {y:.1}")
    };
    let above = course.iter().map(|(epoch, range)| edge((epoch, range.2)));
    let below = course
        .iter()
        .rev()
        .map(|(epoch, range)| edge((epoch, range.0)));
    let corners: Vec<String> = above.chain(below).collect();
    format!("<path class=\"band\" d=\"M{}z\"/>", corners.join("L"))
}
