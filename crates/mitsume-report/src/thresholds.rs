//! The significance level of the tests, and what counts as few images or classes, on every page.

/// A p value below this is called significant.
pub(crate) const SIGNIFICANCE_LEVEL: f64 = 0.05;

/// With fewer evaluated images, accuracy and kappa say little about a model.
pub(crate) const MIN_EVALUATED_IMAGES: u64 = 30;

/// With fewer correctly classified images, a class mean map, and so a consistency, depends on
/// single images.
pub(crate) const MIN_CORRECT_IMAGES: u64 = 10;

/// A consistency over fewer classes is of one class alone.
pub(crate) const MIN_COUNTED_CLASSES: usize = 2;

/// With fewer patients, the intervals of a bootstrap of patients are too narrow.
pub(crate) const MIN_PATIENTS: usize = 20;
