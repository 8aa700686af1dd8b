//! The parameters that decide how hard the classes are to tell apart.
//!
//! Lengths are fractions of the head's half-axes (a head has radius 1), brightness is a fraction of
//! the full grey scale. Ranges `[low, high]` are of uniform distributions.

/// Brightness of a glioma's enhancing edge above the tissue around it.
pub const GLIOMA_CONTRAST: [f64; 2] = [0.14, 0.40];
/// Mean radius of a glioma.
pub const GLIOMA_RADIUS: [f64; 2] = [0.13, 0.30];
/// How far a glioma's outline departs from a circle, as a fraction of its radius.
pub const GLIOMA_IRREGULARITY: f64 = 0.34;
/// Distance of a glioma's centre from that of the brain (1 is its surface).
pub const GLIOMA_DEPTH: [f64; 2] = [0.25, 0.62];

/// Brightness of a meningioma above the tissue around it.
pub const MENINGIOMA_CONTRAST: [f64; 2] = [0.18, 0.42];
/// Radius of a meningioma.
pub const MENINGIOMA_RADIUS: [f64; 2] = [0.11, 0.24];
/// Distance of a meningioma's centre from that of the brain (1 is its surface).
pub const MENINGIOMA_DEPTH: [f64; 2] = [0.84, 0.96];

/// Brightness of a pituitary tumour above the tissue around it.
pub const PITUITARY_CONTRAST: [f64; 2] = [0.22, 0.46];
/// Radius of a pituitary tumour.
pub const PITUITARY_RADIUS: [f64; 2] = [0.085, 0.15];
/// Standard deviation of its centre around the middle of the skull base, per axis.
pub const PITUITARY_SPREAD: f64 = 0.045;

/// Largest number of bright vessels per slice, in every class.
pub const MAX_VESSELS: usize = 5;
/// Radius of a vessel.
pub const VESSEL_RADIUS: [f64; 2] = [0.018, 0.04];
/// Brightness of a vessel.
pub const VESSEL_CONTRAST: [f64; 2] = [0.08, 0.30];
/// Probability of a bright thickening of the dura, which looks like a meningioma.
pub const DURAL_ARTEFACT: f64 = 0.3;
/// Brightness of that thickening.
pub const DURAL_CONTRAST: [f64; 2] = [0.06, 0.18];
/// Probability of a diffuse bright patch in the white matter, which looks like a glioma.
pub const PATCH: f64 = 0.3;
/// Brightness of that patch.
pub const PATCH_CONTRAST: [f64; 2] = [0.03, 0.09];

/// Standard deviation of the noise in each of the two receiver channels.
pub const NOISE: [f64; 2] = [0.01, 0.04];
/// Largest deviation of the bias field from 1.
pub const BIAS: f64 = 0.28;
