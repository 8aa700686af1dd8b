//! Lists the requested images and names their output files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use mitsume_data::{ImageFolder, Skipped, image_stem, images_in};

use crate::{Observer, report_other_files};

/// Suffix of a picture's file name.
const PICTURE_SUFFIX: &str = ".explained.png";
/// Suffixes of an image's other output files, in place of [`PICTURE_SUFFIX`].
const OVERLAY_SUFFIX: &str = ".explained.overlay.png";
const MAP_SUFFIX: &str = ".explained.map.npy";
/// File name of the table.
pub(crate) const TABLE_FILE: &str = "explained.csv";
/// File name of the page.
pub(crate) const PAGE_FILE: &str = "explained.html";

/// An image to explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedImage {
    /// The image file, or a frame of one.
    pub path: PathBuf,
    /// Name on the page: the file name, or the path below the requested folder.
    pub name: String,
    /// Path of its picture below the output folder, with `/`.
    pub picture: String,
}

impl ListedImage {
    /// Path of the map over the image at its own resolution, as [`ListedImage::picture`].
    pub fn overlay(&self) -> String {
        self.with_suffix(OVERLAY_SUFFIX)
    }

    /// Path of the map's NumPy file, as [`ListedImage::picture`].
    pub fn map(&self) -> String {
        self.with_suffix(MAP_SUFFIX)
    }

    fn with_suffix(&self, suffix: &str) -> String {
        let stem = self
            .picture
            .strip_suffix(PICTURE_SUFFIX)
            .unwrap_or(&self.picture);
        format!("{stem}{suffix}")
    }
}

/// The images of `paths` (files, lists, and folders with all images in and below them), in this
/// order, and the folders that cannot be listed or hold no image. Images of a folder are in the
/// order of [`ImageFolder::unlabelled`], without the pictures of earlier explanations.
pub(crate) fn list_images(
    paths: &[PathBuf],
    observer: &mut Observer<'_>,
) -> (Vec<ListedImage>, Vec<Skipped>) {
    let mut listed = Vec::new();
    let mut failed = Vec::new();
    let mut taken = HashSet::new();
    for path in paths {
        if !path.is_dir() && !ImageFolder::is_list(path) {
            for image in images_in(vec![path.clone()]) {
                let name = PathBuf::from(image.file_name().unwrap_or_default());
                listed.push(listed_as(image, &name, &mut taken));
            }
            continue;
        }
        let found = images_of(path, observer);
        match found {
            Ok((root, files)) if !files.is_empty() => {
                listed.extend(files.into_iter().map(|file| {
                    let below = file.strip_prefix(&root).unwrap_or(&file).to_owned();
                    listed_as(file, &below, &mut taken)
                }))
            }
            Ok(_) => failed.push(Skipped {
                path: path.clone(),
                reason: "no image file in this folder".into(),
            }),
            Err(reason) => failed.push(Skipped {
                path: path.clone(),
                reason,
            }),
        }
    }
    (listed, failed)
}

/// The images in and below a folder, or of a list, and the folder they are named relative to.
/// Reports the other files, except those of earlier explanations.
fn images_of(
    folder: &Path,
    observer: &mut Observer<'_>,
) -> Result<(PathBuf, Vec<PathBuf>), String> {
    let mut found = ImageFolder::unlabelled(folder).map_err(|error| error.reason())?;
    found.other_paths.retain(|file| {
        let name = file.file_name().unwrap_or_default();
        name != TABLE_FILE && name != PAGE_FILE && !name.to_string_lossy().ends_with(MAP_SUFFIX)
    });
    report_other_files(&found, observer);
    let files = found.samples.into_iter().map(|sample| sample.path);
    let files = files.filter(|file| {
        let name = file.to_string_lossy();
        !name.ends_with(PICTURE_SUFFIX) && !name.ends_with(OVERLAY_SUFFIX)
    });
    Ok((found.root, files.collect()))
}

fn listed_as(path: PathBuf, name: &Path, taken: &mut HashSet<String>) -> ListedImage {
    let parts = name
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    ListedImage {
        name: parts.collect::<Vec<_>>().join("/"),
        picture: picture_name(name, taken),
        path,
    }
}

/// `FOLDERS/STEM.explained.png`, with a number if another image already has that name. Names that
/// differ only in case count as equal, as on some file systems. Never the name of an input image,
/// unless that is an earlier picture.
fn picture_name(image: &Path, taken: &mut HashSet<String>) -> String {
    let mut folders: Vec<String> = image
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let stem = image_stem(image);
    folders.push(if stem.is_empty() {
        "image".into()
    } else {
        stem
    });
    let base = folders.join("/");
    (1..)
        .map(|n| match n {
            1 => format!("{base}{PICTURE_SUFFIX}"),
            n => format!("{base}-{n}{PICTURE_SUFFIX}"),
        })
        .find(|name| taken.insert(name.to_lowercase()))
        .expect("there are more numbers than images")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn images_with_the_same_name_get_different_pictures() {
        let mut taken = HashSet::new();
        let names: Vec<_> = [
            "x.png", "x.jpg", "y.png", "X.png", "a/x.png", "x-2.png", "a/x.dcm",
        ]
        .iter()
        .map(|path| picture_name(Path::new(path), &mut taken))
        .collect();
        assert_eq!(
            names,
            [
                "x.explained.png",
                "x-2.explained.png",
                "y.explained.png",
                "X-3.explained.png",
                "a/x.explained.png",
                "x-2-2.explained.png",
                "a/x-2.explained.png"
            ]
        );
    }

    #[test]
    fn folders_are_searched_and_empty_ones_are_reported() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for file in [
            "a/1.png",
            "a/b/2.jpg",
            "3.png",
            "3.explained.png",
            "3.explained.overlay.png",
            "3.explained.map.npy",
            "notes.txt",
            "explained.csv",
        ] {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::write(root.join(file), "").unwrap();
        }
        std::fs::create_dir(root.join("empty")).unwrap();
        let mut told = Vec::new();
        let named = [root.join("a"), root.join("empty"), root.join("3.png")];
        let (listed, failed) = list_images(&named, &mut |event| told.push(event));
        let pictures: Vec<_> = listed.iter().map(|one| one.picture.as_str()).collect();
        assert_eq!(
            pictures,
            ["1.explained.png", "b/2.explained.png", "3.explained.png"]
        );
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].path, root.join("empty"));
        let (all, _) = list_images(&[root.to_owned()], &mut |event| told.push(event));
        assert_eq!(all.len(), 3, "no picture of an earlier explanation");
        let others = |event: &Event| match event {
            Event::OtherFiles { files, .. } => files.iter().map(|kind| kind.paths.len()).sum(),
            _ => 0,
        };
        let others: usize = told.iter().map(others).sum();
        assert_eq!(others, 1, "the notes, and not the table: {told:?}");
    }
}
