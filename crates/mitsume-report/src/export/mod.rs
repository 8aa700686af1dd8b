//! The figures and tables of a page as files: SVG and PNG, CSV and LaTeX.
//!
//! They are read off the finished page, so that the files have what the page shows, and what a
//! page gains is exported with it. `templates/export.js` does the same in the browser, by the same
//! rules; a test holds the two to the same bytes.

mod cell;
mod drawing;
mod files;
mod labels;
mod raster;
mod table_cells;

pub(crate) use drawing::{Drawing, DrawingLegendItem};
pub use files::Exported;
pub(crate) use files::export;
pub(crate) use labels::ExportLabels;
pub(crate) use raster::render_transparent;
