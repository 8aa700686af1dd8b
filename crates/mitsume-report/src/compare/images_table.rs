//! The rows of `compare.csv`.

use mitsume_artifacts::ComparedImage;

use super::CompareReport;

/// Every common image with every model.
pub(super) fn rows(report: &CompareReport) -> Vec<ComparedImage> {
    let images = report.common.images.iter().enumerate();
    images
        .flat_map(|(image, common)| {
            let models = report.models.iter().enumerate();
            models.map(move |(model, of)| {
                let row = &of.rows[common.rows[model]];
                let deviation = report.figures[model].deviations[image];
                let agreement = report.agreements[model].get(image);
                ComparedImage {
                    image: common.path.clone(),
                    class: report.common.classes[common.label].clone(),
                    model: of.name.clone(),
                    predicted: of.summary.data.classes[row.prediction].clone(),
                    correct: u8::from(row.correct),
                    probability: row.probability,
                    probability_label: row.probability_label,
                    squared_l2: deviation.map(|deviation| deviation.squared_l2),
                    l2: deviation.map(|deviation| deviation.l2),
                    map_pearson: agreement.map(|agreement| agreement.pearson),
                    map_squared_l2: agreement.map(|agreement| agreement.squared_l2),
                }
            })
        })
        .collect()
}
