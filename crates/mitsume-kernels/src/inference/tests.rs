//! Every algorithm compared with the definition, in f64.

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
                    // loses a digit.
                    assert!(
                        (f64::from(out) - expected).abs() < 2e-4,
                        "{} case {case} {activation:?} at {at}: {out} for {expected}",
                        isa.name()
                    );
                }
            }
        }
    }
}

/// A convolution with weights made from `seed`.
fn convolution(
    workspace: &Workspace,
    [inputs, outputs, groups]: [usize; 3],
    window: Window,
    seed: usize,
) -> Arc<Convolution> {
    let weights = values(outputs * inputs / groups * window.taps(), seed);
    let filters = Filters {
        weights: &weights,
        outputs,
        inputs,
        groups,
    };
    let activation = [Activation::Silu, Activation::Clip(-0.5, 0.5)][seed % 2];
    let bias = values(outputs, seed + 1);
    Convolution::new(workspace, filters, &bias, window, activation)
        .unwrap()
        .into()
}

#[test]
fn separable_convolutions_equal_separate_ones_bit_for_bit() {
    let dilated = Window {
        dilation: [2, 3],
        pad_before: [2, 3],
        pad_after: [2, 3],
        ..Window::square(3, 1, 0)
    };
    let uneven = Window {
        kernel: [4, 2],
        stride: [3, 1],
        dilation: [1, 1],
        pad_before: [3, 0],
        pad_after: [0, 1],
    };
    // channels of the input, the depthwise convolution and the result; its window, the one before;
    // rows, columns
    let cases = [
        (
            [3, 32, 16],
            Window::square(3, 1, 1),
            Window::square(3, 2, 1),
            [29, 31],
        ),
        (
            [16, 96, 24],
            Window::square(3, 2, 1),
            Window::square(1, 1, 0),
            [27, 40],
        ),
        (
            [24, 40, 33],
            Window::square(5, 1, 2),
            Window::square(1, 1, 0),
            [14, 14],
        ),
        (
            [8, 19, 7],
            Window::square(5, 2, 2),
            Window::square(1, 2, 0),
            [30, 9],
        ),
        (
            [5, 35, 64],
            Window::square(7, 1, 3),
            Window::square(1, 1, 0),
            [9, 110],
        ),
        ([6, 9, 4], dilated, Window::square(1, 1, 1), [13, 8]),
        ([6, 9, 4], uneven, Window::square(1, 1, 0), [26, 3]),
        (
            [4, 8, 4],
            Window::square(3, 1, 0),
            Window::square(1, 1, 0),
            [3, 4],
        ),
    ];
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        for (case, ([inputs, between, outputs], depthwise_window, first, [h, w])) in
            cases.into_iter().enumerate()
        {
            let new = |channels, window, seed| convolution(&workspace, channels, window, seed);
            let expand = new([inputs, between, 1], first, case);
            let depthwise = new([between, between, between], depthwise_window, case + 20);
            let project = new([between, outputs, 1], Window::square(1, 1, 0), case + 41);
            for parts in 0..4 {
                let before = (parts & 1 > 0).then_some(&expand);
                let after = (parts & 2 > 0).then_some(&project);
                let all = before.into_iter().chain([&depthwise]).chain(after);
                let all: Vec<_> = all.collect();
                let shape = [3, h, w, all[0].inputs()];
                let x = values(shape.iter().product(), case + 60);
                let mut to = shape;
                for convolution in &all {
                    to = convolution.output_shape(to).unwrap();
                }
                let residual = values(to.iter().product(), case + 70);
                let residual = (case % 2 == 0).then_some(&residual[..]);
                let (mut expected, mut at) = (x.clone(), shape);
                for (i, convolution) in all.iter().enumerate() {
                    let residual = residual.filter(|_| i + 1 == all.len());
                    let (y, to) = convolution
                        .run(&workspace, &expected, at, residual)
                        .unwrap();
                    (expected, at) = (y.into_vec(), to);
                }
                let separable =
                    Separable::new(before.cloned(), depthwise.clone(), after.cloned()).unwrap();
                for threads in [1, 3, 16] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                    let run = || separable.run(&workspace, &x, shape, residual).unwrap();
                    let (found, found_to) = pool.build().unwrap().install(run);
                    assert_eq!(found_to, to);
                    let same = found
                        .iter()
                        .map(|v| v.to_bits())
                        .eq(expected.iter().map(|v| v.to_bits()));
                    assert!(
                        same,
                        "{} case {case} parts {parts}, {threads} threads",
                        isa.name()
                    );
                }
            }
        }
    }
}

#[test]
fn convolutions_that_cannot_follow_each_other_are_refused() {
    let workspace = Workspace::default();
    let new = |channels, window| convolution(&workspace, channels, window, 0);
    let depthwise = new([8, 8, 8], Window::square(3, 1, 1));
    let pointwise = new([8, 8, 1], Window::square(1, 1, 0));
    let separable = |expand, depthwise: &Arc<Convolution>, project| {
        Separable::new(expand, Arc::clone(depthwise), project).map(|_| ())
    };
    assert!(separable(Some(pointwise.clone()), &depthwise, Some(pointwise.clone())).is_ok());
    assert!(separable(None, &pointwise, None).is_err());
    let winograd = new([8, 8, 1], Window::square(3, 1, 1));
    assert!(separable(Some(winograd.clone()), &depthwise, None).is_err());
    assert!(separable(None, &depthwise, Some(winograd)).is_err());
    assert!(
        separable(
            None,
            &depthwise,
            Some(new([8, 8, 1], Window::square(1, 2, 0)))
        )
        .is_err()
    );
    assert!(
        separable(
            Some(new([8, 9, 1], Window::square(1, 1, 0))),
            &depthwise,
            None
        )
        .is_err()
    );
    assert!(
        separable(
            None,
            &depthwise,
            Some(new([9, 8, 1], Window::square(1, 1, 0)))
        )
        .is_err()
    );
    let separable = Separable::new(None, depthwise, Some(pointwise)).unwrap();
    let run =
        |x: &[f32], shape, residual| separable.run(&workspace, x, shape, residual).map(|_| ());
    assert!(run(&[0.0; 32], [1, 2, 2, 8], Some(&[0.0; 32])).is_ok());
    assert!(run(&[0.0; 31], [1, 2, 2, 8], None).is_err());
    assert!(run(&[0.0; 32], [1, 2, 4, 4], None).is_err());
    assert!(run(&[0.0; 32], [1, 2, 2, 8], Some(&[0.0; 31])).is_err());
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
fn pools_give_the_maximum_and_both_means() {
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        for (window, extra) in [
            (Window::square(3, 2, 1), 0),
            (Window::square(2, 2, 0), 1),
            (Window::square(3, 1, 1), 0),
        ] {
            let shape = [2, 7, 9, 21];
            let x = values(shape.iter().product(), 3);
            let [rows, columns] = window.output_size([7, 9]).unwrap();
            let to = [rows + extra, columns + extra];
            for pooling in [Pooling::Max, Pooling::Mean, Pooling::MeanWithPadding] {
                let out = pool(&workspace, pooling, &window, Nhwc { data: &x, shape }, to).unwrap();
                for (at, &out) in out.iter().enumerate() {
                    let (position, channel) = (at / 21, at % 21);
                    let image = position / (to[0] * to[1]);
                    let position = position % (to[0] * to[1]);
                    let position = [position / to[1], position % to[1]];
                    let taken: Vec<f64> = (0..window.taps())
                        .filter_map(|tap| {
                            let tap = [tap / window.kernel[1], tap % window.kernel[1]];
                            pixel(&window, position, tap, [7, 9])
                        })
                        .map(|pixel| f64::from(x[(image * 63 + pixel) * 21 + channel]))
                        .collect();
                    let expected = match pooling {
                        Pooling::Max => taken.iter().copied().fold(f64::MIN, f64::max),
                        Pooling::Mean => taken.iter().sum::<f64>() / taken.len() as f64,
                        // Neither window reaches beyond the padding, but for the extra position,
                        // where there is none to count.
                        _ if extra == 1 => taken.iter().sum::<f64>() / taken.len() as f64,
                        _ => taken.iter().sum::<f64>() / window.taps() as f64,
                    };
                    assert!(
                        (f64::from(out) - expected).abs() < 1e-6,
                        "{pooling:?} {position:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn affine_scales_and_shifts_each_channel() {
    let workspace = Workspace::default();
    let x = values(5 * 19, 4);
    let (scale, shift) = (values(19, 5), values(19, 6));
    let out = affine(
        &workspace,
        &x,
        ScaleShift {
            scale: &scale,
            shift: &shift,
        },
        Activation::Relu,
    )
    .unwrap();
    for (at, &out) in out.iter().enumerate() {
        let expected = (x[at] * scale[at % 19] + shift[at % 19]).max(0.0);
        assert!((out - expected).abs() < 1e-6);
    }
}

#[test]
fn layer_norm_leaves_each_row_with_the_stated_mean_and_deviation() {
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        for n in [1, 7, 16, 50, 96] {
            // Far from 0, as a difference of large sums would not bear.
            let x: Vec<f32> = values(600 * n, 7).iter().map(|v| v + 30.0).collect();
            let (scale, shift) = (values(n, 8), values(n, 9));
            let out = layer_norm(
                &workspace,
                &x,
                ScaleShift {
                    scale: &scale,
                    shift: &shift,
                },
                1e-5,
            )
            .unwrap();
            for (x, out) in x.chunks_exact(n).zip(out.chunks_exact(n)) {
                let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
                let squares = x.iter().map(|&v| (f64::from(v) - mean).powi(2));
                let deviation = (squares.sum::<f64>() / n as f64 + 1e-5).sqrt();
                for (i, (&x, &out)) in x.iter().zip(out).enumerate() {
                    let centred = (f64::from(x) - mean) / deviation;
                    let expected = centred * f64::from(scale[i]) + f64::from(shift[i]);
                    // The mean of values of 30 is good to 1e-6, the deviation is about 0.6.
                    assert!(
                        (f64::from(out) - expected).abs() < 2e-5,
                        "{}: {n}",
                        isa.name()
                    );
                }
            }
        }
        assert!(
            layer_norm(
                &workspace,
                &[0.0; 5],
                ScaleShift {
                    scale: &[1.0; 2],
                    shift: &[0.0; 2]
                },
                1e-5
            )
            .is_err()
        );
        assert!(
            layer_norm(
                &workspace,
                &[0.0; 4],
                ScaleShift {
                    scale: &[1.0; 2],
                    shift: &[0.0; 3]
                },
                1e-5
            )
            .is_err()
        );
        assert!(
            layer_norm(
                &workspace,
                &[],
                ScaleShift {
                    scale: &[],
                    shift: &[]
                },
                1e-5
            )
            .is_err()
        );
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
