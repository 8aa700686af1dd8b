//! Table of the measures other than squared-l2 and l2.

use mitsume::measures::Measures;
use mitsume_locale::{Language, text};

use crate::entries::Entry;
use crate::number_format;
use crate::template_data::MeasureTable;

/// Value of one measure.
type Value = fn(&Measures) -> Option<f64>;

/// A row per measure and a column per evaluation that has measures; `None` if none has.
pub(crate) fn more_measures(entries: &[Entry], language: Language) -> Option<MeasureTable> {
    let all: Vec<(&str, &Measures)> = entries
        .iter()
        .filter_map(|entry| {
            let evaluated = entry.evaluation.as_ref()?;
            Some((&entry.name[..], evaluated.summary.measures.as_ref()?))
        })
        .collect();
    let (_, first) = all.first()?;
    let [rows, columns] = first.grid;
    let value: [(String, Value); 9] = [
        (
            text!(
                language,
                "report-grid-squared-l2",
                rows = rows.to_string(),
                columns = columns.to_string()
            ),
            |m| m.grid_squared_l2,
        ),
        (text!(language, "report-grid-l2"), |m| m.grid_l2),
        (text!(language, "report-chance-corrected"), |m| {
            m.chance_corrected
        }),
        (text!(language, "report-chance-p"), |m| m.chance_p),
        (text!(language, "report-cosine"), |m| m.cosine),
        (text!(language, "report-jensen-shannon"), |m| {
            m.jensen_shannon
        }),
        (text!(language, "report-earth-mover"), |m| m.earth_mover),
        (text!(language, "report-pearson"), |m| m.pearson),
        (text!(language, "report-ssim"), |m| m.ssim),
    ];
    let row = |(name, of): &(String, Value)| {
        let values = all.iter().map(|(_, measures)| of(measures));
        // A measure that no evaluation has is left out.
        values.clone().any(|value| value.is_some()).then(|| {
            let cells = values.map(number_format::significant_4_or_dash).collect();
            (name.clone(), cells)
        })
    };
    Some(MeasureTable {
        names: all.iter().map(|(name, _)| (*name).to_owned()).collect(),
        rows: value.iter().filter_map(row).collect(),
    })
}
