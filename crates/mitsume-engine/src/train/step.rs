//! One training step.

use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::train::{CamLoss, CamRequest, CrossEntropy, LossTerms, predictions, training_loss};
use mitsume::{CamLossSettings, EmaMaps};
use mitsume_artifacts::RunConfig;
use mitsume_data::Batch;

use super::architecture::{Architecture, DropoutKey};
use super::checkpoint::TrainState;
use super::clip::clip_norm;
use super::parameter_group::take_gradients;
use super::progress::StepResult;
use super::schedule::LearningRates;
use super::weight_average;
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
    /// The decay of the weights' moving average, where there is one.
    pub weight_average: Option<f64>,
    /// Seed of the dropout masks.
    pub seed: u64,
    /// An autodiff device.
    pub device: Device,
}

impl StepContext {
    pub fn new(config: &RunConfig, cross_entropy: CrossEntropy, device: Device) -> Self {
        let (data, optimizer) = (&config.data, &config.train.optimizer);
        Self {
            image: [data.channels, data.image_size, data.image_size],
            settings: config.consistency.settings(),
            cross_entropy,
            clip_norm: optimizer.clip_norm,
            weight_average: config.train.weight_average,
            seed: config.train.seed,
            device,
        }
    }
}

/// What changes from epoch to epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct EpochSettings {
    /// Of the optimiser.
    pub learning_rates: LearningRates,
    /// lambda_t of the curriculum.
    pub lambda: f64,
}

/// The batches of one step; their gradients are summed.
pub(super) struct StepBatches<I> {
    /// The classes of the images of all batches.
    pub labels: Vec<usize>,
    pub batches: I,
}

/// How much a batch counts in the losses of its step.
struct Shares {
    /// Its part of what the cross-entropy is divided by: the mean is over the images of all batches.
    cross_entropy: f64,
    /// Its part of the images.
    cam_loss: f64,
}

/// Runs one step. If the loss is not finite, weights, moments and all moving averages stay as they were;
/// only the running statistics have changed.
///
/// Batch norms take the statistics of each batch by itself, and so does the consistency loss: it
/// compares with the class means of the batch, or with the moving ones, which every batch moves.
pub(super) fn step(
    state: &mut TrainState,
    architecture: &Architecture,
    context: &StepContext,
    group: StepBatches<impl Iterator<Item = Result<Batch>>>,
    epoch: EpochSettings,
) -> Result<StepResult> {
    let cam_loss = |ema: &EmaMaps| CamLoss {
        settings: context.settings,
        ema: ema.clone(),
    };
    let mut cam_losses: Vec<CamLoss> = state.emas.iter().map(cam_loss).collect();
    let mut gradients = GradientsAccumulator::new();
    let mut result = StepResult::default();
    for batch in group.batches {
        let batch = batch?;
        let shares = Shares::new(&context.cross_entropy, &batch.labels, &group.labels);
        let key = DropoutKey {
            seed: context.seed,
            step: state.progress.batches_in_all() + result.batches as u64,
        };
        let pass = BatchPass {
            architecture,
            context,
            lambda: epoch.lambda,
            key,
        };
        result.images += batch.indices.len();
        let (loss, correct) = pass.run(state, batch, &mut cam_losses)?;
        let total = shares.total(&loss, epoch.lambda);
        result.add(&loss, &total, &shares, epoch.lambda);
        result.correct += correct;
        // Nothing of the pass stays in memory longer than the backward pass requires.
        drop(loss);
        if !result.loss.is_finite() {
            return Ok(result);
        }
        let own = GradientsParams::from_grads(total.backward(), &state.model);
        gradients.accumulate(&state.model, own);
    }
    let grads = gradients.grads();
    let grads = match context.clip_norm {
        Some(max_norm) => clip_norm(grads, &state.model, max_norm),
        None => grads,
    };
    update(state, architecture, epoch.learning_rates, grads);
    if let Some(decay) = context.weight_average {
        let average = state.average.take();
        state.average = Some(weight_average::moved(average, &state.model, decay));
    }
    state.emas = cam_losses
        .into_iter()
        .map(|cam_loss| cam_loss.ema)
        .collect();
    Ok(result)
}

/// Moves the parameters along their gradients.
fn update(
    state: &mut TrainState,
    architecture: &Architecture,
    rates: LearningRates,
    mut grads: GradientsParams,
) {
    if let Some(rate) = rates.head {
        let head = architecture.head(&state.model).unwrap_or_default();
        let own = take_gradients(&mut grads, &state.model, &head);
        state.model = state.optimizer.step(rate, state.model.clone(), own);
    }
    // Parameters without a gradient stay as they are.
    state.model = state.optimizer.step(rates.base, state.model.clone(), grads);
}

/// The forward pass of one batch.
struct BatchPass<'a> {
    architecture: &'a Architecture,
    context: &'a StepContext,
    lambda: f64,
    key: DropoutKey,
}

impl BatchPass<'_> {
    /// The losses, and how many images are correctly predicted.
    fn run(
        &self,
        state: &mut TrainState,
        batch: Batch,
        cam_losses: &mut [CamLoss],
    ) -> Result<(LossTerms, usize)> {
        let n = batch.indices.len();
        let [channels, height, width] = self.context.image;
        let images = TensorData::new(batch.images, [n, channels, height, width]);
        let images = Tensor::<4>::from_data(images, &self.context.device);
        let maps = (self.lambda != 0.0).then_some(CamRequest {
            labels: &batch.labels,
            method: self.context.settings.method,
            alpha: self.context.settings.alpha,
        });
        let out = self
            .architecture
            .forward(&mut state.model, images, self.key, maps)?;
        let predicted = predictions(&out.logits);
        let pairs = predicted.iter().zip(&batch.labels);
        let correct = pairs.filter(|(p, l)| p == l).count();
        let labels = (&batch.labels[..], &predicted[..]);
        let cross_entropy = &self.context.cross_entropy;
        let loss = training_loss(out, labels, cross_entropy, self.lambda, cam_losses)?;
        Ok((loss, correct))
    }
}

impl Shares {
    /// - `batch`, `all`: labels of the batch and of its whole step.
    fn new(cross_entropy: &CrossEntropy, batch: &[usize], all: &[usize]) -> Self {
        Self {
            cross_entropy: cross_entropy.divisor(batch) / cross_entropy.divisor(all),
            cam_loss: batch.len() as f64 / all.len() as f64,
        }
    }

    /// The part of the step's loss that comes from a batch with this loss.
    fn total(&self, loss: &LossTerms, lambda: f64) -> Tensor<1> {
        if self.cam_loss == 1.0 {
            return loss.total.clone();
        }
        let cross_entropy = loss.cross_entropy.clone().mul_scalar(self.cross_entropy);
        match &loss.cam_loss {
            Some(cam) => cross_entropy + cam.clone().mul_scalar(self.cam_loss * lambda),
            None => cross_entropy,
        }
    }
}

impl StepResult {
    /// Adds the losses of a batch. L_cam is 0 where no class has two correctly predicted images.
    fn add(&mut self, loss: &LossTerms, total: &Tensor<1>, shares: &Shares, lambda: f64) {
        self.batches += 1;
        self.loss += scalar(total);
        self.cross_entropy += shares.cross_entropy * scalar(&loss.cross_entropy);
        if lambda != 0.0 {
            let cam_loss = loss.cam_loss.as_ref().map_or(0.0, scalar);
            *self.cam_loss.get_or_insert(0.0) += shares.cam_loss * cam_loss;
        }
    }
}

fn scalar(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().detach().into_scalar::<f32>())
}
