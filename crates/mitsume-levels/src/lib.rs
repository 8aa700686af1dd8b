//! The five convolutional classifiers of the thesis (section 4.3) as data, levels 1 to 5: the
//! blocks of the trunk, which ends at the hooked layer, and the head after it. Also the number
//! format that a trunk's convolutions are computed in, [`Precision`].
//!
//! Everything else is made from this: `mitsume-nn` its modules, `mitsume-kernels` the stages of its
//! fused trunk, a run's configuration its names and defaults.
//!
//! ```
//! use mitsume_levels::Level;
//!
//! let level: Level = "level3".parse().unwrap();
//! assert_eq!(level.target_layer(), "features.8");
//! assert_eq!(level.cam_size([224, 224]), [28, 28]);
//! assert_eq!(level.feature_channels(), 256);
//! assert!(level.head().is_gap_linear());
//! ```

mod block;
mod head;
mod level;
mod precision;

pub use block::BlockSpec;
pub use head::HeadSpec;
pub use level::Level;
pub use precision::{Precision, UnknownPrecision};
