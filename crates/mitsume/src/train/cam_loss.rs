//! The consistency loss of a mini-batch (Eqs. 12 to 17).

use burn::tensor::activation::relu;
use burn::tensor::{Tensor, TensorData};
use mitsume_kernels::burn_extension::{Deviations, supports};

use super::cam::normalise_maps;
use super::class_members::{ClassMembers, class_members};
use super::ssim::ssim_distances;
use crate::ema::{EmaError, EmaMaps};
use crate::loss_distance::LossDistance;
use crate::normalise::EPSILON;
use crate::preset::{CamLossSettings, Reference};

/// The consistency loss with its state, the class moving averages.
#[derive(Clone, Debug)]
pub struct CamLoss {
    /// The settings.
    pub settings: CamLossSettings,
    /// Training state: part of a checkpoint, never used by the metric.
    pub ema: EmaMaps,
}

impl CamLoss {
    /// L_cam of a batch; `None` if no class has two correctly predicted images (the loss is then
    /// the constant 0).
    ///
    /// - `weighted` [N, h, w]: the labels' maps before Eq. 2, before or after the ReLU.
    /// - `labels`, `predictions`: N class indices each.
    ///
    /// Updates the moving averages of the classes with two members before comparing with them. With
    /// [`Reference::Batch`] they are neither used nor updated.
    pub fn forward(
        &mut self,
        weighted: Tensor<3>,
        labels: &[usize],
        predictions: &[usize],
    ) -> Result<Option<Tensor<1>>, EmaError> {
        let settings = &self.settings;
        let of_squares = matches!(
            settings.distance,
            LossDistance::SquaredL2 | LossDistance::L2
        );
        let constant = settings.reference == Reference::Ema;
        let fused = of_squares && constant && supports(&weighted.device());
        if !fused {
            return self.forward_composed(normalise_maps(relu(weighted)), labels, predictions);
        }
        let members = class_members(labels, predictions);
        if members.is_empty() {
            return Ok(None);
        }
        let [_, h, w] = weighted.dims();
        let deviations = Deviations::new(weighted, EPSILON as f32);
        let mut reference = deviations.maps().to_vec();
        self.update_ema_and_targets(&members, &mut reference, h * w)?;
        let squared_distances = deviations.squared_distances(reference);
        let summed = self.of_squares(squared_distances);
        Ok(Some(mean_over_members(summed, &members, h * w)))
    }

    /// [`CamLoss::forward`] out of Burn's own operations, as on devices without a fused one, from
    /// normalised maps [N, h, w].
    pub fn forward_composed(
        &mut self,
        maps: Tensor<3>,
        labels: &[usize],
        predictions: &[usize],
    ) -> Result<Option<Tensor<1>>, EmaError> {
        let members = class_members(labels, predictions);
        if members.is_empty() {
            return Ok(None);
        }
        let [n, h, w] = maps.dims();
        let maps = maps.reshape([n, h * w]);
        let reference = match self.settings.reference {
            Reference::Batch => averaging_matrix(&members, &maps).matmul(maps.clone()),
            Reference::Ema => {
                // Averaged on the host in a fixed order: the state must not depend on how a device
                // splits a sum.
                let data = maps.clone().detach().into_data().convert::<f32>();
                let mut values: Vec<f32> = data.try_into_vec().expect("converted to f32 above");
                self.update_ema_and_targets(&members, &mut values, h * w)?;
                Tensor::from_data(TensorData::new(values, maps.dims()), &maps.device())
            }
        };
        let summed = match self.settings.distance {
            LossDistance::SquaredL2 | LossDistance::L2 => {
                self.of_squares((maps - reference).square().sum_dim(1))
            }
            LossDistance::L1 => (maps - reference).abs().sum_dim(1),
            LossDistance::Ssim => {
                // Of a map and itself it is 0 up to rounding only.
                let counted = membership(&members, &maps);
                let [maps, reference] = [maps, reference].map(|maps| maps.reshape([n, h, w]));
                let distances = ssim_distances(maps, reference) * counted;
                return Ok(Some(mean_over_members(distances, &members, 1)));
            }
        };
        Ok(Some(mean_over_members(summed, &members, h * w)))
    }

    /// The two forms of the metric, times the pixels, from the squared distances [N, 1].
    fn of_squares(&self, squared_distances: Tensor<2>) -> Tensor<2> {
        match self.settings.distance {
            LossDistance::L2 => sqrt_zero_gradient(squared_distances),
            _ => squared_distances,
        }
    }

    /// Updates the moving averages with the batch's class means, then replaces each member's map in
    /// `maps` [N, pixels] by its class' average, its target. Other images keep their map: compared
    /// with itself, its deviation and gradient are 0.
    fn update_ema_and_targets(
        &mut self,
        members: &[ClassMembers],
        maps: &mut [f32],
        pixels: usize,
    ) -> Result<(), EmaError> {
        for class in members {
            let mut mean = vec![0f32; pixels];
            for &image in &class.images {
                let row = &maps[image * pixels..][..pixels];
                mean.iter_mut()
                    .zip(row)
                    .for_each(|(mean, value)| *mean += value);
            }
            let n = class.images.len() as f32;
            mean.iter_mut().for_each(|mean| *mean /= n);
            let average = self.ema.update(class.class, &mean)?;
            for &image in &class.images {
                maps[image * pixels..][..pixels].copy_from_slice(average);
            }
        }
        Ok(())
    }
}

/// The mean over the members of `deviations` [N, 1], times `divisor`, which are 0 for other images.
fn mean_over_members(deviations: Tensor<2>, members: &[ClassMembers], divisor: usize) -> Tensor<1> {
    let counted: usize = members.iter().map(|members| members.images.len()).sum();
    deviations.sum().div_scalar((counted * divisor) as f32)
}

/// 1 for each member, 0 for other images: [N, 1].
fn membership(members: &[ClassMembers], like: &Tensor<2>) -> Tensor<2> {
    let [n, _] = like.dims();
    let mut values = vec![0f32; n];
    let images = members.iter().flat_map(|class| &class.images);
    images.for_each(|&image| values[image] = 1.0);
    Tensor::from_data(TensorData::new(values, [n, 1]), &like.device())
}

/// A matrix [N, N] whose product with the maps averages each member's class; other images keep
/// their own map.
fn averaging_matrix(members: &[ClassMembers], like: &Tensor<2>) -> Tensor<2> {
    let [n, _] = like.dims();
    let mut matrix = vec![0f32; n * n];
    for image in 0..n {
        matrix[image * n + image] = 1.0;
    }
    for class in members {
        let share = 1.0 / class.images.len() as f32;
        for &row in &class.images {
            matrix[row * n + row] = 0.0;
            class
                .images
                .iter()
                .for_each(|&column| matrix[row * n + column] = share);
        }
    }
    Tensor::from_data(TensorData::new(matrix, [n, n]), &like.device())
}

/// Square root with gradient 0 at 0 (PyTorch's subgradient of the norm), so that a map equal to its
/// reference (two images with all-zero maps, say) gives no NaN.
fn sqrt_zero_gradient(squared_distances: Tensor<2>) -> Tensor<2> {
    let zero = squared_distances.clone().detach().equal_elem(0.0).float();
    (squared_distances + zero.clone()).sqrt() - zero
}
