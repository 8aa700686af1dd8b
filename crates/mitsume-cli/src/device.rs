//! The device a command computes on.

use burn::tensor::Device;
use mitsume_locale::text;
use mitsume_nn::{instruction_set, parse_device};

use crate::args::DeviceArg;
use crate::console::Console;
use crate::failure::{Failure, Result};

/// Opens the device of `--device`, or the CPU.
pub fn open(arg: &DeviceArg, console: Console) -> Result<Device> {
    open_named(arg.name(), console)
}

/// Opens a device by its name.
pub fn open_named(name: &str, console: Console) -> Result<Device> {
    let device =
        parse_device(name).map_err(|error| Failure::Request(format!("--device: {error}")))?;
    let shown = match name {
        "cpu" => format!("cpu ({})", instruction_set()),
        other => other.to_owned(),
    };
    console.detail(&text!(
        console.language,
        "command-settled-device",
        device = shown,
        threads = rayon::current_num_threads()
    ));
    Ok(device)
}
