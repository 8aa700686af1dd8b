//! Tables of text for a terminal.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Spaces between columns.
const GAP: usize = 2;

/// On which side the columns after the first, which is aligned left, are even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// For text.
    Left,
    /// For numbers.
    Right,
}

/// A table of rows, the first of them its header, at most `width` columns of a terminal wide.
///
/// Where it would be wider, it is several tables, one below the other, each with the first column,
/// which takes half of the width at most. Only a cell of another column can still be too wide.
pub fn text_table(rows: &[Vec<String>], alignment: Alignment, width: usize) -> String {
    let widths = column_widths(rows);
    let Some((&first, others)) = widths.split_first() else {
        return String::new();
    };
    let layout = |first| Layout {
        first,
        widths: &widths,
        alignment,
    };
    if first + others.iter().map(|other| GAP + other).sum::<usize>() <= width {
        return layout(first).lines(rows, 1..widths.len());
    }
    let layout = layout(first.min((width / 2).max(1)));
    let mut tables = Vec::new();
    let mut start = 1;
    while start < widths.len() {
        let mut taken = layout.first + GAP + widths[start];
        let mut end = start + 1;
        while end < widths.len() && taken + GAP + widths[end] <= width {
            taken += GAP + widths[end];
            end += 1;
        }
        tables.push(layout.lines(rows, start..end));
        start = end;
    }
    tables.join("\n")
}

fn column_widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let width = |column| cells(column).map(|cell| cell.width()).max().unwrap_or(0);
    (0..columns).map(width).collect()
}

/// Widths and alignment of the columns.
struct Layout<'a> {
    /// Width of the first column.
    first: usize,
    /// Widths of all columns if nothing is wrapped.
    widths: &'a [usize],
    alignment: Alignment,
}

impl Layout<'_> {
    /// The first column beside the columns of `range`.
    fn lines(&self, rows: &[Vec<String>], range: Range<usize>) -> String {
        let mut text = String::new();
        for row in rows {
            let name = row.first().map_or("", String::as_str);
            let mut lines = wrapped(name, self.first).into_iter();
            let name = lines.next().unwrap_or_default();
            let mut line = format!("{name}{}", spaces(self.first, &name));
            for column in range.clone() {
                let cell = row.get(column).map_or("", String::as_str);
                let (gap, padding) = (spaces(GAP, ""), spaces(self.widths[column], cell));
                line += &match self.alignment {
                    Alignment::Left => format!("{gap}{cell}{padding}"),
                    Alignment::Right => format!("{gap}{padding}{cell}"),
                };
            }
            text += &format!("{}\n", line.trim_end());
            for line in lines {
                text += &format!("{line}\n");
            }
        }
        text
    }
}

/// The spaces that fill up `text` to `width` columns.
fn spaces(width: usize, text: &str) -> String {
    " ".repeat(width.saturating_sub(text.width()))
}

/// Lines of `text`, each at most `width` columns, broken at spaces where that is possible.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut taken = 0;
    for word in text.split_inclusive(' ') {
        if taken > 0 && taken + word.trim_end().width() > width {
            lines.push(String::new());
            taken = 0;
        }
        for letter in word.chars() {
            let columns = letter.width().unwrap_or(0);
            if taken > 0 && taken + columns > width {
                if letter == ' ' {
                    continue;
                }
                lines.push(String::new());
                taken = 0;
            }
            taken += columns;
            lines.last_mut().expect("one at least").push(letter);
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        let row = |row: &&[&str]| row.iter().map(|&cell| cell.to_owned()).collect();
        rows.iter().map(row).collect()
    }

    #[test]
    fn columns_are_aligned() {
        let english = rows(&[&["class", "n"], &["a", "12"]]);
        assert_eq!(
            text_table(&english, Alignment::Right, 80),
            "class   n\na      12\n"
        );
        // Japanese characters are twice as wide as Latin letters.
        let japanese = rows(&[&["クラス", "枚"], &["a", "12"]]);
        assert_eq!(
            text_table(&japanese, Alignment::Right, 80),
            "クラス  枚\na       12\n"
        );
        let text = rows(&[&["class", "text", "n"], &["a", "b", "12"]]);
        let expected = "class  text  n\na      b     12\n";
        assert_eq!(text_table(&text, Alignment::Left, 80), expected);
        assert_eq!(text_table(&[], Alignment::Right, 80), "");
    }

    #[test]
    fn a_table_wider_than_the_terminal_is_several_with_the_first_column_each() {
        let table = rows(&[
            &["class", "images", "correct", "squared-l2", "l2"],
            &["glioma", "100", "62", "0.012345", "0.000812"],
        ]);
        let narrow = "class   images  correct  squared-l2\n\
                      glioma     100       62    0.012345\n\
                      \n\
                      class         l2\n\
                      glioma  0.000812\n";
        assert_eq!(text_table(&table, Alignment::Right, 40), narrow);
        assert_eq!(text_table(&table, Alignment::Right, 45).lines().count(), 2);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_letter_is_lost() {
        let names = [
            "a long class name",
            "without_any_place_to_break_it",
            "髄膜腫の画像の名前",
        ];
        for name in names {
            let table = rows(&[&["class", "kappa", "l2"], &[name, "0.123456", "0.000812"]]);
            for width in 20..60 {
                let text = text_table(&table, Alignment::Right, width);
                assert!(
                    text.lines().all(|line| line.width() <= width),
                    "{width}:\n{text}"
                );
                let letters = |text: &str| text.replace([' ', '\n'], "");
                assert_eq!(
                    wrapped(name, width / 2).concat().replace(' ', ""),
                    letters(name)
                );
            }
        }
    }
}
