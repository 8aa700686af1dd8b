//! The trunk and the head's pooled features as one fused operation each, on the CPU.
//!
//! Other devices, and the `_composed` functions, run the same blocks out of Burn operations.

use burn::tensor::{Device, Tensor};
pub(crate) use mitsume_kernels::burn_extension::supports;
use mitsume_kernels::burn_extension::{self as kernels, NormStatistics, trunk_eval, trunk_train};
use mitsume_kernels::head::HeadPooling;
use mitsume_kernels::trunk::TrunkSpec;

use crate::{BatchNorm, Block, Head, PooledFeatures, Precision, Trunk};

/// Whether the trunks of the levels can be computed in `precision` on `device`: in bfloat16 on the
/// CPU alone.
pub fn supports_precision(precision: Precision, device: &Device) -> bool {
    precision == Precision::Float32 || supports(device)
}

/// The trunk in the kernels' terms, or `None` if they do not support it.
pub(crate) fn trunk_spec(trunk: &Trunk, device: &Device) -> Option<TrunkSpec> {
    if !supports(device) {
        return None;
    }
    let Some(Block::Conv(first)) = trunk.blocks.first() else {
        return None;
    };
    let channels = first.conv.weight.dims()[1];
    let blocks: Vec<_> = trunk.blocks.iter().map(Block::spec).collect();
    let spec = TrunkSpec::from_blocks(channels, &blocks)?;
    spec.check().ok()?;
    Some(TrunkSpec {
        precision: trunk.precision,
        ..spec
    })
}

/// The forward pass with running statistics.
pub(crate) fn forward(trunk: &Trunk, spec: &TrunkSpec, images: Tensor<4>) -> Tensor<4> {
    let running: NormStatistics = norms(trunk)
        .into_iter()
        .map(|norm| {
            (
                norm.running_mean.val().inner(),
                norm.running_var.val().inner(),
            )
        })
        .collect();
    trunk_eval(spec, images, parameters(trunk), running)
        .unwrap_or_else(|error| panic!("images do not fit the trunk: {error}"))
}

/// The forward pass with batch statistics, which updates the running ones.
pub(crate) fn forward_train(trunk: &mut Trunk, spec: &TrunkSpec, images: Tensor<4>) -> Tensor<4> {
    let (features, statistics) = trunk_train(spec, images, parameters(trunk))
        .unwrap_or_else(|error| panic!("images do not fit the trunk: {error}"));
    for (norm, (mean, variance)) in norms_mut(trunk).into_iter().zip(statistics) {
        norm.update_running_statistics(mean, variance);
    }
    features
}

/// Pooled features and, with `linear_alpha`, the weighted sum.
pub(crate) fn pool_features(
    head: &Head,
    features: Tensor<4>,
    linear_alpha: Option<Tensor<2>>,
) -> PooledFeatures {
    let Some(pooling) = HeadPooling::new(head.relu, head.pool) else {
        return head.pool_features_composed(features, linear_alpha);
    };
    let pooled = kernels::pool_features(features, pooling, linear_alpha)
        .unwrap_or_else(|error| panic!("feature maps do not fit the head: {error}"));
    PooledFeatures {
        pooled: pooled.pooled,
        weighted_sum: pooled.weighted_sum,
    }
}

/// The parameters as vectors, in the order of [`TrunkSpec::parameters`], which is that of the
/// network.
fn parameters(trunk: &Trunk) -> Vec<Tensor<1>> {
    let mut all: Vec<Tensor<1>> = Vec::new();
    for block in &trunk.blocks {
        match block {
            Block::Conv(block) => {
                all.extend([block.conv.weight.val().flatten(0, 3), block.conv.bias.val()]);
                all.extend(
                    block
                        .norm
                        .iter()
                        .flat_map(|norm| [norm.weight.val(), norm.bias.val()]),
                );
            }
            Block::Residual(block) => {
                for (conv, norm) in [(&block.conv1, &block.norm1), (&block.conv2, &block.norm2)] {
                    all.extend([conv.weight.val().flatten(0, 3), conv.bias.val()]);
                    all.extend([norm.weight.val(), norm.bias.val()]);
                }
                all.extend([block.skip.weight.val().flatten(0, 3), block.skip.bias.val()]);
            }
            Block::SqueezeExcite(block) => {
                for linear in [&block.squeeze, &block.excite] {
                    all.extend([linear.weight.val().flatten(0, 1), linear.bias.val()]);
                }
            }
        }
    }
    all
}

fn norms(trunk: &Trunk) -> Vec<&BatchNorm> {
    let mut all = Vec::new();
    for block in &trunk.blocks {
        match block {
            Block::Conv(block) => all.extend(&block.norm),
            Block::Residual(block) => all.extend([&block.norm1, &block.norm2]),
            Block::SqueezeExcite(_) => {}
        }
    }
    all
}

fn norms_mut(trunk: &mut Trunk) -> Vec<&mut BatchNorm> {
    let mut all = Vec::new();
    for block in &mut trunk.blocks {
        match block {
            Block::Conv(block) => all.extend(&mut block.norm),
            Block::Residual(block) => all.extend([&mut block.norm1, &mut block.norm2]),
            Block::SqueezeExcite(_) => {}
        }
    }
    all
}
