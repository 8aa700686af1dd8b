//! Where a method can be used: which can be trained, and what CAM asks of a network.

use super::Method;

/// A method where it cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitMethod {
    /// Its maps have no gradient to train with.
    #[error(
        "{method} cannot be trained: {}; one of {}", why_not(*.method),
        Method::DIFFERENTIABLE.map(Method::name).join(", ")
    )]
    NotDifferentiable {
        /// Which.
        method: Method,
    },
    /// CAM of a network where it is not defined.
    #[error(
        "cam needs a global average pool and a linear layer right after the hooked layer, as level3, \
         level4 and level5 have; take grad-cam, which is the same map there and defined everywhere"
    )]
    OtherHead,
}

impl Method {
    /// Those whose maps are differentiable in feature maps and gradients, Grad-CAM first.
    pub const DIFFERENTIABLE: [Self; 7] = [
        Self::GradCam,
        Self::HiresCam,
        Self::Elementwise,
        Self::GradCamPlusPlus,
        Self::XgradCam,
        Self::LayerCam,
        Self::Cam,
    ];

    /// Whether the consistency of its maps can be trained.
    pub fn is_differentiable(self) -> bool {
        Self::DIFFERENTIABLE.contains(&self)
    }

    /// Refuses a method that is not differentiable.
    ///
    /// # Errors
    /// [`UnfitMethod::NotDifferentiable`], naming those that are.
    pub fn check_differentiable(self) -> Result<(), UnfitMethod> {
        match self.is_differentiable() {
            true => Ok(()),
            false => Err(UnfitMethod::NotDifferentiable { method: self }),
        }
    }

    /// Refuses CAM where something else than a global average pool and a linear layer (between them
    /// at most a dropout) follows the hooked layer; `is_gap_linear` says that nothing else does.
    ///
    /// # Errors
    /// [`UnfitMethod::OtherHead`].
    pub fn check_head(self, is_gap_linear: bool) -> Result<(), UnfitMethod> {
        match self == Self::Cam && !is_gap_linear {
            true => Err(UnfitMethod::OtherHead),
            false => Ok(()),
        }
    }
}

fn why_not(method: Method) -> &'static str {
    match method {
        Method::EigenCam | Method::EigenGradCam => "it is a matrix decomposition",
        Method::AblationCam | Method::ScoreCam => "it is a forward pass per channel",
        _ => "its weights are not the network's",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_trained_is_refused_with_what_can() {
        for method in Method::ALL {
            let checked = method.check_differentiable();
            assert_eq!(checked.is_ok(), method.is_differentiable());
            if let Err(error) = checked {
                let error = error.to_string();
                let expected = format!("{method} cannot be trained: it");
                assert!(error.starts_with(&expected), "{error}");
                assert!(error.contains("one of grad-cam, hires-cam,"), "{error}");
            }
        }
    }

    #[test]
    fn only_cam_asks_for_a_head() {
        for method in Method::ALL {
            assert!(method.check_head(true).is_ok());
            assert_eq!(method.check_head(false).is_err(), method == Method::Cam);
        }
    }
}
