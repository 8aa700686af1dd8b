//! Colours for values in [0, 1].

use image::Rgb;

/// The colour of `value`, clamped to [0, 1]: inferno (Smith and van der Walt, matplotlib), which
/// is perceptually uniform, readable with every colour-vision deficiency and in grey print, and
/// black at 0, so that blended over an image it leaves dark what the model does not look at.
pub(crate) fn colour(value: f32) -> Rgb<u8> {
    let colour = colorous::INFERNO.eval_continuous(f64::from(value.clamp(0.0, 1.0)));
    Rgb([colour.r, colour.g, colour.b])
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

    #[test]
    fn ends_are_those_of_matplotlib() {
        assert_eq!(colour(0.0), Rgb([0, 0, 4]));
        assert_eq!(colour(1.0), Rgb([252, 255, 164]));
        assert_eq!(colour(-1.0), colour(0.0));
        assert_eq!(colour(2.0), colour(1.0));
    }

    #[test]
    fn a_higher_value_is_brighter_so_that_grey_print_keeps_the_order() {
        let levels: Vec<f64> = (0..=64)
            .map(|i| luminance(colour(i as f32 / 64.0)))
            .collect();
        assert!(levels.is_sorted());
    }
}
