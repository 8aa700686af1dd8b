//! Data of the page's templates: formatted names and numbers, escaped by the template.

use mitsume_locale::{Language, text};

/// A row of the comparison, or the metrics at the top of a report of one entry.
#[derive(Debug)]
pub(crate) struct ComparisonRow {
    pub name: String,
    pub model: String,
    pub lambda: String,
    pub loss: String,
    pub epochs: String,
    pub accuracy: MetricCell,
    pub kappa: MetricCell,
    pub squared_l2: MetricCell,
    pub l2: MetricCell,
    pub counted: String,
    /// Whose maps the consistency is over: `label`, `predicted` or `class`.
    pub explained: &'static str,
    /// Caution for a consistency over few images or classes; may be empty.
    pub caution: String,
}

impl ComparisonRow {
    /// The metrics in the order of the comparison's columns, with the columns' names.
    pub(crate) fn metrics(&self, language: Language) -> [(String, &MetricCell); 4] {
        [
            (text!(language, "report-accuracy"), &self.accuracy),
            (text!(language, "report-kappa"), &self.kappa),
            ("squared-l2 ↓".to_owned(), &self.squared_l2),
            ("l2 ↓".to_owned(), &self.l2),
        ]
    }
}

/// A metric and its rank among the other runs.
#[derive(Debug, Default)]
pub(crate) struct MetricCell {
    pub text: String,
    pub best: bool,
    /// Its rank as text: that it is best, or why none is; may be empty.
    pub ranking: String,
    /// Change from the baseline, such as "−12 %"; may be empty.
    pub change: String,
}

/// Measures other than squared-l2 and l2, by evaluation.
#[derive(Debug)]
pub(crate) struct MeasureTable {
    /// Rows and columns of the common grid.
    pub grid: [usize; 2],
    /// The evaluations.
    pub names: Vec<String>,
    /// A measure and its value in each.
    pub rows: Vec<(String, Vec<String>)>,
}

/// One quantity over epochs.
#[derive(Debug)]
pub(crate) struct ChartView {
    pub title: String,
    pub caption: String,
    pub description: String,
    pub svg: String,
    pub legend: Vec<LegendItem>,
}

#[derive(Debug)]
pub(crate) struct LegendItem {
    pub label: String,
    pub classes: String,
}

/// Everything shown of one run or evaluation.
#[derive(Debug)]
pub(crate) struct RunView {
    pub index: usize,
    pub name: String,
    pub facts: Vec<(String, String)>,
    pub environment: Vec<(String, String)>,
    pub config: Option<String>,
    pub epochs: Option<EpochTable>,
    pub evaluation: Option<EvaluationView>,
}

#[derive(Debug)]
pub(crate) struct EpochTable {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

#[derive(Debug)]
pub(crate) struct EvaluationView {
    pub classes: Vec<String>,
    pub confusion: Confusion,
    /// Every class; empty if there are many.
    pub per_class: Vec<PerClass>,
    pub many: Option<ManyClasses>,
    pub class_maps: Vec<ClassMapView>,
    pub galleries: Vec<ClassGallery>,
    /// Whose maps these are: `label`, `predicted` or `class`.
    pub explained: &'static str,
    pub skipped: Vec<String>,
    /// How many more were skipped than are listed.
    pub skipped_more: usize,
}

/// Classes of an evaluation with many classes.
#[derive(Debug)]
pub(crate) struct ManyClasses {
    pub total: usize,
    /// Classes that are ranked, and the correctly classified images this takes.
    pub ranked: usize,
    pub min_correct: u64,
    pub most: Vec<PerClass>,
    pub least: Vec<PerClass>,
    /// Every class's cells as JSON, for the search.
    pub cells: String,
    /// Classes with images below.
    pub pictured: usize,
}

#[derive(Debug)]
pub(crate) struct PerClass {
    pub class: String,
    pub images: String,
    pub correct: String,
    pub share: String,
    pub squared_l2: String,
    pub l2: String,
    /// Caution for a consistency over few images; may be empty.
    pub caution: String,
}

#[derive(Debug)]
pub(crate) enum Confusion {
    Matrix(Vec<ConfusionRow>),
    Mistakes(Vec<Mistake>),
}

#[derive(Debug)]
pub(crate) struct ConfusionRow {
    pub class: String,
    pub cells: Vec<ConfusionCell>,
    pub total: String,
}

#[derive(Debug)]
pub(crate) struct ConfusionCell {
    pub count: String,
    /// Share of the row, for the background colour.
    pub share: String,
    pub percent: String,
    pub correct: bool,
}

#[derive(Debug)]
pub(crate) struct Mistake {
    pub count: String,
    pub truth: String,
    pub predicted: String,
}

#[derive(Debug)]
pub(crate) struct ClassMapView {
    pub class: String,
    pub correct: String,
    pub squared_l2: String,
    /// Mean image, and the mean map over it.
    pub pictures: Option<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct ClassGallery {
    pub class: String,
    pub index: usize,
    pub shown: usize,
    pub total: usize,
    pub complete: bool,
    pub wrong_shown: usize,
    pub wrong_total: usize,
    /// Cards shown on paper and without a script.
    pub shown_initially: usize,
    pub cards: Vec<Card>,
}

#[derive(Debug)]
pub(crate) struct Card {
    /// Whether it is shown on paper and without a script.
    pub shown_initially: bool,
    pub name: String,
    pub path: String,
    pub input: Option<String>,
    pub overlay: Option<String>,
    /// The map alone, where the picture is missing.
    pub map: Option<String>,
    pub correct: bool,
    pub label: String,
    /// The class of the map.
    pub explained: String,
    pub predicted: String,
    pub probability: String,
    pub probability_label: String,
    pub squared_l2: String,
    pub l2: String,
    pub sort_deviation: String,
    pub sort_probability: String,
}
