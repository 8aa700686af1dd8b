//! The cells of a table of the page, as text.

use scraper::{ElementRef, Node, Selector};

use super::cell::{csv_field, is_number, latex_cell, plain_number};

/// A table.
#[derive(Debug, Default)]
pub(super) struct TableCells {
    head: Vec<Vec<Cell>>,
    body: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Default)]
struct Cell {
    text: String,
    /// Small print below it.
    small: String,
    /// Marked as the best of its column.
    best: bool,
}

/// Parses a selector that is a constant of the program.
pub(super) fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("the program's selectors parse")
}

/// `text` with each run of white space replaced by one space.
pub(super) fn collapse_whitespace(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of `element` without decorative elements and elements named `skipped`; of pictures
/// their alternative text.
pub(super) fn text_of(element: ElementRef<'_>, skipped: &str) -> String {
    let mut text = String::new();
    collect(element, skipped, &mut text);
    collapse_whitespace(&text)
}

fn collect(element: ElementRef<'_>, skipped: &str, text: &mut String) {
    for child in element.children() {
        match child.value() {
            Node::Text(words) => text.push_str(words),
            Node::Element(inner) => {
                let hidden = inner.attr("aria-hidden") == Some("true");
                let flag = inner.classes().any(|class| class == "flag");
                match inner.name() {
                    name if hidden || flag || name == skipped => {}
                    "br" => text.push(' '),
                    "img" => text.push_str(inner.attr("alt").unwrap_or_default()),
                    _ => {
                        if let Some(inner) = ElementRef::wrap(child) {
                            collect(inner, skipped, text);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

impl TableCells {
    /// Reads the table; small print gets columns of its own; `note` is the heading of such a
    /// column, with `{column}` for the heading of the column before it.
    pub(super) fn from_html(table: ElementRef<'_>, note: &str) -> Self {
        let rows = |part: &str| -> Vec<Vec<Cell>> {
            let rows = table.select(&selector(part)).collect::<Vec<_>>();
            rows.into_iter().map(cells).collect()
        };
        let (head, body) = (rows("thead tr"), rows("tbody tr"));
        let noted = |i: usize| {
            let cells = body.iter().filter_map(|row| row.get(i));
            cells.into_iter().any(|cell| !cell.small.is_empty())
        };
        let spread = |row: &Vec<Cell>, extra_text: &dyn Fn(&Cell) -> String| -> Vec<Cell> {
            let mut out = Vec::new();
            for (i, cell) in row.iter().enumerate() {
                out.push(cell.clone());
                if noted(i) {
                    let text = extra_text(cell);
                    out.push(Cell {
                        text,
                        ..Cell::default()
                    });
                }
            }
            out
        };
        let heading = |cell: &Cell| note.replace("{column}", &cell.text);
        Self {
            head: head.iter().map(|row| spread(row, &heading)).collect(),
            body: body
                .iter()
                .map(|row| spread(row, &|cell| cell.small.clone()))
                .collect(),
        }
    }

    /// As CSV (RFC 4180).
    pub(super) fn csv(&self) -> String {
        let line = |row: &Vec<Cell>| {
            let fields: Vec<String> = row.iter().map(|cell| csv_field(&cell.text)).collect();
            fields.join(",") + "\r\n"
        };
        self.head.iter().chain(&self.body).map(line).collect()
    }

    /// As a LaTeX `tabular` with the rules of `booktabs`.
    pub(super) fn latex(&self, title: &str) -> String {
        let line = |row: &Vec<Cell>| {
            let cells: Vec<String> = row.iter().map(|c| latex_cell(&c.text, c.best)).collect();
            format!("  {} \\\\\n", cells.join(" & "))
        };
        format!(
            "% {title}\n% \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{}}}\n  \\toprule\n{}  \\midrule\n{}  \
             \\bottomrule\n\\end{{tabular}}\n",
            self.column_alignments(),
            self.head.iter().map(line).collect::<String>(),
            self.body.iter().map(line).collect::<String>(),
        )
    }

    /// Columns of numbers to the right, others to the left.
    fn column_alignments(&self) -> String {
        let columns = self.head.iter().chain(&self.body).map(Vec::len).max();
        let numeric = |i: usize| {
            let number = |row: &Vec<Cell>| {
                row.get(i).is_none_or(|cell| {
                    let text = plain_number(&cell.text);
                    text.is_empty() || is_number(&text)
                })
            };
            !self.body.is_empty() && self.body.iter().all(number)
        };
        let columns = 0..columns.unwrap_or(0);
        columns
            .map(|i| if numeric(i) { 'r' } else { 'l' })
            .collect()
    }
}

fn cells(row: ElementRef<'_>) -> Vec<Cell> {
    let cells = row.children().filter_map(ElementRef::wrap);
    let cells = cells.filter(|cell| matches!(cell.value().name(), "td" | "th"));
    let small = selector("small");
    cells
        .map(|cell| Cell {
            text: text_of(cell, "small"),
            small: cell
                .select(&small)
                .next()
                .map(|small| collapse_whitespace(&small.text().collect::<String>()))
                .unwrap_or_default(),
            best: cell.value().classes().any(|class| class == "best"),
        })
        .collect()
}
