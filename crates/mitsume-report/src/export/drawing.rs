//! A figure as an SVG file of its own: title, drawing and legend on white, with its size in
//! millimetres, a named font and no style sheet outside it.

use std::fmt::Write;

use scraper::{ElementRef, Node};

use super::table_cells::{collapse_whitespace, selector, text_of};
use crate::analysis::style::STANDALONE;
use crate::xml::escape_xml;

/// Millimetres of a unit: the charts' letters of 13 units become 7.4 pt.
pub(crate) const MM: f64 = 0.2;
/// The font families, in order of preference.
const FONT: &str = "Helvetica, Arial, 'Noto Sans', 'Noto Sans JP', sans-serif";
const TEXT: f64 = 13.0;
const TITLE: f64 = 16.0;
const MARGIN: f64 = 12.0;
/// Side of a picture in units.
const PICTURE: f64 = 200.0;

/// What is drawn.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    pub title: String,
    /// A description for screen readers.
    pub description: String,
    /// Left, top, width and height of the drawing's own units.
    pub view: [f64; 4],
    /// SVG.
    pub body: String,
    pub legend: Vec<DrawingLegendItem>,
    /// Address and text of each picture, side by side.
    pub pictures: Vec<(String, String)>,
    /// Below the pictures.
    pub caption: String,
}

/// A line of a legend.
#[derive(Debug)]
pub(crate) struct DrawingLegendItem {
    /// SVG of `size`.
    pub swatch: String,
    pub size: [f64; 2],
    pub label: String,
}

impl Drawing {
    /// The drawing in a `<figure>` of a page: one SVG, or pictures side by side. `None` if it holds
    /// neither.
    pub(super) fn from_html(figure: ElementRef<'_>, title: String) -> Option<Self> {
        let svg = figure.children().filter_map(ElementRef::wrap);
        let svg = svg.into_iter().find(|child| child.value().name() == "svg");
        let mut drawing = Self {
            title,
            ..Self::default()
        };
        if let Some(svg) = svg {
            drawing.view = view(svg);
            let label = svg.value().attr("aria-label").unwrap_or_default();
            drawing.description = collapse_whitespace(label);
            drawing.body = inner_xml(svg);
            drawing.legend = figure
                .select(&selector(".legend > li"))
                .filter_map(legend_item)
                .collect();
            return Some(drawing);
        }
        let picture = |image: ElementRef<'_>| {
            let attribute = |name: &str| image.value().attr(name).map(str::to_owned);
            Some((attribute("src")?, attribute("alt").unwrap_or_default()))
        };
        drawing.pictures = figure
            .select(&selector("img"))
            .filter_map(picture)
            .collect();
        let columns = drawing.pictures.len().max(2) as f64;
        drawing.view = [0.0, 0.0, columns * (PICTURE + MARGIN) + MARGIN, PICTURE];
        let caption = figure.select(&selector("figcaption")).next();
        drawing.caption = caption
            .map(|caption| text_of(caption, "b"))
            .unwrap_or_default();
        (!drawing.pictures.is_empty()).then_some(drawing)
    }

    /// The text of the file.
    pub(crate) fn svg(&self) -> String {
        let [left, top, width, height] = self.view;
        let mut out = String::new();
        let mut y = self.write(&mut out, &self.title, ("title", TITLE), 8.0) + 4.0;
        if !self.body.is_empty() {
            let _ = write!(
                out,
                "<g transform=\"translate({} {})\">{}</g>",
                -left,
                y - top,
                self.body
            );
        }
        for (index, (href, alt)) in self.pictures.iter().enumerate() {
            let x = MARGIN + index as f64 * (PICTURE + MARGIN);
            let _ = write!(
                out,
                "<image x=\"{x}\" y=\"{y}\" width=\"{PICTURE}\" height=\"{PICTURE}\" href=\"{}\"><title>{}</title></image>",
                escape_xml(href),
                escape_xml(alt)
            );
        }
        y = self.write_legend(&mut out, y + height);
        if !self.caption.is_empty() {
            y = self.write(&mut out, &self.caption, ("caption", TEXT), y);
        }
        let height = (y + 8.0).ceil();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{:.1}mm\" \
             height=\"{:.1}mm\" role=\"img\" font-family=\"{FONT}\"><title>{}</title><desc>{}</desc>\
             <style>{STANDALONE}</style><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>{out}</svg>\n",
            width * MM,
            height * MM,
            escape_xml(&self.title),
            escape_xml(&self.description),
        )
    }

    /// Writes lines of text below `y` and returns the y below them.
    fn write(&self, out: &mut String, text: &str, (class, size): (&str, f64), y: f64) -> f64 {
        let mut y = y;
        for line in lines(text, self.view[2] - 2.0 * MARGIN, size) {
            y += size * 1.25;
            let at = y - size * 0.25;
            let _ = write!(
                out,
                "<text class=\"{class}\" x=\"{MARGIN}\" y=\"{at}\">{}</text>",
                escape_xml(&line)
            );
        }
        y
    }

    /// Writes the legend in rows below `y` and returns the y below them.
    fn write_legend(&self, out: &mut String, y: f64) -> f64 {
        let (mut x, mut y) = (MARGIN, y);
        for item in &self.legend {
            let [width, height] = item.size;
            let needed = width + 8.0 + text_width(&item.label, TEXT) + 16.0;
            if x > MARGIN && x + needed > self.view[2] {
                x = MARGIN;
                y += 20.0;
            }
            let _ = write!(
                out,
                "<g transform=\"translate({x:.1} {:.1})\">{}</g><text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                y + 10.0 - height / 2.0,
                item.swatch,
                x + width + 6.0,
                y + 14.0,
                escape_xml(&item.label)
            );
            x += needed;
        }
        if x > MARGIN { y + 20.0 } else { y }
    }
}

/// Approximate width in a sans-serif font, for line breaks only.
fn text_width(text: &str, size: f64) -> f64 {
    let wide = |c: char| if c >= '\u{2e80}' { 1.0 } else { 0.56 };
    size * text.chars().map(wide).sum::<f64>()
}

/// Lines no wider than `width`: broken between words, and after any wide character.
fn lines(text: &str, width: f64, size: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(|c: char| c == ' ' || c >= '\u{2e80}') {
        if !line.is_empty() && text_width(&line, size) + text_width(word.trim_end(), size) > width {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        line.push_str(word);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

fn legend_item(li: ElementRef<'_>) -> Option<DrawingLegendItem> {
    let swatch = li.select(&selector("svg")).next()?;
    let [_, _, width, height] = view(swatch);
    Some(DrawingLegendItem {
        swatch: inner_xml(swatch),
        size: [width, height],
        label: text_of(li, "svg"),
    })
}

fn view(svg: ElementRef<'_>) -> [f64; 4] {
    let numbers = svg.value().attr("viewBox").unwrap_or_default();
    let mut numbers = numbers.split_whitespace().map(|n| n.parse().unwrap_or(0.0));
    [(); 4].map(|()| numbers.next().unwrap_or(0.0))
}

/// The elements in `parent` as XML.
fn inner_xml(parent: ElementRef<'_>) -> String {
    let mut xml = String::new();
    for child in parent.children() {
        match child.value() {
            Node::Text(text) => xml.push_str(&escape_xml(text)),
            Node::Element(element) => {
                let name = element.name();
                let _ = write!(xml, "<{name}");
                for (key, value) in element.attrs() {
                    let _ = write!(xml, " {key}=\"{}\"", escape_xml(value));
                }
                let content = ElementRef::wrap(child).map(inner_xml).unwrap_or_default();
                let _ = write!(xml, ">{content}</{name}>");
            }
            _ => {}
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_titles_are_broken_between_words_and_after_wide_characters() {
        assert_eq!(lines("one two three", 60.0, 13.0), ["one two", "three"]);
        assert_eq!(lines("注視一貫性", 30.0, 13.0), ["注視", "一貫", "性"]);
        assert_eq!(lines("", 30.0, 13.0), [""]);
    }
}
