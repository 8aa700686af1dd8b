//! Options of a report.

use mitsume_locale::Language;

/// Options of a report.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportOptions {
    /// Language of the page. Names of classes, files, models and measures are not translated.
    pub language: Language,
}
