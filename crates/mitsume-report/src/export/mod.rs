//! The figures and tables of a page as files: SVG and PNG, CSV and LaTeX.
//!
//! They are read from the finished page, so that files and page agree, and new figures are exported
//! without further code. `templates/export.js` does the same in the browser; a test checks that
//! both give the same bytes.

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
