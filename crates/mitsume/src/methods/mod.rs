//! Class activation maps, each a function of the hooked layer's feature maps and the gradient
//! of one class score with respect to them.
//!
//! A method is a file with a [`Descriptor`] (name, requirements, map on plain arrays, map on
//! tensors) and a line of the list below.
//!
//! All are computed in `f64` and end in a ReLU; [`normalise`](crate::normalise()) brings them to
//! [0, 1). Where a source and its common implementation (pytorch-grad-cam) differ, the function
//! says so.

pub mod ablation_cam;
mod activations_and_gradients;
pub mod cam;
mod descriptor;
pub mod eigen_cam;
pub mod eigen_grad_cam;
pub mod elementwise;
pub mod grad_cam;
pub mod grad_cam_plus_plus;
pub mod hires_cam;
pub mod layer_cam;
pub mod random;
pub mod score_cam;
mod unsupported;
mod weighted;
pub mod xgrad_cam;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use activations_and_gradients::{ActivationShapeError, ActivationsAndGradients};
pub use descriptor::{ChannelScores, Descriptor, MapInputs, Requirements, TensorMap, Training};
pub use unsupported::UnsupportedMethod;
pub use weighted::weighted_combination;

macro_rules! methods {
    ($($(#[$documentation:meta])* $method:ident: $file:ident,)*) => {
        /// A method to compute a class activation map.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Method {
            $($(#[$documentation])* $method,)*
        }

        impl Method {
            /// All methods, in the order of the list.
            pub const ALL: [Self; [$(Self::$method),*].len()] = [$(Self::$method),*];

            /// Its name, requirements and functions.
            pub fn descriptor(self) -> &'static Descriptor {
                match self {
                    $(Self::$method => &$file::METHOD,)*
                }
            }
        }
    };
}

methods! {
    /// Grad-CAM (Eq. 1), the method of the thesis and the default.
    #[default]
    GradCam: grad_cam,
    /// HiResCAM.
    HiresCam: hires_cam,
    /// Element-wise Grad-CAM.
    Elementwise: elementwise,
    /// Grad-CAM++.
    GradCamPlusPlus: grad_cam_plus_plus,
    /// XGrad-CAM.
    XgradCam: xgrad_cam,
    /// LayerCAM.
    LayerCam: layer_cam,
    /// CAM; only for heads of a global average pool and a linear layer.
    Cam: cam,
    /// Eigen-CAM; does not depend on the class.
    EigenCam: eigen_cam,
    /// Eigen-Grad-CAM.
    EigenGradCam: eigen_grad_cam,
    /// Ablation-CAM: a forward pass of the head per channel.
    AblationCam: ablation_cam,
    /// Score-CAM: a forward pass of the whole model per channel.
    ScoreCam: score_cam,
    /// Random weights, as a control.
    Random: random,
}

impl Method {
    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        self.descriptor().name
    }

    /// All names with their remarks, for help texts:
    /// `grad-cam, ..., score-cam (slow), random (as a control)`.
    pub fn list() -> String {
        let item = |method: Self| match method.descriptor() {
            Descriptor {
                name, remark: "", ..
            } => (*name).to_owned(),
            Descriptor { name, remark, .. } => format!("{name} ({remark})"),
        };
        Self::ALL.map(item).join(", ")
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An unknown method name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown method \"{name}\"; there are {known}")]
pub struct UnknownMethod {
    name: String,
    known: String,
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|method| method.name() == name);
        found.ok_or_else(|| UnknownMethod {
            name: name.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

/// The ReLU at the end of all methods.
fn relu(map: Vec<f64>) -> Vec<f32> {
    map.into_iter().map(|value| value.max(0.0) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_written() {
        for method in Method::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
            let quoted = format!("\"{method}\"");
            assert_eq!(serde_json::to_string(&method).unwrap(), quoted);
        }
        let error = "gradcam".parse::<Method>().unwrap_err().to_string();
        assert!(error.contains("grad-cam"), "{error}");
    }
}
