//! The consistency loss of a mini-batch (Eqs. 12 to 17).

use burn::tensor::{Int, Tensor, TensorData};

use super::gather::{ClassMembers, members};
use crate::deviation::Distance;
use crate::ema::{EmaError, EmaMaps};
use crate::preset::{CamLossSettings, Reference};

/// The consistency loss with its state, the class moving averages.
#[derive(Clone, Debug)]
pub struct CamLoss {
    /// The choices.
    pub settings: CamLossSettings,
    /// Training state: part of a checkpoint, never used by the metric.
    pub ema: EmaMaps,
}

impl CamLoss {
    /// L_cam of a batch, or `None` where no class has two correctly predicted images (the loss is
    /// 0 then, and constant).
    ///
    /// - `maps` [N, h, w]: normalised class activation maps of the labels.
    /// - `labels`, `predictions`: N class indices each.
    ///
    /// Updates the moving averages, of the classes that stay, before comparing with them. With
    /// [`Reference::Batch`] they are neither used nor moved.
    pub fn forward(
        &mut self,
        maps: Tensor<3>,
        labels: &[usize],
        predictions: &[usize],
    ) -> Result<Option<Tensor<1>>, EmaError> {
        let members = members(labels, predictions);
        if members.is_empty() {
            return Ok(None);
        }
        let [_, h, w] = maps.dims();
        let rows: Vec<usize> = members
            .iter()
            .flat_map(|m| m.images.iter().copied())
            .collect();
        let count = rows.len();
        let device = maps.device();
        let rows: Vec<i64> = rows.into_iter().map(|row| row as i64).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &device);
        let chosen = maps.select(0, rows).reshape([count, h * w]);
        let reference = match self.settings.reference {
            Reference::Batch => averaging_matrix(&members, count, &chosen).matmul(chosen.clone()),
            Reference::Ema => self.moving_averages(&members, &chosen)?,
        };
        let squares = (chosen - reference).square().sum_dim(1);
        let deviations = match self.settings.distance {
            Distance::SquaredL2 => squares,
            Distance::L2 => root(squares),
        };
        Ok(Some(deviations.mean().div_scalar((h * w) as f32)))
    }

    /// Updates the averages with the batch's class means and repeats each for its members.
    fn moving_averages(
        &mut self,
        members: &[ClassMembers],
        chosen: &Tensor<2>,
    ) -> Result<Tensor<2>, EmaError> {
        let [count, length] = chosen.dims();
        let device = chosen.device();
        // Read out and averaged in a fixed order: the state must not depend on how a device
        // splits a sum.
        let data = chosen.clone().detach().into_data().convert::<f32>();
        let values: Vec<f32> = data.try_into_vec().expect("converted to f32 above");
        let mut reference = Vec::with_capacity(count * length);
        let mut rows = values.chunks_exact(length);
        for class in members {
            let n = class.images.len();
            let mut mean = vec![0f32; length];
            for row in rows.by_ref().take(n) {
                mean.iter_mut()
                    .zip(row)
                    .for_each(|(mean, value)| *mean += value);
            }
            mean.iter_mut().for_each(|mean| *mean /= n as f32);
            let average = self.ema.update(class.class, &mean)?;
            (0..n).for_each(|_| reference.extend_from_slice(average));
        }
        Ok(Tensor::from_data(
            TensorData::new(reference, [count, length]),
            &device,
        ))
    }
}

/// [count, count]; row i averages the members of the class of row i.
fn averaging_matrix(members: &[ClassMembers], count: usize, like: &Tensor<2>) -> Tensor<2> {
    let mut matrix = vec![0f32; count * count];
    let mut start = 0;
    for class in members {
        let n = class.images.len();
        for row in start..start + n {
            matrix[row * count + start..row * count + start + n].fill(1.0 / n as f32);
        }
        start += n;
    }
    Tensor::from_data(TensorData::new(matrix, [count, count]), &like.device())
}

/// Square root with gradient 0 at 0, where PyTorch's norm has its subgradient 0 too: a map equal
/// to its reference (two images with empty maps, say) must not make the step NaN.
fn root(squares: Tensor<2>) -> Tensor<2> {
    let zero = squares.clone().detach().equal_elem(0.0).float();
    (squares + zero.clone()).sqrt() - zero
}
