//! Results and gradients compared with the definition in f64, with finite differences, and between
//! numbers of threads.

use super::*;
use crate::isa::Isa;
use crate::test_values::values;

/// A convolution's sizes.
#[derive(Clone, Copy, Debug)]
struct Case {
    input_shape: [usize; 4],
    outputs: usize,
    groups: usize,
    window: Window,
}

/// Every algorithm, with odd sizes, strides, dilations, groups and asymmetric padding.
fn cases() -> Vec<Case> {
    let case = |input_shape, outputs, groups, window| Case {
        input_shape,
        outputs,
        groups,
        window,
    };
    let uneven = Window {
        kernel: [2, 3],
        stride: [1, 2],
        dilation: [2, 1],
        pad_before: [1, 0],
        pad_after: [0, 2],
    };
    let dilated = |stride, dilation| Window {
        dilation: [dilation; 2],
        stride: [stride; 2],
        pad_before: [dilation; 2],
        pad_after: [dilation; 2],
        ..Window::square(3, 1, 0)
    };
    let mut all = vec![
        case([1, 1, 1, 1], 1, 1, Window::square(1, 1, 0)),
        case([1, 5, 7, 1], 1, 1, Window::square(3, 1, 1)),
        // Winograd.
        case([2, 9, 7, 16], 33, 1, Window::square(3, 1, 1)),
        // Pointwise, of strides 1 to 3.
        case([3, 6, 5, 19], 40, 1, Window::square(1, 1, 0)),
        case([2, 7, 8, 12], 5, 1, Window::square(1, 2, 0)),
        case([2, 8, 7, 4], 17, 1, Window::square(1, 3, 0)),
        // The first convolution of ResNet, and others of stride 2.
        case([2, 21, 18, 3], 20, 1, Window::square(7, 2, 3)),
        case([2, 13, 12, 10], 36, 1, Window::square(3, 2, 1)),
        case([1, 8, 8, 40], 9, 1, Window::square(3, 2, 0)),
        case([2, 14, 14, 100], 70, 1, Window::square(3, 2, 1)),
        case([2, 9, 11, 3], 6, 1, Window::square(5, 3, 2)),
        // A stride larger than the kernel, and patches.
        case([2, 9, 9, 5], 6, 1, Window::square(2, 4, 0)),
        case([2, 8, 12, 3], 24, 1, Window::square(4, 4, 0)),
        case([2, 7, 9, 5], 4, 1, uneven),
        case([1, 11, 9, 4], 6, 1, dilated(1, 2)),
        case([1, 11, 12, 4], 6, 1, dilated(2, 2)),
        case([1, 11, 12, 4], 6, 1, dilated(2, 3)),
        // More padding than the kernel reaches.
        case([2, 4, 5, 3], 4, 1, Window::square(1, 1, 2)),
        case([2, 5, 4, 3], 4, 1, Window::square(3, 2, 4)),
        // Groups, also with one input or output each, or several in a product.
        case([2, 9, 11, 40], 40, 5, Window::square(3, 1, 1)),
        case([2, 6, 7, 12], 18, 3, Window::square(3, 1, 1)),
        case([2, 7, 6, 8], 4, 4, Window::square(3, 2, 1)),
        case([2, 5, 6, 6], 18, 6, Window::square(3, 1, 1)),
        case([2, 5, 6, 64], 64, 2, Window::square(1, 1, 0)),
        // Depthwise.
        case([2, 7, 9, 21], 21, 21, Window::square(3, 1, 1)),
        case([2, 8, 9, 70], 70, 70, Window::square(3, 2, 1)),
        case([1, 12, 11, 18], 18, 18, Window::square(5, 2, 2)),
        case([1, 9, 9, 16], 16, 16, Window::square(7, 1, 3)),
        case([1, 9, 10, 5], 5, 5, Window::square(2, 2, 1)),
        case([2, 9, 11, 3], 3, 3, dilated(2, 2)),
        case([2, 7, 9, 5], 5, 5, uneven),
        case([1, 4, 4, 6], 6, 6, Window::square(3, 1, 3)),
    ];
    if cfg!(miri) {
        all.retain(|c| c.input_shape.iter().product::<usize>() < 400);
    }
    all
}

/// The values of a case, and what the definition gives for them in f64.
struct Expected {
    x: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
    dy: Vec<f32>,
    y: Vec<f64>,
    dx: Vec<f64>,
    dw: Vec<f64>,
    db: Vec<f64>,
}

impl Expected {
    fn new(case: &Case, convolution: &Convolution) -> Self {
        let count = |shape: [usize; 4]| shape.iter().product::<usize>();
        let x = values(count(case.input_shape), 1);
        let weights = values(count(convolution.weight_shape()), 2);
        let bias = values(case.outputs, 3);
        let dy = values(count(convolution.output_shape()), 4);
        let mut y: Vec<f64> = (0..dy.len())
            .map(|i| bias[i % case.outputs].into())
            .collect();
        let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; weights.len()]);
        for_each_product(case, convolution.output_shape(), |o, i, w| {
            y[o] += f64::from(x[i]) * f64::from(weights[w]);
            dx[i] += f64::from(dy[o]) * f64::from(weights[w]);
            dw[w] += f64::from(dy[o]) * f64::from(x[i]);
        });
        let mut db = vec![0.0; case.outputs];
        for (i, d) in dy.iter().enumerate() {
            db[i % case.outputs] += f64::from(*d);
        }
        Self {
            x,
            weights,
            bias,
            dy,
            y,
            dx,
            dw,
            db,
        }
    }
}

/// Every product of the convolution, as the indices of output, input and weight.
fn for_each_product(
    case: &Case,
    [images, rows, columns, outputs]: [usize; 4],
    mut visit: impl FnMut(usize, usize, usize),
) {
    let [_, height, width, inputs] = case.input_shape;
    let Window {
        kernel: [kernel_rows, kernel_columns],
        stride,
        dilation,
        pad_before,
        ..
    } = case.window;
    let [group_inputs, group_outputs] = [inputs, outputs].map(|n| n / case.groups);
    let taps = kernel_rows * kernel_columns;
    for pixel in 0..images * rows * columns {
        let (image, row, column) = (
            pixel / columns / rows,
            pixel / columns % rows,
            pixel % columns,
        );
        for tap in 0..taps {
            let (ky, kx) = (tap / kernel_columns, tap % kernel_columns);
            let y = (row * stride[0] + ky * dilation[0]).checked_sub(pad_before[0]);
            let x = (column * stride[1] + kx * dilation[1]).checked_sub(pad_before[1]);
            let (Some(y), Some(x)) = (y.filter(|y| *y < height), x.filter(|x| *x < width)) else {
                continue;
            };
            for o in 0..outputs {
                for i in 0..group_inputs {
                    let input = o / group_outputs * group_inputs + i;
                    visit(
                        pixel * outputs + o,
                        ((image * height + y) * width + x) * inputs + input,
                        (o * group_inputs + i) * taps + tap,
                    );
                }
            }
        }
    }
}

/// Largest difference relative to the largest value.
fn difference(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1e-30f64, |m, v| m.max(v.abs()));
    let pairs = found.iter().zip(expected);
    let worst = pairs.fold(0.0f64, |worst, (f, e)| {
        let off = (f64::from(*f) - e).abs();
        if off.is_nan() {
            f64::INFINITY
        } else {
            worst.max(off)
        }
    });
    worst / largest
}

/// Winograd's transforms lose about a digit of f32's seven; sums of up to 1000 products round less.
const TOLERANCE: f64 = 5e-6;

fn convolution(case: &Case) -> Convolution {
    Convolution::new(case.input_shape, case.outputs, case.groups, case.window)
        .unwrap_or_else(|error| panic!("{case:?}: {error}"))
}

#[test]
fn result_and_gradients_agree_with_the_definition() {
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        // Buffers with other values in them: what is not written must not be read.
        drop(
            (0..8)
                .map(|_| poison(&workspace, 1 << 16))
                .collect::<Vec<_>>(),
        );
        for case in cases() {
            let c = convolution(&case);
            let e = Expected::new(&case, &c);
            let y = c
                .forward(&workspace, &e.x, &e.weights, Some(&e.bias))
                .unwrap();
            let dx = c.input_gradient(&workspace, &e.dy, &e.weights).unwrap();
            let dw = c.weight_gradient(&workspace, &e.x, &e.dy).unwrap();
            let db = c.bias_gradient(&workspace, &e.dy).unwrap();
            for (name, found, expected) in [
                ("result", &y[..], &e.y),
                ("input gradient", &dx, &e.dx),
                ("weight gradient", &dw, &e.dw),
                ("bias gradient", &db, &e.db),
            ] {
                let off = difference(found, expected);
                assert!(off < TOLERANCE, "{} {name} {off}: {case:?}", isa.name());
            }
        }
    }
}

/// A buffer of NaN.
fn poison(workspace: &Workspace, len: usize) -> Buffer {
    let mut buffer = workspace.take(len);
    buffer.fill(f32::NAN);
    buffer
}

#[test]
fn a_convolution_without_bias_adds_none() {
    let workspace = Workspace::default();
    for case in cases().into_iter().take(8) {
        let c = convolution(&case);
        let e = Expected::new(&case, &c);
        let zeros = vec![0.0; case.outputs];
        let without = c.forward(&workspace, &e.x, &e.weights, None).unwrap();
        let with = c
            .forward(&workspace, &e.x, &e.weights, Some(&zeros))
            .unwrap();
        assert_eq!(without[..], with[..]);
    }
}

#[test]
fn gradients_are_the_finite_differences_of_the_result() {
    let workspace = Workspace::default();
    for case in cases() {
        let c = convolution(&case);
        let mut e = Expected::new(&case, &c);
        let loss = |e: &Expected| -> f64 {
            let y = c
                .forward(&workspace, &e.x, &e.weights, Some(&e.bias))
                .unwrap();
            let terms = y.iter().zip(&e.dy);
            terms.map(|(y, d)| f64::from(*y) * f64::from(*d)).sum()
        };
        // The result is linear in each argument, so a large step has no error but rounding.
        const STEP: f32 = 1.0;
        let dx = c.input_gradient(&workspace, &e.dy, &e.weights).unwrap();
        let dw = c.weight_gradient(&workspace, &e.x, &e.dy).unwrap();
        let db = c.bias_gradient(&workspace, &e.dy).unwrap();
        type Field = fn(&mut Expected) -> &mut Vec<f32>;
        let fields: [(&[f32], Field); 3] = [
            (&dx, |e| &mut e.x),
            (&dw, |e| &mut e.weights),
            (&db, |e| &mut e.bias),
        ];
        for (gradient, field) in fields {
            for i in (0..gradient.len()).step_by(gradient.len().div_ceil(5)) {
                let held = field(&mut e)[i];
                field(&mut e)[i] = held + STEP;
                let above = loss(&e);
                field(&mut e)[i] = held - STEP;
                let below = loss(&e);
                field(&mut e)[i] = held;
                let slope = (above - below) / f64::from(2.0 * STEP);
                // Each of some thousand outputs rounds to about 1e-6 of its size.
                let off = (slope - f64::from(gradient[i])).abs();
                assert!(off < 2e-3, "{slope} {} {case:?}", gradient[i]);
            }
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| -> Vec<Vec<u32>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let workspace = Workspace::default();
            let one = |case: Case| {
                let c = convolution(&case);
                let e = Expected::new(&case, &c);
                let mut all = c
                    .forward(&workspace, &e.x, &e.weights, Some(&e.bias))
                    .unwrap()
                    .to_vec();
                all.extend(&c.input_gradient(&workspace, &e.dy, &e.weights).unwrap()[..]);
                all.extend(&c.weight_gradient(&workspace, &e.x, &e.dy).unwrap()[..]);
                all.extend(c.bias_gradient(&workspace, &e.dy).unwrap());
                all.into_iter().map(f32::to_bits).collect()
            };
            cases().into_iter().map(one).collect()
        })
    };
    let one = run(1);
    assert!(one == run(2) && one == run(3));
}

#[test]
fn what_does_not_fit_is_refused() {
    let plain = Window::square(3, 1, 1);
    assert!(Convolution::new([1, 8, 8, 6], 8, 4, plain).is_err());
    assert!(Convolution::new([1, 8, 8, 6], 8, 0, plain).is_err());
    assert!(Convolution::new([0, 8, 8, 6], 8, 1, plain).is_err());
    assert!(Convolution::new([1, 2, 8, 6], 8, 1, Window::square(3, 1, 0)).is_err());
    let still = Window {
        dilation: [0, 1],
        ..plain
    };
    assert!(Convolution::new([1, 8, 8, 6], 8, 1, still).is_err());
    let workspace = Workspace::default();
    let c = Convolution::new([1, 4, 4, 2], 3, 1, plain).unwrap();
    let (x, w, dy) = (vec![0.0; 32], vec![0.0; 54], vec![0.0; 48]);
    assert!(c.forward(&workspace, &x, &w, None).is_ok());
    assert!(c.forward(&workspace, &x[1..], &w, None).is_err());
    assert!(c.forward(&workspace, &x, &w[1..], None).is_err());
    assert!(c.forward(&workspace, &x, &w, Some(&[0.0])).is_err());
    assert!(c.input_gradient(&workspace, &dy[1..], &w).is_err());
    assert!(c.input_gradient(&workspace, &dy, &w[1..]).is_err());
    assert!(c.weight_gradient(&workspace, &x[1..], &dy).is_err());
    assert!(c.weight_gradient(&workspace, &x, &dy[1..]).is_err());
    assert!(c.bias_gradient(&workspace, &dy[1..]).is_err());
}
