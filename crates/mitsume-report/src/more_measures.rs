//! Measures beyond the two forms of the metric, side by side.

use mitsume::measures::Measures;

use crate::number;
use crate::source::Entry;
use crate::view::MeasureTable;

/// One measure of those taken.
type Value = fn(&Measures) -> Option<f64>;

/// A row per measure and a column per evaluation that has any; none where no evaluation has.
pub(crate) fn more_measures(entries: &[Entry]) -> Option<MeasureTable> {
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
            format!("squared-l2 on a grid of {rows} × {columns} ↓"),
            |m| m.grid_squared_l2,
        ),
        ("l2 on the grid ↓".into(), |m| m.grid_l2),
        ("chance-corrected ↑".into(), |m| m.chance_corrected),
        ("… its permutation p".into(), |m| m.chance_p),
        ("1 − cosine ↓".into(), |m| m.cosine),
        ("Jensen-Shannon, bits ↓".into(), |m| m.jensen_shannon),
        ("earth mover’s, on the grid ↓".into(), |m| m.earth_mover),
        ("1 − Pearson ↓".into(), |m| m.pearson),
        ("1 − SSIM ↓".into(), |m| m.ssim),
    ];
    let row = |(name, of): &(String, Value)| {
        let values = all.iter().map(|(_, measures)| of(measures));
        // What nobody measured is left out.
        values.clone().any(|value| value.is_some()).then(|| {
            let cells = values.map(number::short_or_dash).collect();
            (name.clone(), cells)
        })
    };
    Some(MeasureTable {
        names: all.iter().map(|(name, _)| (*name).to_owned()).collect(),
        rows: value.iter().filter_map(row).collect(),
    })
}
