//! The device a command computes on.

use burn::tensor::Device;
use mitsume_nn::parse_device;

use crate::args::DeviceArg;
use crate::failure::{Failure, Result};

/// The device `--device` names, or the CPU.
pub fn open(arg: &DeviceArg) -> Result<Device> {
    named(arg.name())
}

/// The device of a name.
pub fn named(name: &str) -> Result<Device> {
    parse_device(name).map_err(|error| Failure::Request(format!("--device: {error}")))
}
