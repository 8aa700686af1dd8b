//! Resamples of patients.

use mitsume_data::PatientPattern;
use mitsume_report::{CompareReport, ResampledUnit};

use super::*;

fn pattern(text: &str) -> Option<PatientPattern> {
    Some(PatientPattern::new(text).unwrap())
}

/// Tens of the number in the name: 000 and 001 are of glioma (of 001 as many images are of the next
/// class), 002 is of meningioma, 003 and 004 of pituitary.
fn tens() -> CompareOptions {
    CompareOptions {
        patients: pattern(r"/(?<patient>\d{3})\d"),
        resamples: 101,
        seed: 7,
        grid: 3,
        ..CompareOptions::default()
    }
}

fn report(models: &[Made], options: &CompareOptions) -> Result<CompareReport, String> {
    let dir = tempfile::tempdir().unwrap();
    let paths = made::write_all(models, dir.path());
    compare(&paths, options).map_err(|error| error.to_string())
}

#[test]
fn intervals_of_patients_are_those_of_the_same_resamples_written_out() {
    let models = two_models();
    let patients: Vec<usize> = (0..45).map(|image| image / 10).collect();
    for within in [ResampledWithin::Class, ResampledWithin::All] {
        let options = CompareOptions { within, ..tens() };
        let found = compared(&models, &options);
        assert_eq!(found.resampling.unit, "patient");
        let (known, without) = (
            found.resampling.patients,
            found.resampling.images_without_patient,
        );
        assert_eq!((known, without), (5, 0));
        let strata = match within {
            ResampledWithin::Class => Strata::clusters_by_label(&patients, &models[0].labels),
            ResampledWithin::All => Strata::whole_of_clusters(&patients),
        };
        for (index, name) in NAMES.into_iter().enumerate() {
            let of = |times: &[u32]| {
                let each = models
                    .iter()
                    .map(|model| written_out(model, times, 3)[index]);
                let each: Vec<Option<f64>> = each.collect();
                Some(each[1]? - each[0]?)
            };
            let drawn = (0..101).filter_map(|number| of(&strata.draw(7, number)));
            let mut drawn: Vec<f64> = drawn.collect();
            let difference = figure(&found.pairs[0].differences, name);
            assert_eq!(difference.defined, drawn.len());
            let bias = drawn.iter().sum::<f64>() / drawn.len() as f64 - of(&[1; 45]).unwrap();
            let shift = if index < 2 { 0.0 } else { bias };
            let interval = percentile_interval(&mut drawn, 0.95).unwrap();
            let limits = [interval.low - shift, interval.high - shift];
            for (found, expected) in difference.interval.unwrap().into_iter().zip(limits) {
                assert_close(Some(found), expected, 1e-11, name);
            }
        }
    }
}

/// See `figures_are_numpys_and_intervals_scipys_but_for_the_draws` for the tolerances.
#[test]
fn intervals_of_patients_are_numpys_but_for_the_draws() {
    let (json, mut models) = reference();
    let of_images = json["patients"]["of_images"].as_array().unwrap();
    for model in &mut models {
        let names = model.labels.iter().zip(of_images).enumerate();
        let name = |(image, (label, patient)): (usize, (&usize, &Value))| {
            format!("{}/p{patient}-{image:04}.png", model.classes[*label])
        };
        model.paths = names.map(name).collect();
    }
    let mut wider = 0;
    for (within, strata) in [
        (ResampledWithin::All, "none"),
        (ResampledWithin::Class, "class"),
    ] {
        let options = CompareOptions {
            resamples: json["resamples"].as_u64().unwrap() as usize,
            patients: pattern(r"p\d+"),
            within,
            ..CompareOptions::default()
        };
        let found = compared(&models, &options);
        assert_eq!(json["patients"]["known"], found.resampling.patients);
        for name in ["accuracy", "kappa", "squared_l2", "l2", "chance_corrected"] {
            let expected = &json["patients"][strata][name];
            let limit = |index: usize| expected["interval"][index].as_f64().unwrap();
            let width = limit(1) - limit(0);
            let difference = figure(&found.pairs[0].differences, name);
            let bias = expected["mean"].as_f64().unwrap() - difference.value.unwrap();
            assert_close(difference.bias, bias, 0.01 * width, name);
            let shift = if ["accuracy", "kappa"].contains(&name) {
                0.0
            } else {
                bias
            };
            let interval = difference.interval.unwrap();
            // Shares have steps, of an image in 30 to 66.
            let step = if shift == 0.0 { 1.0 / 40.0 } else { 0.0 };
            for (index, found) in interval.into_iter().enumerate() {
                assert_close(
                    Some(found),
                    limit(index) - shift,
                    0.037 * width + step,
                    name,
                );
            }
            let plain = &json["intervals"][name];
            let plain = plain[1].as_f64().unwrap() - plain[0].as_f64().unwrap();
            wider += usize::from(interval[1] - interval[0] > 1.1 * plain);
        }
    }
    assert!(
        wider > 0,
        "images of one patient are alike, so that intervals are wider"
    );
}

#[test]
fn patients_of_lists_are_drawn_and_images_can_be_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let models = two_models();
    let paths = made::write_all(&models, dir.path());
    let name_list = |list: &str, patient: &dyn Fn(usize) -> String| {
        let mut rows = "path,label,patient\n".to_owned();
        for (image, path) in models[0].paths.iter().enumerate() {
            let file = dir.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "no image is opened").unwrap();
            let class = path.split('/').next().unwrap();
            rows += &format!("{path},{class},{}\n", patient(image));
        }
        std::fs::write(dir.path().join(list), rows).unwrap();
    };
    let evaluated_on = |model: usize, list: &str| {
        let file = paths[model].join("eval.json");
        let mut json: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        json["data"]["list"] = dir.path().join(list).display().to_string().into();
        std::fs::write(file, json.to_string()).unwrap();
    };
    let options = CompareOptions {
        patients: None,
        ..tens()
    };
    let found = |options: &CompareOptions| compare(&paths, options).map_err(|e| e.to_string());
    let by_image = found(&options).unwrap().result().clone();
    assert_eq!(by_image.resampling.unit, "image");
    assert_eq!(by_image.resampling.images_without_patient, 45);
    name_list("list.csv", &|image| format!("{:03}", image / 10));
    evaluated_on(1, "list.csv");
    let by_list = found(&options).unwrap().result().clone();
    let by_pattern = found(&tens()).unwrap().result().clone();
    assert_eq!(by_list.resampling, by_pattern.resampling);
    assert_eq!(by_list.pairs, by_pattern.pairs);
    assert_ne!(by_list.pairs, by_image.pairs);
    let image = CompareOptions {
        unit: Some(ResampledUnit::Image),
        ..options.clone()
    };
    let apart = found(&image).unwrap();
    assert_eq!(apart.result().pairs, by_image.pairs);
    let warned = |report: &CompareReport, words: &str| {
        let cautions = &report.result().cautions;
        assert!(
            cautions.iter().any(|one| one.contains(words)),
            "{words}: {cautions:?}"
        );
    };
    warned(&apart, "taken as independent (--resample-by image)");
    let together = found(&options).unwrap();
    warned(&together, "go by the interval");
    warned(&together, "of 5 patients only");
    warned(&together, "One class has a single patient");
    assert!(
        together.tables()[0]
            .note
            .contains("the 5 patients, each with all of its images")
    );
    // Only some are named.
    name_list("some.csv", &|image| {
        if image < 20 {
            (image / 10).to_string()
        } else {
            String::new()
        }
    });
    evaluated_on(1, "some.csv");
    let some = found(&options).unwrap().result().resampling.clone();
    assert_eq!((some.patients, some.images_without_patient), (2, 25));
    // Another patient for the first image.
    name_list("list.csv", &|image| image.to_string());
    evaluated_on(0, "list.csv");
    let problem = found(&options).unwrap_err();
    assert!(
        problem.contains("is of the patient") && problem.contains("--resample-by image"),
        "{problem}"
    );
    std::fs::remove_file(dir.path().join("list.csv")).unwrap();
    std::fs::remove_file(dir.path().join("some.csv")).unwrap();
    warned(
        &found(&options).unwrap(),
        "Whether it names patients is not known",
    );
}

#[test]
fn frames_of_one_file_are_of_one_patient() {
    let mut models = two_models();
    for model in &mut models {
        let names = model.labels.iter().enumerate();
        let name = |(image, label): (usize, &usize)| {
            format!(
                "{}/scan-{}.dcm#{}",
                model.classes[*label],
                image / 5,
                image % 5 + 1
            )
        };
        model.paths = names.map(name).collect();
    }
    let options = CompareOptions {
        patients: None,
        ..tens()
    };
    let found = compared(&models, &options).resampling;
    assert_eq!(
        (
            &found.unit[..],
            found.patients,
            found.images_without_patient
        ),
        ("patient", 9, 0)
    );
}

#[test]
fn patients_that_are_not_found_are_refused_and_a_single_one_makes_no_interval() {
    let models = two_models();
    let some = CompareOptions {
        patients: pattern("glioma/0+"),
        ..tens()
    };
    let problem = report(&models, &some).unwrap_err();
    assert!(
        problem.contains("finds none in 30 of 45 paths"),
        "{problem}"
    );
    let none = CompareOptions {
        patients: None,
        unit: Some(ResampledUnit::Patient),
        ..tens()
    };
    let problem = report(&models, &none).unwrap_err();
    assert!(
        problem.contains("no patient is known") && problem.contains("--patient-regex"),
        "{problem}"
    );
    let one = CompareOptions {
        patients: pattern("(?<patient>p)ng"),
        ..tens()
    };
    let found = report(&models, &one).unwrap();
    assert_eq!(found.result().resampling.resamples, 0);
    assert_eq!(found.result().pairs[0].differences.accuracy.interval, None);
    assert!(
        found
            .result()
            .cautions
            .iter()
            .any(|one| one.contains("single patient"))
    );
}
