//! The training loss, cross-entropy plus lambda times the consistency loss (Eq. 11).

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Int, Tensor, TensorData};
use mitsume_nn::{Classifier, Head};

use super::cam::{normalise_maps, raw_maps};
use super::cam_loss::CamLoss;
use crate::ema::EmaError;
use crate::preset::AlphaGradient;

/// What a training-mode forward pass leaves for the loss.
pub struct Forward {
    /// A, [N, C, h, w].
    pub features: Tensor<4>,
    /// The dropout mask that was applied, [N, C].
    pub mask: Option<Tensor<2>>,
    /// [N, K].
    pub logits: Tensor<2>,
}

/// The loss of a batch.
pub struct LossTerms {
    /// What to differentiate: `cross_entropy + lambda * cam_loss`.
    pub total: Tensor<1>,
    /// Mean cross-entropy.
    pub cross_entropy: Tensor<1>,
    /// L_cam; `None` where lambda is 0, or no class has two correctly predicted images.
    pub cam_loss: Option<Tensor<1>>,
}

/// A training-mode forward pass: batch statistics (the running ones move) and the given dropout
/// mask.
pub fn forward(model: &mut Classifier, images: Tensor<4>, mask: Option<Tensor<2>>) -> Forward {
    let features = model.trunk.forward_train(images);
    Forward::new(&model.head, features, mask)
}

impl Forward {
    /// The head on feature maps [N, C, h, w], wherever they come from.
    pub fn new(head: &Head, features: Tensor<4>, mask: Option<Tensor<2>>) -> Self {
        let logits = head.logits(features.clone(), mask.clone());
        Forward {
            features,
            mask,
            logits,
        }
    }
}

/// The class with the largest logit of each row; the first where several are equal.
pub fn predictions(logits: &Tensor<2>) -> Vec<usize> {
    let [_, classes] = logits.dims();
    let data = logits.clone().detach().into_data().convert::<f32>();
    let values: Vec<f32> = data.try_into_vec().expect("converted to f32 above");
    values
        .chunks_exact(classes)
        .map(|row| (1..classes).fold(0, |best, k| if row[k] > row[best] { k } else { best }))
        .collect()
}

/// Eq. 11. With `lambda` 0 no map is computed and the moving averages stay as they are.
///
/// - `forward`: from [`forward`], of the same batch.
/// - `labels`, `predictions`: N class indices each.
pub fn training_loss(
    head: &Head,
    forward: Forward,
    (labels, predictions): (&[usize], &[usize]),
    lambda: f64,
    cam_loss: &mut CamLoss,
) -> Result<LossTerms, EmaError> {
    let device = forward.logits.device();
    let targets: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [labels.len()]), &device);
    let cross_entropy = CrossEntropyLossConfig::new()
        .init(&device)
        .forward(forward.logits, targets.clone());
    if lambda == 0.0 {
        return Ok(LossTerms {
            total: cross_entropy.clone(),
            cross_entropy,
            cam_loss: None,
        });
    }
    let alpha = head.alpha(forward.features.clone(), forward.mask, targets);
    let alpha = match cam_loss.settings.alpha {
        AlphaGradient::Full => alpha,
        AlphaGradient::Detached => alpha.detach(),
    };
    let maps = normalise_maps(raw_maps(forward.features, alpha));
    let cam = cam_loss.forward(maps, labels, predictions)?;
    let total = match &cam {
        Some(cam) => cross_entropy.clone() + cam.clone().mul_scalar(lambda),
        None => cross_entropy.clone(),
    };
    Ok(LossTerms {
        total,
        cross_entropy,
        cam_loss: cam,
    })
}
