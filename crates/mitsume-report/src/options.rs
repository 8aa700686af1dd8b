//! What a page is asked for.

use mitsume_locale::Language;

/// How a report is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportOptions {
    /// The language of the page's words. Names of classes, files, models and measures stay as they are.
    pub language: Language,
}
