//! Brightness and contrast.

use crate::grey::to_grey;
use crate::pixels::{PixelValue, Pixels};

/// Factors of torchvision's `ColorJitter`, as its `adjust_brightness` and `adjust_contrast` apply
/// them to 8-bit tensors: values are cut off to whole numbers after each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ColourFactors {
    /// Towards black below 1.
    pub brightness: f64,
    /// Towards the mean grey below 1.
    pub contrast: f64,
    /// Which comes first.
    pub contrast_first: bool,
}

impl ColourFactors {
    pub fn apply<V: PixelValue>(&self, image: &mut Pixels<V>) {
        if self.contrast_first {
            blend(image, mean_grey(image), self.contrast);
        }
        blend(image, 0.0, self.brightness);
        if !self.contrast_first {
            blend(image, mean_grey(image), self.contrast);
        }
    }
}

/// `factor * image + (1 - factor) * other`, from black to white.
fn blend<V: PixelValue>(image: &mut Pixels<V>, other: f64, factor: f64) {
    if factor == 1.0 {
        return;
    }
    for value in &mut image.data {
        let own: f64 = (*value).into();
        let blended = factor * own + (1.0 - factor) * other;
        *value = V::truncated(blended.clamp(0.0, V::WHITE));
    }
}

fn mean_grey<V: PixelValue>(image: &Pixels<V>) -> f64 {
    let mean = |data: &[V]| {
        let sum: u64 = data.iter().map(|value| -> u64 { (*value).into() }).sum();
        sum as f64 / data.len() as f64
    };
    match image.channels {
        1 => mean(&image.data),
        _ => mean(&to_grey(image.clone()).data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adjusted(data: &[u8], channels: usize, factors: ColourFactors) -> Vec<u8> {
        let mut image = Pixels::new(data.len() / channels, 1, channels, data.to_vec());
        factors.apply(&mut image);
        image.data
    }

    /// By hand from torchvision's definition.
    #[test]
    fn factors_act_as_in_color_jitter() {
        let brightness = |brightness: f64| ColourFactors {
            brightness,
            contrast: 1.0,
            contrast_first: false,
        };
        let contrast = |contrast: f64| ColourFactors {
            brightness: 1.0,
            contrast,
            contrast_first: true,
        };
        let grey = [0, 10, 101, 249];
        assert_eq!(adjusted(&grey, 1, brightness(0.5)), [0, 5, 50, 124]);
        assert_eq!(adjusted(&grey, 1, brightness(1.5)), [0, 15, 151, 255]);
        // The mean is 90.
        assert_eq!(adjusted(&grey, 1, contrast(0.5)), [45, 50, 95, 169]);
        assert_eq!(adjusted(&grey, 1, contrast(2.0)), [0, 0, 112, 255]);
        // Grey of (200, 100, 0) is 0.2989 * 200 + 0.587 * 100 = 118.48, cut off.
        assert_eq!(adjusted(&[200, 100, 0], 3, contrast(0.5)), [159, 109, 59]);
    }

    #[test]
    fn the_order_matters_and_is_obeyed() {
        let both = |contrast_first| ColourFactors {
            brightness: 2.0,
            contrast: 0.5,
            contrast_first,
        };
        // Mean 100, then twice (50, 150); or twice, cut off at 255, mean 127.5.
        assert_eq!(adjusted(&[0, 200], 1, both(true)), [100, 255]);
        assert_eq!(adjusted(&[0, 200], 1, both(false)), [63, 191]);
    }
}
