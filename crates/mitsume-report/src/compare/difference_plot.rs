//! The differences from the baseline with their intervals, a drawing for each figure.

use std::fmt::Write;

use mitsume_artifacts::{BootstrapEstimate, ModelComparison};
use mitsume_locale::{Language, text};

use super::quantity::Quantity;
use super::tables::{of, signed, title, with_interval};
use crate::analysis::figure::Figure;
use crate::bitmap_text::shortened;
use crate::chart::{bounds, style_classes, tick_text, ticks};
use crate::xml::escape_xml;

/// Narrow, so that the text can be read on a phone.
const WIDTH: f64 = 460.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 12.0;
const ROW: f64 = 30.0;
const BOTTOM: f64 = 46.0;
/// Characters of a model's name that fit beside the drawing.
const MAX_LETTERS: usize = 18;

/// One plot of each figure that is compared: the grid's form of consistency where maps differ in
/// size.
pub(super) fn difference_plots(result: &ModelComparison, language: Language) -> Vec<Figure> {
    let consistency = match result.map_sizes_differ {
        true => Quantity::GridSquaredL2,
        false => Quantity::SquaredL2,
    };
    let shown = [
        Quantity::Accuracy,
        Quantity::Kappa,
        consistency,
        Quantity::ChanceCorrected,
    ];
    let plots = shown.into_iter();
    plots
        .filter_map(|quantity| difference_plot(result, quantity, language))
        .collect()
}

fn difference_plot(
    result: &ModelComparison,
    quantity: Quantity,
    language: Language,
) -> Option<Figure> {
    let rows: Vec<(&str, BootstrapEstimate)> = result
        .pairs
        .iter()
        .map(|pair| (&pair.model[..], of(&pair.differences, quantity)))
        .collect();
    let ends = rows.iter().flat_map(|(_, difference)| {
        let interval = difference.interval.into_iter().flatten();
        interval.chain(difference.value)
    });
    let ends: Vec<f64> = ends.collect();
    let (low, high) = bounds(ends.into_iter())?;
    let ticks = ticks(low.min(0.0), high.max(0.0), 4);
    let axis = Axis {
        range: (ticks[0], ticks[ticks.len() - 1]),
        bottom: TOP + ROW * rows.len() as f64,
    };
    let name = title(quantity, result, language);
    let mut body = axis.frame(&ticks, &text!(language, "compare-difference"));
    for (row, (model, difference)) in rows.iter().enumerate() {
        body += &axis.row(row, model, *difference);
    }
    let in_words = rows
        .iter()
        .map(|(model, difference)| format!(" {model}: {}.", with_interval(*difference, &signed)));
    let better = match quantity {
        Quantity::SquaredL2 | Quantity::L2 | Quantity::GridSquaredL2 | Quantity::GridL2 => "lower",
        Quantity::ChanceCorrected => "higher-consistent",
        Quantity::Accuracy | Quantity::Kappa => "higher",
    };
    let baseline = result.baseline.as_str();
    let caption = text!(
        language,
        "compare-plot-caption",
        baseline = baseline,
        better = better
    );
    Some(Figure {
        file: String::new(),
        description: format!("{name}. {caption}{}", in_words.collect::<String>()),
        title: name,
        caption,
        body,
        size: (WIDTH, axis.bottom + BOTTOM),
        legend: Vec::new(),
    })
}

struct Axis {
    range: (f64, f64),
    /// Below the last row.
    bottom: f64,
}

impl Axis {
    fn x(&self, value: f64) -> f64 {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn frame(&self, ticks: &[f64], name: &str) -> String {
        let (bottom, mut svg) = (self.bottom, String::new());
        for tick in ticks {
            let x = self.x(*tick);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 17.0,
                tick_text(*tick, ticks)
            );
        }
        let zero = self.x(0.0);
        let _ = write!(
            svg,
            "<g class=\"line all\"><path d=\"M{zero:.1} {TOP}L{zero:.1} {bottom}\"/></g>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            bottom + 38.0,
            escape_xml(name)
        );
        svg
    }

    fn row(&self, row: usize, model: &str, difference: BootstrapEstimate) -> String {
        let y = TOP + ROW * (row as f64 + 0.5);
        let mut svg = format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}<title>{}</title></text>",
            LEFT - 10.0,
            y + 4.5,
            escape_xml(&shortened(model, MAX_LETTERS)),
            escape_xml(model)
        );
        let Some(value) = difference.value else {
            return svg;
        };
        let _ = write!(svg, "<g class=\"line {}\">", style_classes(0));
        if let Some([low, high]) = difference.interval {
            let (low, high) = (self.x(low), self.x(high));
            let _ = write!(
                svg,
                "<path d=\"M{low:.1} {y:.1}L{high:.1} {y:.1}M{low:.1} {:.1}L{low:.1} {:.1}\
                 M{high:.1} {:.1}L{high:.1} {:.1}\"/>",
                y - 6.0,
                y + 6.0,
                y - 6.0,
                y + 6.0
            );
        }
        let _ = write!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.2\"><title>{}</title></circle></g>",
            self.x(value),
            escape_xml(&with_interval(difference, &signed))
        );
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_always_in_the_drawing_and_names_are_escaped() {
        let mut result = ModelComparison::default();
        let difference = BootstrapEstimate {
            value: Some(0.3),
            interval: Some([0.2, 0.4]),
            ..BootstrapEstimate::default()
        };
        let axis = Axis {
            range: (0.0, 0.4),
            bottom: 42.0,
        };
        let svg = axis.row(0, "<b>", difference);
        assert!(svg.contains("&lt;b&gt;") && !svg.contains("<b>"));
        assert!(axis.x(0.4) <= WIDTH - RIGHT + 1e-9 && axis.x(0.0) == LEFT);
        // Without a pair nothing is drawn.
        result.baseline = "a".to_owned();
        assert!(difference_plots(&result, Language::English).is_empty());
    }
}
