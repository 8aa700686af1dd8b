//! The differences from the baseline with their intervals, a drawing for each figure.

use std::fmt::Write;

use mitsume_artifacts::{BootstrapEstimate, ModelComparison};
use mitsume_locale::{Language, text};

use super::quantity::Quantity;
use super::tables::{of, signed, title, with_interval};
use crate::analysis::figure::Figure;
use crate::chart::{bounds, style_classes, ticks};
use crate::row_axes::{RowAxes, RowLayout, TOP};
use crate::xml::escape_xml;

const LAYOUT: RowLayout = RowLayout {
    left: 150.0,
    right: 24.0,
    row: 30.0,
    gap: 10.0,
    letters: 18,
};

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
    let axes = RowAxes::new(LAYOUT, &ticks, rows.len());
    let name = title(quantity, result, language);
    let mut body = axes.ticks_svg(&ticks) + &zero_line(&axes);
    body += &axes.label_svg(&text!(language, "compare-difference"));
    for (row, (model, difference)) in rows.iter().enumerate() {
        body += &axes.name_svg(row, model);
        body += &mark(&axes, row, *difference);
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
        size: axes.size(),
        legend: Vec::new(),
    })
}

/// Where two models do not differ.
fn zero_line(axes: &RowAxes) -> String {
    let (zero, bottom) = (axes.x(0.0), axes.bottom);
    format!("<g class=\"line all\"><path d=\"M{zero:.1} {TOP}L{zero:.1} {bottom}\"/></g>")
}

/// A difference with its interval; nothing where it is not defined.
fn mark(axes: &RowAxes, row: usize, difference: BootstrapEstimate) -> String {
    let Some(value) = difference.value else {
        return String::new();
    };
    let y = axes.y(row as f64);
    let mut svg = format!("<g class=\"line {}\">", style_classes(0));
    if let Some([low, high]) = difference.interval {
        let (low, high) = (axes.x(low), axes.x(high));
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
        axes.x(value),
        escape_xml(&with_interval(difference, &signed))
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_axes::WIDTH;

    #[test]
    fn zero_is_always_in_the_drawing_and_names_are_escaped() {
        let mut result = ModelComparison::default();
        let difference = BootstrapEstimate {
            value: Some(0.3),
            interval: Some([0.2, 0.4]),
            ..BootstrapEstimate::default()
        };
        let axes = RowAxes::new(LAYOUT, &[0.0, 0.4], 1);
        let svg = axes.name_svg(0, "<b>") + &mark(&axes, 0, difference);
        assert!(svg.contains("&lt;b&gt;") && !svg.contains("<b>"));
        assert!(axes.x(0.4) <= WIDTH - LAYOUT.right + 1e-9 && axes.x(0.0) == LAYOUT.left);
        // Without a pair nothing is drawn.
        result.baseline = "a".to_owned();
        assert!(difference_plots(&result, Language::English).is_empty());
    }
}
