//! Which methods are differentiable, and the head that CAM requires.

use super::Method;

/// A method that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedMethod {
    /// Its maps are not differentiable.
    #[error(
        "{method} cannot be trained: {}; one of {}", not_differentiable_because(*.method),
        Method::DIFFERENTIABLE.map(Method::name).join(", ")
    )]
    NotDifferentiable {
        /// Which.
        method: Method,
    },
    /// CAM of a network whose head is not a global average pool and a linear layer.
    #[error(
        "cam needs a global average pool and a linear layer right after the hooked layer, as level3, \
         level4 and level5 have; take grad-cam, which is the same map there and defined everywhere"
    )]
    HeadNotGapLinear,
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
    /// [`UnsupportedMethod::NotDifferentiable`], naming those that are.
    pub fn check_differentiable(self) -> Result<(), UnsupportedMethod> {
        match self.is_differentiable() {
            true => Ok(()),
            false => Err(UnsupportedMethod::NotDifferentiable { method: self }),
        }
    }

    /// Refuses CAM unless `is_gap_linear`: only a global average pool and a linear layer (between
    /// them at most a dropout) follow the hooked layer.
    ///
    /// # Errors
    /// [`UnsupportedMethod::HeadNotGapLinear`].
    pub fn check_head(self, is_gap_linear: bool) -> Result<(), UnsupportedMethod> {
        match self == Self::Cam && !is_gap_linear {
            true => Err(UnsupportedMethod::HeadNotGapLinear),
            false => Ok(()),
        }
    }
}

fn not_differentiable_because(method: Method) -> &'static str {
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
    fn methods_that_are_not_differentiable_are_refused_with_those_that_are() {
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
