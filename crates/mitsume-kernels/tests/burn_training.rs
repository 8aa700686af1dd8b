//! The training operations inside Burn give what the slices give, forward and backward, and only
//! the gradients that are needed.

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_kernels::burn_extension::training::convolution_train;
use mitsume_kernels::burn_extension::workspace;
use mitsume_kernels::inference::Window;
use mitsume_kernels::training::Convolution;

fn wave(n: usize, phase: f32) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 0.7 + phase).sin()).collect()
}

fn tensor(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn read<const D: usize>(t: Tensor<D>) -> Vec<f32> {
    t.into_data().try_to_vec::<f32>().unwrap()
}

/// Input shape, outputs, groups, window: one of each algorithm.
fn convolutions() -> [([usize; 4], usize, usize, Window); 4] {
    [
        ([2, 6, 7, 9], 5, 1, Window::square(3, 1, 1)),
        ([2, 7, 6, 4], 6, 2, Window::square(3, 2, 1)),
        ([2, 5, 6, 8], 8, 8, Window::square(3, 2, 1)),
        ([2, 5, 4, 7], 3, 1, Window::square(1, 1, 0)),
    ]
}

#[test]
fn a_convolution_and_its_gradients_are_those_of_the_slices() {
    let device = Device::flex().autodiff();
    for (shape, outputs, groups, window) in convolutions() {
        let c = Convolution::new(shape, outputs, groups, window).unwrap();
        let count = |shape: [usize; 4]| shape.iter().product::<usize>();
        let x = wave(count(shape), 0.0);
        let weights = wave(count(c.weight_shape()), 1.0);
        let bias = wave(outputs, 2.0);
        let dy = wave(count(c.output_shape()), 3.0);
        let leaf = |values: &[f32]| tensor(values, &device).require_grad();
        let (tx, tw, tb) = (leaf(&x), leaf(&weights), leaf(&bias));
        let (y, to) = convolution_train(
            tx.clone(),
            tw.clone().reshape(c.weight_shape()),
            Some(tb.clone()),
            shape,
            window,
            groups,
        )
        .unwrap();
        assert_eq!(to, c.output_shape());
        let expected = c.forward(workspace(), &x, &weights, Some(&bias)).unwrap();
        assert_eq!(read(y.clone()), expected.to_vec());
        let gradients = (y * tensor(&dy, &device)).sum().backward();
        let dx = c.input_gradient(workspace(), &dy, &weights).unwrap();
        let dw = c.weight_gradient(workspace(), &x, &dy).unwrap();
        let db = c.bias_gradient(workspace(), &dy).unwrap();
        assert_eq!(read(tx.grad(&gradients).unwrap()), dx.to_vec());
        assert_eq!(read(tw.grad(&gradients).unwrap()), dw.to_vec());
        assert_eq!(read(tb.grad(&gradients).unwrap()), db);
    }
}

#[test]
fn a_convolution_gives_gradients_to_the_inputs_that_need_one() {
    let device = Device::flex().autodiff();
    let (shape, outputs, groups, window) = convolutions()[1];
    let c = Convolution::new(shape, outputs, groups, window).unwrap();
    let x = wave(shape.iter().product(), 0.0);
    let weights = wave(c.weight_shape().iter().product(), 1.0);
    for needed in 0..4 {
        let [of_x, of_weights] = [needed & 1 != 0, needed & 2 != 0];
        let leaf = |values: &[f32], needed| {
            let t = tensor(values, &device);
            if needed { t.require_grad() } else { t }
        };
        let (tx, tw) = (leaf(&x, of_x), leaf(&weights, of_weights));
        // A bias without a gradient, or none.
        let bias = of_x.then(|| tensor(&wave(outputs, 2.0), &device));
        let four = tw.clone().reshape(c.weight_shape());
        let (y, _) = convolution_train(tx.clone(), four, bias, shape, window, groups).unwrap();
        if needed == 0 {
            continue; // Nothing to differentiate.
        }
        let gradients = y.sum().backward();
        let dy = vec![1.0; c.output_shape().iter().product()];
        let dx = c.input_gradient(workspace(), &dy, &weights).unwrap();
        let dw = c.weight_gradient(workspace(), &x, &dy).unwrap();
        let found = [tx.grad(&gradients).map(read), tw.grad(&gradients).map(read)];
        let expected = [of_x.then(|| dx.to_vec()), of_weights.then(|| dw.to_vec())];
        assert_eq!(found, expected);
    }
}

#[test]
fn a_convolution_whose_shapes_do_not_fit_is_refused() {
    let device = Device::flex();
    let x = tensor(&wave(2 * 4 * 4 * 3, 0.0), &device);
    let weights = Tensor::<4>::ones([5, 3, 3, 3], &device);
    let run = |shape, window, groups, bias: usize| {
        let bias = Tensor::<1>::zeros([bias], &device);
        convolution_train(
            x.clone(),
            weights.clone(),
            Some(bias),
            shape,
            window,
            groups,
        )
        .map(|_| ())
    };
    let shape = [2, 4, 4, 3];
    assert!(run(shape, Window::square(3, 1, 1), 1, 5).is_ok());
    assert!(run([2, 4, 5, 3], Window::square(3, 1, 1), 1, 5).is_err());
    assert!(run([2, 4, 2, 6], Window::square(3, 1, 1), 1, 5).is_err());
    assert!(run(shape, Window::square(5, 1, 2), 1, 5).is_err());
    assert!(run(shape, Window::square(3, 1, 1), 3, 5).is_err());
    assert!(run(shape, Window::square(3, 1, 1), 1, 4).is_err());
}
