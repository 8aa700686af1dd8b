//! Number formatting.

/// A share as a percentage with one decimal.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Four significant digits, with an exponent below 1e-5 and from 1e6 on.
pub(crate) fn significant_4(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !value.is_finite() || !(-5.0..6.0).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = (3 - magnitude as i32).max(0) as usize;
    format!("{value:.decimals$}")
}

/// [`significant_4`] without trailing zeros, for settings, which are exact.
pub(crate) fn setting(value: f64) -> String {
    let text = significant_4(value);
    if !text.contains('.') || text.contains('e') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// [`significant_4`], or a dash for `None`.
pub(crate) fn significant_4_or_dash(value: Option<f64>) -> String {
    or_dash(value, significant_4)
}

/// A value in its format, or a dash where there is none.
pub(crate) fn or_dash<T>(value: Option<T>, format: fn(T) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), format)
}

/// A count with a thin space between thousands.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_tell_and_no_more() {
        let values = [
            0.0,
            0.012_345_6,
            1.0,
            -0.5,
            123_456.7,
            1e-7,
            2e9,
            0.000_085_79,
            f64::NAN,
        ];
        let texts = values.map(significant_4);
        let expected = [
            "0",
            "0.01235",
            "1.000",
            "-0.5000",
            "123457",
            "1.000e-7",
            "2.000e9",
            "0.00008579",
            "NaN",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn settings_have_no_trailing_zeros() {
        let values = [0.0001, 6.25, 50.0, -100.0, 100_000.0, 1e-7];
        assert_eq!(
            values.map(setting),
            ["0.0001", "6.25", "50", "-100", "100000", "1.000e-7"]
        );
    }

    #[test]
    fn counts_and_shares() {
        assert_eq!(count(1), "1");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(percent(0.9734), "97.3 %");
    }
}
