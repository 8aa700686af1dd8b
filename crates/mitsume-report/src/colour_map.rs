//! Colours for values in [0, 1].

use image::Rgb;

/// A colour map by matplotlib's name.
///
/// The default is inferno (Smith and van der Walt, matplotlib): perceptually uniform, readable with
/// every colour-vision deficiency and in grey print, and black at 0, so that an overlay is dark
/// where the map is 0. Turbo is the successor of jet, in which many CAMs are published; unlike the
/// others it is not ordered in grey print.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColourMap {
    /// Black, red, yellow; perceptually uniform.
    #[default]
    Inferno,
    /// Black, purple, pale yellow; perceptually uniform.
    Magma,
    /// Blue, purple, yellow; perceptually uniform.
    Plasma,
    /// Purple, green, yellow; perceptually uniform.
    Viridis,
    /// Blue, grey, yellow; looks the same with red-green colour blindness.
    Cividis,
    /// Blue, green, red, as jet but smooth; d3's polynomials, whose ends are darker than
    /// matplotlib's.
    Turbo,
}

impl ColourMap {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Inferno,
        Self::Magma,
        Self::Plasma,
        Self::Viridis,
        Self::Cividis,
        Self::Turbo,
    ];

    /// matplotlib's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inferno => "inferno",
            Self::Magma => "magma",
            Self::Plasma => "plasma",
            Self::Viridis => "viridis",
            Self::Cividis => "cividis",
            Self::Turbo => "turbo",
        }
    }

    /// The colour of `value`, clamped to [0, 1].
    pub(crate) fn colour(self, value: f32) -> Rgb<u8> {
        let gradient = match self {
            Self::Inferno => colorous::INFERNO,
            Self::Magma => colorous::MAGMA,
            Self::Plasma => colorous::PLASMA,
            Self::Viridis => colorous::VIRIDIS,
            Self::Cividis => colorous::CIVIDIS,
            Self::Turbo => colorous::TURBO,
        };
        let colour = gradient.eval_continuous(f64::from(value.clamp(0.0, 1.0)));
        Rgb([colour.r, colour.g, colour.b])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(Rgb(channels): Rgb<u8>) -> f64 {
        let [r, g, b] = channels.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn colour(value: f32) -> Rgb<u8> {
        ColourMap::default().colour(value)
    }

    #[test]
    fn ends_are_those_of_matplotlib() {
        assert_eq!(colour(0.0), Rgb([0, 0, 4]));
        assert_eq!(colour(1.0), Rgb([252, 255, 164]));
        assert_eq!(colour(-1.0), colour(0.0));
        assert_eq!(colour(2.0), colour(1.0));
    }

    /// matplotlib 3.11: `(numpy.array(matplotlib.colormaps[name]([0, 128, 255])) * 255).round()`.
    /// colorous evaluates cividis and turbo as the polynomials of d3, which are off by up to 36 of
    /// 255 at turbo's ends; the others are the tables.
    #[test]
    fn colours_are_those_of_matplotlib() {
        let expected = [
            ("inferno", [[0, 0, 4], [188, 55, 84], [252, 255, 164]]),
            ("magma", [[0, 0, 4], [183, 55, 121], [252, 253, 191]]),
            ("plasma", [[13, 8, 135], [204, 71, 120], [240, 249, 33]]),
            ("viridis", [[68, 1, 84], [33, 145, 140], [253, 231, 37]]),
            ("cividis", [[0, 34, 78], [125, 124, 120], [254, 232, 56]]),
            ("turbo", [[48, 18, 59], [164, 252, 60], [122, 4, 3]]),
        ];
        for (map, (name, colours)) in ColourMap::ALL.into_iter().zip(expected) {
            assert_eq!(map.name(), name);
            let polynomial = matches!(map, ColourMap::Cividis | ColourMap::Turbo);
            for (value, colour) in [0.0, 128.0 / 255.0, 1.0].into_iter().zip(colours) {
                let found = map.colour(value).0;
                let close =
                    |(a, b): (u8, i32)| (i32::from(a) - b).abs() <= if polynomial { 36 } else { 1 };
                assert!(
                    found.into_iter().zip(colour).all(close),
                    "{name} at {value}: {found:?}, matplotlib's {colour:?}"
                );
            }
        }
    }

    #[test]
    fn a_higher_value_is_brighter_so_that_grey_print_keeps_the_order() {
        let levels: Vec<f64> = (0..=64)
            .map(|i| luminance(colour(i as f32 / 64.0)))
            .collect();
        assert!(levels.is_sorted());
    }
}
