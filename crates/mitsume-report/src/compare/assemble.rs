//! The results in one structure.

use mitsume_artifacts::{
    AccuracyTest, BootstrapEstimate, ClassAgreement, ComparedClass, ComparedFigures, ComparedModel,
    ComparedSet, LeftOut, MapAgreement, ModelComparison, ModelPair, PairedImage, Resampling,
};
use mitsume_locale::Language;
use mitsume_stats::holm::holm;
use mitsume_stats::mcnemar::mcnemar;

use super::agreement::{at_size, common_size, compare_maps};
use super::bootstrap::{Resampled, estimate, grid_side};
use super::quantity::{Quantity, Values};
use super::{CompareReport, sentences};
use crate::Result;

/// The results, with sentences in English.
pub(super) fn result(report: &CompareReport, resampled: &Resampled) -> Result<ModelComparison> {
    let models = &report.models;
    let shape = models[0].shape();
    let side = grid_side(models, report.options.grid);
    let others = (0..models.len()).filter(|model| *model != report.baseline);
    let mut pairs: Vec<ModelPair> = others
        .map(|model| pair(report, resampled, model))
        .collect::<Result<_>>()?;
    let p: Vec<f64> = pairs.iter().map(|pair| pair.accuracy.p).collect();
    for (pair, p) in pairs.iter_mut().zip(holm(&p)) {
        pair.accuracy.p_holm = p;
    }
    let mut result = ModelComparison {
        images: compared_set(report),
        resampling: Resampling {
            resamples: resampled.resamples(),
            seed: report.options.seed,
            confidence: report.options.confidence,
            strata: report.options.within.name().to_owned(),
            unit: report.patients.unit.name().to_owned(),
            patients: report.patients.known,
            images_without_patient: report.patients.images_without,
        },
        grid: [side, side],
        map_size: common_size(models),
        map_sizes_differ: models.iter().any(|model| model.shape() != shape),
        shared: report.options.shared,
        baseline: models[report.baseline].name.clone(),
        models: (0..models.len())
            .map(|model| compared_model(report, resampled, model))
            .collect(),
        pairs,
        stability: Some(report.stability),
        cautions: Vec::new(),
        summary: Vec::new(),
    };
    let texts = |findings: Vec<crate::findings::Finding>| -> Vec<String> {
        findings.into_iter().map(|finding| finding.text).collect()
    };
    result.summary = texts(sentences::found(&result, Language::English));
    result.cautions = texts(sentences::cautions(report, &result, Language::English));
    Ok(result)
}

fn compared_set(report: &CompareReport) -> ComparedSet {
    let common = &report.common;
    let mut per_class = vec![0; common.classes.len()];
    for image in &common.images {
        per_class[image.label] += 1;
    }
    let left_out = report.models.iter().zip(&common.left_out);
    ComparedSet {
        common: common.images.len(),
        classes: common.classes.clone(),
        per_class,
        left_out: left_out
            .map(|(model, paths)| LeftOut {
                model: model.name.clone(),
                images: paths.len(),
                paths: paths.clone(),
            })
            .collect(),
        labelled_differently: common.labelled_differently.clone(),
    }
}

fn compared_model(report: &CompareReport, resampled: &Resampled, model: usize) -> ComparedModel {
    let (of, figures) = (&report.models[model], &report.figures[model]);
    let truths = figures.confusion.truths();
    let per_class = report.common.classes.iter().enumerate();
    ComparedModel {
        name: of.name.clone(),
        path: of.path.display().to_string(),
        model: of.summary.model.clone(),
        data: of.summary.data.named().to_owned(),
        counted: figures.counted,
        figures: compared_figures(&figures.values, report.options.confidence, |quantity| {
            let index = quantity as usize;
            let values = resampled.values[model].iter();
            values.map(|values| values[index]).collect()
        }),
        per_class: per_class
            .map(|(class, name)| ComparedClass {
                class: name.clone(),
                images: truths[class],
                correct: figures.confusion.count(class, class),
                counted: figures.means.count(class),
                squared_l2: figures.squared_l2[class],
                l2: figures.l2[class],
                grid_squared_l2: figures.grid_squared_l2[class],
            })
            .collect(),
        confusion: figures.confusion.rows(),
    }
}

/// All figures, each with the interval of its resamples.
fn compared_figures(
    values: &Values,
    confidence: f64,
    resamples: impl Fn(Quantity) -> Vec<Option<f64>>,
) -> ComparedFigures {
    let of = |quantity: Quantity| {
        let value = values[quantity as usize];
        estimate(
            value,
            resamples(quantity).into_iter(),
            confidence,
            quantity.is_consistency(),
        )
    };
    ComparedFigures {
        accuracy: of(Quantity::Accuracy),
        kappa: of(Quantity::Kappa),
        squared_l2: of(Quantity::SquaredL2),
        l2: of(Quantity::L2),
        grid_squared_l2: of(Quantity::GridSquaredL2),
        grid_l2: of(Quantity::GridL2),
        chance_corrected: of(Quantity::ChanceCorrected),
    }
}

fn pair(report: &CompareReport, resampled: &Resampled, model: usize) -> Result<ModelPair> {
    let (models, baseline) = (&report.models, report.baseline);
    let same_size = models[model].shape() == models[baseline].shape();
    let comparable = |quantity: &Quantity| same_size || quantity.compares_sizes();
    let subtract = |quantity: Quantity, own: &Values, other: &Values| {
        let index = quantity as usize;
        let difference = own[index]? - other[index]?;
        comparable(&quantity).then_some(difference)
    };
    let (own, other) = (
        &report.figures[model].values,
        &report.figures[baseline].values,
    );
    let values = Quantity::ALL.map(|quantity| subtract(quantity, own, other));
    let differences = compared_figures(&values, report.options.confidence, |quantity| {
        let both = resampled.values[model]
            .iter()
            .zip(&resampled.values[baseline]);
        both.map(|(own, other)| subtract(quantity, own, other))
            .collect()
    });
    let right = |model: usize| -> Vec<bool> {
        let images = report.common.images.iter();
        images
            .map(|image| models[model].rows[image.rows[model]].correct)
            .collect()
    };
    let (ours, theirs) = (right(model), right(baseline));
    let test = mcnemar(&theirs, &ours);
    Ok(ModelPair {
        model: models[model].name.clone(),
        baseline: models[baseline].name.clone(),
        differences,
        accuracy: AccuracyTest {
            both: test.both,
            baseline_only: test.first_only,
            model_only: test.second_only,
            neither: test.neither,
            p: test.p,
            p_holm: test.p,
        },
        maps: map_agreement(report, resampled, model, [&ours, &theirs])?,
    })
}

/// `right` says which images the model has right, and the baseline.
fn map_agreement(
    report: &CompareReport,
    resampled: &Resampled,
    model: usize,
    right: [&[bool]; 2],
) -> Result<MapAgreement> {
    let all = &report.agreements[model];
    let mean_of_images = |values: Vec<f64>| -> BootstrapEstimate {
        let resamples = resampled.means(&values).into_iter();
        estimate(
            mean(values.iter().copied()),
            resamples,
            report.options.confidence,
            false,
        )
    };
    let [ours, theirs] = right;
    let listed = |which: &dyn Fn(usize) -> bool| -> Vec<PairedImage> {
        let mut images: Vec<usize> = (0..all.len()).filter(|image| which(*image)).collect();
        let key = |image: &usize| (all[*image].pearson, -all[*image].squared_l2);
        images.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let top = images.into_iter().take(report.options.top);
        top.map(|image| paired_image(report, model, image))
            .collect()
    };
    Ok(MapAgreement {
        pearson: mean_of_images(all.iter().map(|one| one.pearson).collect()),
        pearson_of_other_images: mean(all.iter().filter_map(|one| one.pearson_of_other)),
        squared_l2: mean_of_images(all.iter().map(|one| one.squared_l2).collect()),
        per_class: class_agreements(report, model)?,
        least_alike: listed(&|_| true),
        baseline_only: listed(&|image| theirs[image] && !ours[image]),
        model_only: listed(&|image| ours[image] && !theirs[image]),
    })
}

fn paired_image(report: &CompareReport, model: usize, image: usize) -> PairedImage {
    let (common, agreement) = (
        &report.common.images[image],
        &report.agreements[model][image],
    );
    PairedImage {
        image: common.path.clone(),
        class: report.common.classes[common.label].clone(),
        pearson: agreement.pearson,
        squared_l2: agreement.squared_l2,
    }
}

fn class_agreements(report: &CompareReport, model: usize) -> Result<Vec<ClassAgreement>> {
    let size = common_size(&report.models);
    let mean_map = |model: usize, class: usize| -> Result<Option<Vec<f32>>> {
        let Some(mean) = report.figures[model].means.mean(class) else {
            return Ok(None);
        };
        let mean = mean.iter().map(|value| *value as f32).collect();
        at_size(mean, report.models[model].shape(), size).map(Some)
    };
    let classes = report.common.classes.iter().enumerate();
    classes
        .map(|(class, name)| {
            let both = mean_map(model, class)?.zip(mean_map(report.baseline, class)?);
            let compared = both.map(|(own, other)| compare_maps(&own, &other));
            let images = report.common.images.iter().zip(&report.agreements[model]);
            let of_class = images.filter(|(image, _)| image.label == class);
            Ok(ClassAgreement {
                class: name.clone(),
                mean_map_pearson: compared.map(|(pearson, _)| pearson),
                mean_map_squared_l2: compared.map(|(_, squared_l2)| squared_l2),
                pearson: mean(of_class.map(|(_, agreement)| agreement.pearson)),
            })
        })
        .collect()
}

/// The mean; `None` for no values.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| {
        (sum + value, count + 1)
    });
    (count > 0).then(|| sum / count as f64)
}
