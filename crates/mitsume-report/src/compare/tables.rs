//! The tables of the page and the terminal.

use mitsume_artifacts::{BootstrapEstimate, ComparedFigures, ModelComparison};
use mitsume_locale::{Language, text};

use super::quantity::Quantity;
use super::shown_classes::shown_classes;
use crate::number_format::{count, significant_4, significant_4_or_dash};

/// A table with a title; the first column names the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedTable {
    /// What it shows.
    pub title: String,
    /// How to read it; may be empty.
    pub note: String,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Cells, as many in a row as columns.
    pub rows: Vec<Vec<String>>,
}

/// All tables.
pub(super) fn tables(result: &ModelComparison, language: Language) -> [ComparedTable; 5] {
    [
        figures(result, language),
        differences(result, language),
        who_is_right(result, language),
        maps(result, language),
        classes(result, language),
    ]
}

fn figures(result: &ModelComparison, language: Language) -> ComparedTable {
    let names = result.models.iter().map(|model| model.name.clone());
    let row = |quantity: Quantity| {
        let cells = result.models.iter();
        let cells = cells.map(|model| with_interval(of(&model.figures, quantity), &significant_4));
        with_name(title(quantity, result, language), cells)
    };
    let mut rows: Vec<Vec<String>> = Quantity::ALL.map(row).into();
    let counted = result.models.iter().map(|model| count(model.counted));
    rows.push(with_name(text!(language, "compare-counted"), counted));
    ComparedTable {
        title: text!(language, "compare-figures"),
        note: interval_note(result, language),
        columns: with_name(text!(language, "compare-figure"), names),
        rows,
    }
}

fn differences(result: &ModelComparison, language: Language) -> ComparedTable {
    let names = result.pairs.iter().map(|pair| pair.model.clone());
    let row = |quantity: Quantity| {
        let cells = result.pairs.iter();
        let cells = cells.map(|pair| with_interval(of(&pair.differences, quantity), &signed));
        with_name(title(quantity, result, language), cells)
    };
    ComparedTable {
        title: text!(
            language,
            "compare-differences",
            baseline = result.baseline.as_str()
        ),
        note: text!(language, "compare-differences-note"),
        columns: with_name(text!(language, "compare-figure"), names),
        rows: Quantity::ALL.map(row).into(),
    }
}

fn who_is_right(result: &ModelComparison, language: Language) -> ComparedTable {
    let rows = result.pairs.iter().map(|pair| {
        let test = &pair.accuracy;
        vec![
            pair.model.clone(),
            count(test.both),
            count(test.baseline_only),
            count(test.model_only),
            count(test.neither),
            p_value(test.p),
            p_value(test.p_holm),
        ]
    });
    let baseline = result.baseline.as_str();
    ComparedTable {
        title: text!(language, "compare-right"),
        note: text!(language, "compare-right-note"),
        columns: vec![
            text!(language, "compare-model"),
            text!(language, "compare-both"),
            text!(language, "compare-baseline-only", baseline = baseline),
            text!(language, "compare-model-only"),
            text!(language, "compare-neither"),
            "p".to_owned(),
            text!(language, "compare-p-holm"),
        ],
        rows: rows.collect(),
    }
}

fn maps(result: &ModelComparison, language: Language) -> ComparedTable {
    let rows = result.pairs.iter().map(|pair| {
        let maps = &pair.maps;
        vec![
            pair.model.clone(),
            with_interval(maps.pearson, &signed),
            maps.pearson_of_other_images.map_or_else(dash, signed),
            with_interval(maps.squared_l2, &significant_4),
        ]
    });
    let [height, width] = result.map_size;
    ComparedTable {
        title: text!(
            language,
            "compare-maps",
            baseline = result.baseline.as_str()
        ),
        note: text!(
            language,
            "compare-maps-note",
            size = format!("{height} × {width}")
        ),
        columns: vec![
            text!(language, "compare-model"),
            text!(language, "compare-r"),
            text!(language, "compare-r-other"),
            "squared-l2".to_owned(),
        ],
        rows: rows.collect(),
    }
}

fn classes(result: &ModelComparison, language: Language) -> ComparedTable {
    let model = |name: &str, what: &str| format!("{name}: {what}");
    let mut columns = vec![
        text!(language, "compare-class"),
        text!(language, "compare-images"),
    ];
    for one in &result.models {
        columns.push(model(&one.name, &text!(language, "compare-correct")));
        columns.push(model(&one.name, grid_or_own(result)));
    }
    for pair in &result.pairs {
        columns.push(model(&pair.model, &text!(language, "compare-mean-map-r")));
    }
    let shown = shown_classes(result);
    let rows = shown.iter().map(|&class| {
        let name = &result.images.classes[class];
        let mut cells = vec![name.clone(), count(result.images.per_class[class])];
        for one in &result.models {
            let class = &one.per_class[class];
            let deviation = match result.map_sizes_differ {
                true => class.grid_squared_l2,
                false => class.squared_l2,
            };
            cells.push(count(class.correct));
            cells.push(significant_4_or_dash(deviation));
        }
        for pair in &result.pairs {
            let class = &pair.maps.per_class[class];
            cells.push(class.mean_map_pearson.map_or_else(dash, signed));
        }
        cells
    });
    ComparedTable {
        title: text!(language, "compare-classes"),
        note: classes_note(result, shown.len(), language),
        columns,
        rows: rows.collect(),
    }
}

fn classes_note(result: &ModelComparison, shown: usize, language: Language) -> String {
    let baseline = result.baseline.as_str();
    let note = text!(language, "compare-classes-note", baseline = baseline);
    match result.images.classes.len() {
        total if total > shown => {
            let some = text!(
                language,
                "compare-some-classes",
                shown = shown,
                total = total
            );
            format!("{some} {note}")
        }
        _ => note,
    }
}

/// The form by which classes are compared.
fn grid_or_own(result: &ModelComparison) -> &'static str {
    match result.map_sizes_differ {
        true => "grid squared-l2",
        false => "squared-l2",
    }
}

/// How the intervals were made.
fn interval_note(result: &ModelComparison, language: Language) -> String {
    let resampling = &result.resampling;
    if resampling.resamples == 0 {
        return text!(language, "compare-no-intervals");
    }
    text!(
        language,
        "compare-interval-note",
        level = percent(resampling.confidence),
        resamples = count(resampling.resamples as u64),
        strata = resampling.strata.as_str(),
        unit = resampling.unit.as_str(),
        patients = count(resampling.patients as u64),
        without = resampling.images_without_patient,
        seed = resampling.seed.to_string(),
    )
}

/// Confidence level such as "95 %".
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.3}", 100.0 * share);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

pub(super) fn of(figures: &ComparedFigures, quantity: Quantity) -> BootstrapEstimate {
    match quantity {
        Quantity::Accuracy => figures.accuracy,
        Quantity::Kappa => figures.kappa,
        Quantity::SquaredL2 => figures.squared_l2,
        Quantity::L2 => figures.l2,
        Quantity::GridSquaredL2 => figures.grid_squared_l2,
        Quantity::GridL2 => figures.grid_l2,
        Quantity::ChanceCorrected => figures.chance_corrected,
    }
}

pub(super) fn title(quantity: Quantity, result: &ModelComparison, language: Language) -> String {
    let [rows, columns] = result.grid;
    let on_grid = |form: &str| {
        let grid = format!("{rows}×{columns}");
        text!(language, "compare-on-grid", form = form, grid = grid)
    };
    match quantity {
        Quantity::Accuracy => text!(language, "compare-accuracy"),
        Quantity::Kappa => "kappa".to_owned(),
        Quantity::SquaredL2 => "squared-l2".to_owned(),
        Quantity::L2 => "l2".to_owned(),
        Quantity::GridSquaredL2 => on_grid("squared-l2"),
        Quantity::GridL2 => on_grid("l2"),
        Quantity::ChanceCorrected => text!(language, "compare-chance-corrected"),
    }
}

fn with_name(name: String, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(name).chain(cells).collect()
}

/// `value [low, high]`.
pub(super) fn with_interval(estimate: BootstrapEstimate, format: &dyn Fn(f64) -> String) -> String {
    match (estimate.value, estimate.interval) {
        (None, _) => dash(),
        (Some(value), None) => format(value),
        (Some(value), Some([low, high])) => {
            format!("{} [{}, {}]", format(value), format(low), format(high))
        }
    }
}

/// Four significant digits with a sign, a true minus.
pub(super) fn signed(value: f64) -> String {
    let size = significant_4(value.abs());
    match value {
        0.0 => size,
        value if value < 0.0 => format!("−{size}"),
        _ => format!("+{size}"),
    }
}

pub(super) fn p_value(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".to_owned(),
        p => format!("{p:.4}"),
    }
}

fn dash() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_show_signs_and_intervals() {
        assert_eq!(signed(0.012_345), "+0.01235");
        assert_eq!(signed(-0.5), "−0.5000");
        assert_eq!(signed(0.0), "0");
        let estimate = |value, interval| BootstrapEstimate {
            value,
            interval,
            bias: None,
            defined: 9,
        };
        let shown = |value, interval| with_interval(estimate(value, interval), &signed);
        assert_eq!(
            shown(Some(0.1), Some([-0.05, 0.25])),
            "+0.1000 [−0.05000, +0.2500]"
        );
        assert_eq!(shown(Some(0.1), None), "+0.1000");
        assert_eq!(shown(None, None), "–");
        assert_eq!(
            (p_value(1e-9), p_value(0.0312)),
            ("< 0.0001".into(), "0.0312".into())
        );
        assert_eq!(
            (percent(0.95), percent(0.999)),
            ("95 %".into(), "99.9 %".into())
        );
    }
}
