//! A line chart as SVG whose colours come from the page's style sheet.

use std::fmt::Write;

use mitsume_locale::{Language, text};

use crate::number_format;

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub label: String,
    /// Index of colour and dash pattern, the same in all charts of a page.
    pub style: usize,
    /// `(epoch, value)`; a gap where the value is not defined.
    pub points: Vec<(u64, Option<f64>)>,
}

/// A chart over epochs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    pub title: String,
    /// What the values are, in a few words.
    pub caption: String,
    pub series: Vec<Series>,
}

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// Colours in the page's style sheet and in that of exported figures: `s0` to `s4`. Dashes: `d0` to
/// `d3`.
pub(crate) const COLOURS: usize = 5;
const DASHES: usize = 4;

/// Style classes of a series. Dash patterns change with every line, so that lines differ without
/// colour too.
pub(crate) fn style_classes(style: usize) -> String {
    format!("s{} d{}", style % COLOURS, style % DASHES)
}

impl Chart {
    /// Whether any value is defined.
    pub(crate) fn has_values(&self) -> bool {
        self.values().next().is_some()
    }

    fn values(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        let points = self.series.iter().flat_map(|series| &series.points);
        points.filter_map(|(epoch, value)| Some((*epoch, value.filter(|v| v.is_finite())?)))
    }

    /// A description for screen readers.
    pub(crate) fn description(&self, language: Language) -> String {
        let mut words = vec![text!(language, "figures-line-chart", title = &self.title)];
        for series in &self.series {
            let mut defined = series
                .points
                .iter()
                .filter_map(|(epoch, value)| Some((epoch, value.filter(|v| v.is_finite())?)));
            let Some((first, from)) = defined.next() else {
                words.push(text!(language, "figures-line-empty", label = &series.label));
                continue;
            };
            let (last, to) = defined.next_back().unwrap_or((first, from));
            let (from, to) = (
                number_format::significant_4(from),
                number_format::significant_4(to),
            );
            words.push(text!(
                language,
                "figures-line-ends",
                label = &series.label,
                from = from,
                first = *first,
                to = to,
                last = *last
            ));
        }
        words.join(" ")
    }

    /// The drawing as SVG: axes, grid, lines and points. No text in it comes from a file.
    pub(crate) fn svg(&self, language: Language) -> String {
        let epochs = bounds(self.values().map(|(epoch, _)| epoch as f64)).unwrap_or((1.0, 1.0));
        let (low, high) = bounds(self.values().map(|(_, value)| value)).unwrap_or((0.0, 1.0));
        let ticks = ticks(low, high, 5);
        let (low, high) = (ticks[0].min(low), ticks[ticks.len() - 1].max(high));
        let span = |(a, b): (f64, f64)| if b > a { b - a } else { 1.0 };
        let x = |epoch: f64| {
            // A single epoch is placed in the middle.
            let share = if epochs.1 > epochs.0 {
                (epoch - epochs.0) / span(epochs)
            } else {
                0.5
            };
            LEFT + share * (WIDTH - LEFT - RIGHT)
        };
        let y =
            |value: f64| TOP + (1.0 - (value - low) / span((low, high))) * (HEIGHT - TOP - BOTTOM);
        let mut svg = String::new();
        for tick in &ticks {
            let (at, text) = (y(*tick), tick_text(*tick, &ticks));
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
            );
        }
        for epoch in epoch_ticks(epochs.0 as u64, epochs.1 as u64) {
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{epoch}</text>",
                x(epoch as f64),
                HEIGHT - BOTTOM + 17.0,
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 5.0,
            text!(language, "figures-epoch")
        );
        for series in &self.series {
            line(&mut svg, series, language, [&x, &y]);
        }
        svg
    }
}

fn line(svg: &mut String, series: &Series, language: Language, [x, y]: [&dyn Fn(f64) -> f64; 2]) {
    let _ = write!(svg, "<g class=\"line {}\">", style_classes(series.style));
    let mut path = String::new();
    let mut pen_down = false;
    for (epoch, value) in &series.points {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            pen_down = false;
            continue;
        };
        let (px, py) = (x(*epoch as f64), y(value));
        let _ = write!(path, "{}{px:.1} {py:.1}", if pen_down { 'L' } else { 'M' });
        pen_down = true;
    }
    let _ = write!(svg, "<path d=\"{path}\"/>");
    for (epoch, value) in &series.points {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            let (px, py) = (x(*epoch as f64), y(value));
            let title = text!(
                language,
                "figures-epoch-value",
                epoch = *epoch,
                value = number_format::significant_4(value)
            );
            let _ = write!(
                svg,
                "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"2.5\"><title>{title}</title></circle>"
            );
        }
    }
    svg.push_str("</g>");
}

pub(crate) fn bounds(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |bounds, value| {
        let (low, high) = bounds.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// Round numbers (1, 2 or 5 times a power of ten apart) that enclose `[low, high]`.
pub(crate) fn ticks(low: f64, high: f64, about: usize) -> Vec<f64> {
    // Below this a difference is rounding noise, and the line is flat.
    let noise = low.abs().max(high.abs()).max(1e-300) * 1e-9;
    let (low, high) = if high - low > noise {
        (low, high)
    } else {
        let margin = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        (low - margin, high + margin)
    };
    let rough = (high - low) / about as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power);
    let first = (low / step).floor();
    let count = ((high / step).ceil() - first) as usize;
    (0..=count.min(2 * about))
        .map(|i| (first + i as f64) * step)
        .collect()
}

pub(crate) fn tick_text(tick: f64, ticks: &[f64]) -> String {
    let step = ticks[1] - ticks[0];
    let largest = ticks
        .iter()
        .fold(0.0_f64, |largest, tick| largest.max(tick.abs()));
    let decimals = (-step.log10().floor()).clamp(0.0, 300.0) as usize;
    // -0 is 0.
    let tick = if tick.abs() < step / 2.0 { 0.0 } else { tick };
    if tick != 0.0 && (decimals > 5 || largest >= 1e6) {
        // "2e-6": as many digits as neighbouring ticks need to differ.
        let digits = ((largest / step).log10().floor().max(0.0)) as usize;
        format!("{tick:.digits$e}")
    } else if tick == 0.0 {
        "0".to_owned()
    } else {
        format!("{tick:.decimals$}")
    }
}

/// At most about eight epochs, evenly apart, the last one among them.
pub(crate) fn epoch_ticks(first: u64, last: u64) -> Vec<u64> {
    let range = last.saturating_sub(first);
    let step = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 200_000,
    ]
    .into_iter()
    .find(|step| range / step <= 8)
    .unwrap_or(range.max(1));
    let start = if step == 1 {
        first
    } else {
        first.next_multiple_of(step)
    };
    (start..=last).step_by(step as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: &[(u64, Option<f64>)]) -> Chart {
        let series = Series {
            label: "loss".to_owned(),
            style: 0,
            points: points.to_vec(),
        };
        Chart {
            title: "Loss".to_owned(),
            caption: String::new(),
            series: vec![series],
        }
    }

    #[test]
    fn ticks_are_round_and_enclose_the_values() {
        for (low, high) in [
            (0.0, 1.0),
            (0.31, 0.94),
            (1.2e-6, 9.7e-6),
            (-100.0, 0.0),
            (5.0, 5.0),
            (0.0, 0.0),
            (1e6, 9e6),
        ] {
            let ticks = ticks(low, high, 5);
            assert!(
                ticks[0] <= low + 1e-12 && ticks[ticks.len() - 1] >= high - 1e-12,
                "{ticks:?}"
            );
            assert!((2..=8).contains(&ticks.len()), "{ticks:?}");
            let mut texts: Vec<String> =
                ticks.iter().map(|tick| tick_text(*tick, &ticks)).collect();
            texts.dedup();
            assert_eq!(texts.len(), ticks.len(), "{texts:?} can be told apart");
        }
        let scale = ticks(0.31, 0.94, 5);
        let texts: Vec<String> = scale.iter().map(|tick| tick_text(*tick, &scale)).collect();
        assert_eq!(texts, ["0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn epochs_are_whole_numbers() {
        assert_eq!(epoch_ticks(1, 1), [1]);
        assert_eq!(epoch_ticks(1, 4), [1, 2, 3, 4]);
        assert_eq!(epoch_ticks(1, 20), [5, 10, 15, 20]);
        assert_eq!(epoch_ticks(1, 50), [10, 20, 30, 40, 50]);
        assert!(epoch_ticks(1, u64::MAX).len() < 20);
    }

    #[test]
    fn undefined_values_are_gaps() {
        let svg = chart(&[
            (1, Some(1.0)),
            (2, None),
            (3, Some(f64::NAN)),
            (4, Some(2.0)),
            (5, Some(3.0)),
        ])
        .svg(Language::English);
        assert_eq!(svg.matches('M').count(), 2);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let text =
            chart(&[(1, Some(1.386)), (2, None), (3, Some(0.25))]).description(Language::English);
        assert_eq!(
            text,
            "Loss. Line chart over epochs. loss: 1.386 in epoch 1, 0.2500 in epoch 3."
        );
        assert!(
            chart(&[])
                .description(Language::English)
                .contains("no values")
        );
        assert!(!chart(&[(1, None)]).has_values());
    }

    #[test]
    fn lines_differ_in_colour_and_in_dash() {
        let all: std::collections::BTreeSet<String> = (0..20).map(style_classes).collect();
        assert_eq!(all.len(), 20);
        assert_eq!(
            (style_classes(0), style_classes(1)),
            ("s0 d0".into(), "s1 d1".into())
        );
    }
}
