//! Every figure and table of a page, in files named after their titles.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mitsume_artifacts::write_atomic;
use scraper::{ElementRef, Html};

use super::drawing::{Drawing, MM};
use super::raster::{Raster, png};
use super::table_cells::{TableCells, collapse_whitespace, selector, text_of};
use crate::Result;
use crate::file_names::{file_stem_from_title, unique_file_stem};

/// Resolution of PNG files.
const DOTS_PER_INCH: f64 = 300.0;

/// What was written.
#[derive(Debug, Clone, Default)]
pub struct Exported {
    /// The files, in the order of the page.
    pub files: Vec<PathBuf>,
    /// Figures without a PNG, and the characters for which no font was found.
    pub without_png: Vec<(PathBuf, BTreeSet<char>)>,
}

impl Exported {
    fn write(&mut self, path: PathBuf, bytes: &[u8]) -> Result<()> {
        write_atomic(&path, bytes)?;
        self.files.push(path);
        Ok(())
    }

    /// Writes a figure as SVG and, where there are fonts for it, as PNG of 300 dots per inch.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn figure(&mut self, stem: &Path, svg: &str) -> Result<()> {
        let with_extension = |extension: &str| {
            let mut name = stem.as_os_str().to_owned();
            name.push(extension);
            PathBuf::from(name)
        };
        self.write(with_extension(".svg"), svg.as_bytes())?;
        match png(svg, (MM * DOTS_PER_INCH / 25.4) as f32)? {
            Raster::Png(bytes) => self.write(with_extension(".png"), &bytes),
            Raster::NoFont(characters) => {
                self.without_png.push((with_extension(".svg"), characters));
                Ok(())
            }
        }
    }
}

/// Writes every `<figure>` and `<table>` of a page into `dir`; `note` is the heading of small print
/// in a column of its own.
///
/// # Errors
/// [`ReportError`](crate::ReportError) naming the file.
pub(crate) fn export(html: &str, note: &str, dir: &Path) -> Result<Exported> {
    let page = Html::parse_document(html);
    let mut exported = Exported::default();
    let mut names = BTreeSet::new();
    let mut heading = String::new();
    for element in page.select(&selector("h1, h2, h3, h4, figure, table")) {
        match element.value().name() {
            "figure" => {
                let title = caption(element).unwrap_or_else(|| heading.clone());
                if let Some(drawing) = Drawing::from_html(element, title) {
                    let name = unique_file_stem(&file_stem_from_title(&drawing.title), &mut names);
                    exported.figure(&dir.join(name), &drawing.svg())?;
                }
            }
            "table" => {
                let title = enclosing_region_label(element).unwrap_or_else(|| heading.clone());
                let grid = TableCells::from_html(element, note);
                let name = unique_file_stem(&file_stem_from_title(&title), &mut names);
                exported.write(dir.join(format!("{name}.csv")), grid.csv().as_bytes())?;
                exported.write(
                    dir.join(format!("{name}.tex")),
                    grid.latex(&title).as_bytes(),
                )?;
            }
            _ => heading = text_of(element, "script"),
        }
    }
    Ok(exported)
}

/// The title of a figure: its own if its caption does not tell it from others of the page.
fn caption(figure: ElementRef<'_>) -> Option<String> {
    if let Some(title) = figure.value().attr("data-title") {
        return Some(collapse_whitespace(title));
    }
    let caption = figure.select(&selector("figcaption")).next()?;
    let title = caption.select(&selector("b")).next();
    Some(text_of(title.unwrap_or(caption), "script"))
}

/// The name of the region a table is in.
fn enclosing_region_label(table: ElementRef<'_>) -> Option<String> {
    let around = table.ancestors().filter_map(ElementRef::wrap);
    let mut around = around.filter(|element| element.value().attr("role") == Some("region"));
    around.find_map(|element| element.value().attr("aria-label").map(collapse_whitespace))
}
