//! What the page's buttons say.

use mitsume_locale::{Language, text};

/// The words of `templates/export.html`, and its script.
#[derive(Debug)]
pub(crate) struct ExportLabels {
    /// On the fold that holds the buttons.
    pub save: String,
    /// The same for a screen reader, with `{title}` for the figure's or table's.
    pub save_title: String,
    /// A button for a screen reader, with `{title}` and `{format}`.
    pub save_as: String,
    /// Beside the field for the width of a PNG.
    pub width: String,
    /// Heading of what stands in small print below a column's figures, with `{column}`.
    pub note: String,
    pub script: &'static str,
}

impl ExportLabels {
    pub(crate) fn new(language: Language) -> Self {
        Self {
            save: text!(language, "figures-save"),
            save_title: text!(language, "figures-save-title", title = "{title}"),
            save_as: text!(
                language,
                "figures-save-as",
                title = "{title}",
                format = "{format}"
            ),
            width: text!(language, "figures-png-width"),
            note: text!(language, "figures-column-note", column = "{column}"),
            script: include_str!("../../templates/export.js"),
        }
    }
}
