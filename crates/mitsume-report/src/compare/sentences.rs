//! What the comparison shows, in sentences, and what limits it.

use mitsume::kappa::kappa_error_by_chance;
use mitsume_artifacts::{BootstrapEstimate, ComparedModel, ModelComparison, ModelPair};
use mitsume_locale::{Language, text};

use super::CompareReport;
use super::common_images::NAMED;
use super::options::ResampledUnit;
use super::tables::{p_value, percent, signed, with_interval};
use crate::findings::{Finding, surroundings};
use crate::number_format::{count, significant_4, significant_4_or_dash};
use crate::ranking::CHANCE_Z;
use crate::thresholds::{
    MIN_CORRECT_IMAGES, MIN_COUNTED_CLASSES, MIN_EVALUATED_IMAGES, MIN_PATIENTS, SIGNIFICANCE_LEVEL,
};

/// What was found of each pair.
pub(super) fn found(result: &ModelComparison, language: Language) -> Vec<Finding> {
    let pairs = result.pairs.iter();
    pairs
        .flat_map(|pair| {
            [
                Some(accuracy(pair, language)),
                consistency(pair, result, language),
                maps(pair, language),
            ]
        })
        .flatten()
        .chain(stability(result, language))
        .map(Finding::plain)
        .collect()
}

fn stability(result: &ModelComparison, language: Language) -> Option<String> {
    let found = result.stability?;
    Some(text!(
        language,
        "compare-found-stability",
        models = result.models.len(),
        mege = significant_4(found.mege?),
        reco = significant_4_or_dash(found.reco),
        both = found.both_right,
        one = found.one_right,
    ))
}

fn accuracy(pair: &ModelPair, language: Language) -> String {
    let test = &pair.accuracy;
    let verdict = match test.p_holm < SIGNIFICANCE_LEVEL {
        false => "none",
        true if test.model_only > test.baseline_only => "better",
        true => "worse",
    };
    text!(
        language,
        "compare-found-accuracy",
        model = pair.model.as_str(),
        baseline = pair.baseline.as_str(),
        verdict = verdict,
        difference = with_interval(pair.differences.accuracy, &signed),
        model_only = count(test.model_only),
        baseline_only = count(test.baseline_only),
        p = p_value(test.p_holm),
    )
}

/// On the grid where maps differ in size, because they then differ in resolution too.
fn consistency(pair: &ModelPair, result: &ModelComparison, language: Language) -> Option<String> {
    let (form, difference) = match result.map_sizes_differ {
        true => ("grid squared-l2", pair.differences.grid_squared_l2),
        false => ("squared-l2", pair.differences.squared_l2),
    };
    difference.value?;
    let verdict = |difference: BootstrapEstimate, better: fn(f64) -> bool| match difference.interval
    {
        None => "unknown",
        Some([low, high]) if low <= 0.0 && high >= 0.0 => "none",
        Some([low, _]) if better(low) => "more",
        Some(_) => "less",
    };
    let corrected = pair.differences.chance_corrected;
    Some(text!(
        language,
        "compare-found-consistency",
        model = pair.model.as_str(),
        baseline = pair.baseline.as_str(),
        verdict = verdict(difference, |low| low < 0.0),
        form = form,
        difference = with_interval(difference, &signed),
        corrected = match corrected.value {
            None => "undefined",
            Some(_) => verdict(corrected, |low| low > 0.0),
        },
        corrected_difference = with_interval(corrected, &signed),
    ))
}

fn maps(pair: &ModelPair, language: Language) -> Option<String> {
    let maps = &pair.maps;
    let (own, other) = (maps.pearson.value?, maps.pearson_of_other_images?);
    let low = maps.pearson.interval.map_or(own, |[low, _]| low);
    Some(text!(
        language,
        "compare-found-maps",
        model = pair.model.as_str(),
        baseline = pair.baseline.as_str(),
        pearson = with_interval(maps.pearson, &signed),
        other = signed(other),
        verdict = if low > other { "more" } else { "no-more" },
    ))
}

/// What limits the comparison.
pub(super) fn cautions(
    report: &CompareReport,
    result: &ModelComparison,
    language: Language,
) -> Vec<Finding> {
    let mut cautions = about_images(report, result, language);
    cautions.extend(about_maps(result, language));
    for (model, read) in result.models.iter().zip(&report.models) {
        cautions.extend(about_model(model, language));
        if let Some(found) = &read.summary.surroundings {
            let of_maps =
                surroundings::sentences(&model.name, found.border, found.background, language);
            let cautions_of_maps = of_maps.into_iter().filter(|finding| finding.caution);
            cautions.extend(cautions_of_maps.map(|finding| finding.text));
        }
    }
    cautions.extend(about_patients(report, language));
    cautions.extend(about_resamples(result, language));
    cautions.into_iter().map(Finding::caution).collect()
}

fn about_images(
    report: &CompareReport,
    result: &ModelComparison,
    language: Language,
) -> Vec<String> {
    let images = &result.images;
    let mut cautions = Vec::new();
    for left_out in images.left_out.iter().filter(|one| one.images > 0) {
        let named = left_out.paths.iter().take(NAMED);
        let named: Vec<&str> = named.map(String::as_str).collect();
        cautions.push(text!(
            language,
            "compare-left-out",
            model = left_out.model.as_str(),
            images = left_out.images,
            of = left_out.images + images.common,
            named = named.join(", "),
            more = left_out.images.saturating_sub(NAMED),
        ));
    }
    if !images.labelled_differently.is_empty() {
        cautions.push(text!(
            language,
            "compare-labelled-differently",
            images = images.labelled_differently.len(),
            first = images.labelled_differently[0].as_str(),
        ));
    }
    let first = &report.models[0].summary.data;
    let other = report
        .models
        .iter()
        .find(|model| model.summary.data.named() != first.named());
    if let Some(other) = other {
        cautions.push(text!(
            language,
            "compare-other-folder",
            first = first.named(),
            second = other.summary.data.named(),
        ));
    }
    if (images.common as u64) < MIN_EVALUATED_IMAGES {
        cautions.push(text!(
            language,
            "compare-few-images",
            images = images.common
        ));
    }
    cautions
}

fn about_maps(result: &ModelComparison, language: Language) -> Vec<String> {
    let mut cautions = Vec::new();
    let settings = |of: fn(&ComparedModel) -> String| {
        let each = result.models.iter();
        let all: Vec<String> = each
            .map(|model| format!("{} ({})", of(model), model.name))
            .collect();
        let first = of(&result.models[0]);
        let differ = result.models.iter().any(|model| of(model) != first);
        differ.then(|| all.join(", "))
    };
    if let Some(sizes) = settings(|model| {
        let [height, width] = model.model.cam_size;
        format!("{height} × {width}")
    }) {
        cautions.push(text!(language, "compare-sizes-differ", sizes = sizes));
    }
    let method = |model: &ComparedModel| {
        let flip = if model.model.flip { " + flip" } else { "" };
        format!("{}{flip}", model.model.method)
    };
    if let Some(methods) = settings(method) {
        cautions.push(text!(language, "compare-methods-differ", methods = methods));
    }
    let counted: Vec<u64> = result.models.iter().map(|model| model.counted).collect();
    if !result.shared && counted.iter().any(|own| *own != counted[0]) {
        cautions.push(text!(language, "compare-counted-differ"));
    }
    cautions
}

fn about_model(model: &ComparedModel, language: Language) -> Vec<String> {
    let name = model.name.as_str();
    let kappa = model.figures.kappa.value.unwrap_or(0.0);
    if is_at_chance(model, kappa) {
        let kappa = significant_4(kappa);
        return vec![text!(
            language,
            "compare-at-chance",
            name = name,
            kappa = kappa
        )];
    }
    let counted = model.per_class.iter().filter(|class| class.counted > 0);
    let counted: Vec<_> = counted.collect();
    let few: Vec<&str> = model
        .per_class
        .iter()
        .filter(|class| class.images > 0 && class.counted < MIN_CORRECT_IMAGES)
        .map(|class| &class.class[..])
        .collect();
    let mut cautions = Vec::new();
    if counted.len() < MIN_COUNTED_CLASSES {
        cautions.push(text!(language, "compare-one-class", name = name));
    }
    if !few.is_empty() {
        cautions.push(text!(
            language,
            "compare-few-counted",
            name = name,
            least = MIN_CORRECT_IMAGES,
            classes = few[..few.len().min(NAMED)].join(", "),
            more = few.len().saturating_sub(NAMED),
        ));
    }
    cautions
}

/// Whether kappa is not distinguishable from guessing.
fn is_at_chance(model: &ComparedModel, kappa: f64) -> bool {
    let truths: Vec<u64> = model.per_class.iter().map(|class| class.images).collect();
    let column = |class: usize| model.confusion.iter().map(|row| row[class]).sum();
    let predictions: Vec<u64> = (0..truths.len()).map(column).collect();
    kappa <= CHANCE_Z * kappa_error_by_chance(&truths, &predictions)
}

fn about_patients(report: &CompareReport, language: Language) -> Vec<String> {
    let (patients, options) = (&report.patients, &report.options);
    let mut cautions = Vec::new();
    if !patients.unread_lists.is_empty() {
        let lists = patients.unread_lists.join(", ");
        cautions.push(text!(language, "compare-unread-lists", lists = lists));
    }
    if patients.share_images() {
        cautions.push(match patients.unit {
            ResampledUnit::Image => text!(language, "compare-patients-apart"),
            ResampledUnit::Patient => text!(language, "compare-right-of-patients"),
        });
    }
    if patients.unit == ResampledUnit::Patient && options.resamples > 0 {
        let count = patients.count();
        if count < MIN_PATIENTS {
            cautions.push(text!(language, "compare-few-patients", patients = count));
        }
        if report.of_one > 0 {
            cautions.push(text!(
                language,
                "compare-one-patient",
                strata = report.of_one
            ));
        }
    }
    cautions
}

fn about_resamples(result: &ModelComparison, language: Language) -> Vec<String> {
    let resamples = result.resampling.resamples;
    let all = result.models.iter().map(|model| &model.figures);
    let least = all
        .flat_map(|of| {
            [
                of.squared_l2,
                of.l2,
                of.grid_squared_l2,
                of.grid_l2,
                of.chance_corrected,
            ]
        })
        .filter(|estimate| estimate.value.is_some())
        .map(|estimate| estimate.defined)
        .min();
    match least.filter(|least| *least < resamples) {
        None => Vec::new(),
        Some(least) => vec![text!(
            language,
            "compare-undefined-resamples",
            undefined = count((resamples - least) as u64),
            resamples = count(resamples as u64),
            level = percent(result.resampling.confidence),
        )],
    }
}
