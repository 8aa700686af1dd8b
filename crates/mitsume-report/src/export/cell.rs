//! A table's cell as a CSV field and in LaTeX.

/// Whether `text` is a number as programs read it: with a sign, an exponent or a per cent sign, or
/// without.
pub(super) fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let unsigned = unsigned.strip_suffix('%').unwrap_or(unsigned);
    let unsigned = unsigned
        .strip_suffix(' ')
        .filter(|_| text.ends_with('%'))
        .unwrap_or(unsigned);
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    mantissa.starts_with(|c: char| c.is_ascii_digit())
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.')
        && !digits.is_empty()
        && digits.chars().all(|c| c.is_ascii_digit())
}

/// Numbers as programs read them: no thousands separators, an ASCII minus, and empty for a dash.
pub(super) fn plain_number(text: &str) -> String {
    if text == "–" {
        return String::new();
    }
    let ascii = text.replace('−', "-");
    let joined = without_thousands(&ascii);
    if is_number(&joined) { joined } else { ascii }
}

/// `text` without thousands separators.
fn without_thousands(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let between = |i: usize| {
        chars[i] == ' ' && i > 0 && digit(i - 1) && (i + 1..i + 4).all(digit) && !digit(i + 4)
    };
    let kept = (0..chars.len()).filter(|&i| !between(i));
    kept.map(|i| chars[i]).collect()
}

/// A field after RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe
/// (OWASP, "CSV Injection").
pub(super) fn csv_field(text: &str) -> String {
    let value = plain_number(text);
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let safe = if formula && !is_number(&value) {
        format!("'{value}")
    } else {
        value
    };
    if safe.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

/// A cell in LaTeX, in bold if it is the `best` of its column.
pub(super) fn latex_cell(text: &str, best: bool) -> String {
    let value = plain_number(text);
    let escaped = if is_number(&value) {
        let signed = value.strip_prefix('-').map(|rest| format!("−{rest}"));
        latex_text(&signed.unwrap_or(value))
    } else {
        latex_text(text)
    };
    // A bracket at the start of a line would be an option of the `\\` before it.
    let shielded = if escaped.starts_with(['[', '*']) {
        format!("{{}}{escaped}")
    } else {
        escaped
    };
    if best {
        format!("\\textbf{{{shielded}}}")
    } else {
        shielded
    }
}

/// Text with LaTeX's special characters as themselves.
fn latex_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        out.push_str(match c {
            '\\' => "\\textbackslash{}",
            '{' => "\\{",
            '}' => "\\}",
            '$' => "\\$",
            '&' => "\\&",
            '#' => "\\#",
            '_' => "\\_",
            '%' => "\\%",
            '~' => "\\textasciitilde{}",
            '^' => "\\textasciicircum{}",
            '<' => "$<$",
            '>' => "$>$",
            '|' => "$|$",
            '"' | '”' => "''",
            '“' => "``",
            '−' => "$-$",
            '–' => "--",
            '—' => "---",
            '’' => "'",
            '‘' => "`",
            '×' => "$\\times$",
            '±' => "$\\pm$",
            '≤' => "$\\leq$",
            '≥' => "$\\geq$",
            '↓' => "$\\downarrow$",
            '↑' => "$\\uparrow$",
            '→' => "$\\rightarrow$",
            other => {
                out.push(other);
                continue;
            }
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_programs_read_them() {
        let fields = [
            "5 712",
            "−0.012",
            "+1.5e-7",
            "93.1 %",
            "–",
            "12 34",
            "1 000 000",
        ]
        .map(csv_field);
        assert_eq!(
            fields,
            [
                "5712", "-0.012", "+1.5e-7", "93.1 %", "", "12 34", "1000000"
            ]
        );
        for text in ["", "-", "e5", "1e", ".5", "1 %%", "0x10", "NaN"] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        let fields = [
            "=1+1",
            "@x",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "＝1",
            "a,\"b\"\nc",
        ]
        .map(csv_field);
        assert_eq!(
            fields,
            [
                "'=1+1",
                "'@x",
                "'+cmd|' /C calc'!A0",
                "'-2+3",
                "'＝1",
                "\"a,\"\"b\"\"\nc\""
            ]
        );
    }

    #[test]
    fn latex_shows_every_character_as_itself() {
        assert_eq!(
            latex_cell("50 % of $x_1 & {y} #2 ~^\\", false),
            "50 \\% of \\$x\\_1 \\& \\{y\\} \\#2 \\textasciitilde{}\\textasciicircum{}\\textbackslash{}"
        );
        assert_eq!(latex_cell("[−0.1, 0.2]", false), "{}[$-$0.1, 0.2]");
        assert_eq!(latex_cell("−0.5", true), "\\textbf{$-$0.5}");
        assert_eq!(latex_cell("1 311", false), "1311");
    }
}
