//! Pictures and self-contained HTML pages of class activation maps and training runs.
//!
//! [`report`] turns a run, an evaluation or a folder of several into one HTML page that needs no
//! network; [`analyze_path`] does so for the statistics of many runs, and [`trust_page`] for a
//! trust test. [`compare()`] sets several models side by side on the same images. [`panel`] draws one explained image. All text is escaped. A missing or damaged image
//! is replaced by a placeholder; a damaged record is an error that names the file.
//!
//! ```rust,no_run
//! use std::path::{Path, PathBuf};
//!
//! use mitsume_report::{ReportOptions, export_figures, report};
//!
//! # fn main() -> mitsume_report::Result<()> {
//! // A folder of runs written by `mitsume train`, each with its evaluation.
//! let runs = PathBuf::from("runs");
//! let options = ReportOptions::default();
//! let page = report(&runs, &options)?;
//! for sentence in &page.findings {
//!     println!("{sentence}");
//! }
//! page.write(&runs.join("report.html"))?;
//! // Every figure as SVG and PNG, every table as CSV and LaTeX.
//! export_figures(&page, &[runs], Path::new("figures"), &options)?;
//! # Ok(())
//! # }
//! ```
//!
//! Libraries, and why: `askama` checks templates at compile time and escapes what it inserts;
//! `colorous` has perceptually uniform colour maps; `image` encodes JPEG and PNG;
//! `noto-sans-mono-bitmap` is a font that needs no font file; `base64` makes data URIs; `resvg`
//! renders SVG files as PNG with the font of `ttf-noto-sans`; `scraper` reads figures and tables
//! from a finished page. Curves are written as SVG without a plotting crate: their colours follow
//! the page's light, dark and print schemes, and each has a description for screen readers.

mod activation_map;
mod analysis;
mod bitmap_text;
mod caution;
mod chart;
mod class_maps;
mod colour_bar;
mod colour_map;
mod compare;
mod comparison;
mod confusion;
mod controls;
mod curves;
mod entries;
mod epoch_table;
mod error;
mod evaluation_view;
mod explained;
mod export;
mod extremes;
mod file_names;
mod findings;
mod full_overlay;
mod gallery;
mod gallery_selection;
mod lettering;
mod links;
mod more_measures;
mod multi_label;
mod number_format;
mod options;
mod overlay;
mod page;
mod panel;
mod picture;
mod ranking;
mod row_axes;
mod run_view;
mod settings;
mod template_data;
mod text_table;
mod thresholds;
mod trust;
mod xml;

pub use activation_map::ActivationMap;
pub use analysis::{AnalysisReport, AnalysisReportOptions, AnalysisTable, analyze_path};
pub use colour_map::ColourMap;
pub use compare::{
    CompareError, CompareOptions, CompareReport, ComparedTable, ResampledUnit, ResampledWithin,
    WrittenComparison, compare,
};
pub use controls::{control_name, control_rows, control_table, controls_page, controls_sentences};
pub use error::ReportError;
pub use explained::{ExplainedFacts, ExplainedPage};
pub use export::Exported;
pub use findings::surroundings::surroundings_sentences;
pub use full_overlay::full_overlay_png;
pub use options::ReportOptions;
pub use overlay::OverlayStyle;
pub use page::{Page, export_figures, export_page, override_text, report, report_folders};
pub use panel::{Panel, PanelClass, PanelReference, panel, panel_png};
pub use picture::{crop_picture, picture_from_pixels, visible_part};
pub use text_table::{Alignment, text_table};
pub use trust::{CascadeExample, movement_name, trust_findings, trust_page, verdict_sentence};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, ReportError>;
