//! The optimiser of a run.

use burn::module::{ParamGroup, ParamId};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use mitsume_artifacts::{Optimizer, OptimizerConfig};

/// PyTorch's defaults for Adam and AdamW.
const BETAS: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-8;

/// An optimiser without state. `vectors` are the parameters with one axis: norms' weights and all
/// biases.
///
/// The update rules are those of `torch.optim.Adam`, `AdamW` and `SGD` (dampening 0).
pub(super) fn optimizer(config: &OptimizerConfig, vectors: Vec<ParamId>) -> ModuleOptimizer {
    let every = update_rule(config, config.weight_decay);
    if config.weight_decay == 0.0 || config.decay_norms_and_biases {
        return every.into_module_optimizer();
    }
    let without_decay = update_rule(config, 0.0);
    let vectors = ParamGroup::from_ids(vectors);
    without_decay.for_group(every.into_module_optimizer(), vectors)
}

/// How one parameter follows its gradient.
enum UpdateRule {
    Adam(AdamConfig),
    AdamW(AdamWConfig),
    Sgd(SgdConfig),
}

fn update_rule(config: &OptimizerConfig, weight_decay: f64) -> UpdateRule {
    let penalty = (weight_decay != 0.0).then(|| WeightDecayConfig::new(weight_decay as f32));
    match config.kind {
        Optimizer::Adam => UpdateRule::Adam(
            AdamConfig::new()
                .with_beta_1(BETAS[0])
                .with_beta_2(BETAS[1])
                .with_epsilon(EPSILON)
                .with_weight_decay(penalty),
        ),
        Optimizer::AdamW => UpdateRule::AdamW(
            AdamWConfig::new()
                .with_beta_1(BETAS[0])
                .with_beta_2(BETAS[1])
                .with_epsilon(EPSILON)
                .with_weight_decay(weight_decay as f32),
        ),
        Optimizer::Sgd => {
            let momentum = MomentumConfig::new()
                .with_momentum(config.momentum)
                .with_dampening(0.0)
                .with_nesterov(config.nesterov);
            let momentum = (config.momentum != 0.0).then_some(momentum);
            UpdateRule::Sgd(
                SgdConfig::new()
                    .with_weight_decay(penalty)
                    .with_momentum(momentum),
            )
        }
    }
}

impl UpdateRule {
    fn into_module_optimizer(self) -> ModuleOptimizer {
        match self {
            UpdateRule::Adam(config) => config.init(),
            UpdateRule::AdamW(config) => config.init(),
            UpdateRule::Sgd(config) => config.init(),
        }
    }

    /// `optimizer`, but with this rule for the parameters of `group`.
    fn for_group(self, optimizer: ModuleOptimizer, group: ParamGroup) -> ModuleOptimizer {
        match self {
            UpdateRule::Adam(config) => optimizer.with_group(group, config.build(), None),
            UpdateRule::AdamW(config) => optimizer.with_group(group, config.build(), None),
            UpdateRule::Sgd(config) => optimizer.with_group(group, config.build(), None),
        }
    }
}
