//! Pooling, scale and shift, layer norm.

use super::*;

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
