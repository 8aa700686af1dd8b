//! What is computed again in the backward pass has the bits it had, and is not kept in memory.
//! One test in a process of its own, whose memory is measured.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_kernels::burn_extension::training::{
    BatchNormOptions, activate_train, batch_norm_train, convolution_train, layer_norm_train,
};
use mitsume_kernels::burn_extension::workspace;
use mitsume_kernels::inference::{Activation, Window};
use mitsume_kernels::training::{
    BatchNorm, Convolution, LayerNorm, SavedNorm, activate, activation_gradient,
};

/// The system's allocator, which counts the bytes of large blocks.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// Half a tensor of the network below.
const LARGE: usize = 1 << 15;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= LARGE {
            let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
            PEAK.fetch_max(live, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() >= LARGE {
            LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Residual blocks: more than are computed again one from the other.
const BLOCKS: usize = 40;
const CHANNELS: usize = 8;
const SHAPE: [usize; 4] = [2, 32, 32, CHANNELS];
const WINDOW: Window = Window::square(1, 1, 0);
const EPSILON: f64 = 1e-5;

fn wave(n: usize, phase: f32) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 0.7 + phase).sin()).collect()
}

fn leaf(values: &[f32]) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
}

fn read(t: Tensor<1>) -> Vec<f32> {
    t.into_data().try_to_vec::<f32>().unwrap()
}

/// Weights of the convolution of block `block`, weight and bias of its norm.
fn parameters(block: usize) -> [Vec<f32>; 3] {
    let phase = block as f32;
    [
        wave(CHANNELS * CHANNELS, phase),
        wave(CHANNELS, phase + 2.0)
            .iter()
            .map(|w| 1.0 + 0.2 * w)
            .collect(),
        wave(CHANNELS, phase + 3.0),
    ]
}

fn options() -> BatchNormOptions {
    BatchNormOptions {
        epsilon: EPSILON,
        activation: Activation::Relu,
    }
}

/// Blocks `relu(norm(convolution(x)) + x)`, then GELU and a layer norm before a last convolution.
fn network(x: Tensor<1>, leaves: &[[Tensor<1>; 3]]) -> Tensor<1> {
    let convolution = |x: Tensor<1>, weights: &Tensor<1>| {
        let weights = weights.clone().reshape([CHANNELS, CHANNELS, 1, 1]);
        convolution_train(x, weights, None, SHAPE, WINDOW, 1)
            .unwrap()
            .0
    };
    let mut x = x;
    for [weights, weight, bias] in &leaves[..BLOCKS] {
        let z = convolution(x.clone(), weights);
        let (weight, bias) = (weight.clone(), bias.clone());
        x = batch_norm_train(z, weight, bias, Some(x), options())
            .unwrap()
            .y;
    }
    let [weights, scale, shift] = &leaves[BLOCKS];
    let x = activate_train(Activation::Gelu, x);
    let x = layer_norm_train(x, scale.clone(), shift.clone(), EPSILON as f32).unwrap();
    convolution(x, weights)
}

/// The gradients of the first input and of each block's convolution by the slices, everything kept.
fn expected(x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
    let w = workspace();
    let c = Convolution::new(SHAPE, CHANNELS, 1, WINDOW).unwrap();
    let mut kept: Vec<([Vec<f32>; 3], SavedNorm)> = Vec::new();
    let mut x = x.to_vec();
    for block in 0..BLOCKS {
        let [weights, weight, bias] = parameters(block);
        let z = c.forward(w, &x, &weights, None).unwrap();
        let norm = BatchNorm {
            weight: &weight,
            bias: &bias,
            epsilon: EPSILON,
            activation: Activation::Relu,
        };
        let found = norm.forward(w, &z, Some(&x)).unwrap();
        let again = found.saved.forward_again(w, &z, Some(&x)).unwrap();
        assert_eq!(again.to_vec(), found.y.to_vec());
        let y = found.y.to_vec();
        kept.push(([x, z.to_vec(), y.clone()], found.saved));
        x = y;
    }
    let [weights, scale, shift] = parameters(BLOCKS);
    let gelu = activate(w, Activation::Gelu, &x);
    let norm = LayerNorm {
        scale: &scale,
        epsilon: EPSILON as f32,
    };
    assert_eq!(shift.len(), CHANNELS);
    let d = c.input_gradient(w, dy, &weights).unwrap();
    let d = norm.backward(w, &gelu, &d).unwrap().x;
    let mut d = activation_gradient(w, Activation::Gelu, &x, &d)
        .unwrap()
        .to_vec();
    let mut by_weights = Vec::new();
    for (block, ([x, z, y], saved)) in kept.iter().enumerate().rev() {
        let found = saved.backward(w, z, Some(y), &d).unwrap();
        let [weights, ..] = parameters(block);
        by_weights.push(c.weight_gradient(w, x, &found.z).unwrap().to_vec());
        let through = c.input_gradient(w, &found.z, &weights).unwrap();
        let residual = found.residual.unwrap();
        d = residual
            .iter()
            .zip(through.iter())
            .map(|(a, b)| a + b)
            .collect();
    }
    by_weights.reverse();
    (d, by_weights)
}

#[test]
fn activations_are_computed_again_with_the_same_bits_and_are_not_kept() {
    let count: usize = SHAPE.iter().product();
    let (x, dy) = (wave(count, 0.0), wave(count, 1.0));
    let [tx, td] = [&x, &dy].map(|values| leaf(values));
    let leaves: Vec<[Tensor<1>; 3]> = (0..=BLOCKS)
        .map(|block| parameters(block).map(|p| leaf(&p)))
        .collect();
    let y = network(tx.clone(), &leaves);
    let gradients = (y * td.detach()).sum().backward();
    // All that was in memory at a time: the inputs of the norms, every fifth of their results, those
    // between two of these while they are computed again, and what the current operation reads and
    // writes. With every result kept it would be more than twice the blocks.
    let tensors = PEAK.load(Ordering::Relaxed) / (count * size_of::<f32>());
    let at_most = BLOCKS + BLOCKS / 5 + 4 + 20;
    assert!((BLOCKS..at_most).contains(&tensors), "{tensors} tensors");

    let (by_x, by_weights) = expected(&x, &dy);
    assert_eq!(read(tx.grad(&gradients).unwrap()), by_x);
    for ([weights, ..], expected) in leaves.iter().zip(by_weights) {
        assert_eq!(read(weights.grad(&gradients).unwrap()), expected);
    }
}
