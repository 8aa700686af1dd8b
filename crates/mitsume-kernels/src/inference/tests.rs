//! Every algorithm compared with the definition, in f64.

mod pools_and_norms;
mod separable;

use super::*;
use crate::{Isa, Workspace};
use std::sync::Arc;

fn values(n: usize, seed: usize) -> Vec<f32> {
    let value = |i: usize| ((i * 7919 + seed * 104_729 + i * i % 257) % 2003) as f32 / 1001.5 - 1.0;
    (0..n).map(value).collect()
}

/// The pixel of an image [height, width, channels] a tap falls on, if any.
fn pixel(
    window: &Window,
    [y, x]: [usize; 2],
    [ky, kx]: [usize; 2],
    size: [usize; 2],
) -> Option<usize> {
    let y = window.start(0, y) + (ky * window.dilation[0]) as isize;
    let x = window.start(1, x) + (kx * window.dilation[1]) as isize;
    let inside = (0..size[0] as isize).contains(&y) && (0..size[1] as isize).contains(&x);
    inside.then_some(y as usize * size[1] + x as usize)
}

/// Sums of a convolution by its definition.
fn convolved(
    filters: Filters,
    window: &Window,
    x: &[f32],
    [images, h, w, c]: [usize; 4],
) -> Vec<f64> {
    let [rows, columns] = window.output_size([h, w]).unwrap();
    let inputs = c / filters.groups;
    let outputs_per_group = filters.outputs / filters.groups;
    let mut out = Vec::new();
    for image in 0..images {
        for position in 0..rows * columns {
            for o in 0..filters.outputs {
                let mut sum = 0.0;
                for tap in 0..window.taps() {
                    let tap2 = [tap / window.kernel[1], tap % window.kernel[1]];
                    let position = [position / columns, position % columns];
                    let Some(pixel) = pixel(window, position, tap2, [h, w]) else {
                        continue;
                    };
                    for i in 0..inputs {
                        let weight = filters.weights[(o * inputs + i) * window.taps() + tap];
                        let at = (image * h * w + pixel) * c + o / outputs_per_group * inputs + i;
                        sum += f64::from(weight) * f64::from(x[at]);
                    }
                }
                out.push(sum);
            }
        }
    }
    out
}

fn activated(v: f64, activation: Activation) -> f64 {
    match activation {
        Activation::Identity => v,
        Activation::Relu => v.max(0.0),
        Activation::Clip(low, high) => v.clamp(low.into(), high.into()),
        Activation::HardSwish => v * (v / 6.0 + 0.5).clamp(0.0, 1.0),
        Activation::Silu => v / (1.0 + (-v).exp()),
        // GELU is tested in activation.rs.
        Activation::Gelu => unreachable!("not among the activations tried here"),
    }
}

#[test]
fn every_convolution_algorithm_agrees_with_the_definition() {
    // inputs, outputs, groups, window, size
    let uneven = Window {
        kernel: [2, 3],
        stride: [1, 2],
        dilation: [2, 1],
        pad_before: [1, 0],
        pad_after: [0, 2],
    };
    // More padding than the window is large: the line buffer cannot be used.
    let padded = Window {
        pad_before: [7, 3],
        pad_after: [1, 9],
        ..Window::square(3, 4, 0)
    };
    let cases = [
        (3, 20, 1, Window::square(7, 2, 3), [13, 12]),
        (3, 21, 1, Window::square(3, 2, 1), [8, 9]),
        (16, 33, 1, Window::square(1, 1, 0), [9, 11]),
        (24, 7, 1, Window::square(1, 2, 0), [9, 8]),
        (16, 24, 1, Window::square(3, 1, 1), [7, 9]),
        (300, 40, 1, Window::square(3, 2, 1), [5, 6]),
        (40, 40, 40, Window::square(3, 1, 1), [6, 7]),
        (19, 19, 19, Window::square(5, 2, 2), [9, 8]),
        (33, 33, 33, Window::square(3, 2, 1), [12, 21]),
        (5, 5, 5, padded, [4, 6]),
        (32, 32, 32, Window::square(5, 1, 2), [7, 17]),
        (24, 48, 4, Window::square(3, 1, 1), [6, 5]),
        (6, 8, 2, uneven, [7, 8]),
        // Small groups, of which several share a product, the last of fewer.
        (40, 40, 5, Window::square(3, 1, 1), [9, 11]),
        (21, 35, 7, Window::square(3, 2, 1), [8, 7]),
        (12, 18, 6, Window::square(1, 1, 0), [5, 6]),
        // Pixels at a distance that is bad for caches are copied.
        (1024, 9, 1, Window::square(1, 1, 0), [3, 5]),
    ];
    let activations = [
        Activation::Identity,
        Activation::Relu,
        Activation::Clip(0.0, 0.75),
        Activation::HardSwish,
        Activation::Silu,
    ];
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        for (case, (inputs, outputs, groups, window, [h, w])) in cases.into_iter().enumerate() {
            let weights = values(outputs * inputs / groups * window.taps(), case);
            let filters = Filters {
                weights: &weights,
                outputs,
                inputs,
                groups,
            };
            let bias = values(outputs, case + 50);
            let shape = [3, h, w, inputs];
            let x = values(shape.iter().product(), case + 100);
            let sums = convolved(filters, &window, &x, shape);
            let residual = values(sums.len(), case + 150);
            for (i, activation) in activations.into_iter().enumerate() {
                let convolution =
                    Convolution::new(&workspace, filters, &bias, window, activation).unwrap();
                let residual = (i % 2 == 0).then_some(&residual[..]);
                let (out, to) = convolution.run(&workspace, &x, shape, residual).unwrap();
                assert_eq!(out.len(), to.iter().product::<usize>());
                assert_eq!(out.len(), sums.len());
                for (at, (&out, sum)) in out.iter().zip(&sums).enumerate() {
                    let residual = residual.map_or(0.0, |residual| f64::from(residual[at]));
                    let v = sum + f64::from(bias[at % outputs]) + residual;
                    let expected = activated(v, activation);
                    // float32 sums of up to 2700 products of numbers below 1; Winograd's transform
                    // loses a digit, and a sum of hundreds is rounded 30 times its last digit away.
                    let tolerance = 2e-4_f64.max(2e-6 * expected.abs());
                    assert!(
                        (f64::from(out) - expected).abs() < tolerance,
                        "{} case {case} {activation:?} at {at}: {out} for {expected}",
                        isa.name()
                    );
                }
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let workspace = Workspace::default();
    let weights = values(70 * 24 * 9, 1);
    let filters = Filters {
        weights: &weights,
        outputs: 70,
        inputs: 24,
        groups: 1,
    };
    let shape = [4, 17, 19, 24];
    let x = values(shape.iter().product(), 2);
    for stride in [1, 2] {
        let bias = [0.5; 70];
        let convolution = Convolution::new(
            &workspace,
            filters,
            &bias,
            Window::square(3, stride, 1),
            Activation::Relu,
        )
        .unwrap();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let run = || convolution.run(&workspace, &x, shape, None).unwrap().0;
            pool.build().unwrap().install(run).into_vec()
        };
        assert_eq!(run(1), run(3));
    }
}

#[test]
fn lengths_and_groups_that_do_not_fit_are_refused() {
    let workspace = Workspace::default();
    let weights = [0.0; 36];
    let filters = |outputs, inputs, groups| Filters {
        weights: &weights,
        outputs,
        inputs,
        groups,
    };
    let new = |filters, bias: &[f32]| {
        Convolution::new(
            &workspace,
            filters,
            bias,
            Window::square(3, 1, 1),
            Activation::Relu,
        )
    };
    assert!(new(filters(2, 3, 1), &[0.0; 2]).is_err());
    assert!(new(filters(2, 2, 1), &[0.0; 3]).is_err());
    assert!(new(filters(4, 2, 0), &[0.0; 4]).is_err());
    assert!(new(filters(3, 2, 2), &[0.0; 3]).is_err());
    let convolution = new(filters(2, 2, 1), &[0.0; 2]).unwrap();
    let run =
        |x: &[f32], shape, residual| convolution.run(&workspace, x, shape, residual).map(|_| ());
    assert!(run(&[0.0; 8], [1, 2, 2, 2], None).is_ok());
    assert!(run(&[0.0; 7], [1, 2, 2, 2], None).is_err());
    assert!(run(&[0.0; 4], [1, 2, 2, 1], None).is_err());
    assert!(run(&[0.0; 8], [1, 2, 2, 2], Some(&[0.0; 7])).is_err());
    let outside = Window::square(1, 1, 1);
    assert!(
        pool(
            &workspace,
            Pooling::Max,
            &outside,
            Nhwc {
                data: &[0.0; 4],
                shape: [1, 2, 2, 1]
            },
            [4, 4]
        )
        .is_err()
    );
}
