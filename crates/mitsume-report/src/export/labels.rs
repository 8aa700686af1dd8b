//! Labels of the page's buttons for saving figures and tables.

use mitsume_locale::{Language, text};

/// Texts of `templates/export.html`, and its script.
#[derive(Debug)]
pub(crate) struct ExportLabels {
    /// Label of the element that opens the buttons.
    pub save: String,
    /// The same for a screen reader, with `{title}` for the title of the figure or table.
    pub save_title: String,
    /// A button's label for a screen reader, with `{title}` and `{format}`.
    pub save_as: String,
    /// Label of the field for the width of a PNG.
    pub width: String,
    /// Heading of the column that holds a column's small print, with `{column}`.
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
