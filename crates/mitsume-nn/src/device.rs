//! Naming the device to compute on.

use burn::tensor::Device;
#[cfg(feature = "adapters")]
use burn::tensor::DeviceType;

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
}

/// `cpu`, or one of `cuda`, `metal`, `rocm`, `vulkan`, `webgpu` where the feature is compiled in: its first, most
/// powerful adapter.
///
/// `webgpu` compiles kernels to WGSL and runs them on whatever graphics API the machine has (Vulkan, Metal, DirectX 12,
/// OpenGL); `vulkan` to SPIR-V, and on Vulkan alone.
///
/// # Errors
/// A name that is unknown or not built in; no adapter.
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
        "cuda" | "metal" | "rocm" | "vulkan" | "webgpu" => Err(DeviceError::NotBuilt(name.into())),
        _ => Err(DeviceError::Unknown(name.into())),
    }
}

/// The device, if the machine has any of its kind: Burn opens one at the first tensor only, and panics there.
#[cfg(feature = "adapters")]
fn present(
    name: &str,
    kind: DeviceType,
    open: impl FnOnce() -> Device,
) -> Result<Device, DeviceError> {
    if Device::enumerate(kind).is_empty() {
        return Err(DeviceError::NoAdapter(name.into()));
    }
    Ok(open())
}

/// The name of the adapter behind a device, such as a graphics card's; none for the CPU.
pub fn adapter_name(device: &Device) -> Option<String> {
    #[cfg(feature = "adapters")]
    let name = device.identity().map(|identity| identity.name);
    #[cfg(not(feature = "adapters"))]
    let (name, _) = (None, device);
    name
}
