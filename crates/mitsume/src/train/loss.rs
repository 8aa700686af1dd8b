//! The training loss, cross-entropy plus lambda times the consistency loss (Eq. 11).

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};
use mitsume_nn::{Classifier, Head};

use super::cam::logits_and_weighted_sums;
use super::cam_loss::CamLoss;
use super::method_maps::differentiable_maps;
use crate::ema::EmaError;
use crate::methods::{Method, UnsupportedMethod};
use crate::preset::AlphaGradient;

/// Output of a training-mode forward pass.
pub struct ForwardOutput {
    /// [N, K].
    pub logits: Tensor<2>,
    /// The labels' maps before Eq. 2 of each layer, [N, h, w], if requested: of Grad-CAM the weighted
    /// sums of Eq. 1 before the ReLU, of another method after it. The loss applies a ReLU, which is
    /// idempotent.
    pub weighted_sums: Vec<Tensor<3>>,
}

/// The maps requested of a forward pass.
#[derive(Clone, Copy, Debug)]
pub struct CamRequest<'a> {
    /// N class indices.
    pub labels: &'a [usize],
    /// The method.
    pub method: Method,
    /// Whether the gradient flows through alpha, or the gradients that other methods use instead.
    pub alpha: AlphaGradient,
}

impl CamRequest<'_> {
    fn check(&self, head: &Head) -> Result<(), UnsupportedMethod> {
        self.method.check_differentiable()?;
        self.method.check_head(head.is_gap_linear())
    }
}

/// Which cross-entropy: `torch.nn.CrossEntropyLoss(weight, label_smoothing)`, a weighted mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// The share of each target that is spread evenly over all classes, 0 (none) to 1.
    pub label_smoothing: f32,
    /// K weights above 0; none: the same for all classes.
    pub class_weights: Option<Vec<f32>>,
}

impl CrossEntropy {
    /// What the losses of these labels' images are divided by: the sum of the weights of their
    /// classes, without weights their number. `labels` are class indices.
    pub fn divisor(&self, labels: &[usize]) -> f64 {
        match &self.class_weights {
            Some(weights) => labels.iter().map(|&label| f64::from(weights[label])).sum(),
            None => labels.len() as f64,
        }
    }

    /// - `logits` [N, K], `labels` N class indices.
    fn forward(&self, logits: Tensor<2>, labels: &[usize]) -> Tensor<1> {
        let device = logits.device();
        let smoothing = Some(self.label_smoothing).filter(|smoothing| *smoothing != 0.0);
        CrossEntropyLossConfig::new()
            .with_smoothing(smoothing)
            .with_weights(self.class_weights.clone())
            .init(&device)
            .forward(logits, targets(labels, &device))
    }
}

/// The loss of a batch.
pub struct LossTerms {
    /// `cross_entropy + lambda * cam_loss`, to be differentiated.
    pub total: Tensor<1>,
    /// Mean cross-entropy, smoothed and weighted as requested.
    pub cross_entropy: Tensor<1>,
    /// L_cam; `None` if lambda is 0 or no class has two correctly predicted images.
    pub cam_loss: Option<Tensor<1>>,
}

/// A training-mode forward pass: batch statistics (which update the running ones) and the given
/// dropout mask. `maps` requests the maps of the same forward pass; training without the
/// consistency loss needs none.
///
/// # Errors
/// Maps of a method that is not differentiable, or that is not defined for the head.
pub fn forward(
    model: &mut Classifier,
    images: Tensor<4>,
    mask: Option<Tensor<2>>,
    maps: Option<CamRequest<'_>>,
) -> Result<ForwardOutput, UnsupportedMethod> {
    if let Some(maps) = &maps {
        maps.check(&model.head)?;
    }
    let features = model.trunk.forward_train(images);
    ForwardOutput::new(&model.head, features, mask, maps)
}

impl ForwardOutput {
    /// The head on feature maps [N, C, h, w].
    ///
    /// # Errors
    /// As [`forward`].
    pub fn new(
        head: &Head,
        features: Tensor<4>,
        mask: Option<Tensor<2>>,
        maps: Option<CamRequest<'_>>,
    ) -> Result<Self, UnsupportedMethod> {
        let Some(maps) = maps else {
            return Ok(ForwardOutput {
                logits: head.logits(features, mask),
                weighted_sums: Vec::new(),
            });
        };
        maps.check(head)?;
        if maps.method != Method::GradCam {
            return Self::from_gradients(head, features, mask, maps);
        }
        let targets = targets(maps.labels, &features.device());
        let [_, _, h, w] = features.dims();
        let linear_alpha = head.linear_alpha(targets, mask.clone(), [h, w]);
        let linear_alpha = match maps.alpha {
            AlphaGradient::Full => linear_alpha,
            AlphaGradient::Detached => linear_alpha.detach(),
        };
        let (logits, weighted_sum) = logits_and_weighted_sums(head, features, mask, linear_alpha);
        Ok(ForwardOutput {
            logits,
            weighted_sums: vec![weighted_sum],
        })
    }

    /// Maps from each pixel's gradient; Grad-CAM needs only its mean.
    fn from_gradients(
        head: &Head,
        features: Tensor<4>,
        mask: Option<Tensor<2>>,
        maps: CamRequest<'_>,
    ) -> Result<Self, UnsupportedMethod> {
        let logits = head.logits(features.clone(), mask.clone());
        let cotangents = one_hot(maps.labels, &logits);
        let gradients = head.vjp(features.clone(), mask, cotangents);
        let gradients = match maps.alpha {
            AlphaGradient::Full => gradients,
            AlphaGradient::Detached => gradients.detach(),
        };
        let raw = differentiable_maps(maps.method, features, gradients)?;
        Ok(ForwardOutput {
            logits,
            weighted_sums: vec![raw],
        })
    }
}

/// One-hot labels, [N, K] like the logits.
fn one_hot(labels: &[usize], logits: &Tensor<2>) -> Tensor<2> {
    let [n, classes] = logits.dims();
    let mut values = vec![0f32; n * classes];
    for (row, &label) in values.chunks_exact_mut(classes).zip(labels) {
        row[label] = 1.0;
    }
    Tensor::from_data(TensorData::new(values, [n, classes]), &logits.device())
}

fn targets(labels: &[usize], device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    let count = labels.len();
    Tensor::from_data(TensorData::new(labels, [count]), device)
}

/// The class with the largest logit of each row; the first of equal ones.
pub fn predictions(logits: &Tensor<2>) -> Vec<usize> {
    let [_, classes] = logits.dims();
    let data = logits.clone().detach().into_data().convert::<f32>();
    let values: Vec<f32> = data.try_into_vec().expect("converted to f32 above");
    values
        .chunks_exact(classes)
        .map(|row| (1..classes).fold(0, |best, k| if row[k] > row[best] { k } else { best }))
        .collect()
}

/// Eq. 11. With `lambda` 0, or a forward pass without maps, the cross-entropy alone; the moving
/// averages stay as they are.
///
/// - `forward`: from [`forward`], of the same batch.
/// - `labels`, `predictions`: N class indices each.
/// - `cam_losses`: of each layer with maps. L_cam is their mean.
///
/// # Panics
/// If there is another number of layers with maps.
pub fn training_loss(
    forward: ForwardOutput,
    (labels, predictions): (&[usize], &[usize]),
    cross_entropy: &CrossEntropy,
    lambda: f64,
    cam_losses: &mut [CamLoss],
) -> Result<LossTerms, EmaError> {
    let cross_entropy = cross_entropy.forward(forward.logits, labels);
    let maps = forward.weighted_sums;
    let mut cam = None;
    if lambda != 0.0 && !maps.is_empty() {
        let layers = maps.len();
        assert_eq!(layers, cam_losses.len(), "layers with maps");
        // Which images count does not depend on the layer: all have a loss, or none has.
        for (maps, cam_loss) in maps.into_iter().zip(cam_losses) {
            let own = cam_loss.forward(maps, labels, predictions)?;
            cam = match (cam, own) {
                (Some(sum), Some(own)) => Some(sum + own),
                (sum, own) => sum.or(own),
            };
        }
        if layers > 1 {
            cam = cam.map(|sum: Tensor<1>| sum.div_scalar(layers as f32));
        }
    }
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
