//! Options of a comparison.

use mitsume::measures::DEFAULT_GRID;
use mitsume_data::PatientPattern;
use mitsume_locale::Language;

/// What keeps its number of images in every resample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResampledWithin {
    /// Each class: the sizes of the classes are those of the data set, and no resample is without
    /// one of them.
    Class,
    /// Only the whole: the sizes of the classes vary, as in images drawn from a population.
    All,
}

impl ResampledWithin {
    /// The name in JSON and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::All => "none",
        }
    }
}

/// What a resample draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResampledUnit {
    /// Patients, each with all of its images: images of one patient are alike.
    Patient,
    /// Images, each for itself.
    Image,
}

impl ResampledUnit {
    /// The name in JSON and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Image => "image",
        }
    }
}

/// Options of a comparison.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// Name, or folder, of the model that the others are compared with; the first without it.
    pub baseline: Option<String>,
    /// Number of resamples; 0 for no intervals.
    pub resamples: usize,
    /// Seed of the resamples.
    pub seed: u64,
    /// Confidence level of the intervals, strictly between 0 and 1.
    pub confidence: f64,
    /// The strata of the resamples.
    pub within: ResampledWithin,
    /// What a resample draws; without it patients, where any is known.
    pub unit: Option<ResampledUnit>,
    /// Finds the patients in the images' paths, in place of those that lists name.
    pub patients: Option<PatientPattern>,
    /// Rows and columns of the common grid.
    pub grid: usize,
    /// Whether only images that every model counts make the consistencies.
    pub shared: bool,
    /// Images of each list of pairs of maps, in JSON and on the page.
    pub top: usize,
    /// Language of the page and the text.
    pub language: Language,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self {
            baseline: None,
            resamples: 2000,
            seed: 0,
            confidence: 0.95,
            within: ResampledWithin::Class,
            unit: None,
            patients: None,
            grid: DEFAULT_GRID,
            shared: false,
            top: 12,
            language: Language::default(),
        }
    }
}
