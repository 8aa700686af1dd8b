//! Remove and retrain [Hooker 2019]: kappa of networks trained on images without their most relevant
//! pixels, over the share of the pixels removed.

use std::collections::BTreeMap;
use std::fmt::Write;

use mitsume_locale::{Language, text};
use mitsume_stats::interval::{Interval, mean, student_interval};
use mitsume_stats::paired::{PairedComparison, paired_comparison};
use serde::Serialize;

use super::AnalysisReportOptions;
use super::figure::{Axes, Figure, FigureLegendItem, HEIGHT, WIDTH};
use super::records::Records;
use super::run_values::RunValues;
use super::style::Style;
use super::tables::{Table, interval, p, signed};
use crate::file_names::file_stem_from_parts;
use crate::number_format;
use crate::xml::escape_xml;

/// Orders of the pixels that no map decides, which others are compared with.
const RANDOM: [&str; 2] = ["random-map", "random-pixels"];

/// The runs of one model on images with pixels removed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Roar {
    pub model: String,
    /// By order and share; the unchanged images, of share 0, are in every order.
    pub points: Vec<RoarPoint>,
    /// Each order of a map against each random one, by share, paired by seed.
    pub differences: Vec<RoarDifference>,
}

/// kappa at one share of one order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RoarPoint {
    pub by: String,
    pub share: f64,
    pub runs: usize,
    pub mean_kappa: f64,
    /// Student's interval over the runs.
    pub interval: Option<Interval>,
}

/// kappa after one order less that after a random one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RoarDifference {
    pub by: String,
    pub random: String,
    pub share: f64,
    #[serde(flatten)]
    pub difference: PairedComparison,
}

/// kappa by seed.
type BySeed = BTreeMap<u64, f64>;

/// A share of the pixels as a key: its bits are in the order of shares from 0 up.
fn share_key(share: f64) -> u64 {
    (share + 0.0).to_bits()
}

/// The experiments among the runs; empty where no run says that pixels were removed.
pub(crate) fn roar(records: &Records, options: &AnalysisReportOptions) -> Vec<Roar> {
    let mut models: BTreeMap<&str, Vec<(&RunValues, f64)>> = BTreeMap::new();
    for run in &records.values {
        if let Some(share) = run.removed_share {
            models.entry(&run.model).or_default().push((run, share));
        }
    }
    let experiments = models
        .iter()
        .filter(|(_, runs)| runs.iter().any(|run| run.1 > 0.0));
    experiments
        .map(|(model, runs)| of_model(model, runs, options))
        .collect()
}

fn of_model(model: &str, runs: &[(&RunValues, f64)], options: &AnalysisReportOptions) -> Roar {
    let mut orders: BTreeMap<&str, BTreeMap<u64, BySeed>> = BTreeMap::new();
    for (run, share) in runs.iter().filter(|(_, share)| *share > 0.0) {
        let order = orders.entry(run.removed_by.as_deref().unwrap_or("?"));
        let at = order.or_default().entry(share_key(*share)).or_default();
        at.extend(run.kappa.map(|kappa| (run.seed, kappa)));
    }
    let unchanged: BySeed = runs
        .iter()
        .filter(|(_, share)| *share == 0.0)
        .filter_map(|(run, _)| Some((run.seed, run.kappa?)))
        .collect();
    if !unchanged.is_empty() {
        for shares in orders.values_mut() {
            shares.insert(share_key(0.0), unchanged.clone());
        }
    }
    let point = |by: &str, share: u64, kappas: &BySeed| {
        let values: Vec<f64> = kappas.values().copied().collect();
        Some(RoarPoint {
            by: by.to_owned(),
            share: f64::from_bits(share),
            runs: values.len(),
            mean_kappa: mean(&values)?,
            interval: student_interval(&values, options.confidence),
        })
    };
    let points = orders.iter().flat_map(|(by, shares)| {
        shares
            .iter()
            .filter_map(move |(share, kappas)| point(by, *share, kappas))
    });
    Roar {
        model: model.to_owned(),
        points: points.collect(),
        differences: differences(&orders, options),
    }
}

fn differences(
    orders: &BTreeMap<&str, BTreeMap<u64, BySeed>>,
    options: &AnalysisReportOptions,
) -> Vec<RoarDifference> {
    let mut found = Vec::new();
    for (by, shares) in orders.iter().filter(|(by, _)| !RANDOM.contains(by)) {
        for random in RANDOM {
            let Some(other) = orders.get(random) else {
                continue;
            };
            for (share, kappas) in shares.iter().filter(|(share, _)| **share > 0) {
                let Some(others) = other.get(share) else {
                    continue;
                };
                let pairs = kappas
                    .iter()
                    .filter_map(|(seed, kappa)| Some(kappa - others.get(seed)?));
                let pairs: Vec<f64> = pairs.collect();
                let (confidence, draws) = (options.confidence, options.resamples);
                let comparison = paired_comparison(&pairs, confidence, draws, options.seed);
                found.extend(comparison.map(|difference| RoarDifference {
                    by: (*by).to_owned(),
                    random: random.to_owned(),
                    share: f64::from_bits(*share),
                    difference,
                }));
            }
        }
    }
    found
}

/// The orders of an experiment, maps first.
fn orders(roar: &Roar) -> Vec<&str> {
    let mut orders: Vec<&str> = roar.points.iter().map(|point| &point.by[..]).collect();
    orders.sort_by_key(|by| (RANDOM.contains(by), *by));
    orders.dedup();
    orders
}

/// kappa over the share of pixels removed, a line and a band for each order.
pub(crate) fn figure(roar: &Roar, language: Language) -> Figure {
    let mut ends: Vec<(f64, f64)> = Vec::new();
    for point in &roar.points {
        let x = percent(point.share);
        ends.push((x, point.mean_kappa));
        let interval = point.interval.iter();
        ends.extend(interval.flat_map(|one| [(x, one.low), (x, one.high)]));
    }
    let axes = Axes::around(&ends, false);
    let mut body = axes.frame(
        &text!(language, "roar-removed"),
        &text!(language, "analysis-kappa"),
    );
    let mut legend = Vec::new();
    let mut description = text!(language, "roar-title", model = &roar.model[..]);
    for (index, by) in orders(roar).into_iter().enumerate() {
        let of_order: Vec<&RoarPoint> = roar.points.iter().filter(|p| p.by == by).collect();
        body += &line_svg(&axes, Style(index), &of_order);
        legend.push(FigureLegendItem {
            label: by.to_owned(),
            swatch: Style(index).swatch(true, true),
        });
        let values = of_order
            .iter()
            .map(|p| number_format::significant_4(p.mean_kappa));
        let values: Vec<String> = values.collect();
        let _ = write!(description, " {by}: {}.", values.join(", "));
    }
    Figure {
        file: file_stem_from_parts(&["roar", &roar.model]),
        title: text!(language, "roar-title", model = &roar.model[..]),
        caption: text!(language, "roar-caption"),
        description,
        body,
        size: (WIDTH, HEIGHT),
        legend,
    }
}

fn percent(share: f64) -> f64 {
    100.0 * share
}

/// The line of one order, its band and its marks.
fn line_svg(axes: &Axes, style: Style, points: &[&RoarPoint]) -> String {
    let at = |point: &RoarPoint, y: f64| {
        let (x, y) = axes.to_drawing(percent(point.share), y);
        format!("{x:.1} {y:.1}")
    };
    let band = |end: fn(&Interval) -> f64| -> Vec<String> {
        let points = points.iter();
        points
            .filter_map(|point| Some(at(point, end(&point.interval?))))
            .collect()
    };
    let mut outline = band(|one| one.low);
    outline.extend(band(|one| one.high).into_iter().rev());
    let mut svg = format!("<g class=\"line {}\">", style.classes());
    if outline.len() > 2 {
        let _ = write!(svg, "<path class=\"band\" d=\"M{}Z\"/>", outline.join("L"));
    }
    let line: Vec<String> = points.iter().map(|p| at(p, p.mean_kappa)).collect();
    let _ = write!(svg, "<path d=\"M{}\"/>", line.join("L"));
    for point in points {
        let (x, y) = axes.to_drawing(percent(point.share), point.mean_kappa);
        let _ = write!(
            svg,
            "<g>{}<title>{}, {:.0} %: {}</title></g>",
            style.point(x, y),
            escape_xml(&point.by),
            percent(point.share),
            cell(Some(point))
        );
    }
    svg + "</g>"
}

fn cell(point: Option<&RoarPoint>) -> String {
    point.map_or("–".to_owned(), |point| {
        let mean = number_format::significant_4(point.mean_kappa);
        format!("{mean} {} ({})", interval(point.interval), point.runs)
    })
}

/// kappa by share and order, and the differences from random orders.
pub(crate) fn tables(all: &[Roar], language: Language) -> Vec<Table> {
    all.iter()
        .flat_map(|roar| of_experiment(roar, language))
        .collect()
}

fn of_experiment(roar: &Roar, language: Language) -> Vec<Table> {
    let model = &roar.model[..];
    let orders = orders(roar);
    let mut shares: Vec<f64> = roar.points.iter().map(|point| point.share).collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    let mut header = vec![text!(language, "roar-removed")];
    header.extend(orders.iter().map(|by| (*by).to_owned()));
    let rows = shares.iter().map(|share| {
        let at = |by: &&str| {
            let mut points = roar.points.iter();
            cell(points.find(|point| point.by == **by && point.share == *share))
        };
        let mut row = vec![format!("{}", number_format::setting(100.0 * share))];
        row.extend(orders.iter().map(at));
        row
    });
    let kappas = Table {
        title: text!(language, "roar-title", model = model),
        note: text!(language, "roar-note"),
        header,
        rows: rows.collect(),
    };
    let row = |one: &RoarDifference| {
        let found = &one.difference;
        vec![
            format!("{} − {}", one.by, one.random),
            number_format::setting(100.0 * one.share),
            found.pairs.to_string(),
            signed(found.mean_difference),
            interval(found.interval),
            p(found.p),
        ]
    };
    let differences = Table {
        title: text!(language, "roar-differences-title", model = model),
        note: text!(language, "roar-differences-note"),
        header: vec![
            text!(language, "roar-compared"),
            text!(language, "roar-removed"),
            text!(language, "analysis-column-pairs"),
            text!(language, "analysis-column-difference"),
            text!(language, "analysis-column-interval"),
            text!(language, "analysis-column-p"),
        ],
        rows: roar.differences.iter().map(row).collect(),
    };
    match roar.differences.is_empty() {
        true => vec![kappas],
        false => vec![kappas, differences],
    }
}

/// At how many shares kappa falls further than after a random order, by intervals below 0.
pub(crate) fn sentences(all: &[Roar], language: Language) -> Vec<String> {
    let mut sentences = Vec::new();
    for roar in all {
        for by in orders(roar) {
            for random in RANDOM {
                let compared: Vec<&RoarDifference> = roar
                    .differences
                    .iter()
                    .filter(|one| one.by == by && one.random == random)
                    .collect();
                if compared.is_empty() {
                    continue;
                }
                let count = |of: &dyn Fn(Interval) -> bool| {
                    let those = compared
                        .iter()
                        .filter(|one| one.difference.interval.is_some_and(of));
                    those.count()
                };
                sentences.push(text!(
                    language,
                    "roar-sentence",
                    model = &roar.model[..],
                    by = by,
                    random = random,
                    shares = compared.len(),
                    lower = count(&|one| one.high < 0.0),
                    higher = count(&|one| one.low > 0.0)
                ));
            }
        }
    }
    sentences
}
