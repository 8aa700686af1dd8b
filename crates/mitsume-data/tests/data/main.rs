//! Tests of the crate as its users see it, in one program: each program of its own would be linked with all decoders.

mod check;
mod decode;
mod dicom;
mod divide;
mod folder;
mod formats;
mod frame_lists;
mod list;
mod multi_label;
mod phantom;
mod source;
mod support;
mod torchvision;
