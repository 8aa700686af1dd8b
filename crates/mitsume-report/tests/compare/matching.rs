//! Which images are compared.

use mitsume_report::CompareOptions;

use crate::compared;
use crate::made::{Made, two_models};

fn options() -> CompareOptions {
    CompareOptions {
        resamples: 60,
        ..CompareOptions::default()
    }
}

#[test]
fn only_common_images_are_compared_and_the_others_named() {
    let models = two_models();
    let (first, second) = (models[0].without(&[3, 20]), models[1].without(&[3, 7, 8]));
    let found = compared(&[first, second], &options());
    assert_eq!(found.images.common, 41);
    assert_eq!(found.images.per_class, [12, 14, 15]);
    let left_out = &found.images.left_out;
    assert_eq!(left_out[0].paths, ["glioma/0007.png", "glioma/0008.png"]);
    assert_eq!(left_out[1].paths, ["meningioma/0020.png"]);
    let said = found.cautions.join("\n");
    assert!(said.contains("2 of 43 images of model-0") && said.contains("glioma/0007.png"));
    // As if the others had never been.
    let all = [3, 7, 8, 20];
    let alone = compared(&without_all(&models, &all), &options());
    assert_eq!(alone.pairs, found.pairs);
    assert_eq!(alone.models[0].figures, found.models[0].figures);
}

fn without_all(models: &[Made], images: &[usize]) -> Vec<Made> {
    models.iter().map(|model| model.without(images)).collect()
}

#[test]
fn classes_in_another_order_are_matched_by_name() {
    let models = two_models();
    let mut turned = models[1].clone();
    turned.classes = ["pituitary", "glioma", "meningioma"]
        .map(str::to_owned)
        .into();
    let index = |class: &mut usize| *class = (*class + 1) % 3;
    turned.labels.iter_mut().for_each(index);
    turned.predictions.iter_mut().for_each(index);
    let expected = compared(&models, &options());
    let found = compared(&[models[0].clone(), turned], &options());
    assert_eq!(found.pairs, expected.pairs);
    assert_eq!(found.models[1].confusion, expected.models[1].confusion);
    assert_eq!(found.models[1].per_class, expected.models[1].per_class);
}

#[test]
fn an_image_of_another_class_in_one_evaluation_is_left_out_and_said() {
    let models = two_models();
    let mut other = models[1].clone();
    other.labels[4] = 2;
    let found = compared(&[models[0].clone(), other], &options());
    assert_eq!(found.images.common, 44);
    assert_eq!(found.images.labelled_differently, ["glioma/0004.png"]);
    assert_eq!(found.images.left_out[0].paths, ["glioma/0004.png"]);
}

#[test]
fn three_models_are_compared_with_the_baseline_each_and_corrected_for_it() {
    let models = two_models();
    let mut third = models[1].clone();
    third.predictions = third.labels.clone();
    let with_baseline = CompareOptions {
        baseline: Some("model-1".to_owned()),
        ..options()
    };
    let found = compared(
        &[models[0].clone(), models[1].clone(), third],
        &with_baseline,
    );
    let names: Vec<&str> = found.pairs.iter().map(|pair| &pair.model[..]).collect();
    assert_eq!(
        (names, &found.baseline[..]),
        (vec!["model-0", "model-2"], "model-1")
    );
    let [first, second] = [0, 1].map(|pair| found.pairs[pair].accuracy);
    let least = if first.p < second.p { first } else { second };
    assert!(least.p < 0.5, "{least:?}");
    assert!((least.p_holm - 2.0 * least.p).abs() < 1e-15, "{least:?}");
    assert_eq!(found.pairs[1].maps.pearson.value, Some(1.0));
}

#[test]
fn a_model_no_better_than_guessing_and_classes_of_few_images_are_cautioned() {
    let mut models = two_models();
    models[1].predictions = vec![0; 45];
    let found = compared(&models, &options());
    let said = found.cautions.join("\n");
    assert!(
        said.contains("model-1 is not better than guessing"),
        "{said}"
    );
    let few = compared(
        &without_all(&two_models(), &(8..15).collect::<Vec<_>>()),
        &options(),
    );
    let said = few.cautions.join("\n");
    assert!(
        said.contains("fewer than 10 correct images of glioma"),
        "{said}"
    );
}
