//! The page's figures as SVG files, on white.

use std::fmt::Write;

use mitsume_locale::Language;
use mitsume_stats::fisher::fisher_mean;
use mitsume_stats::interval::mean;
use mitsume_stats::run::Run;

use crate::cell::{CONFIDENCE, Cell, Cells, Epoch, Sample, consistency, kappa};
use crate::tables::{THOUSANDTHS, title};

const STYLE: &str = "text{font-size:15px;fill:#333}.head{font-weight:600;fill:#000}.small{font-size:13px}\
.grid{stroke:#dfe1dc}.axis{stroke:#777}path{fill:none}\
.published{stroke:#8a8d93;color:#6c6f75}.repeated{stroke:#0072b2;color:#0072b2}\
.run{stroke-width:1.1;opacity:.6}.mean{stroke-width:3}.published.mean{stroke:#4a4d52;stroke-dasharray:7 4}\
circle{stroke:none;fill:currentColor}.bar{stroke-width:2.4}.dot{opacity:.45}";
const WIDTH: f64 = 600.0;

/// Name and text of every figure.
pub fn all(cells: &Cells, language: Language) -> Vec<(&'static str, String)> {
    let japanese = language == Language::Japanese;
    let words = if japanese {
        Words {
            published: "公開された実行",
            repeated: "再現した実行",
            mean: "太線は平均",
            epoch: "エポック",
            kappa: "kappa（エポックごと）",
            consistency: "一貫性 l2（千分の一、低いほど一貫）",
            correlations: "kappa と l2 の相関 r：各実行、平均、95 % 区間",
        }
    } else {
        Words {
            published: "published runs",
            repeated: "repeated runs",
            mean: "thick: mean",
            epoch: "epoch",
            kappa: "Kappa after every epoch",
            consistency: "Consistency l2 (thousandths, lower is more consistent)",
            correlations: "r of kappa and l2: runs, mean, 95 % interval",
        }
    };
    let kappas = Quantity {
        title: words.kappa,
        value: kappa,
        factor: 1.0,
    };
    let consistencies = Quantity {
        title: words.consistency,
        value: consistency,
        factor: THOUSANDTHS,
    };
    vec![
        ("kappa", curves(cells, &kappas, &words)),
        ("consistency", curves(cells, &consistencies, &words)),
        ("correlations", correlations(cells, &words)),
    ]
}

struct Words {
    published: &'static str,
    repeated: &'static str,
    mean: &'static str,
    epoch: &'static str,
    kappa: &'static str,
    consistency: &'static str,
    correlations: &'static str,
}

/// What a figure of curves shows.
struct Quantity {
    title: &'static str,
    value: fn(&Epoch) -> Option<f64>,
    factor: f64,
}

/// Two columns of panels, a data set each where there are two, a row for every network.
fn curves(cells: &Cells, quantity: &Quantity, words: &Words) -> String {
    const PANEL: f64 = 190.0;
    let mut columns: Vec<Vec<&Cell>> = Vec::new();
    for cell in cells.repeated() {
        match columns.last_mut() {
            Some(column) if column[0].key.0 == cell.key.0 => column.push(cell),
            _ => columns.push(vec![cell]),
        }
    }
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let height = 66.0 + rows as f64 * PANEL + 26.0;
    let wide = WIDTH / columns.len().max(1) as f64;
    let mut body = legend(words, 48.0, true);
    for (column, cells) in columns.iter().enumerate() {
        for (row, cell) in cells.iter().enumerate() {
            let panel = Panel {
                left: column as f64 * wide + 46.0,
                top: 66.0 + row as f64 * PANEL + 26.0,
                width: wide - 58.0,
                height: PANEL - 56.0,
            };
            panel.draw(&mut body, cell, quantity);
        }
        let _ = write!(
            body,
            "<text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            column as f64 * wide + 46.0 + (wide - 58.0) / 2.0,
            height - 12.0,
            words.epoch
        );
    }
    svg(quantity.title, height, &body)
}

/// A place for curves.
struct Panel {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Panel {
    fn draw(&self, body: &mut String, cell: &Cell, quantity: &Quantity) {
        let read = |run: &Run| -> Vec<(f64, f64)> {
            let epochs = run.epochs.iter();
            epochs
                .filter_map(|e| Some((f64::from(e.0), (quantity.value)(e)? * quantity.factor)))
                .collect()
        };
        let both = [("published", &cell.published), ("repeated", &cell.repeated)]
            .map(|(class, sample)| (class, sample.runs.iter().map(read).collect::<Vec<_>>()));
        let points = both.iter().flat_map(|(_, runs)| runs.iter().flatten());
        let range = Range::of(points.copied());
        self.draw_axes(body, &title(&cell.key), &range);
        let mut line = |class: &str, points: &[(f64, f64)]| {
            let path: Vec<String> = points
                .iter()
                .map(|p| format!("{:.1} {:.1}", self.x(p.0, &range), self.y(p.1, &range)))
                .collect();
            let _ = write!(body, "<path class=\"{class}\" d=\"M{}\"/>", path.join("L"));
        };
        for (class, runs) in &both {
            for run in runs.iter().filter(|run| !run.is_empty()) {
                line(&format!("{class} run"), run);
            }
        }
        for (class, runs) in &both {
            line(&format!("{class} mean"), &mean_curve(runs));
        }
    }

    /// The title, a line for each tick of the values, and the epochs.
    fn draw_axes(&self, body: &mut String, title: &str, range: &Range) {
        let Range {
            low, high, step, ..
        } = *range;
        let _ = write!(
            body,
            "<text class=\"head\" x=\"{:.1}\" y=\"{:.1}\">{title}</text>",
            self.left,
            self.top - 9.0,
        );
        for tick in 0..=((high - low) / step).round() as u32 {
            let value = low + f64::from(tick) * step;
            let digits = usize::from(step < 1.0) + usize::from(step < 0.1);
            let text = format!("{value:.digits$}").replace('-', "−");
            let text = if value.abs() < step / 2.0 { "0" } else { &text };
            let _ = write!(
                body,
                "<path class=\"grid\" d=\"M{:.1} {at:.1}h{:.1}\"/><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                self.left,
                self.width,
                self.left - 6.0,
                self.y(value, range) + 4.5,
                at = self.y(value, range),
            );
        }
        let epochs = [1.0, 5.0, 10.0, 15.0, 20.0];
        for epoch in epochs.into_iter().filter(|e| *e <= range.last) {
            let _ = write!(
                body,
                "<text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{epoch}</text>",
                self.x(epoch, range),
                self.top + self.height + 17.0
            );
        }
    }

    fn x(&self, epoch: f64, range: &Range) -> f64 {
        self.left + (epoch - 1.0) / (range.last - 1.0).max(1.0) * self.width
    }

    fn y(&self, value: f64, range: &Range) -> f64 {
        self.top + (range.high - value) / (range.high - range.low) * self.height
    }
}

/// What the axes of a panel span.
struct Range {
    /// Smallest and largest value, multiples of the step.
    low: f64,
    high: f64,
    /// Distance of the ticks.
    step: f64,
    /// Last epoch.
    last: f64,
}

impl Range {
    /// The range of points (epoch, value).
    fn of(points: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let values = points.clone().map(|p| p.1);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let step = step((high - low).max(1e-9));
        Range {
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
            last: points.map(|p| p.0).fold(1.0, f64::max),
        }
    }
}

/// Mean over the runs that have the epoch.
fn mean_curve(runs: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    let mut epochs: Vec<f64> = runs.iter().flatten().map(|point| point.0).collect();
    epochs.sort_by(f64::total_cmp);
    epochs.dedup();
    let at = |epoch: f64| {
        let points = runs.iter().flatten().filter(|point| point.0 == epoch);
        mean(&points.map(|point| point.1).collect::<Vec<_>>())
    };
    epochs
        .into_iter()
        .filter_map(|epoch| Some((epoch, at(epoch)?)))
        .collect()
}

/// A round distance of about four lines.
fn step(range: f64) -> f64 {
    let power = 10_f64.powf((range / 4.0).log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    factors
        .into_iter()
        .find(|step| range / step <= 4.5)
        .unwrap_or(10.0 * power)
}

/// A row for every cell: the published runs above the repeated ones.
fn correlations(cells: &Cells, words: &Words) -> String {
    const ROW: f64 = 52.0;
    const LEFT: f64 = 166.0;
    let rows = cells.cells.len() as f64;
    let (top, height) = (74.0, 74.0 + rows * ROW + 34.0);
    let x = |r: f64| LEFT + (r + 1.0) / 2.0 * (WIDTH - LEFT - 22.0);
    let mut body = legend(words, 48.0, false);
    for r in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        let class = if r == 0.0 { "axis" } else { "grid" };
        let _ = write!(
            body,
            "<path class=\"{class}\" d=\"M{at:.1} {top}V{:.1}\"/><text class=\"small\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            top + rows * ROW,
            top + rows * ROW + 19.0,
            format!("{r}").replace('-', "−"),
            at = x(r)
        );
    }
    for (row, cell) in cells.cells.iter().enumerate() {
        let middle = top + (row as f64 + 0.5) * ROW;
        let _ = write!(
            body,
            "<text x=\"8\" y=\"{:.1}\">{}</text>",
            middle + 5.0,
            title(&cell.key)
        );
        estimate(&mut body, &cell.published, ("published", middle - 10.0), x);
        estimate(&mut body, &cell.repeated, ("repeated", middle + 10.0), x);
    }
    svg(words.correlations, height, &body)
}

/// The r of every run, their mean and its interval, on one line.
fn estimate(body: &mut String, sample: &Sample, (class, y): (&str, f64), x: impl Fn(f64) -> f64) {
    let rs = sample.rs();
    for r in &rs {
        let _ = write!(
            body,
            "<circle class=\"{class} dot\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\"/>",
            x(*r)
        );
    }
    let Some(center) = mean(&rs) else { return };
    if let Some(interval) = fisher_mean(&rs, CONFIDENCE).and_then(|mean| mean.interval) {
        let _ = write!(
            body,
            "<path class=\"{class} bar\" d=\"M{:.1} {y:.1}H{:.1}\"/>",
            x(interval.low),
            x(interval.high)
        );
    }
    let _ = write!(
        body,
        "<path class=\"{class}\" stroke-width=\"4\" d=\"M{:.1} {:.1}v16\"/>",
        x(center),
        y - 8.0
    );
}

fn legend(words: &Words, y: f64, curves: bool) -> String {
    let mut text = String::new();
    let mark = |class: &str, x: f64| {
        if curves {
            format!("<path class=\"{class} mean\" d=\"M{x} {y}h34\"/>")
        } else {
            format!(
                "<path class=\"{class} bar\" d=\"M{x} {y}h34\"/><path class=\"{class}\" stroke-width=\"4\" d=\"M{} {}v16\"/>",
                x + 17.0,
                y - 8.0
            )
        }
    };
    for (class, words, x) in [
        ("published", words.published, 8.0),
        ("repeated", words.repeated, 190.0),
    ] {
        let _ = write!(
            text,
            "{}<text x=\"{}\" y=\"{}\">{words}</text>",
            mark(class, x),
            x + 42.0,
            y + 5.0
        );
    }
    if curves {
        let _ = write!(
            text,
            "<text x=\"372\" y=\"{}\">{}</text>",
            y + 5.0,
            words.mean
        );
    }
    text
}

fn svg(title: &str, height: f64, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         font-family=\"Helvetica, Arial, 'Noto Sans', 'Noto Sans JP', 'Noto Sans CJK JP', sans-serif\"><title>{title}</title><style>{STYLE}</style>\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/><text class=\"head\" x=\"8\" y=\"24\">{title}</text>{body}</svg>\n"
    )
}
