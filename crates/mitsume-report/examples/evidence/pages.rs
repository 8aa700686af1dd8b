//! Replaces the generated parts of a Markdown page.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

/// Text by the name of its place.
pub type Blocks = BTreeMap<String, String>;

const BEGIN: &str = "<!-- begin ";

/// The text of a page with what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`
/// replaced, for every NAME in the page.
///
/// # Errors
/// A name without text, or a beginning without its end.
pub fn filled(page: &Path, blocks: &Blocks) -> Result<String, Box<dyn Error>> {
    let name = page.display();
    let text = std::fs::read_to_string(page).map_err(|error| format!("{name}: {error}"))?;
    let mut filled = String::new();
    let mut rest = &text[..];
    while let Some(at) = rest.find(BEGIN) {
        let (key, after) = rest[at + BEGIN.len()..]
            .split_once(" -->")
            .ok_or_else(|| format!("{name}: \"{BEGIN}\" without \" -->\""))?;
        let end = format!("<!-- end {key} -->");
        let (_, after) = after
            .split_once(&end)
            .ok_or_else(|| format!("{name}: {end} is missing"))?;
        let block = blocks
            .get(key)
            .ok_or_else(|| format!("{name}: nothing is called {key}"))?;
        filled += &format!("{}{BEGIN}{key} -->{block}{end}", &rest[..at]);
        rest = after;
    }
    filled += rest;
    Ok(filled)
}
