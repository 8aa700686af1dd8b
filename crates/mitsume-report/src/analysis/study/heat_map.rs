//! A figure of how every two quantities agree.

use std::fmt::Write;

use mitsume_locale::{Language, text};

use super::Study;
use super::tables::{agreement_cell, quantity_name};
use crate::analysis::figure::Figure;
use crate::bitmap_text::shortened;
use crate::number_format;
use crate::xml::escape_xml;

/// Room for the names of the rows.
const LEFT: f64 = 232.0;
/// Room for the numbers of the columns.
const TOP: f64 = 22.0;
/// Letters of a name.
const LETTERS: usize = 40;

/// The agreement over all strata; `None` with fewer than three quantities, which a table shows.
pub(crate) fn heat_map(study: &Study, language: Language) -> Option<Figure> {
    let names: Vec<&str> = study.quantities.iter().map(|one| one.name).collect();
    if names.len() < 3 || study.is_empty() {
        return None;
    }
    let cell = (300.0 / names.len() as f64).clamp(19.0, 40.0);
    let mut body = String::new();
    for (row, name) in names.iter().enumerate() {
        let y = TOP + (row as f64 + 0.5) * cell;
        let label = format!("{} {}", row + 1, quantity_name(name, language));
        let _ = write!(
            body,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" style=\"font-size:12px\">{}<title>{}</title></text>",
            LEFT - 6.0,
            y + 4.0,
            escape_xml(&shortened(&label, LETTERS)),
            escape_xml(&label)
        );
        let _ = write!(
            body,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" style=\"font-size:12px\">{}</text>",
            LEFT + (row as f64 + 0.5) * cell,
            TOP - 6.0,
            row + 1
        );
        for (column, other) in names
            .iter()
            .enumerate()
            .filter(|(column, _)| *column != row)
        {
            let agreement = study.pooled(name, other);
            let title = format!(
                "{} – {}: {}",
                quantity_name(name, language),
                quantity_name(other, language),
                agreement_cell(agreement, language)
            );
            let at = (LEFT + column as f64 * cell, TOP + row as f64 * cell);
            body += &cell_svg(at, cell, agreement.and_then(|found| found.tau), &title);
        }
    }
    let side = names.len() as f64 * cell;
    Some(Figure {
        file: "agreement".to_owned(),
        title: text!(language, "study-heat-map-title"),
        caption: text!(language, "study-heat-map-caption"),
        description: describe(study, language),
        body,
        size: (LEFT + side + 8.0, TOP + side + 8.0),
        legend: Vec::new(),
    })
}

/// A coloured square with tau in it; without tau a dash on the page's own ground.
fn cell_svg((x, y): (f64, f64), side: f64, tau: Option<f64>, title: &str) -> String {
    let title = escape_xml(title);
    let letters = (side * 0.45).min(11.0);
    let (middle, base) = (x + side / 2.0, y + side / 2.0 + letters / 3.0);
    let Some(tau) = tau else {
        return format!(
            "<text x=\"{middle:.1}\" y=\"{base:.1}\" text-anchor=\"middle\" style=\"font-size:{letters:.1}px\">–<title>{title}</title></text>"
        );
    };
    // Readable with every colour-vision deficiency; white at 0.
    let colour = colorous::RED_BLUE.eval_continuous(f64::midpoint(tau, 1.0).clamp(0.0, 1.0));
    let ink = ink(tau);
    format!(
        "<g><title>{title}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#{colour:x}\"/>\
         <text x=\"{middle:.1}\" y=\"{base:.1}\" text-anchor=\"middle\" style=\"font-size:{letters:.1}px;fill:{ink}\">{}</text></g>",
        x + 0.5,
        y + 0.5,
        side - 1.0,
        side - 1.0,
        in_cell(tau)
    )
}

/// White where the ground is dark enough for it; red is darker than blue.
fn ink(tau: f64) -> &'static str {
    match (-0.67..=0.71).contains(&tau) {
        true => "#000",
        false => "#fff",
    }
}

/// Two decimals without the leading zero: ".83", "−.05", "1".
fn in_cell(tau: f64) -> String {
    let text = format!("{:.2}", tau.abs());
    let text = match text.strip_prefix('0') {
        Some(decimals) => decimals.to_owned(),
        None => "1".to_owned(),
    };
    match tau < 0.0 && text != ".00" {
        true => format!("−{text}"),
        false => text,
    }
}

/// For screen readers: the agreement of every measure with kappa.
fn describe(study: &Study, language: Language) -> String {
    let mut description = text!(language, "study-heat-map-title");
    for measure in study.measures() {
        if let Some(tau) = study.pooled("kappa", measure.name).and_then(|one| one.tau) {
            let name = quantity_name(measure.name, language);
            let _ = write!(
                description,
                " {name}: {}.",
                number_format::significant_4(tau)
            );
        }
    }
    description
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_two_digits() {
        let cells = [0.834, -0.05, 1.0, -1.0, 0.0, -0.004, 0.999].map(in_cell);
        assert_eq!(cells, [".83", "−.05", "1", "−1", ".00", ".00", "1"]);
    }

    #[test]
    fn the_letters_of_every_cell_can_be_read() {
        let luminance = |tau: f64| {
            let colour = colorous::RED_BLUE.eval_continuous(f64::midpoint(tau, 1.0));
            let channel = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.040_45 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * channel(colour.r) + 0.7152 * channel(colour.g) + 0.0722 * channel(colour.b)
        };
        for step in -100..=100 {
            let tau = f64::from(step) / 100.0;
            let contrast = match ink(tau) {
                "#fff" => 1.05 / (luminance(tau) + 0.05),
                _ => (luminance(tau) + 0.05) / 0.05,
            };
            // WCAG asks for 4.5 of normal text.
            assert!(contrast >= 4.4, "{tau}: {contrast}");
        }
    }
}
