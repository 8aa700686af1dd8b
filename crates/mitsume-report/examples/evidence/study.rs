//! Which measure deserves trust, and remove and retrain: what `mitsume analyze` says of the records.

use std::error::Error;
use std::path::Path;

use mitsume_locale::Language;
use mitsume_report::{AnalysisReport, AnalysisReportOptions, AnalysisTable, analyze_path};

use crate::pages::Blocks;

/// The analyses of the records of the study.
pub struct Study {
    /// Networks on phantoms, with localisation and controls.
    phantoms: AnalysisReport,
    /// The repeated runs of the thesis' first experiment.
    repeated: AnalysisReport,
    /// Networks on images with pixels removed; `None` while there are no records of them.
    removed: Option<AnalysisReport>,
}

impl Study {
    /// Reads and analyses the records.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(evidence: &Path, language: Language) -> Result<Self, Box<dyn Error>> {
        let options = AnalysisReportOptions {
            language,
            ..AnalysisReportOptions::default()
        };
        let of = |name: &str| analyze_path(&evidence.join("records").join(name), &options);
        Ok(Self {
            phantoms: of("measures")?,
            repeated: of("experiment-1")?,
            removed: match evidence.join("records/roar").is_dir() {
                true => Some(of("roar")?),
                false => None,
            },
        })
    }

    /// The generated parts of the page by name.
    pub fn blocks(&self) -> Blocks {
        let mut blocks = Blocks::new();
        for (name, report) in [("phantoms", &self.phantoms), ("repeated", &self.repeated)] {
            blocks.insert(
                format!("study-{name}-found"),
                list(&report.study_sentences()),
            );
            for (part, table) in report.study_tables() {
                blocks.insert(format!("study-{name}-{part}"), markdown(&table));
            }
        }
        if let Some(removed) = &self.removed {
            blocks.insert("roar-found".to_owned(), list(&removed.roar_sentences()));
            let tables = removed.roar_tables();
            for (table, part) in tables.iter().zip(["kappa", "differences"]) {
                blocks.insert(format!("roar-{part}"), markdown(table));
            }
        }
        blocks
    }

    /// Name and text of every figure.
    pub fn figures(&self) -> Vec<(&'static str, String)> {
        let named = [
            ("agreement-phantoms", Some(&self.phantoms), "agreement"),
            ("agreement-repeated", Some(&self.repeated), "agreement"),
            ("roar", self.removed.as_ref(), "roar"),
        ];
        named
            .into_iter()
            .filter_map(|(name, report, kind)| {
                let (_, text) = report?
                    .figure_files()
                    .find(|(file, _)| file.starts_with(kind))?;
                Some((name, text))
            })
            .collect()
    }
}

/// A list of sentences.
fn list(sentences: &[String]) -> String {
    let lines = sentences.iter().map(|sentence| format!("- {sentence}\n"));
    format!("\n{}", lines.collect::<String>())
}

fn markdown(table: &AnalysisTable) -> String {
    let row = |cells: &[String]| {
        let cells = cells.iter().map(|cell| cell.replace('|', "\\|"));
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let rule = format!("|{}\n", " --- |".repeat(table.header.len()));
    let rows = table.rows.iter().map(|cells| row(cells));
    format!("\n{}{rule}{}", row(&table.header), rows.collect::<String>())
}
