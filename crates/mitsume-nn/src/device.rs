//! Naming the device to compute on.

use burn::tensor::Device;
#[cfg(feature = "adapters")]
use burn::tensor::{DeviceType, Tensor, TensorData};

#[cfg(feature = "adapters")]
use crate::{Classifier, ClassifierSpec, Level};

/// A device name that is unknown, known but not compiled in, or compiled in but not on this machine.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The name is none of those this program knows.
    #[error("no device named \"{0}\": one of cpu, cuda, metal, rocm, vulkan, webgpu")]
    Unknown(String),
    /// The back end is left out of this build.
    #[error("this build has no {0} support: build with `--features {0}`, or use --device cpu")]
    NotBuilt(String),
    /// The machine has nothing the back end could run on.
    #[error(
        "{0}: no adapter found: a driver for it must be installed and this user allowed to use \
         it; or use --device cpu"
    )]
    NoAdapter(String),
    /// Its numbers are not those of the CPU.
    #[error(
        "{name}: its driver computes wrongly: the logits of a small network are off by {error:.1e} of \
         the CPU's; update the driver, or use --device cpu"
    )]
    Wrong {
        /// The device.
        name: String,
        /// Largest difference over the largest logit.
        error: f32,
    },
}

/// Devices that a cargo feature of the same name builds in.
const BUILT_IN_BY_FEATURE: [&str; 5] = ["cuda", "metal", "rocm", "vulkan", "webgpu"];

/// `cpu`, or one of `cuda`, `metal`, `rocm`, `vulkan`, `webgpu` where the feature is compiled in: its first, most
/// powerful adapter.
///
/// `webgpu` compiles kernels to WGSL and runs them on whatever graphics API the machine has (Vulkan, Metal, DirectX 12,
/// OpenGL); `vulkan` to SPIR-V, and on Vulkan alone. Built in together, both use SPIR-V where they can.
///
/// # Errors
/// A name that is unknown or not built in; no adapter; an adapter that computes something else than the CPU.
pub fn parse_device(name: &str) -> Result<Device, DeviceError> {
    match name {
        "cpu" => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        "cuda" => present(name, DeviceType::Cuda, || Device::cuda(0)),
        #[cfg(feature = "rocm")]
        "rocm" => present(name, DeviceType::Rocm, || Device::rocm(0)),
        #[cfg(feature = "metal")]
        "metal" => present(
            name,
            DeviceType::Metal,
            || Device::metal(Default::default()),
        ),
        #[cfg(feature = "vulkan")]
        "vulkan" => present(name, DeviceType::Vulkan, || {
            Device::vulkan(Default::default())
        }),
        // Not `Device::webgpu`: that is the browser's own API, which no native program has.
        #[cfg(feature = "webgpu")]
        "webgpu" => present(name, DeviceType::Wgpu, || Device::wgpu(Default::default())),
        _ if BUILT_IN_BY_FEATURE.contains(&name) => Err(DeviceError::NotBuilt(name.into())),
        _ => Err(DeviceError::Unknown(name.into())),
    }
}

/// The device, if the machine has any of its kind (Burn opens one at the first tensor only, and panics there) and it
/// computes as the CPU does.
#[cfg(feature = "adapters")]
fn present(
    name: &str,
    kind: DeviceType,
    open: impl FnOnce() -> Device,
) -> Result<Device, DeviceError> {
    if Device::enumerate(kind).is_empty() {
        return Err(DeviceError::NoAdapter(name.into()));
    }
    let device = open();
    let error = difference(&device);
    // What the fixtures are compared to; a driver that is wrong is wrong by far more. NaN is wrong too.
    if error <= 1e-3 {
        return Ok(device);
    }
    let name = name.into();
    Err(DeviceError::Wrong { name, error })
}

/// How far a device's logits of a small network, with every kind of layer, are from the CPU's. Drivers are
/// compilers, and there are some that run to the end with wrong numbers.
#[cfg(feature = "adapters")]
fn difference(device: &Device) -> f32 {
    let spec = ClassifierSpec {
        level: Level::Four,
        channels: 1,
        classes: 4,
        dropout: None,
    };
    let logits = |device: &Device| -> Vec<f32> {
        let pixel = |i: usize| ((i * 7919 + i * i * 31) % 1009) as f32 / 504.5 - 1.0;
        let pixels: Vec<f32> = (0..2 * 32 * 32).map(pixel).collect();
        let images = Tensor::from_data(TensorData::new(pixels, [2, 1, 32, 32]), device);
        let model = Classifier::new(spec, 0, device);
        let logits = model.head.logits(model.trunk.forward(images), None);
        let values = logits.into_data().convert::<f32>().try_into_vec();
        values.expect("converted to f32")
    };
    let (here, there) = (logits(&Device::flex()), logits(device));
    let largest = |values: &mut dyn Iterator<Item = f32>| {
        values.fold(
            0.0_f32,
            |most, v| if v.abs() <= most { most } else { v.abs() },
        )
    };
    let far = largest(&mut here.iter().zip(&there).map(|(a, b)| a - b));
    far / largest(&mut here.iter().copied())
}

/// The name of the adapter behind a device, such as a graphics card's; none for the CPU.
pub fn adapter_name(device: &Device) -> Option<String> {
    #[cfg(feature = "adapters")]
    let name = device.identity().map(|identity| identity.name);
    #[cfg(not(feature = "adapters"))]
    let (name, _) = (None, device);
    name
}
