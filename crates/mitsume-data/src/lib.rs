//! Class-folder image data sets: decoding, transforms equal to torchvision's, seeded augmentation, phantoms and
//! data-set checks.
//!
//! ```no_run
//! use mitsume_data::{ImageFolder, ImageSource, Preprocess, shuffled};
//!
//! # fn main() -> Result<(), mitsume_data::DataError> {
//! let folder = ImageFolder::open("brain/Training".as_ref())?;
//! let preprocess = Preprocess { height: 224, width: 224, channels: 1, augment: None, seed: 0, transform: Default::default() };
//! let source = ImageSource::new(&folder.samples, preprocess, 2 << 30)?;
//! for skipped in source.load(&|_done, _total| ()) {
//!     eprintln!("{}: {}", skipped.path.display(), skipped.reason);
//! }
//! for batch in source.batches(shuffled(source.len(), 0, 1), 32, 1) {
//!     // batch.images is [N, 1, 224, 224], batch.labels the classes.
//! #   let _ = batch;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Everything random is a function of named numbers (seed, epoch, index), so results do not depend on the number of
//! threads, the cache or the platform.
//!
//! # Dependencies, and why
//!
//! | crate | for | why it |
//! | --- | --- | --- |
//! | `image` | PNG, pixel types, EXIF orientation | the ecosystem's standard; built with PNG only |
//! | `dicom-object`, `dicom-pixeldata` | DICOM | pure Rust; lookup tables, windows and encapsulated pixels as the standard has them |
//! | `zune-jpeg` | JPEG | what `image` itself uses; taken directly because only its strict mode reports truncated files |
//! | `fast_image_resize` | antialiased bilinear resize | same convolution as Pillow and PyTorch on 8-bit pixels, SIMD |
//! | `walkdir` | listing folders | follows links and cuts loops of them |
//! | `rayon` | decoding in parallel | the pool every other part of the program uses |
//! | `blake3` | fingerprints, keys of random streams, equal images | fast, stable, no accidental collisions |
//! | `serde` | the report of a data-set check | the standard |
//! | `thiserror`, `tracing` | errors, warnings | the standard for libraries |

mod augment;
mod batches;
pub mod check;
mod crop;
pub mod decode;
mod duplicates;
mod error;
mod folder;
mod grey;
mod image_cache;
mod image_transform;
mod other_files;
pub mod phantom;
mod pixels;
mod preprocess;
mod resize;
mod shuffle;
mod source;

pub use augment::Augment;
pub use batches::{Batch, Batches};
pub use crop::{CropBox, CropRandom, random_resized_crop};
pub use duplicates::find_duplicates;
pub use error::DataError;
pub use folder::{ImageFolder, Sample};
pub use grey::to_grey;
pub use image_cache::ImageCache;
pub use image_transform::{ImageTransform, Interpolation};
pub use other_files::OtherFiles;
pub use pixels::Pixels;
pub use preprocess::Preprocess;
pub use resize::resize;
pub use shuffle::shuffled;
pub use source::{ImageSource, Skipped};
