//! Pictures and self-contained HTML pages of where a classifier looks.
//!
//! [`panel`] draws one explained image; [`report`] turns a run, an evaluation or a folder of
//! several into one HTML page that needs no network; [`analyze_path`] does so for what many runs show
//! together, with statistics and figures. Everything shown is escaped, and a file
//! that is missing or damaged gives a placeholder (a picture) or a clear error (a record).
//!
//! Why these crates: `askama` checks the page's template at compile time and escapes what it
//! inserts; `colorous` has the perceptually uniform colour maps; `image` encodes JPEG and PNG;
//! `noto-sans-mono-bitmap` is a font that needs no font file; `base64` makes data URIs. The
//! `resvg` renders SVG files as PNG with the font of `ttf-noto-sans`; `scraper` reads figures and
//! tables off a finished page. The
//! curves are written as SVG here and not by a plotting crate: their colours follow the page's
//! light, dark and print schemes, and each carries text for a screen reader.

mod activation_map;
mod analysis;
mod bitmap_text;
mod caution;
mod chart;
mod class_maps;
mod colour_bar;
mod colour_map;
mod comparison;
mod confusion;
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
mod number_format;
mod options;
mod overlay;
mod page;
mod panel;
mod picture;
mod ranking;
mod run_view;
mod settings;
mod template_data;
mod thresholds;
mod trust;
mod xml;

pub use activation_map::ActivationMap;
pub use analysis::{AnalysisReport, AnalysisReportOptions, analyze_path};
pub use colour_map::ColourMap;
pub use error::ReportError;
pub use explained::{ExplainedFacts, ExplainedPage};
pub use export::Exported;
pub use findings::surroundings::surroundings_sentences;
pub use full_overlay::full_overlay_png;
pub use options::ReportOptions;
pub use overlay::OverlayStyle;
pub use page::{Page, export_figures, export_page, override_text, report};
pub use panel::{Panel, PanelClass, PanelReference, panel, panel_png};
pub use picture::{cut, picture_from_pixels, visible_part};
pub use trust::{CascadeExample, trust_findings, trust_page, verdict_sentence};

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, ReportError>;
