//! What a run cannot change when it goes on.

use mitsume_artifacts::{Cpu, Environment, Optimizer, RunConfig, RunDir, Schedule};

use crate::{EngineError, Event, Observer, Result};

/// Refuses another map method than at the start: moving averages and earlier rows are of its maps.
pub(super) fn refuse_changed_method(dir: &RunDir, now: &RunConfig) -> Result<()> {
    let path = dir.config();
    let began = RunConfig::read(&path, &[])?.consistency.method;
    let method = now.consistency.method;
    if began == method {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "{}: consistency.method: the run began with {began}: go on with it, or start a new run \
         with {method}",
        path.display()
    )))
}

/// A run can only resume with the images and on the device it started with: otherwise its results
/// could not be reproduced.
pub(super) fn refuse_changed_start(
    dir: &RunDir,
    before: &Environment,
    now: &Environment,
) -> Result<()> {
    for (before, now) in before.data.iter().zip(&now.data) {
        if before.fingerprint != now.fingerprint {
            return Err(EngineError::Request(format!(
                "{}: the images are not those the run began with (data.{}): restore them, or start \
                 a new run",
                now.root, now.role
            )));
        }
    }
    refuse_other_device(dir, before, &now.device)
}

pub(super) fn refuse_other_device(dir: &RunDir, before: &Environment, device: &str) -> Result<()> {
    if before.device == device {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "--device {device}: {} began on {began}, and devices differ in the last digits: go on with \
         --device {began}, or start a new run",
        dir.root().display(),
        began = before.device
    )))
}

/// Reports vector instructions whose results may differ from those the run began with.
pub(super) fn warn_other_processor(
    began: &Environment,
    now: &Environment,
    observer: &mut Observer<'_>,
) {
    let on_cpu = now.device == "cpu";
    if !on_cpu || !began.cpu.rounds_differently(&now.cpu) {
        return;
    }
    let name = |cpu: &Cpu| match &cpu.kernels {
        Some(kernels) => format!("{}, {kernels}", cpu.model),
        None => cpu.model.clone(),
    };
    observer(Event::OtherProcessor {
        began: name(&began.cpu),
        now: name(&now.cpu),
    });
}

/// Refuses another optimiser than at the start: the checkpoint holds the state of that one.
pub(super) fn refuse_changed_optimizer(dir: &RunDir, now: &RunConfig) -> Result<()> {
    let path = dir.config();
    let began = RunConfig::read(&path, &[])?.train.optimizer;
    let now = now.train.optimizer;
    let has_velocity = |momentum: f64| momentum != 0.0;
    let (key, before) = if began.kind != now.kind {
        ("train.optimizer", began.kind.to_string())
    } else if now.kind == Optimizer::Sgd
        && has_velocity(began.momentum) != has_velocity(now.momentum)
    {
        ("train.momentum", began.momentum.to_string())
    } else {
        return Ok(());
    };
    Err(EngineError::Request(format!(
        "{}: {key}: the run began with {before}, and its checkpoint holds that optimiser's state: \
         go on with it, or start a new run",
        path.display()
    )))
}

/// Refuses another precision than at the start: a run's epochs are compared with each other.
pub(super) fn refuse_changed_precision(dir: &RunDir, now: &RunConfig) -> Result<()> {
    let path = dir.config();
    let began = RunConfig::read(&path, &[])?.train.precision;
    let precision = now.train.precision;
    if began == precision {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "{}: train.precision: the run began with {began}: go on with it, or start a new run with \
         {precision}",
        path.display()
    )))
}

/// Refuses another criterion of the best epoch than at the start: only that epoch's weights are kept.
pub(super) fn refuse_changed_best(dir: &RunDir, now: &RunConfig) -> Result<()> {
    let path = dir.config();
    let began = RunConfig::read(&path, &[])?.train.best.criterion;
    let best = now.train.best.criterion;
    if began == best {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "{}: train.best: the run began with {began}, and the weights of its best epoch are kept by \
         that: go on with it, or start a new run with {best}",
        path.display()
    )))
}

/// Refuses another moving average of the weights than at the start: the checkpoint holds it, or none.
pub(super) fn refuse_changed_average(dir: &RunDir, now: &RunConfig) -> Result<()> {
    let path = dir.config();
    let began = RunConfig::read(&path, &[])?.train.weight_average;
    if began == now.train.weight_average {
        return Ok(());
    }
    let before = began.map_or("none".to_owned(), |decay| decay.to_string());
    Err(EngineError::Request(format!(
        "{}: train.weight_average: the run began with {before}, and its checkpoint goes on from that: go \
         on with it, or start a new run",
        path.display()
    )))
}

/// Refuses what the schedule on a plateau would not follow: the checkpoint holds where it stands.
pub(super) fn refuse_changed_plateau(dir: &RunDir, now: &RunConfig) -> Result<()> {
    let path = dir.config();
    let began = RunConfig::read(&path, &[])?.train;
    let now = &now.train;
    let both = began.schedule.kind == Schedule::Plateau && now.schedule.kind == Schedule::Plateau;
    let changed = [
        (
            "train.learning_rate",
            began.learning_rate != now.learning_rate,
        ),
        (
            "train.head_learning_rate",
            began.head_learning_rate != now.head_learning_rate,
        ),
        (
            "train.plateau.factor",
            began.plateau.factor != now.plateau.factor,
        ),
        (
            "train.plateau.patience",
            began.plateau.patience != now.plateau.patience,
        ),
    ];
    match changed.iter().find(|(_, changed)| both && *changed) {
        None => Ok(()),
        Some((key, _)) => Err(EngineError::Request(format!(
            "{}: {key}: the schedule on a plateau goes on from the checkpoint, which a new value would \
             not change: go on with the old one, or start a new run",
            path.display()
        ))),
    }
}

/// Refuses another part of an ONNX file than at the start: moving averages are of its layer, and the
/// optimiser's state is of the parameters that are trained.
pub(super) fn refuse_changed_graph(dir: &RunDir, now: &RunConfig) -> Result<()> {
    let path = dir.config();
    let began = RunConfig::read(&path, &[])?.model;
    let now = &now.model;
    let changed = [
        ("model.target_layer", began.target_layer != now.target_layer),
        ("model.loss_layers", began.loss_layers != now.loss_layers),
        ("model.token_grid", began.token_grid != now.token_grid),
        ("model.new_head", began.new_head != now.new_head),
        ("model.freeze", began.freeze != now.freeze),
    ];
    match changed.iter().find(|(_, changed)| *changed) {
        None => Ok(()),
        Some((key, _)) => Err(EngineError::Request(format!(
            "{}: {key}: the run began with another value: go on with it, or start a new run",
            path.display()
        ))),
    }
}
