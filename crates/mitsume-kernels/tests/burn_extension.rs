//! The Burn operations agree with the functions on slices, forward and backward.

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_kernels::burn_extension::{
    pool_features, supports, trunk_eval, trunk_train, workspace,
};
use mitsume_kernels::head::HeadPooling;
use mitsume_kernels::trunk::{
    Batch, Conv, ForwardPass, Stage, TrunkSpec, backward, forward_eval, forward_train,
};
use mitsume_kernels::{Error, Precision};

fn spec() -> TrunkSpec {
    TrunkSpec {
        channels: 3,
        stages: vec![
            Stage::Conv(Conv::new(4).norm().pool()),
            Stage::Residual {
                channels: 5,
                pool: true,
            },
            Stage::Conv(Conv::new(6).norm().without_relu()),
        ],
        precision: Precision::Float32,
    }
}

fn wave(n: usize, phase: f32) -> Vec<f32> {
    (0..n)
        .map(|i| (i as f32 * 0.7 + phase).sin() * 0.5)
        .collect()
}

/// Parameters in order, with norms' weights near 1.
fn parameters(spec: &TrunkSpec) -> Vec<Vec<f32>> {
    let all = spec.parameters().into_iter().enumerate();
    all.map(|(i, p)| {
        let values = wave(p.shape.iter().product(), i as f32);
        let norm = matches!(p.kind, mitsume_kernels::trunk::ParameterKind::NormWeight(_));
        values
            .into_iter()
            .map(|v| if norm { 1.0 + v } else { v })
            .collect()
    })
    .collect()
}

const N: usize = 2;
const H: usize = 12;
const W: usize = 14;

/// The same images as [N, C, H, W] and [N, H, W, C].
fn images() -> (Vec<f32>, Vec<f32>) {
    let planar = wave(N * 3 * H * W, 0.3);
    let mut last = vec![0.0; planar.len()];
    for n in 0..N {
        for c in 0..3 {
            for p in 0..H * W {
                last[(n * H * W + p) * 3 + c] = planar[(n * 3 + c) * H * W + p];
            }
        }
    }
    (planar, last)
}

fn tensor(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn read<const D: usize>(t: Tensor<D>) -> Vec<f32> {
    t.into_data().try_to_vec::<f32>().unwrap()
}

#[test]
fn features_statistics_and_gradients_equal_those_on_slices() {
    let spec = spec();
    let device = Device::flex().autodiff();
    assert!(supports(&device));
    let (planar, last) = images();
    let values = parameters(&spec);
    let slices: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
    let batch = Batch {
        data: &last,
        images: N,
        height: H,
        width: W,
    };
    for _ in 0..2 {
        let trained = forward_train(workspace(), &spec, batch, &slices).unwrap();
        let [n, h, w, c] = trained.shape;
        let features = trained.features.to_vec();
        let direction = wave(features.len(), 2.0);
        let forward = ForwardPass {
            batch,
            parameters: &slices,
            features: &features,
            saved: trained.saved,
        };
        let want = backward(workspace(), &spec, forward, &direction).unwrap();

        let x = Tensor::<4>::from_data(TensorData::new(planar.clone(), [N, 3, H, W]), &device);
        let p: Vec<Tensor<1>> = values
            .iter()
            .map(|v| tensor(v, &device).require_grad())
            .collect();
        let (y, statistics) = trunk_train(&spec, x, p.clone()).unwrap();
        assert_eq!(y.dims(), [n, c, h, w]);
        assert_eq!(read(y.clone().permute([0, 2, 3, 1])), features);
        for ((mean, variance), want) in statistics.into_iter().zip(&trained.statistics) {
            assert_eq!(read(mean), want.mean);
            assert_eq!(read(variance), want.variance);
        }
        let direction = TensorData::new(direction, [n, h, w, c]);
        let direction = Tensor::<4>::from_data(direction, &device).permute([0, 3, 1, 2]);
        let gradients = (y * direction).sum().backward();
        for (p, want) in p.iter().zip(&want) {
            assert_eq!(&read(p.grad(&gradients).unwrap()), want);
        }
    }
}

#[test]
fn evaluation_equals_that_on_slices() {
    let spec = spec();
    let device = Device::flex();
    let (planar, last) = images();
    let values = parameters(&spec);
    let slices: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
    let batch = Batch {
        data: &last,
        images: N,
        height: H,
        width: W,
    };
    let running: Vec<(Vec<f32>, Vec<f32>)> = spec
        .norms()
        .iter()
        .map(|c| {
            (
                wave(*c, 1.0),
                wave(*c, 5.0).iter().map(|v| v + 1.0).collect(),
            )
        })
        .collect();
    let borrowed: Vec<_> = running
        .iter()
        .map(|(m, v)| (m.as_slice(), v.as_slice()))
        .collect();
    let (want, _) = forward_eval(workspace(), &spec, batch, &slices, &borrowed).unwrap();
    let x = Tensor::<4>::from_data(TensorData::new(planar, [N, 3, H, W]), &device);
    let p = values.iter().map(|v| tensor(v, &device)).collect();
    let running = running
        .iter()
        .map(|(m, v)| (tensor(m, &device), tensor(v, &device)))
        .collect();
    let y = trunk_eval(&spec, x, p, running).unwrap();
    assert_eq!(read(y.permute([0, 2, 3, 1])), want.to_vec());
}

#[test]
fn shapes_that_do_not_fit_are_errors() {
    let spec = spec();
    let device = Device::flex();
    let p: Vec<Tensor<1>> = parameters(&spec)
        .iter()
        .map(|v| tensor(v, &device))
        .collect();
    let images = |c, h| Tensor::<4>::zeros([1, c, h, 8], &device);
    let run = |x, p| trunk_train(&spec, x, p).err().unwrap();
    assert!(matches!(run(images(1, 8), p.clone()), Error::Length { .. }));
    assert!(matches!(run(images(3, 3), p.clone()), Error::Size { .. }));
    assert!(matches!(
        run(images(3, 8), p[1..].to_vec()),
        Error::Count { .. }
    ));
}

#[test]
fn pooled_features_differentiate_like_burns_own_operations() {
    use burn::tensor::activation::relu;
    let device = Device::flex().autodiff();
    let [n, c, h, w] = [2, 5, 4, 6];
    let at = |phase, shape: [usize; 4]| {
        let data = wave(shape.iter().product(), phase);
        Tensor::<4>::from_data(TensorData::new(data, shape), &device)
    };
    let a = at(0.1, [n, c, h, w]).require_grad();
    let linear_alpha = at(0.9, [n, c, 1, 1]).require_grad();
    let (dm, dr) = (at(1.3, [n, c, 1, 1]), at(2.1, [n, 1, h, w]));

    let pass_fraction = a
        .clone()
        .detach()
        .greater_scalar(0.0)
        .float()
        .mean_dim(3)
        .mean_dim(2);
    let pooled = relu(a.clone()).mean_dim(3).mean_dim(2);
    let weighted_sum = (linear_alpha.clone() * pass_fraction.clone() * a.clone()).sum_dim(1);
    let loss = (pooled.clone() * dm.clone()).sum() + (weighted_sum.clone() * dr.clone()).sum();
    let want = loss.backward();

    let flat = linear_alpha.clone().reshape([n, c]);
    let s = pool_features(a.clone(), HeadPooling::ReluMean, Some(flat)).unwrap();
    let maps = s.weighted_sum.unwrap();
    let close = |a: Vec<f32>, b: Vec<f32>| {
        assert_eq!(a.len(), b.len());
        a.iter()
            .zip(&b)
            .for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{a} {b}"));
    };
    close(read(s.pooled.clone()), read(pooled));
    close(read(s.pass_fraction), read(pass_fraction));
    close(read(maps.clone()), read(weighted_sum));
    let loss = (s.pooled * dm.reshape([n, c])).sum() + (maps * dr.reshape([n, h, w])).sum();
    let got = loss.backward();
    close(read(a.grad(&got).unwrap()), read(a.grad(&want).unwrap()));
    close(
        read(linear_alpha.grad(&got).unwrap()),
        read(linear_alpha.grad(&want).unwrap()),
    );
}
