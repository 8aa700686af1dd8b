//! The device a command computes on.

use burn::tensor::Device;
use mitsume_nn::parse_device;

use crate::args::DeviceArg;
use crate::failure::{Failure, Result};

/// The device `--device` names.
pub fn open(arg: &DeviceArg) -> Result<Device> {
    parse_device(&arg.device).map_err(|error| Failure::Request(format!("--device: {error}")))
}
