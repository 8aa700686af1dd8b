//! The page of a comparison.

use askama::Template;
use mitsume_locale::{Language, text};

use super::CompareReport;
use super::difference_plot::difference_plots;
use super::pictures::{ClassPictures, PairPictures, class_pictures, pair_pictures};
use super::tables::{ComparedTable, tables};
use crate::Result;
use crate::analysis::figure::Figure;
use crate::export::ExportLabels;
use crate::findings::Finding;
use crate::page::colour_bar;

#[derive(Template)]
#[template(path = "compare.html")]
struct Document {
    language: Language,
    title: String,
    export: ExportLabels,
    style: &'static str,
    lead: String,
    findings: Vec<Finding>,
    plots: Vec<Figure>,
    figures: ComparedTable,
    differences: ComparedTable,
    right: ComparedTable,
    maps: ComparedTable,
    per_class: ComparedTable,
    mean_maps: ClassPictures,
    pairs: Vec<PairPictures>,
    /// Whether there is any picture of single images.
    has_images: bool,
    colour_bar: String,
    facts: Vec<(String, String)>,
    version: &'static str,
}

/// A finished page.
#[derive(Debug, Clone)]
pub(super) struct ComparePage {
    pub html: String,
    /// Images on the page, and of these the ones whose file could not be read.
    pub images: usize,
    pub missing_pictures: usize,
}

/// The page, complete.
pub(super) fn page(report: &CompareReport) -> Result<ComparePage> {
    let (language, result) = (report.options.language, &report.result);
    let names: Vec<&str> = result.models.iter().map(|model| &model.name[..]).collect();
    let [figures, differences, right, maps, per_class] = tables(result, language);
    let pairs = pair_pictures(report)?;
    let cards = || pairs.iter().flat_map(PairPictures::cards);
    let images = cards().count();
    let missing_pictures = cards().filter(|card| card.input.is_none()).count();
    let html = Document {
        language,
        title: names.join(" · "),
        export: ExportLabels::new(language),
        style: include_str!("../../templates/style.css"),
        lead: super::head(result, language),
        findings: report.all_findings(),
        plots: difference_plots(result, language),
        figures,
        differences,
        right,
        maps,
        per_class,
        mean_maps: class_pictures(report)?,
        pairs,
        has_images: images > 0,
        colour_bar: colour_bar(),
        facts: facts(report),
        version: env!("CARGO_PKG_VERSION"),
    }
    .render()?;
    Ok(ComparePage {
        html,
        images,
        missing_pictures,
    })
}

/// What was compared, model by model.
fn facts(report: &CompareReport) -> Vec<(String, String)> {
    let language = report.options.language;
    let models = report.result.models.iter();
    models
        .map(|model| {
            let [height, width] = model.model.cam_size;
            let value = text!(
                language,
                "compare-fact",
                model = model.model.name.as_str(),
                layer = model.model.target_layer.as_str(),
                method = model.model.method.to_string(),
                size = format!("{height} × {width}"),
                data = model.data.as_str(),
                path = model.path.as_str(),
            );
            (model.name.clone(), value)
        })
        .collect()
}
