//! What the page's template is given: names and numbers ready to show, escaped by the template.

use mitsume_locale::{Language, text};

/// One line of the comparison, and of the figures at the top of a single report.
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
    /// Why the consistency says little; empty where it does not.
    pub caution: String,
}

impl ComparisonRow {
    /// The figures in the order of the comparison's columns, with the columns' names.
    pub(crate) fn figures(&self, language: Language) -> [(String, &MetricCell); 4] {
        [
            (text!(language, "report-accuracy"), &self.accuracy),
            (text!(language, "report-kappa"), &self.kappa),
            ("squared-l2 ↓".to_owned(), &self.squared_l2),
            ("l2 ↓".to_owned(), &self.l2),
        ]
    }
}

/// A number, and how it stands among those of the other runs.
#[derive(Debug, Default)]
pub(crate) struct MetricCell {
    pub text: String,
    pub best: bool,
    /// How it stands, in a few words: that it is the best, or why none is; empty where there is nothing
    /// to say.
    pub ranking: String,
    /// Change against the first line, such as "−12 %"; empty where there is none.
    pub change: String,
}

/// Measures beyond the two forms, by evaluation.
#[derive(Debug)]
pub(crate) struct MeasureTable {
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
    /// Every class, or none where there are many.
    pub per_class: Vec<PerClass>,
    pub many: Option<ManyClasses>,
    pub class_maps: Vec<ClassMapView>,
    pub galleries: Vec<ClassGallery>,
    pub skipped: Vec<String>,
    /// How many more were skipped than are listed.
    pub skipped_more: usize,
}

/// What is shown of an evaluation with many classes.
#[derive(Debug)]
pub(crate) struct ManyClasses {
    pub total: usize,
    /// Classes that are ranked, and the correct images that they need.
    pub ranked: usize,
    pub needed: u64,
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
    /// That the two are over a handful of images; empty where they are not.
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
    /// Share of the row, for the shade.
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
    pub first: usize,
    pub cards: Vec<Card>,
}

#[derive(Debug)]
pub(crate) struct Card {
    /// Whether it is shown on paper and without a script.
    pub first: bool,
    pub name: String,
    pub path: String,
    pub input: Option<String>,
    pub overlay: Option<String>,
    /// The map alone, where the picture is missing.
    pub map: Option<String>,
    pub correct: bool,
    pub predicted: String,
    pub probability: String,
    pub probability_label: String,
    pub squared_l2: String,
    pub l2: String,
    pub sort_deviation: String,
    pub sort_probability: String,
}
