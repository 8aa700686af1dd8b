//! Styles of lines: colour, marker and dashes, so that lines differ without colour too.

use crate::chart::{COLOURS, style_classes};

const SHAPES: usize = 5;

/// Style by index: colour and marker; the first 25 differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style(pub usize);

impl Style {
    /// Classes of a group of marks.
    pub(crate) fn classes(self) -> String {
        style_classes(self.0)
    }

    /// A marker of this style at `(x, y)`.
    pub(crate) fn point(self, x: f64, y: f64) -> String {
        let shape = (self.0 + self.0 / COLOURS) % SHAPES;
        match shape {
            0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.2\"/>"),
            1 => format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"5.6\" height=\"5.6\"/>",
                x - 2.8,
                y - 2.8
            ),
            2 => format!(
                "<path class=\"mark\" d=\"M{:.1} {:.1}l3.8 6.6h-7.6z\"/>",
                x,
                y - 4.2
            ),
            3 => format!(
                "<path class=\"mark\" d=\"M{:.1} {:.1}l4.2 4.2l-4.2 4.2l-4.2 -4.2z\"/>",
                x,
                y - 4.2
            ),
            _ => format!(
                "<path class=\"cross\" d=\"M{:.1} {:.1}l6.4 6.4m0 -6.4l-6.4 6.4\"/>",
                x - 3.2,
                y - 3.2
            ),
        }
    }

    /// A short piece of line with a point on it, 34 by 12.
    pub(crate) fn swatch(self, line: bool, points: bool) -> String {
        let path = if line { "<path d=\"M1 6L33 6\"/>" } else { "" };
        let point = if points {
            self.point(17.0, 6.0)
        } else {
            String::new()
        };
        format!("<g class=\"line {}\">{path}{point}</g>", self.classes())
    }
}

/// The style of a figure in a file of its own: the page's light scheme, on white.
pub(crate) const STANDALONE: &str = "\
text{font-size:13px;fill:#333}\
.title{font-size:16px;font-weight:600;fill:#000}\
.grid{stroke:#d9dbd6;stroke-width:1}.axis{stroke:#555;stroke-width:1}\
.line{stroke:currentColor;fill:currentColor}.line path{fill:none;stroke-width:2.2;stroke-linejoin:round}\
.line circle,.line rect{stroke:none}.line .mark{fill:currentColor;stroke:none;stroke-dasharray:none}\
.line .cross{stroke-width:2;stroke-dasharray:none}.line .band{stroke:none;fill:currentColor;opacity:.13}\
.points{opacity:.75}.fit path{stroke-width:1.8}\
.s0{color:#0072b2}.s1{color:#d55e00}.s2{color:#009e73}.s3{color:#b8638f}.s4{color:#1b1d21}\
.d1 path{stroke-dasharray:8 4}.d2 path{stroke-dasharray:2 3}.d3 path{stroke-dasharray:12 4 2 4 2 4}\
.all{color:#555}.all path{stroke-width:2.6}.rest path{stroke-dasharray:18 6}";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn twenty_five_styles_differ() {
        let styles: BTreeSet<String> = (0..25)
            .map(|i| Style(i).classes()[..2].to_owned() + &Style(i).point(0.0, 0.0))
            .collect();
        assert_eq!(styles.len(), 25);
    }
}
