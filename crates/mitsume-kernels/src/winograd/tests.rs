//! Compared with direct sums in f64, on every instruction set and at odd shapes.

use super::convolution::convolve;
use super::epilogue::{InputGradient, ReluMask, Store, StoreWithStatistics};
use super::filter::{Direction, FilterShape, Filters};
use super::input::Input;
use super::weight_gradient::weight_gradient;
use crate::activation::Activation;
use crate::epilogue::Epilogue;
use crate::grid::Grid;
use crate::isa::Isa;
use crate::scale_shift::ScaleShift;
use crate::test_values::values;
use crate::workspace::Workspace;
use mitsume_levels::Precision;

/// Images, height, width, input channels, output channels.
type Shape = (usize, usize, usize, usize, usize);

const SHAPES: [Shape; 9] = [
    (1, 1, 1, 1, 1),
    (1, 1, 5, 3, 2),
    (2, 4, 4, 16, 32),
    (3, 5, 7, 5, 19),
    (1, 8, 8, 33, 7),
    (2, 13, 6, 8, 40),
    (1, 37, 53, 4, 6),
    (5, 28, 28, 16, 33),
    (2, 12, 20, 32, 96),
];

fn shapes() -> Vec<Shape> {
    // Miri is some thousand times slower.
    if cfg!(miri) {
        vec![(1, 1, 1, 1, 1), (1, 5, 6, 3, 5)]
    } else {
        SHAPES.to_vec()
    }
}

/// Runs `test` on every instruction set, in every precision, on every shape.
fn for_each_case(test: impl Fn(&Workspace, Shape)) {
    for isa in Isa::available() {
        for precision in Precision::ALL {
            let workspace = Workspace::new(isa).with_precision(precision);
            for shape in shapes() {
                test(&workspace, shape);
            }
        }
    }
}

fn filters(
    workspace: &Workspace,
    weights: &[f32],
    (_, _, _, inputs, outputs): Shape,
    direction: Direction,
    scale: Option<&[f32]>,
) -> Filters {
    let shape = FilterShape { outputs, inputs };
    Filters::new(workspace, weights, shape, direction, scale)
}

/// The convolution by its definition.
fn direct(x: &[f32], w: &[f32], (n, h, wd, ci, co): Shape) -> Vec<f64> {
    let mut y = vec![0.0; n * h * wd * co];
    visit((n, h, wd), |out, inp, tap| {
        for o in 0..co {
            for i in 0..ci {
                y[out * co + o] +=
                    f64::from(x[inp * ci + i]) * f64::from(w[(o * ci + i) * 9 + tap]);
            }
        }
    });
    y
}

/// All pairs of output and input pixel, with the filter tap between them.
fn visit((n, h, w): (usize, usize, usize), mut f: impl FnMut(usize, usize, usize)) {
    for (b, y, x) in (0..n).flat_map(|b| (0..h).flat_map(move |y| (0..w).map(move |x| (b, y, x)))) {
        for tap in 0..9 {
            let (py, px) = (y + tap / 3, x + tap % 3);
            if py >= 1 && px >= 1 && py <= h && px <= w {
                f((b * h + y) * w + x, (b * h + py - 1) * w + px - 1, tap);
            }
        }
    }
}

/// Largest difference relative to the largest value wanted.
fn error(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(1e-30f64, |m, x| m.max(x.abs()));
    let worst = got.iter().zip(want).map(|(g, w)| (f64::from(*g) - w).abs());
    worst.fold(
        0.0,
        |m: f64, x| if x.is_nan() { f64::INFINITY } else { m.max(x) },
    ) / largest
}

/// In f32 the transforms lose about a digit of seven. In bfloat16 the root mean square error is about
/// 1.2 % of the result's ([`crate::element`]); this is five times that, for the largest of thousands.
fn tolerance(workspace: &Workspace) -> f64 {
    match workspace.precision() {
        Precision::Float32 => 5e-6,
        Precision::Bfloat16 => 0.06,
    }
}

fn input(data: &[f32], (n, h, w, _, _): Shape, channels: usize) -> Input<'_> {
    Input {
        grid: Grid {
            images: n,
            height: h,
            width: w,
        },
        channels,
        data,
        affine: None,
    }
}

#[test]
fn output_and_statistics_are_those_of_the_definition() {
    for_each_case(|workspace, shape @ (n, h, w, ci, co)| {
        let (x, k) = (values(n * h * w * ci, 1), values(co * ci * 9, 2));
        let filters = filters(workspace, &k, shape, Direction::Forward, None);
        let mut y = vec![f32::NAN; n * h * w * co];
        let sums = convolve(
            workspace,
            input(&x, shape, ci),
            &filters,
            &StoreWithStatistics,
            &mut y,
        );
        let want = direct(&x, &k, shape);
        let e = error(&y, &want);
        assert!(
            e < tolerance(workspace),
            "{} {shape:?}: {e}",
            workspace.isa().name()
        );
        for c in 0..co {
            let (mut total, mut square) = (0.0, 0.0);
            for (task, pixels) in sums.pixels.iter().enumerate() {
                let s = |k: usize| f64::from(sums.data[(task * 3 + k) * co + c]);
                let count = *pixels as f64;
                total += s(1) + count * s(0);
                square += s(2) + 2.0 * s(0) * s(1) + count * s(0) * s(0);
            }
            let column = y.iter().skip(c).step_by(co).map(|v| f64::from(*v));
            let want: f64 = column.clone().sum();
            let want_square: f64 = column.map(|v| v * v).sum();
            assert!(
                (total - want).abs() < 1e-4 * (1.0 + want_square),
                "{total} {want}"
            );
            assert!((square - want_square).abs() < 1e-5 * (1.0 + want_square));
        }
    });
}

#[test]
fn a_normalised_input_is_padded_with_zeros_after_the_relu() {
    for_each_case(|workspace, shape @ (n, h, w, ci, co)| {
        let (x, k) = (values(n * h * w * ci, 3), values(co * ci * 9, 4));
        let (scale, shift) = (values(ci, 5), values(ci, 6));
        let relu: Vec<f32> = x
            .iter()
            .enumerate()
            .map(|(i, v)| (v * scale[i % ci] + shift[i % ci]).max(0.0))
            .collect();
        let want = direct(&relu, &k, shape);
        let filters = filters(workspace, &k, shape, Direction::Forward, None);
        let mut y = vec![f32::NAN; n * h * w * co];
        let input = Input {
            affine: Some(ScaleShift {
                scale: &scale,
                shift: &shift,
            }),
            ..input(&x, shape, ci)
        };
        let epilogue = Store {
            epilogue: Epilogue {
                bias: &vec![0.0; co],
                residual: None,
                activation: Activation::Identity,
            },
            pool: false,
        };
        convolve(workspace, input, &filters, &epilogue, &mut y);
        let e = error(&y, &want);
        assert!(
            e < tolerance(workspace),
            "{} {shape:?}: {e}",
            workspace.isa().name()
        );
    });
}

#[test]
fn bias_residual_relu_and_pool_are_applied_in_that_order() {
    for_each_case(|workspace, shape @ (n, h, w, ci, co)| {
        let (x, k) = (values(n * h * w * ci, 7), values(co * ci * 9, 8));
        let (bias, residual) = (values(co, 9), values(n * h * w * co, 10));
        let scale = values(co, 11);
        let scaled: Vec<f32> = k
            .iter()
            .enumerate()
            .map(|(i, v)| v * scale[i / (ci * 9)])
            .collect();
        let mut whole = direct(&x, &scaled, shape);
        for (i, v) in whole.iter_mut().enumerate() {
            *v = (*v + f64::from(bias[i % co]) + f64::from(residual[i])).max(0.0);
        }
        let mut want = vec![0.0; n * (h / 2) * (w / 2) * co];
        for (i, v) in want.iter_mut().enumerate() {
            let (c, p) = (i % co, i / co);
            let (px, py, b) = (p % (w / 2), p / (w / 2) % (h / 2), p / (w / 2) / (h / 2));
            for q in 0..4 {
                let at = (b * h + 2 * py + q / 2) * w + 2 * px + q % 2;
                *v = f64::max(*v, whole[at * co + c]);
            }
        }
        let filters = filters(workspace, &k, shape, Direction::Forward, Some(&scale));
        let mut y = vec![f32::NAN; want.len()];
        let epilogue = Store {
            epilogue: Epilogue {
                bias: &bias,
                residual: Some(&residual),
                activation: Activation::Relu,
            },
            pool: true,
        };
        convolve(workspace, input(&x, shape, ci), &filters, &epilogue, &mut y);
        if !want.is_empty() {
            let e = error(&y, &want);
            assert!(
                e < tolerance(workspace),
                "{} {shape:?}: {e}",
                workspace.isa().name()
            );
        }
    });
}

#[test]
fn the_input_gradient_is_the_transposed_convolution() {
    for_each_case(|workspace, shape @ (n, h, w, ci, co)| {
        let (dy, k) = (values(n * h * w * co, 12), values(co * ci * 9, 13));
        let (reference, before) = (values(n * h * w * ci, 14), values(n * h * w * ci, 15));
        let mut want: Vec<f64> = before.iter().map(|v| f64::from(*v)).collect();
        visit((n, h, w), |out, inp, tap| {
            for o in 0..co {
                for i in 0..ci {
                    let weight = f64::from(k[(o * ci + i) * 9 + tap]);
                    want[inp * ci + i] += f64::from(dy[out * co + o]) * weight;
                }
            }
        });
        let (scale, shift, center) = (vec![-1.0; ci], vec![0.25; ci], vec![0.5; ci]);
        let filters = filters(workspace, &k, shape, Direction::Backward, None);
        let mut dx = before.clone();
        let epilogue = InputGradient {
            accumulate: true,
            mask: None,
        };
        convolve(
            workspace,
            input(&dy, shape, co),
            &filters,
            &epilogue,
            &mut dx,
        );
        let e = error(&dx, &want);
        assert!(
            e < tolerance(workspace),
            "{} {shape:?}: {e}",
            workspace.isa().name()
        );

        for (v, r) in want.iter_mut().zip(&reference) {
            *v = if 0.25 - r > 0.0 { *v } else { 0.0 };
        }
        let mask = ReluMask {
            reference: &reference,
            scale: &scale,
            shift: &shift,
            center: &center,
        };
        let epilogue = InputGradient {
            accumulate: true,
            mask: Some(mask),
        };
        dx.copy_from_slice(&before);
        let sums = convolve(
            workspace,
            input(&dy, shape, co),
            &filters,
            &epilogue,
            &mut dx,
        );
        let e = error(&dx, &want);
        assert!(
            e < tolerance(workspace),
            "{} {shape:?} masked: {e}",
            workspace.isa().name()
        );
        let (mut s, mut t) = (vec![0.0f32; ci], vec![0.0f32; ci]);
        let (mut ws, mut wt) = (vec![0.0f64; ci], vec![0.0f64; ci]);
        for task in 0..sums.pixels.len() {
            for c in 0..ci {
                s[c] += sums.data[task * 2 * ci + c];
                t[c] += sums.data[(task * 2 + 1) * ci + c];
            }
        }
        for (i, v) in want.iter().enumerate() {
            ws[i % ci] += v;
            wt[i % ci] += v * (f64::from(reference[i]) - 0.5);
        }
        let e = error(&s, &ws).max(error(&t, &wt));
        assert!(e < 20.0 * tolerance(workspace), "sums: {e}");
    });
}

#[test]
fn the_weight_gradient_is_the_sum_of_outer_products() {
    for_each_case(|workspace, shape @ (n, h, w, ci, co)| {
        let (x, dy) = (values(n * h * w * ci, 16), values(n * h * w * co, 17));
        let mut want = vec![0.0; co * ci * 9];
        visit((n, h, w), |out, inp, tap| {
            for o in 0..co {
                for i in 0..ci {
                    want[(o * ci + i) * 9 + tap] +=
                        f64::from(dy[out * co + o]) * f64::from(x[inp * ci + i]);
                }
            }
        });
        let mut dw = vec![f32::NAN; co * ci * 9];
        weight_gradient(
            workspace,
            input(&x, shape, ci),
            input(&dy, shape, co),
            &mut dw,
        );
        let e = error(&dw, &want);
        assert!(
            e < 2.0 * tolerance(workspace),
            "{} {shape:?}: {e}",
            workspace.isa().name()
        );
    });
}

#[test]
fn rounding_to_bfloat16_costs_about_one_percent() {
    if cfg!(miri) {
        return;
    }
    let shape @ (n, h, w, ci, co) = (2, 16, 20, 64, 32);
    let relu = |v: f32| v.max(0.0);
    let x: Vec<f32> = values(n * h * w * ci, 1).into_iter().map(relu).collect();
    let k = values(co * ci * 9, 2);
    let want = direct(&x, &k, shape);
    let squares = want.iter().map(|v| v * v).sum::<f64>();
    for isa in Isa::available() {
        let workspace = Workspace::new(isa).with_precision(Precision::Bfloat16);
        let filters = filters(&workspace, &k, shape, Direction::Forward, None);
        let mut y = vec![f32::NAN; want.len()];
        let epilogue = StoreWithStatistics;
        convolve(
            &workspace,
            input(&x, shape, ci),
            &filters,
            &epilogue,
            &mut y,
        );
        let differences = y
            .iter()
            .zip(&want)
            .map(|(y, w)| (f64::from(*y) - w).powi(2));
        let error = (differences.sum::<f64>() / squares).sqrt();
        // The simulation of `element` gives 0.010.
        assert!((0.007..0.014).contains(&error), "{}: {error}", isa.name());
    }
}
