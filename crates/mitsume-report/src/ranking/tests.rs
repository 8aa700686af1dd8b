//! Rankings of runs.

use std::path::Path;

use mitsume_artifacts::{
    ClassResult, ConsistencyResult, DataSummary, EpochRow, ExplainedClass, ModelSummary, RunConfig,
};

use super::*;
use crate::entries::Evaluated;

/// Correct images of each of two classes with 100 images.
fn evaluation(correct: [u64; 2]) -> Evaluation {
    let class = |class: usize| ClassResult {
        surroundings: None,
        class: ["a", "b"][class].to_owned(),
        images: 100,
        correct: correct[class],
        counted: None,
        squared_l2: None,
        l2: None,
    };
    let [a, b] = correct;
    Evaluation {
        surroundings: None,
        model: ModelSummary {
            name: "level2".to_owned(),
            parameters: 1,
            target_layer: "features.13".to_owned(),
            method: Default::default(),
            flip: false,
            single_logit: false,
            explain: Default::default(),
            cam_size: [7, 7],
            image_size: None,
            settings: Default::default(),
        },
        data: DataSummary {
            root: "/data".to_owned(),
            list: None,
            images: 200,
            classes: vec!["a".to_owned(), "b".to_owned()],
            transform: None,
            skipped: Vec::new(),
            other_files: vec![],
        },
        accuracy: (a + b) as f64 / 200.0,
        kappa: (a + b) as f64 / 100.0 - 1.0,
        cross_entropy: 0.5,
        consistency: ConsistencyResult {
            squared_l2: Some(0.1),
            l2: Some(0.01),
            counted: a + b,
        },
        measures: None,
        per_class: vec![class(0), class(1)],
        confusion: vec![vec![a, 100 - a], vec![100 - b, b]],
    }
}

fn run(lambda: f64, seed: u64, done: usize) -> Run {
    let text = format!(
        "[data]\ntrain='t'\nvalid='v'\n[model]\nname='level2'\n[train]\nepochs=3\nseed={seed}\n\
         [consistency]\nlambda_max={lambda:?}\nt0=1\nt1=2"
    );
    let row = EpochRow {
        epoch: 1,
        lambda,
        kappa: Some(0.5),
        ..EpochRow::default()
    };
    Run {
        config: RunConfig::from_toml(&text, Path::new("run.toml")).unwrap(),
        config_text: text,
        environment: None,
        epochs: vec![row; done],
    }
}

fn entry(run: Option<Run>, summary: Option<Evaluation>) -> Entry {
    Entry {
        name: "x".to_owned(),
        run,
        evaluation: summary.map(|summary| Evaluated {
            summary,
            images: None,
        }),
    }
}

fn finished(lambda: f64, seed: u64) -> Entry {
    entry(Some(run(lambda, seed, 3)), Some(evaluation([90, 80])))
}

fn rankings_of(entries: &[Entry], values: &[f64], quantity: Quantity) -> Vec<Ranking> {
    let values = values.iter().map(|value| Some(*value));
    let lines: Vec<EntryValue> = entries.iter().zip(values).collect();
    rankings(&lines, quantity)
}

fn extreme(lowest: bool, reason: Reason) -> Ranking {
    Ranking::BestNotSignificant { lowest, reason }
}

#[test]
fn a_difference_in_every_seed_is_best_and_one_seed_is_not() {
    let both = |seeds: std::ops::Range<u64>| -> Vec<Entry> {
        let lambdas = [0.0, 50.0].into_iter();
        lambdas
            .flat_map(|lambda| seeds.clone().map(move |seed| finished(lambda, seed)))
            .collect()
    };
    let best = Ranking::Best { seeds: 3 };
    let values = [0.50, 0.52, 0.49, 0.40, 0.41, 0.39];
    let consistency = rankings_of(&both(0..3), &values, Quantity::SquaredL2);
    assert_eq!(consistency[..3], [Ranking::Plain; 3]);
    assert_eq!(consistency[3..], [best; 3]);
    let kappa = rankings_of(&both(0..3), &values, Quantity::Kappa);
    assert_eq!(kappa[..3], [best; 3]);
    // The same means, the differences of any sign.
    let mixed = rankings_of(
        &both(0..3),
        &[0.50, 0.52, 0.20, 0.40, 0.41, 0.39],
        Quantity::L2,
    );
    let chance = extreme(true, Reason::WithinChance);
    assert_eq!(
        (mixed[2], mixed.iter().filter(|s| **s == chance).count()),
        (chance, 1)
    );
    let single = rankings_of(&both(0..1), &[0.5, 0.4], Quantity::SquaredL2);
    let one_seed = extreme(true, Reason::OneSeed);
    assert_eq!(single, [Ranking::Plain, one_seed]);
    let high = rankings_of(&both(0..1), &[0.5, 0.4], Quantity::Accuracy);
    assert_eq!(high[0], extreme(false, Reason::OneSeed));
    // Seeds of one setting are not compared with each other.
    let alone: Vec<Entry> = (0..3).map(|seed| finished(0.0, seed)).collect();
    let alone = rankings_of(&alone, &[0.5, 0.6, 0.7], Quantity::Kappa);
    assert_eq!(alone[2], extreme(false, Reason::WithinChance));
    let equal = rankings_of(&both(0..2), &[0.5; 4], Quantity::Kappa);
    assert_eq!(equal, [Ranking::Plain; 4]);
}

#[test]
fn a_model_at_chance_level_is_not_ranked() {
    let guessing = || entry(Some(run(50.0, 0, 3)), Some(evaluation([100, 0])));
    for quantity in [Quantity::Kappa, Quantity::SquaredL2] {
        let rankings = rankings_of(&[finished(0.0, 0), guessing()], &[0.7, 0.0], quantity);
        assert_eq!(
            rankings,
            [Ranking::Plain, Ranking::NotComparable(Reason::AtChance)],
            "{quantity:?}"
        );
    }
    // Kappa 0.07 of 200 images is within 1.645 standard errors by chance, 0.15 is not.
    assert!(at_chance(&evaluation([57, 50])) && !at_chance(&evaluation([65, 50])));
    let mut going_on = run(0.0, 0, 1);
    going_on.epochs[0].kappa = Some(0.0);
    let reason = row_problem(&entry(Some(going_on), None), Quantity::Kappa);
    assert_eq!(reason, Some(Reason::AtChance));
}

#[test]
fn a_consistency_over_one_class_or_few_images_is_not_ranked() {
    let reason = |correct: [u64; 2], quantity: Quantity| {
        let mut summary = evaluation(correct);
        summary.kappa = 0.9;
        row_problem(&entry(None, Some(summary)), quantity)
    };
    assert_eq!(reason([90, 0], Quantity::SquaredL2), Some(Reason::OneClass));
    assert_eq!(reason([90, 1], Quantity::L2), Some(Reason::OneClass));
    assert_eq!(reason([90, 1], Quantity::SquaredL2), None);
    assert_eq!(reason([9, 8], Quantity::SquaredL2), Some(Reason::FewImages));
    assert_eq!(reason([90, 80], Quantity::SquaredL2), None);
    assert_eq!(reason([90, 0], Quantity::Kappa), None);
    let mut few = evaluation([9, 8]);
    (few.kappa, few.data.images) = (0.9, 20);
    let few = row_problem(&entry(None, Some(few)), Quantity::Kappa);
    assert_eq!(few, Some(Reason::FewImages));
}

#[test]
fn what_cannot_be_compared_has_no_best() {
    let against = |other: Entry, quantity: Quantity| {
        let rankings = rankings_of(&[finished(0.0, 0), other], &[0.5, 0.4], quantity);
        let one = rankings.into_iter().find(|s| *s != Ranking::Plain);
        match one {
            Some(Ranking::BestNotSignificant { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    };
    let changed = |change: fn(&mut Evaluation)| {
        let mut summary = evaluation([90, 80]);
        change(&mut summary);
        entry(Some(run(50.0, 0, 3)), Some(summary))
    };
    let unfinished = || entry(Some(run(50.0, 0, 2)), Some(evaluation([90, 80])));
    let both = [Quantity::Kappa, Quantity::SquaredL2];
    for quantity in both {
        assert_eq!(against(unfinished(), quantity), Reason::EpochsDiffer);
        let elsewhere = changed(|summary| summary.data.root = "/other".to_owned());
        assert_eq!(against(elsewhere, quantity), Reason::DataDiffer);
    }
    type ChangedEvaluation = (fn(&mut Evaluation), Reason);
    let changed_maps: [ChangedEvaluation; 5] = [
        (
            |summary| summary.model.cam_size = [14, 14],
            Reason::SizesDiffer,
        ),
        (
            |summary| summary.model.target_layer = "features.0".to_owned(),
            Reason::LayersDiffer,
        ),
        (|summary| summary.model.flip = true, Reason::MethodsDiffer),
        (
            |summary| summary.model.explain = ExplainedClass::Predicted,
            Reason::ExplainedDiffer,
        ),
        (
            |summary| {
                let data = &mut summary.data;
                data.classes.push("c".to_owned());
                summary.confusion = vec![vec![90, 10, 0], vec![20, 80, 0], vec![0, 0, 0]];
                let mut third = summary.per_class[0].clone();
                (third.class, third.images, third.correct) = ("c".to_owned(), 0, 0);
                summary.per_class.push(third);
            },
            Reason::DataDiffer,
        ),
    ];
    for (change, reason) in changed_maps {
        assert_eq!(against(changed(change), Quantity::SquaredL2), reason);
    }
    let flipped = changed(|summary| summary.model.flip = true);
    assert_eq!(against(flipped, Quantity::Kappa), Reason::OneSeed);
    let not_evaluated = entry(Some(run(50.0, 0, 3)), None);
    let reason = comparison_problem(&[&not_evaluated, &not_evaluated], Quantity::L2);
    assert_eq!(reason, Some(Reason::NotEvaluated));
}

#[test]
fn consistencies_over_different_classes_are_not_compared() {
    // Three classes, of which each model predicts two correctly.
    let knows_two = |known: [u64; 3]| {
        let mut summary = evaluation([0, 0]);
        summary.kappa = 0.5;
        summary.data.classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let class = |index: usize| ClassResult {
            surroundings: None,
            class: summary.data.classes[index].clone(),
            images: 100,
            correct: known[index],
            counted: None,
            squared_l2: None,
            l2: None,
        };
        summary.per_class = (0..3).map(class).collect();
        let row = |class: usize| {
            let mut row = vec![0; 3];
            row[class] = known[class];
            row[(class + 1) % 3] += 100 - known[class];
            row
        };
        summary.confusion = (0..3).map(row).collect();
        summary.consistency.counted = known.iter().sum();
        summary
    };
    let entries = [[100, 100, 0], [0, 100, 100]].map(|known| entry(None, Some(knows_two(known))));
    let rankings = rankings_of(&entries, &[0.2, 0.1], Quantity::SquaredL2);
    assert_eq!(rankings[1], extreme(true, Reason::ClassesDiffer));
}
