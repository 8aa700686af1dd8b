//! Rotation, shift and scaling of an image about its centre.

use crate::pixels::{PixelValue, Pixels};

/// What is around an image is 0, and values between pixels are bilinear: torchvision's
/// `functional.affine` on tensors without a fill, which is `torch.nn.functional.grid_sample` with
/// zero padding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Affine {
    /// Clockwise, in degrees.
    pub angle: f64,
    /// To the right and down, in pixels.
    pub shift: [f64; 2],
    /// Above 1 enlarges.
    pub scale: f64,
}

impl Affine {
    /// The image after the transform, of the same size.
    pub fn apply<V: PixelValue>(&self, image: &Pixels<V>) -> Pixels<V> {
        let (sine, cosine) = self.angle.to_radians().sin_cos();
        let centre = [image.width, image.height].map(|side| side as f64 / 2.0 - 0.5);
        let mut data = vec![V::zeroed(); image.data.len()];
        let mut pixels = data.chunks_exact_mut(image.channels);
        for row in 0..image.height {
            let y = row as f64 - centre[1] - self.shift[1];
            for column in 0..image.width {
                let x = column as f64 - centre[0] - self.shift[0];
                let from_x = (cosine * x + sine * y) / self.scale + centre[0];
                let from_y = (cosine * y - sine * x) / self.scale + centre[1];
                let pixel = pixels.next().expect("as many as there are pixels");
                bilinear(image, [from_x, from_y], pixel);
            }
        }
        Pixels::new(image.width, image.height, image.channels, data)
    }
}

/// The value at a point, column first, of every channel.
fn bilinear<V: PixelValue>(image: &Pixels<V>, point: [f64; 2], to: &mut [V]) {
    let [left, top] = point.map(f64::floor);
    let [right_share, lower_share] = [point[0] - left, point[1] - top];
    let corners = [
        (left, top, (1.0 - right_share) * (1.0 - lower_share)),
        (left + 1.0, top, right_share * (1.0 - lower_share)),
        (left, top + 1.0, (1.0 - right_share) * lower_share),
        (left + 1.0, top + 1.0, right_share * lower_share),
    ];
    let inside = |at: f64, side: usize| (at >= 0.0 && at < side as f64).then_some(at as usize);
    for (channel, to) in to.iter_mut().enumerate() {
        let value = |(x, y, share): &(f64, f64, f64)| {
            let place = inside(*x, image.width).zip(inside(*y, image.height));
            place.map_or(0.0, |(x, y)| {
                let index = (y * image.width + x) * image.channels + channel;
                let value: f64 = image.data[index].into();
                share * value
            })
        };
        let sum: f64 = corners.iter().map(value).sum();
        *to = V::truncated(sum.round_ties_even());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        angle: f64,
        shift: [f64; 2],
        scale: f64,
        pixels: Vec<f64>,
    }

    /// `scripts/reference/affine.py`.
    #[test]
    fn agrees_with_pytorchs_affine_grid_and_grid_sample() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("reference/affine.json")).unwrap();
        let (width, height) = (9, 7);
        let data: Vec<u8> = (0..width * height * 3)
            .map(|i: usize| (i * 37 % 251) as u8)
            .collect();
        let image = Pixels::new(width, height, 3, data);
        for case in cases {
            let affine = Affine {
                angle: case.angle,
                shift: case.shift,
                scale: case.scale,
            };
            let ours = affine.apply(&image);
            for (ours, theirs) in ours.data.iter().zip(&case.pixels) {
                // Theirs is not rounded.
                let difference = (f64::from(*ours) - theirs).abs();
                assert!(difference <= 0.5 + 1e-6, "{affine:?}: {ours} {theirs}");
            }
            assert_eq!(ours.data.len(), case.pixels.len());
        }
    }

    #[test]
    fn a_quarter_turn_of_a_square_moves_every_pixel_exactly() {
        let side = 5;
        let data: Vec<u8> = (0..side * side).map(|i| i as u8 * 10).collect();
        let image = Pixels::new(side, side, 1, data);
        let affine = Affine {
            angle: 90.0,
            shift: [0.0, 0.0],
            scale: 1.0,
        };
        let turned = affine.apply(&image);
        for row in 0..side {
            for column in 0..side {
                // Clockwise: the left column becomes the top row.
                let from = image.data[(side - 1 - column) * side + row];
                assert_eq!(turned.data[row * side + column], from);
            }
        }
    }
}
