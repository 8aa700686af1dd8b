//! Training of the five levels.

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};
use mitsume::train::{CamRequest, ForwardOutput, forward as forward_pass};
use mitsume_artifacts::RunConfig;
use mitsume_nn::{
    Classifier, ClassifierSpec, Level, Precision, dropout_mask, supports_precision, weights,
};

use super::DropoutKey;
use crate::network::{LevelNetwork, Network};
use crate::{EngineError, Result};

/// The classifier of the configuration, checked against the image size.
pub(super) fn spec(config: &RunConfig, level: Level, classes: usize) -> Result<ClassifierSpec> {
    let smallest = level.min_image_side();
    let size = config.data.image_size;
    if size < smallest {
        return Err(EngineError::Request(format!(
            "data.image_size: {size} is too small for {level}: at least {smallest}"
        )));
    }
    Ok(ClassifierSpec {
        level,
        channels: config.data.channels,
        classes,
        dropout: Some(config.model.dropout),
    })
}

/// An error if the device does not compute a level's convolutions in this precision.
pub(super) fn refuse_precision(precision: Precision, device: &Device) -> Result<()> {
    if supports_precision(precision, device) {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "train.precision: {precision} is for --device cpu; other devices train in float32"
    )))
}

pub(super) fn load_weights(
    spec: ClassifierSpec,
    path: &Path,
    model: &mut Classifier,
) -> Result<()> {
    weights::Weights::open(path)?.apply(spec.level, model)?;
    Ok(())
}

pub(super) fn forward(
    model: &mut Classifier,
    images: Tensor<4>,
    key: DropoutKey,
    maps: Option<CamRequest<'_>>,
) -> Result<ForwardOutput> {
    let n = images.dims()[0];
    let head = &model.head;
    let mask = (head.dropout > 0.0).then(|| {
        let features = head.linear.weight.dims()[1];
        let key = (key.seed, key.step);
        dropout_mask([n, features], head.dropout, key, &images.device())
    });
    Ok(forward_pass(model, images, mask, maps)?)
}

pub(super) fn network(spec: ClassifierSpec, model: &Classifier) -> Box<dyn Network> {
    Box::new(LevelNetwork {
        spec,
        model: model.valid(),
    })
}

pub(super) fn head(model: &Classifier) -> Vec<ParamId> {
    let linear = &model.head.linear;
    vec![linear.weight.id, linear.bias.id]
}

pub(super) fn vectors<M: Module>(model: &M) -> Vec<ParamId> {
    struct Vectors(Vec<ParamId>);
    impl ModuleVisitor for Vectors {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D == 1 {
                self.0.push(param.id);
            }
        }
    }
    let mut vectors = Vectors(Vec::new());
    model.visit(&mut vectors);
    vectors.0
}
