//! Other class activation maps, each a function of the hooked layer's feature maps and the gradient
//! of one class score with respect to them.
//!
//! | method | raw map before the ReLU | source |
//! | --- | --- | --- |
//! | [`grad_cam`] | `sum_k mean(G_k) A_k` | Selvaraju et al. 2017 |
//! | [`hires_cam`] | `sum_k G_k * A_k` | Draelos and Carin 2020 |
//! | [`elementwise`] | `sum_k relu(G_k * A_k)` | Grad-CAM without the mean of gradients |
//! | [`grad_cam_plus_plus`] | `sum_k w_k A_k`, w from higher powers of G | Chattopadhay et al. 2018 |
//! | [`xgrad_cam`] | `sum_k (sum G_k A_k / sum A_k) A_k` | Fu et al. 2020 |
//! | [`layer_cam`] | `sum_k relu(G_k) * A_k` | Jiang et al. 2021 |
//! | [`cam`] | `sum_k W_k A_k`, W the class' weights of the last layer | Zhou et al. 2016 |
//! | [`eigen_cam`] | first principal component of A over the pixels | Muhammad and Yeasin 2020 |
//! | [`eigen_grad_cam`] | the same of `G * A` | the same, with the class |
//! | [`ablation_cam`] | `sum_k (y - y_ablated_k) / y A_k` | Desai and Ramaswamy 2020 |
//! | [`score_cam`] | `sum_k softmax(y_masked_k) A_k` | Wang et al. 2020 |
//! | [`random`] | `sum_k u_k A_k`, u uniform in [-1, 1) | a control: what no class decides |
//!
//! CAM is defined if only a global average pool and a linear layer follow the hooked layer
//! ([`Method::check_head`]). It is then Grad-CAM times h w: alpha is the layer's weights over (h
//! w), and the factor cancels in Eq. 2, so that both give the same normalised map but for its
//! epsilon. In HiResCAM and XGrad-CAM every gradient is then its mean too.
//!
//! Those of the first seven lines can be trained ([`Method::is_differentiable`]).
//!
//! All are computed in `f64` and end in a ReLU; [`normalise`](crate::normalise()) brings them to
//! [0, 1). Where a source and its common implementation (pytorch-grad-cam) differ, the function
//! says so.

mod ablation_cam;
mod activations_and_gradients;
mod eigen_cam;
mod grad_cam_plus_plus;
mod random;
mod score_cam;
mod unsupported;
mod weighted;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use ablation_cam::ablation_cam;
pub use activations_and_gradients::{ActivationShapeError, ActivationsAndGradients};
pub use eigen_cam::{eigen_cam, eigen_grad_cam};
pub use grad_cam_plus_plus::grad_cam_plus_plus;
pub use random::random;
pub use score_cam::{score_cam, softmax};
pub use unsupported::UnsupportedMethod;
pub use weighted::{
    cam, elementwise, grad_cam, hires_cam, layer_cam, weighted_combination, xgrad_cam,
};

/// A class activation map method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Grad-CAM (Eq. 1), the thesis' and the default.
    #[default]
    GradCam,
    /// HiResCAM.
    HiresCam,
    /// Element-wise Grad-CAM.
    Elementwise,
    /// Grad-CAM++.
    GradCamPlusPlus,
    /// XGrad-CAM.
    XgradCam,
    /// LayerCAM.
    LayerCam,
    /// CAM; only if a global average pool and a linear layer follow the hooked layer.
    Cam,
    /// Eigen-CAM; not class-specific.
    EigenCam,
    /// Eigen-Grad-CAM.
    EigenGradCam,
    /// Ablation-CAM: a forward pass of the head per channel.
    AblationCam,
    /// Score-CAM: a forward pass of the whole model per channel.
    ScoreCam,
    /// Random weights, as a control.
    Random,
}

impl Method {
    /// All of them, Grad-CAM first.
    pub const ALL: [Self; 12] = [
        Self::GradCam,
        Self::HiresCam,
        Self::Elementwise,
        Self::GradCamPlusPlus,
        Self::XgradCam,
        Self::LayerCam,
        Self::Cam,
        Self::EigenCam,
        Self::EigenGradCam,
        Self::AblationCam,
        Self::ScoreCam,
        Self::Random,
    ];

    /// Whether it uses gradients.
    pub fn uses_gradients(self) -> bool {
        !matches!(
            self,
            Self::EigenCam | Self::AblationCam | Self::ScoreCam | Self::Random
        )
    }

    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradCam => "grad-cam",
            Self::HiresCam => "hires-cam",
            Self::Elementwise => "elementwise",
            Self::GradCamPlusPlus => "grad-cam-plus-plus",
            Self::XgradCam => "xgrad-cam",
            Self::LayerCam => "layer-cam",
            Self::Cam => "cam",
            Self::EigenCam => "eigen-cam",
            Self::EigenGradCam => "eigen-grad-cam",
            Self::AblationCam => "ablation-cam",
            Self::ScoreCam => "score-cam",
            Self::Random => "random",
        }
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

/// The ReLU all methods end in.
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
