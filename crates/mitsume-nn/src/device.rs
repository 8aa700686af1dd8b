//! Naming the device to compute on.

use burn::tensor::Device;

/// A device name that is unknown, or known but not compiled in.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The name is none of those this program knows.
    #[error("no device named \"{0}\": one of cpu, cuda, metal, rocm, vulkan, webgpu")]
    Unknown(String),
    /// The back end is left out of this build.
    #[error("this build has no {0} support: build with `--features {0}`, or use --device cpu")]
    NotBuilt(String),
}

/// `cpu`, or one of `cuda`, `metal`, `rocm`, `vulkan`, `webgpu` where the feature is compiled in.
pub fn parse_device(name: &str) -> Result<Device, DeviceError> {
    match name {
        "cpu" => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(0)),
        #[cfg(feature = "rocm")]
        "rocm" => Ok(Device::rocm(0)),
        #[cfg(feature = "metal")]
        "metal" => Ok(Device::metal(Default::default())),
        #[cfg(feature = "vulkan")]
        "vulkan" => Ok(Device::vulkan(Default::default())),
        #[cfg(feature = "webgpu")]
        "webgpu" => Ok(Device::webgpu(Default::default())),
        "cuda" | "metal" | "rocm" | "vulkan" | "webgpu" => Err(DeviceError::NotBuilt(name.into())),
        _ => Err(DeviceError::Unknown(name.into())),
    }
}
