//! Kappa or a measure of consistency over epochs: the mean over runs, and their range.

use std::collections::BTreeMap;
use std::fmt::Write;

use mitsume_locale::{Language, text};
use mitsume_stats::EpochRecord;

use super::figure::{Axes, Figure, FigureLegendItem, HEIGHT, WIDTH};
use super::style::Style;
use crate::file_names::file_stem_from_parts;
use crate::number_format;

/// A quantity over epochs.
pub(crate) struct PlottedQuantity<'a> {
    /// Part of the file's name.
    pub key: &'a str,
    /// Name of the y axis.
    pub title: String,
    pub value: fn(&EpochRecord) -> Option<f64>,
}

/// The data of a figure: one line per name in `lines`, over the records that `line_of` gives that
/// name.
pub(crate) struct Curves<'a> {
    /// What the curves are of, for the title.
    pub subject: &'a str,
    /// Part of the file's name.
    pub file: &'a str,
    pub quantity: &'a PlottedQuantity<'a>,
    pub records: &'a [&'a EpochRecord],
    pub line_of: &'a dyn Fn(&EpochRecord) -> String,
    pub lines: &'a [String],
}

/// Lowest, mean and highest of a line by epoch.
type EpochRanges = BTreeMap<u32, (f64, f64, f64)>;

/// A line that has values.
struct Line<'a> {
    style: Style,
    name: &'a str,
    ranges: EpochRanges,
}

impl Curves<'_> {
    /// The figure; `None` if no record has the quantity.
    pub(crate) fn figure(&self, language: Language) -> Option<Figure> {
        let lines = self.lines();
        let points: Vec<(f64, f64)> = lines
            .iter()
            .flat_map(|line| &line.ranges)
            .flat_map(|(epoch, (low, _, high))| {
                [(f64::from(*epoch), *low), (f64::from(*epoch), *high)]
            })
            .collect();
        if points.is_empty() {
            return None;
        }
        let axes = Axes::around(&points, true);
        let title = &self.quantity.title[..];
        let mut body = axes.frame(&text!(language, "analysis-epoch"), title);
        let mut description = text!(language, "analysis-curve-chart", quantity = title);
        for line in &lines {
            body.push_str(&line.svg(&axes));
            if let Some(last) = line.last_value(language) {
                let _ = write!(description, " {last}");
            }
        }
        let legend = lines.iter().map(|line| FigureLegendItem {
            label: line.name.to_owned(),
            swatch: line.style.swatch(true, true),
        });
        Some(Figure {
            file: file_stem_from_parts(&["curve", self.quantity.key, self.file]),
            title: text!(
                language,
                "analysis-curve-title",
                subject = self.subject,
                quantity = title
            ),
            caption: text!(language, "analysis-curves-note"),
            description,
            body,
            size: (WIDTH, HEIGHT),
            legend: legend.collect(),
        })
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let lines = self.lines.iter().enumerate().map(|(index, name)| {
            let own = self.records.iter().copied();
            let own = own.filter(|record| (self.line_of)(record) == *name);
            Line {
                style: Style(index),
                name,
                ranges: epoch_ranges(own, self.quantity.value),
            }
        });
        lines.filter(|line| !line.ranges.is_empty()).collect()
    }
}

impl Line<'_> {
    /// The range as a band, the mean as a line with a mark at each epoch.
    fn svg(&self, axes: &Axes) -> String {
        let mut path = String::new();
        let mut marks = String::new();
        for (epoch, (_, mean, _)) in &self.ranges {
            let (x, y) = axes.to_drawing(f64::from(*epoch), *mean);
            let _ = write!(
                path,
                "{}{x:.1} {y:.1}",
                if path.is_empty() { 'M' } else { 'L' }
            );
            marks.push_str(&self.style.point(x, y));
        }
        format!(
            "<g class=\"line {}\">{}<path d=\"{path}\"/>{marks}</g>",
            self.style.classes(),
            band(axes, &self.ranges)
        )
    }

    /// The mean at the last epoch, in words.
    fn last_value(&self, language: Language) -> Option<String> {
        let (epoch, (_, mean, _)) = self.ranges.iter().next_back()?;
        Some(text!(
            language,
            "analysis-curve-last",
            name = self.name,
            mean = number_format::significant_4(*mean),
            epoch = *epoch
        ))
    }
}

fn epoch_ranges<'a>(
    records: impl Iterator<Item = &'a EpochRecord>,
    value: fn(&EpochRecord) -> Option<f64>,
) -> EpochRanges {
    let mut values: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for record in records {
        if let Some(value) = value(record).filter(|value| value.is_finite()) {
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

fn band(axes: &Axes, ranges: &EpochRanges) -> String {
    let edge = |(epoch, value): (&u32, f64)| {
        let (x, y) = axes.to_drawing(f64::from(*epoch), value);
        format!("{x:.1} {y:.1}")
    };
    let above = ranges.iter().map(|(epoch, range)| edge((epoch, range.2)));
    let below = ranges
        .iter()
        .rev()
        .map(|(epoch, range)| edge((epoch, range.0)));
    let corners: Vec<String> = above.chain(below).collect();
    format!("<path class=\"band\" d=\"M{}z\"/>", corners.join("L"))
}
