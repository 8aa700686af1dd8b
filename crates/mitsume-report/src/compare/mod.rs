//! Several models on the same images: figures with paired intervals, and where they look otherwise.
//!
//! Data flows one way: [`model`] reads evaluations, [`common_images`] matches their images,
//! [`counted`] says which of them make a consistency, [`figures`], [`bootstrap`], [`agreement`] and
//! [`stability`] compute, [`assemble`] puts the results together, and [`sentences`], [`tables`] and the page show
//! them.

mod agreement;
mod assemble;
mod bootstrap;
mod common_images;
mod counted;
mod difference_plot;
mod error;
mod figures;
mod images_table;
mod model;
mod options;
mod page;
mod patients;
mod pictures;
mod quantity;
mod sentences;
mod shown_classes;
mod stability;
mod tables;

use std::path::{Path, PathBuf};

use mitsume_artifacts::{MapStability, ModelComparison, write_atomic, write_compared};
use mitsume_locale::{Language, text};

use crate::findings::Finding;
use crate::{ReportError, Result};
use agreement::ImageAgreement;
use common_images::CommonImages;
use figures::Figures;
use model::Model;
use patients::Patients;

pub use error::CompareError;
pub use options::{CompareOptions, ResampledUnit, ResampledWithin};
pub use tables::ComparedTable;

/// A comparison of models, computed.
#[derive(Debug)]
pub struct CompareReport {
    models: Vec<Model>,
    baseline: usize,
    common: CommonImages,
    patients: Patients,
    /// Strata of a single image or patient.
    of_one: usize,
    figures: Vec<Figures>,
    /// Of each model with the baseline; empty for the baseline itself.
    agreements: Vec<Vec<ImageAgreement>>,
    stability: MapStability,
    result: ModelComparison,
    options: CompareOptions,
}

/// What [`CompareReport::write`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenComparison {
    /// The page.
    pub page: PathBuf,
    /// Images on it.
    pub images: usize,
    /// Of these, images with a placeholder because the file is missing or could not be decoded.
    pub missing_pictures: usize,
}

/// Compares the evaluations in `paths`, folders of `mitsume eval --out` or finished runs.
///
/// # Errors
/// [`ReportError::Compare`]: fewer than two models, other classes, no common image, files that
/// contradict each other; a record that is damaged.
pub fn compare(paths: &[PathBuf], options: &CompareOptions) -> Result<CompareReport> {
    let models = read_models(paths)?;
    let baseline = baseline(&models, options)?;
    check_explained(&models)?;
    let common = CommonImages::find(&models)?;
    let patients = Patients::find(&models, &common, options)?;
    let counted = counted::counted(&models, &common, options.shared);
    let side = bootstrap::grid_side(&models, options.grid);
    let all = 0..models.len();
    let figures: Vec<Figures> = all
        .clone()
        .map(|model| figures::figures(&models, model, &common, &counted[model], side))
        .collect::<Result<_>>()?;
    let agreements = all
        .map(|model| match model == baseline {
            true => Ok(Vec::new()),
            false => agreement::agreements(&models, [model, baseline], &common),
        })
        .collect::<Result<_>>()?;
    let stability = stability::stability(&models, &common)?;
    let resampled = bootstrap::resample(&models, &common, &counted, &patients, options)?;
    let mut report = CompareReport {
        result: ModelComparison::default(),
        models,
        baseline,
        common,
        patients,
        of_one: resampled.of_one(),
        figures,
        agreements,
        stability,
        options: options.clone(),
    };
    report.result = assemble::result(&report, &resampled)?;
    Ok(report)
}

impl CompareReport {
    /// The results.
    pub fn result(&self) -> &ModelComparison {
        &self.result
    }

    /// What was found, and what limits it, in the language of the options; cautions have a prefix.
    pub fn findings(&self) -> Vec<String> {
        let language = self.options.language;
        let findings = self.all_findings().into_iter();
        findings
            .map(|finding| finding.plain_text(language))
            .collect()
    }

    /// What is compared, in a line.
    pub fn head(&self) -> String {
        head(&self.result, self.options.language)
    }

    /// The tables of the page and the terminal.
    pub fn tables(&self) -> [ComparedTable; 5] {
        tables::tables(&self.result, self.options.language)
    }

    /// Writes `compare.json`, `compare.csv` and the page `compare.html` into `dir`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, dir: &Path) -> Result<WrittenComparison> {
        self.result.write(&dir.join("compare.json"))?;
        write_compared(&dir.join("compare.csv"), &images_table::rows(self))?;
        let made = page::page(self)?;
        let page = dir.join("compare.html");
        write_atomic(&page, made.html.as_bytes())?;
        Ok(WrittenComparison {
            page,
            images: made.images,
            missing_pictures: made.missing_pictures,
        })
    }

    /// Writes every figure of the page as SVG and PNG, and every table as CSV and LaTeX, into `out`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn export_figures(&self, out: &Path) -> Result<crate::Exported> {
        crate::export_page(&page::page(self)?.html, self.options.language, out)
    }

    fn all_findings(&self) -> Vec<Finding> {
        let language = self.options.language;
        let mut findings = sentences::found(&self.result, language);
        findings.extend(sentences::cautions(self, &self.result, language));
        findings
    }
}

fn head(result: &ModelComparison, language: Language) -> String {
    text!(
        language,
        "compare-head",
        models = result.models.len(),
        images = result.images.common,
        classes = result.images.classes.len(),
        baseline = result.baseline.as_str(),
    )
}

fn read_models(paths: &[PathBuf]) -> Result<Vec<Model>> {
    if paths.len() < 2 {
        return Err(CompareError::TooFew(paths.len()).into());
    }
    let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    };
    for (index, path) in paths.iter().enumerate() {
        if paths[..index].iter().any(|before| same(before, path)) {
            return Err(CompareError::Twice { path: path.clone() }.into());
        }
    }
    let models = paths.iter().map(|path| Model::read(path));
    let mut models: Vec<Model> = models.collect::<Result<_>>()?;
    for (model, name) in models.iter_mut().zip(model::names(paths)) {
        model.name = name;
    }
    Ok(models)
}

/// The index of the baseline.
fn baseline(models: &[Model], options: &CompareOptions) -> Result<usize> {
    let Some(name) = &options.baseline else {
        return Ok(0);
    };
    let named = |model: &Model| model.name == *name || model.path == Path::new(name);
    models.iter().position(named).ok_or_else(|| {
        let names: Vec<&str> = models.iter().map(|model| &model.name[..]).collect();
        ReportError::from(CompareError::Baseline {
            name: name.clone(),
            names: names.join(", "),
        })
    })
}

/// Maps of other classes do not compare.
fn check_explained(models: &[Model]) -> Result<()> {
    let explained = |model: &Model| {
        let explained = &model.summary.model.explain;
        match explained.class() {
            Some(class) => format!("the class {class}"),
            None => format!(
                "the {} class",
                if explained.is_label() {
                    "true"
                } else {
                    "predicted"
                }
            ),
        }
    };
    let other = models
        .iter()
        .find(|model| model.summary.model.explain != models[0].summary.model.explain);
    match other {
        None => Ok(()),
        Some(other) => Err(CompareError::Explained {
            first: models[0].path.clone(),
            first_of: explained(&models[0]),
            second: other.path.clone(),
            second_of: explained(other),
        }
        .into()),
    }
}
