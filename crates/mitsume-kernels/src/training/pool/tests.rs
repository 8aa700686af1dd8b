//! Gradients compared with a plain loop over windows.

use super::*;
use crate::isa::Isa;
use crate::test_values::values;

const SHAPE: [usize; 4] = [2, 7, 6, 19];

/// The gradient by the definition, in f64.
fn definition(
    pooling: Pooling,
    window: &Window,
    x: &[f32],
    dy: &[f32],
    to: [usize; 2],
) -> Vec<f64> {
    let [images, height, width, channels] = SHAPE;
    let mut dx = vec![0.0; x.len()];
    for (i, d) in dy.iter().enumerate() {
        let (c, pixel) = (i % channels, i / channels);
        let (column, row) = (pixel % to[1], pixel / to[1] % to[0]);
        let image = pixel / (to[0] * to[1]);
        assert!(image < images);
        let (mut inside, mut counted) = (Vec::new(), 0);
        for ky in 0..window.kernel[0] {
            for kx in 0..window.kernel[1] {
                let y = (row * window.stride[0] + ky) as isize - window.pad_before[0] as isize;
                let x = (column * window.stride[1] + kx) as isize - window.pad_before[1] as isize;
                let padded = [(y, height, 0), (x, width, 1)]
                    .iter()
                    .all(|&(at, side, axis)| at < (side + window.pad_after[axis]) as isize);
                counted += usize::from(padded);
                let on_image =
                    (0..height as isize).contains(&y) && (0..width as isize).contains(&x);
                if on_image {
                    let pixel = (image * height + y as usize) * width + x as usize;
                    inside.push(pixel * channels + c);
                }
            }
        }
        let d = f64::from(*d);
        match pooling {
            Pooling::Max => {
                let mut first = inside[0];
                for &at in &inside {
                    if x[at] > x[first] {
                        first = at;
                    }
                }
                dx[first] += d;
            }
            Pooling::Mean => inside
                .iter()
                .for_each(|&at| dx[at] += d / inside.len() as f64),
            Pooling::MeanWithPadding => inside.iter().for_each(|&at| dx[at] += d / counted as f64),
        }
    }
    dx
}

#[test]
fn gradients_are_those_of_the_definition() {
    let count = SHAPE.iter().product();
    // Rounded, so that maxima are shared.
    let x: Vec<f32> = values(count, 1).iter().map(|v| (v * 3.0).round()).collect();
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        for window in [
            Window::square(2, 2, 0),
            Window::square(3, 2, 1),
            Window::square(3, 1, 1),
        ] {
            for pooling in [Pooling::Max, Pooling::Mean, Pooling::MeanWithPadding] {
                let to = window.output_size([SHAPE[1], SHAPE[2]]).unwrap();
                let shape = [SHAPE[0], to[0], to[1], SHAPE[3]];
                let dy = values(shape.iter().product(), 2);
                let images = Nhwc {
                    data: &x,
                    shape: SHAPE,
                };
                let found = pool_gradient(
                    &workspace,
                    pooling,
                    &window,
                    images,
                    Nhwc { data: &dy, shape },
                );
                let expected = definition(pooling, &window, &x, &dy, to);
                for (found, expected) in found.unwrap().iter().zip(expected) {
                    // At most nine terms below 1.
                    assert!((f64::from(*found) - expected).abs() < 1e-6);
                }
            }
        }
    }
}
