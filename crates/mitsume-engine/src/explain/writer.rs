//! Writes the pictures, the table and the page of an explanation.

use std::path::PathBuf;

use mitsume_artifacts::{ExplainedImage, ExplainedRow, write_atomic, write_explained};
use mitsume_data::Skipped;
use mitsume_locale::text;
use mitsume_report::{ExplainedFacts, ExplainedPage, Panel, override_text, panel_png};

use super::listing::{ListedImage, PAGE_FILE, TABLE_FILE};
use super::{ExplainOptions, Explained, Explanation};
use crate::{EngineError, Event, Observer, Result};

/// Results so far.
pub(super) struct ExplanationWriter<'a> {
    options: &'a ExplainOptions<'a>,
    images: Vec<Explained>,
    failed: Vec<Skipped>,
    rows: Vec<ExplainedRow>,
    page: ExplainedPage,
}

impl<'a> ExplanationWriter<'a> {
    pub fn new(options: &'a ExplainOptions<'a>) -> Self {
        Self {
            options,
            images: Vec::new(),
            failed: Vec::new(),
            rows: Vec::new(),
            page: ExplainedPage::new(options.language),
        }
    }

    /// Writes an image's picture and keeps its row of the table and the page.
    pub fn add(
        &mut self,
        panel: &Panel<'_>,
        listed: &ListedImage,
        explained: Explained,
    ) -> Result<()> {
        let picture = self.options.out.join(&listed.picture);
        write_atomic(&picture, &panel_png(panel)?)?;
        self.page.add(panel, &listed.name, &listed.picture)?;
        self.rows.push(ExplainedRow {
            image: explained.image.clone(),
            outcome: Ok(ExplainedImage {
                predicted: explained.predicted.clone(),
                target: explained.target.clone(),
                probabilities: explained.probabilities.clone(),
                squared_l2: explained.squared_l2,
                l2: explained.l2,
                picture: listed.picture.clone(),
                overlay: explained.overlay.as_ref().map(|_| listed.overlay()),
                map: explained.map.as_ref().map(|_| listed.map()),
            }),
        });
        self.images.push(explained);
        Ok(())
    }

    /// Keeps and reports that an image could not be read.
    pub fn add_failure(&mut self, path: PathBuf, reason: String, observer: &mut Observer<'_>) {
        self.rows.push(ExplainedRow {
            image: path.display().to_string(),
            outcome: Err(reason.clone()),
        });
        let failed = Skipped { path, reason };
        observer(Event::Skipped(failed.clone()));
        self.failed.push(failed);
    }

    /// Writes the table and the page. `remaining` images were left out because of a stop.
    pub fn finish(self, remaining: usize) -> Result<Explanation> {
        if self.images.is_empty() && remaining > 0 {
            return Err(EngineError::Interrupted);
        }
        if self.images.is_empty() {
            let failed = self.failed.iter();
            let lines = failed.map(|one| format!("{}: {}", one.path.display(), one.reason));
            return Err(EngineError::Request(lines.collect::<Vec<_>>().join("\n")));
        }
        let options = self.options;
        let table = options.out.join(TABLE_FILE);
        write_explained(&table, options.classes, &self.rows)?;
        let failed = self.failed.iter();
        let failed: Vec<(String, String)> = failed
            .map(|one| (one.path.display().to_string(), one.reason.clone()))
            .collect();
        let html = self.page.html(&ExplainedFacts {
            title: &options.network.name(),
            facts: &facts(options),
            failed: &failed,
        })?;
        let page = options.out.join(PAGE_FILE);
        write_atomic(&page, html.as_bytes())?;
        Ok(Explanation {
            images: self.images,
            failed: self.failed,
            remaining,
            page,
        })
    }
}

/// Facts about the maps at the top of the page, each a name and a value.
fn facts(options: &ExplainOptions<'_>) -> Vec<(String, String)> {
    let (language, network) = (options.language, options.network);
    let size = |[height, width]: [usize; 2]| format!("{height} × {width}");
    let method = options.maps.method.to_string();
    let maps = match options.maps.flip {
        true => text!(language, "explain-flip", method = method),
        false => method,
    };
    let mut facts = vec![
        (
            text!(language, "explain-fact-layer"),
            network.target_layer(),
        ),
        (text!(language, "explain-fact-maps"), maps),
        (text!(language, "explain-fact-size"), size(options.size())),
        (
            text!(language, "explain-fact-map-size"),
            size(network.cam_size(options.size())),
        ),
    ];
    if let Some(reference) = options.reference {
        let name = text!(language, "explain-fact-reference");
        facts.push((name, reference.display().to_string()));
    }
    for one in &options.settings.overrides {
        let name = text!(language, "report-fact-overrides");
        facts.push((name, override_text(one, language)));
    }
    facts
}
