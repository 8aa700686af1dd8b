//! Table of the measures other than squared-l2 and l2.

use mitsume::measures::Measures;
use mitsume_locale::Language;

use crate::entries::Entry;
use crate::number_format;
use crate::template_data::MeasureTable;

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
    let values: Vec<Vec<Option<f64>>> = all
        .iter()
        .map(|(_, measures)| measures.values().map(|(_, value)| value).collect())
        .collect();
    let row = |(index, name): (usize, &&str)| {
        let values = values.iter().map(|of_entry| of_entry[index]);
        // A measure that no evaluation has is left out.
        values.clone().any(|value| value.is_some()).then(|| {
            let cells = values.map(number_format::significant_4_or_dash).collect();
            (language.measure(name), cells)
        })
    };
    Some(MeasureTable {
        grid: first.grid,
        names: all.iter().map(|(name, _)| (*name).to_owned()).collect(),
        rows: Measures::NAMES.iter().enumerate().filter_map(row).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_a_name_of_its_own_in_every_language() {
        for language in Language::ALL {
            let named = Measures::NAMES.iter().map(|name| {
                let found = language.measure(name);
                assert!(!found.starts_with("measure-"), "{name} has no {language:?}");
                found
            });
            let errors = Measures::NAMES
                .iter()
                .filter(|name| name.ends_with("_error"));
            let distinct: std::collections::BTreeSet<String> = named.collect();
            // The standard errors are all called that, each below its measure.
            assert_eq!(distinct.len() + errors.count() - 1, Measures::NAMES.len());
        }
    }
}
