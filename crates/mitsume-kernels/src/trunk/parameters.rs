//! The parameters of a trunk, in order.

use super::{Conv, Stage, TrunkSpec};
use crate::error::{Error, check_length};

/// One parameter of a trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The stage it belongs to, from 0.
    pub stage: usize,
    /// Its role.
    pub kind: ParameterKind,
    /// Its shape in PyTorch's layout.
    pub shape: Vec<usize>,
}

/// Role of a parameter in its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Filters of the `n`th 3x3 convolution of the stage, [out, in, 3, 3].
    ConvWeight(usize),
    /// Its bias.
    ConvBias(usize),
    /// Weight (gamma) of the batch norm after the `n`th convolution.
    NormWeight(usize),
    /// Its bias (beta).
    NormBias(usize),
    /// Weight of the 1x1 convolution of a residual stage, [out, in, 1, 1].
    SkipWeight,
    /// Its bias.
    SkipBias,
    /// Weight of the `n`th layer of squeeze-excite, [out, in].
    SqueezeExciteWeight(usize),
    /// Its bias.
    SqueezeExciteBias(usize),
}

impl TrunkSpec {
    /// All parameters, in the order in which every function of this module takes and returns them.
    pub fn parameters(&self) -> Vec<Parameter> {
        use ParameterKind::*;
        let mut all = Vec::new();
        let mut inputs = self.channels;
        for (stage, description) in self.stages.iter().enumerate() {
            let mut add = |kind, shape: &[usize]| {
                all.push(Parameter {
                    stage,
                    kind,
                    shape: shape.to_vec(),
                })
            };
            let c = description.channels();
            match description {
                Stage::Conv(Conv {
                    norm,
                    squeeze_excite,
                    ..
                }) => {
                    add(ConvWeight(0), &[c, inputs, 3, 3]);
                    add(ConvBias(0), &[c]);
                    if *norm {
                        add(NormWeight(0), &[c]);
                        add(NormBias(0), &[c]);
                    }
                    if let Some(hidden) = *squeeze_excite {
                        add(SqueezeExciteWeight(0), &[hidden, c]);
                        add(SqueezeExciteBias(0), &[hidden]);
                        add(SqueezeExciteWeight(1), &[c, hidden]);
                        add(SqueezeExciteBias(1), &[c]);
                    }
                }
                Stage::Residual { .. } => {
                    for (n, inputs) in [inputs, c].into_iter().enumerate() {
                        add(ConvWeight(n), &[c, inputs, 3, 3]);
                        add(ConvBias(n), &[c]);
                        add(NormWeight(n), &[c]);
                        add(NormBias(n), &[c]);
                    }
                    add(SkipWeight, &[c, inputs, 1, 1]);
                    add(SkipBias, &[c]);
                }
            }
            inputs = c;
        }
        all
    }

    /// Channels of every batch norm, in order.
    pub fn norms(&self) -> Vec<usize> {
        let norms = self.parameters().into_iter();
        norms
            .filter(|p| matches!(p.kind, ParameterKind::NormWeight(_)))
            .map(|p| p.shape[0])
            .collect()
    }

    /// Parameters of each stage as a range of all parameters, after checking number and lengths.
    pub(super) fn split_parameters(
        &self,
        given: &[&[f32]],
    ) -> Result<Vec<std::ops::Range<usize>>, Error> {
        let all = self.parameters();
        if all.len() != given.len() {
            return Err(Error::Count {
                what: "parameters",
                expected: all.len(),
                found: given.len(),
            });
        }
        for (p, values) in all.iter().zip(given) {
            let what = format!("stage {} {:?}", p.stage, p.kind);
            check_length(&what, p.shape.iter().product(), values.len())?;
        }
        let count = |stage| all.iter().filter(|p| p.stage < stage).count();
        Ok((0..self.stages.len())
            .map(|s| count(s)..count(s + 1))
            .collect())
    }
}
