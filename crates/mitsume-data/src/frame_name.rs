//! Names of the frames of DICOM files with several: `scan.dcm#3` is frame 3 of `scan.dcm`.
//!
//! Frames are counted from 1, as DICOM does. A frame's name is a path like that of a file, so that it
//! stands wherever an image is named: in lists, tables, reports.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::decode::frames_in;

/// The ending of DICOM files that are looked into.
const DICOM_ENDING: &str = "dcm";

/// A frame of a file, as a path names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameName {
    /// The file.
    pub file: PathBuf,
    /// The frame, from 1.
    pub frame: u32,
}

impl FrameName {
    /// `None` for a path that does not end in `#` and a number. Whether there is such a file is not
    /// asked.
    pub fn parse(path: &Path) -> Option<Self> {
        let (file, frame) = split(path.file_name()?.to_str()?)?;
        Some(Self {
            file: path.with_file_name(file),
            frame,
        })
    }

    /// The path that names the frame.
    pub fn path(&self) -> PathBuf {
        let mut path = self.file.clone().into_os_string();
        path.push(format!("#{}", self.frame));
        path.into()
    }
}

fn split(name: &str) -> Option<(&str, u32)> {
    let (file, number) = name.rsplit_once('#')?;
    let plain = number.bytes().all(|digit| digit.is_ascii_digit()) && !number.starts_with('0');
    let frame = number.parse().ok().filter(|_| plain && !file.is_empty())?;
    Some((file, frame))
}

/// The name of an image without the number of its frame.
pub fn without_frame(name: &str) -> &str {
    split(name).map_or(name, |(file, _)| file)
}

/// The file that an image is in: its own, or that of a frame.
pub fn image_file(image: &Path) -> PathBuf {
    let frame = FrameName::parse(image).filter(|_| !image.is_file());
    frame.map_or_else(|| image.to_owned(), |frame| frame.file)
}

/// The name of an image without its ending; of a frame `scan#3`.
pub fn image_stem(image: &Path) -> String {
    let stem = |file: &Path| {
        let stem = file.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    match FrameName::parse(image) {
        Some(frame) => format!("{}#{}", stem(&frame.file), frame.frame),
        None => stem(image),
    }
}

/// The images in these files: of a DICOM file (`.dcm`) with several frames each frame, of others the
/// file. Looks into DICOM files, as far as the number of frames.
pub fn images_in(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let of_file = |file: PathBuf| {
        let frames = match may_have_frames(&file) {
            true => frames_in(&file),
            false => 1,
        };
        match frames {
            0 | 1 => vec![file],
            frames => {
                let named = (1..=frames).map(|frame| FrameName {
                    file: file.clone(),
                    frame,
                });
                named.map(|frame| frame.path()).collect()
            }
        }
    };
    files.into_par_iter().flat_map_iter(of_file).collect()
}

/// A name that is not UTF-8 would not be found again by the name of a frame.
fn may_have_frames(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(DICOM_ENDING))
        && file.file_name().is_some_and(|name| name.to_str().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_sign_and_a_plain_number_name_a_frame() {
        let frame = FrameName::parse(Path::new("a/b#1/scan.dcm#12")).unwrap();
        assert_eq!(
            (frame.file.to_str(), frame.frame),
            (Some("a/b#1/scan.dcm"), 12)
        );
        assert_eq!(frame.path(), Path::new("a/b#1/scan.dcm#12"));
        for other in [
            "scan.dcm",
            "a#1/scan.dcm",
            "#3",
            "scan.dcm#",
            "scan.dcm#03",
            "scan.dcm#0",
            "scan.dcm#+3",
            "scan.dcm#-1",
            "scan.dcm#99999999999",
            "scan#3.dcm",
        ] {
            assert_eq!(FrameName::parse(Path::new(other)), None, "{other}");
            assert_eq!(without_frame(other), other);
        }
        assert_eq!(without_frame("p1/scan.dcm#3"), "p1/scan.dcm");
        assert_eq!(image_stem(Path::new("a/scan.dcm#3")), "scan#3");
        assert_eq!(image_stem(Path::new("a/scan.dcm")), "scan");
    }
}
