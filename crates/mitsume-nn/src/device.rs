//! Devices by name.

use burn::tensor::Device;
#[cfg(feature = "adapters")]
use burn::tensor::{DeviceType, Tensor, TensorData};

#[cfg(feature = "adapters")]
use crate::{Classifier, ClassifierSpec, Level};

/// A device name that is unknown, known but not compiled in, or compiled in but not on this
/// machine.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Unknown name.
    #[error("no device named \"{0}\": one of cpu, cuda, metal, rocm, vulkan, webgpu")]
    Unknown(String),
    /// The back end is not compiled in.
    #[error("this build has no {0} support: build with `--features {0}`, or use --device cpu")]
    NotBuilt(String),
    /// The machine has nothing the back end could run on.
    #[error(
        "{0}: no adapter found: a driver for it must be installed and this user allowed to use \
         it; or use --device cpu"
    )]
    NoAdapter(String),
    /// Its results differ from the CPU's.
    #[error(
        "{name}: its driver computes wrongly: the logits of a small network are off by {error:.1e} of \
         the CPU's; update the driver, or use --device cpu"
    )]
    WrongResults {
        /// The device.
        name: String,
        /// Largest difference over the largest logit.
        error: f32,
    },
}

/// Devices that a cargo feature of the same name builds in.
const BUILT_IN_BY_FEATURE: [&str; 5] = ["cuda", "metal", "rocm", "vulkan", "webgpu"];

/// `cpu`, or one of `cuda`, `metal`, `rocm`, `vulkan`, `webgpu` where the feature is compiled in:
/// its first, most powerful adapter.
///
/// `webgpu` compiles kernels to WGSL and runs them on whatever graphics API the machine has
/// (Vulkan, Metal, DirectX 12, OpenGL); `vulkan` to SPIR-V, and on Vulkan alone. Built in together,
/// both use SPIR-V where they can.
///
/// # Errors
/// A name that is unknown or not built in; no adapter; an adapter whose results differ from the
/// CPU's.
pub fn parse_device(name: &str) -> Result<Device, DeviceError> {
    match name {
        "cpu" => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        "cuda" => open_checked(name, DeviceType::Cuda, || Device::cuda(0)),
        #[cfg(feature = "rocm")]
        "rocm" => open_checked(name, DeviceType::Rocm, || Device::rocm(0)),
        #[cfg(feature = "metal")]
        "metal" => open_checked(
            name,
            DeviceType::Metal,
            || Device::metal(Default::default()),
        ),
        #[cfg(feature = "vulkan")]
        "vulkan" => open_checked(name, DeviceType::Vulkan, || {
            Device::vulkan(Default::default())
        }),
        // Not `Device::webgpu`: that is the browser's own API, which no native program has.
        #[cfg(feature = "webgpu")]
        "webgpu" => open_checked(name, DeviceType::Wgpu, || Device::wgpu(Default::default())),
        _ if BUILT_IN_BY_FEATURE.contains(&name) => Err(DeviceError::NotBuilt(name.into())),
        _ => Err(DeviceError::Unknown(name.into())),
    }
}

/// Opens the device and compares its results with the CPU's. Devices are counted first, because
/// Burn opens one only at the first tensor, and panics if there is none.
#[cfg(feature = "adapters")]
fn open_checked(
    name: &str,
    kind: DeviceType,
    open: impl FnOnce() -> Device,
) -> Result<Device, DeviceError> {
    if Device::enumerate(kind).is_empty() {
        return Err(DeviceError::NoAdapter(name.into()));
    }
    let device = open();
    let error = logit_error(&device);
    // The tolerance of the fixtures; a wrong driver exceeds it by far. NaN is an error too.
    if error <= 1e-3 {
        return Ok(device);
    }
    let name = name.into();
    Err(DeviceError::WrongResults { name, error })
}

/// Largest difference of a device's logits from the CPU's, relative to the largest logit, for a
/// small network with every kind of layer. Some drivers return wrong results without an error.
#[cfg(feature = "adapters")]
fn logit_error(device: &Device) -> f32 {
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

/// The name of the adapter behind a device, such as a graphics card; `None` for the CPU.
pub fn adapter_name(device: &Device) -> Option<String> {
    #[cfg(feature = "adapters")]
    let name = device.identity().map(|identity| identity.name);
    #[cfg(not(feature = "adapters"))]
    let (name, _) = (None, device);
    name
}
