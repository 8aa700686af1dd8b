//! One training step.

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::CamLossSettings;
use mitsume::train::{CamLoss, CamRequest, CrossEntropy, predictions, training_loss};
use mitsume_data::Batch;

use super::architecture::{Architecture, DropoutKey};
use super::checkpoint::TrainState;
use super::clip::clip_norm;
use super::progress::StepResult;
use crate::Result;

/// Settings that are the same for every step.
pub(super) struct StepContext {
    /// [channels, height, width] of an image.
    pub image: [usize; 3],
    /// Settings of the consistency loss.
    pub settings: CamLossSettings,
    pub cross_entropy: CrossEntropy,
    /// The largest norm of the gradient, where it is limited.
    pub clip_norm: Option<f64>,
    /// Seed of the dropout masks.
    pub seed: u64,
    /// An autodiff device.
    pub device: Device,
}

/// What changes from epoch to epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct EpochSettings {
    /// Of the optimiser.
    pub learning_rate: f64,
    /// lambda_t of the curriculum.
    pub lambda: f64,
}

/// Runs one step. If the loss is not finite, weights, moments and moving averages stay as they were;
/// only the running statistics have changed.
pub(super) fn step(
    state: &mut TrainState,
    architecture: &Architecture,
    context: &StepContext,
    batch: Batch,
    epoch: EpochSettings,
) -> Result<StepResult> {
    let lambda = epoch.lambda;
    let n = batch.indices.len();
    let [channels, height, width] = context.image;
    let images = TensorData::new(batch.images, [n, channels, height, width]);
    let images = Tensor::<4>::from_data(images, &context.device);
    let key = DropoutKey {
        seed: context.seed,
        step: state.progress.steps_done,
    };
    let maps = (lambda != 0.0).then_some(CamRequest {
        labels: &batch.labels,
        method: context.settings.method,
        alpha: context.settings.alpha,
    });
    let out = architecture.forward(&mut state.model, images, key, maps)?;
    let predicted = predictions(&out.logits);
    let correct = predicted
        .iter()
        .zip(&batch.labels)
        .filter(|(p, l)| p == l)
        .count();
    let mut cam_loss = CamLoss {
        settings: context.settings,
        ema: state.ema.clone(),
    };
    let labels = (&batch.labels[..], &predicted[..]);
    let loss = training_loss(out, labels, &context.cross_entropy, lambda, &mut cam_loss)?;
    let result = StepResult {
        images: n,
        correct,
        loss: scalar(&loss.total),
        cross_entropy: scalar(&loss.cross_entropy),
        cam_loss: match loss.cam_loss {
            Some(cam) => Some(scalar(&cam)),
            // L_cam is 0 where no class has two correctly predicted images.
            None => (lambda != 0.0).then_some(0.0),
        },
    };
    if result.loss.is_finite() {
        let grads = GradientsParams::from_grads(loss.total.backward(), &state.model);
        let grads = match context.clip_norm {
            Some(max_norm) => clip_norm(grads, &state.model, max_norm),
            None => grads,
        };
        state.model = state
            .optimizer
            .step(epoch.learning_rate, state.model.clone(), grads);
        state.ema = cam_loss.ema;
    }
    Ok(result)
}

fn scalar(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().detach().into_scalar::<f32>())
}
