//! The training operations inside Burn give what the slices give, forward and backward, and only
//! the gradients that are needed.

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_kernels::attention::{Attention, QueriesKeysValues};
use mitsume_kernels::burn_extension::training::{
    BatchNormOptions, activate_train, attention_train, batch_norm_train, concat_train,
    convolution_train, layer_norm_train, pool_train,
};
use mitsume_kernels::burn_extension::workspace;
use mitsume_kernels::inference::{Activation, Nhwc, Pooling, Window, pool};
use mitsume_kernels::training::{
    BatchNorm, Convolution, LayerNorm, activate, activation_gradient, concat, concat_gradients,
    pool_gradient,
};

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

/// The gradients of the sum of `y dy` by `leaves`.
fn gradients_of(y: Tensor<1>, dy: &[f32], leaves: &[Tensor<1>]) -> Vec<Vec<f32>> {
    let dy = tensor(dy, &y.device());
    let gradients = (y * dy).sum().backward();
    let gradient = |leaf: &Tensor<1>| read(leaf.grad(&gradients).unwrap());
    leaves.iter().map(gradient).collect()
}

/// Tensors that need a gradient.
fn leaves<const N: usize>(values: [&[f32]; N]) -> [Tensor<1>; N] {
    let device = Device::flex().autodiff();
    values.map(|values| tensor(values, &device).require_grad())
}

#[test]
fn an_attention_and_its_gradients_are_those_of_the_slices() {
    for keys_transposed in [false, true] {
        let attention = Attention {
            heads: 4,
            queries: 6,
            keys: 5,
            features: 3,
            value_features: 2,
            keys_transposed,
            scale: 0.6,
        };
        let [q, k, v] = [(72, 0.0), (60, 1.0), (40, 2.0)].map(|(n, phase)| wave(n, phase));
        let dy = wave(48, 3.0);
        let x = QueriesKeysValues {
            q: &q,
            k: &k,
            v: &v,
        };
        let [tq, tk, tv] = leaves([&q, &k, &v]);
        let y = attention_train(attention, tq.clone(), tk.clone(), tv.clone()).unwrap();
        let expected = attention.forward(workspace(), x).unwrap();
        assert_eq!(read(y.clone()), expected.to_vec());
        let expected = attention.backward(workspace(), x, &dy).unwrap();
        let found = gradients_of(y, &dy, &[tq.clone(), tk.clone(), tv]);
        let expected = [expected.q, expected.k, expected.v].map(|x| x.to_vec());
        assert_eq!(found, expected);
        assert!(attention_train(attention, tq.clone(), tk, tq).is_err());
    }
}

#[test]
fn a_batch_norm_and_its_gradients_are_those_of_the_slices() {
    let (x, residual, dy) = (wave(60, 0.0), wave(60, 1.0), wave(60, 2.0));
    let (weight, bias) = (wave(4, 3.0), wave(4, 4.0));
    let (epsilon, activation) = (1e-3, Activation::Relu);
    let norm = BatchNorm {
        weight: &weight,
        bias: &bias,
        epsilon,
        activation,
    };
    let expected = norm.forward(workspace(), &x, Some(&residual)).unwrap();
    let leaves = leaves([&x, &weight, &bias, &residual]);
    let [tx, tw, tb, tr] = leaves.clone();
    let options = BatchNormOptions {
        epsilon,
        activation,
    };
    let found = batch_norm_train(tx, tw, tb, Some(tr), options).unwrap();
    assert_eq!(read(found.y.clone()), expected.y.to_vec());
    assert_eq!(read(found.mean), expected.statistics.mean);
    assert_eq!(read(found.variance), expected.statistics.variance);
    let found = gradients_of(found.y, &dy, &leaves);
    let y = Some(&expected.y[..]);
    let expected = expected.saved.backward(workspace(), &x, y, &dy).unwrap();
    assert_eq!(found[0], expected.z.to_vec());
    assert_eq!(found[1], expected.weight);
    assert_eq!(found[2], expected.bias);
    assert_eq!(found[3], expected.residual.unwrap().to_vec());
}

#[test]
fn a_layer_norm_and_its_gradients_are_those_of_the_slices() {
    let (x, dy) = (wave(60, 0.0), wave(60, 2.0));
    let (scale, shift, epsilon) = (wave(5, 3.0), wave(5, 4.0), 1e-3);
    let norm = LayerNorm {
        scale: &scale,
        epsilon,
    };
    let leaves = leaves([&x, &scale, &shift]);
    let [tx, tscale, tshift] = leaves.clone();
    let y = layer_norm_train(tx, tscale, tshift, epsilon).unwrap();
    let expected = norm.forward(workspace(), &x, &shift).unwrap();
    assert_eq!(read(y.clone()), expected.to_vec());
    let expected = norm.backward(workspace(), &x, &dy).unwrap();
    let found = gradients_of(y, &dy, &leaves);
    assert_eq!(found, [expected.x.to_vec(), expected.scale, expected.shift]);
}

#[test]
fn a_concatenation_and_its_gradients_are_those_of_the_slices() {
    let (a, b, dy) = (wave(12, 0.0), wave(8, 1.0), wave(20, 2.0));
    let [ta, tb] = leaves([&a, &b]);
    let y = concat_train(ta.clone(), tb.clone(), [3, 2]).unwrap();
    let expected = concat(workspace(), &a, &b, [3, 2]).unwrap();
    assert_eq!(read(y.clone()), expected.to_vec());
    let expected = concat_gradients(workspace(), &dy, [3, 2]).unwrap();
    let found = gradients_of(y, &dy, &[ta.clone(), tb.clone()]);
    assert_eq!(found, expected.map(|gradient| gradient.to_vec()));
    assert!(concat_train(ta, tb, [2, 3]).is_err());
}

#[test]
fn pooling_activations_and_their_gradients_are_those_of_the_slices() {
    let (shape, to, window) = ([2, 6, 4, 3], [3, 2], Window::square(2, 2, 0));
    let (x, dy) = (wave(144, 0.0), wave(36, 2.0));
    let images = Nhwc { data: &x, shape };
    for pooling in [Pooling::Max, Pooling::Mean, Pooling::MeanWithPadding] {
        let [leaf] = leaves([&x]);
        let y = pool_train(pooling, window, leaf.clone(), shape, to).unwrap();
        let expected = pool(workspace(), pooling, &window, images, to).unwrap();
        assert_eq!(read(y.clone()), expected.to_vec());
        let shape = [2, 3, 2, 3];
        let dy_images = Nhwc { data: &dy, shape };
        let expected = pool_gradient(workspace(), pooling, &window, images, dy_images).unwrap();
        assert_eq!(gradients_of(y, &dy, &[leaf]), [expected.to_vec()]);
    }
    for activation in [Activation::Relu, Activation::Gelu, Activation::HardSwish] {
        let [leaf] = leaves([&x]);
        let y = activate_train(activation, leaf.clone());
        assert_eq!(
            read(y.clone()),
            activate(workspace(), activation, &x).to_vec()
        );
        let expected = activation_gradient(workspace(), activation, &x, &x).unwrap();
        assert_eq!(gradients_of(y, &x, &[leaf]), [expected.to_vec()]);
    }
}
