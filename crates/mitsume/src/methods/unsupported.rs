//! Requirements that a method may not meet: a differentiable map for training, and for CAM a head
//! of global average pool and linear layer.

use super::Method;
use super::descriptor::Training;

/// A method that cannot be used for this training or network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedMethod {
    /// Its maps have no gradient to train with.
    #[error(
        "{method} cannot be trained: {reason}; one of {}",
        Method::differentiable_names()
    )]
    NotDifferentiable {
        /// The method.
        method: Method,
        /// Why its maps are not differentiable.
        reason: &'static str,
    },
    /// A method that is not defined for the network's head.
    #[error(
        "{method} needs a global average pool and a linear layer right after the hooked layer, as \
         level3, level4 and level5 have; take grad-cam, which is the same map there and defined \
         everywhere"
    )]
    HeadNotGapLinear {
        /// The method.
        method: Method,
    },
}

impl Method {
    /// Methods whose maps are differentiable in feature maps and gradients, Grad-CAM first.
    pub fn differentiable() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|method| method.is_differentiable())
    }

    /// Their names, for messages.
    pub fn differentiable_names() -> String {
        let names: Vec<_> = Self::differentiable().map(Self::name).collect();
        names.join(", ")
    }

    /// Whether the consistency of its maps can be trained.
    pub fn is_differentiable(self) -> bool {
        matches!(self.descriptor().training, Training::Differentiable(_))
    }

    /// An error unless the method is differentiable.
    ///
    /// # Errors
    /// [`UnsupportedMethod::NotDifferentiable`], whose message names the methods that are.
    pub fn check_differentiable(self) -> Result<(), UnsupportedMethod> {
        match self.descriptor().training {
            Training::Differentiable(_) => Ok(()),
            Training::NotDifferentiable(reason) => Err(UnsupportedMethod::NotDifferentiable {
                method: self,
                reason,
            }),
        }
    }

    /// An error if the method needs a global average pool and a linear layer (between them at most
    /// a dropout) after the hooked layer and the head is not that. `gap_linear`: whether it is.
    ///
    /// # Errors
    /// [`UnsupportedMethod::HeadNotGapLinear`].
    pub fn check_head(self, gap_linear: bool) -> Result<(), UnsupportedMethod> {
        match self.descriptor().requires.gap_linear_head && !gap_linear {
            true => Err(UnsupportedMethod::HeadNotGapLinear { method: self }),
            false => Ok(()),
        }
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
