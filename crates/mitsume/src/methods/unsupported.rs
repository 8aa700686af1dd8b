//! Where a method cannot be used: training needs a differentiable map, CAM a certain head.

use super::Method;
use super::descriptor::Training;

/// A method where it cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedMethod {
    /// Its maps have no gradient to train with.
    #[error(
        "{method} cannot be trained: {}; one of {}", reason(*.method), Method::differentiable_names()
    )]
    NotDifferentiable {
        /// Which.
        method: Method,
    },
    /// A method that is not defined for the network's head.
    #[error(
        "{method} needs a global average pool and a linear layer right after the hooked layer, as level3, \
         level4 and level5 have; take grad-cam, which is the same map there and defined everywhere"
    )]
    HeadNotGapLinear {
        /// Which.
        method: Method,
    },
}

impl Method {
    /// Those whose maps are differentiable in feature maps and gradients, Grad-CAM first.
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

    /// Refuses a method that needs a global average pool and a linear layer (between them at most a
    /// dropout) after the hooked layer, where something else follows; `gap_linear` says that nothing
    /// else does.
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

fn reason(method: Method) -> &'static str {
    match method.descriptor().training {
        Training::NotDifferentiable(reason) => reason,
        Training::Differentiable(_) => "it can",
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
