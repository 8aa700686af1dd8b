//! Convolutions that follow each other in one pass.

use super::*;

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
