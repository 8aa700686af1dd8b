//! Class-folder image data sets: decoding, transforms equal to torchvision's, augmentation, batches,
//! phantoms and data-set checks.
//!
//! ```rust
//! use mitsume_data::phantom::{PhantomSpec, write_data_set};
//! use mitsume_data::{ImageFolder, ImageSource, Preprocess, shuffled};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = tempfile::tempdir()?;
//! let spec = PhantomSpec { per_class_train: 3, per_class_test: 1, size: 32, seed: 0 };
//! let phantoms = write_data_set(dir.path(), spec, &|_done, _total| ())?;
//!
//! let folder = ImageFolder::open(&phantoms.train)?;
//! let preprocess = Preprocess {
//!     height: 32,
//!     width: 32,
//!     channels: 1,
//!     augment: None,
//!     seed: 0,
//!     transform: Default::default(),
//! };
//! let source = ImageSource::new(&folder.samples, preprocess, 1 << 20)?;
//! for batch in source.batches(shuffled(source.len(), 0, 1), 4, 1) {
//!     // `images` is [N, 1, 32, 32], `labels` the classes.
//!     assert_eq!(batch.images.len(), batch.labels.len() * 32 * 32);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Everything random is a function of given numbers (seed, epoch, index), so results do not depend on
//! the number of threads, the cache or the platform.
//!
//! # Dependencies, and why
//!
//! | crate | for | why |
//! | --- | --- | --- |
//! | `image` | PNG, TIFF, WebP, BMP, GIF, pixel types, EXIF orientation | the standard; pure Rust, built with these formats only |
//! | `bytemuck` | 16-bit values as bytes | checked casts without unsafe code |
//! | `dicom-object`, `dicom-pixeldata` | DICOM | pure Rust; lookup tables, windows, encapsulated pixels |
//! | `pure_jpegls` | JPEG-LS in DICOM | no unsafe code, compared with CharLS by its tests and ours; `dicom-pixeldata` needs CharLS itself, in C++. Grey images only |
//! | `hayro-jpeg2000` | JPEG 2000 in DICOM | no unsafe code, unlike the OpenJPEG that `dicom-pixeldata` can use |
//! | `zune-jpeg` | JPEG | as in `image`, which does not offer its strict mode for truncated files |
//! | `fast_image_resize` | antialiased resize | the convolution of Pillow and PyTorch on 8-bit pixels |
//! | `walkdir` | listing folders | follows links and detects loops |
//! | `rayon` | decoding in parallel | the thread pool of all crates |
//! | `blake3` | fingerprints, duplicates | fast, no accidental collisions |
//! | `regex` | patients in file names | linear in the length of a name, whatever the pattern |
//! | `csv`, `serde_json` | lists | the standards |
//! | `serde` | the report of a data-set check | the standard |
//! | `thiserror`, `tracing` | errors, warnings | the standard for libraries |

mod affine;
mod augment;
mod batches;
pub mod check;
mod colour;
mod crop;
pub mod decode;
pub mod divide;
mod duplicates;
mod error;
mod fingerprint;
mod folder;
mod frame_name;
mod grey;
mod image_cache;
mod image_transform;
mod list;
mod other_files;
mod patient_pattern;
pub mod phantom;
mod pixels;
mod png;
mod preprocess;
mod resize;
mod shuffle;
mod source;

pub use augment::Augment;
pub use batches::{Batch, Batches};
pub use crop::{CropBox, CropRandom, random_resized_crop};
pub use duplicates::find_duplicates;
pub use error::DataError;
pub use folder::{ImageFolder, Sample, SharedPatient};
pub use frame_name::{FrameName, image_file, image_stem, images_in, without_frame};
pub use grey::to_grey;
pub use image_cache::ImageCache;
pub use image_transform::{ImageTransform, Interpolation};
pub use list::{ImageList, ListLabels, ListedImage, MultiLabelData, Split, write_list};
pub use other_files::OtherFiles;
pub use patient_pattern::PatientPattern;
pub use pixels::{DecodedPixels, PixelValue, Pixels};
pub use png::grey_or_rgb_png;
pub use preprocess::Preprocess;
pub use resize::resize;
pub use shuffle::shuffled;
pub use source::{ImageSource, Skipped};
