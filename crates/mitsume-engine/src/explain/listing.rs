//! The images that are asked for, and the names of their pictures.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use mitsume_data::{ImageFolder, Skipped};

use crate::{Observer, report_other_files};

/// What the name of a picture ends in.
const ENDING: &str = ".explained.png";
/// What the names of the other files of an image end in, in the place of [`ENDING`].
const OVERLAY_ENDING: &str = ".explained.overlay.png";
const MAP_ENDING: &str = ".explained.map.npy";
/// The table beside the pictures.
pub(super) const TABLE: &str = "explained.csv";
/// The page beside the pictures.
pub(super) const PAGE: &str = "explained.html";

/// An image to explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedImage {
    /// The file.
    pub path: PathBuf,
    /// What it is called on the page: its file name, or its path below the folder that was named.
    pub name: String,
    /// Where its picture goes, relative to the folder for pictures, with slashes.
    pub picture: String,
}

impl ListedImage {
    /// Where the map over the image at its own resolution goes, as [`ListedImage::picture`].
    pub fn overlay(&self) -> String {
        self.beside_picture(OVERLAY_ENDING)
    }

    /// Where the map itself goes, as [`ListedImage::picture`].
    pub fn map(&self) -> String {
        self.beside_picture(MAP_ENDING)
    }

    fn beside_picture(&self, ending: &str) -> String {
        let stem = self.picture.strip_suffix(ENDING).unwrap_or(&self.picture);
        format!("{stem}{ending}")
    }
}

/// The images of `named`, files and folders, in this order; of a folder all images in and below it, in the order of
/// [`ImageFolder::unlabelled`], and what could not be listed. Pictures of earlier explanations are left out of folders.
pub(super) fn listing(
    named: &[PathBuf],
    observer: &mut Observer<'_>,
) -> (Vec<ListedImage>, Vec<Skipped>) {
    let mut listed = Vec::new();
    let mut failed = Vec::new();
    let mut taken = HashSet::new();
    for path in named {
        if !path.is_dir() {
            let name = Path::new(path.file_name().unwrap_or_default());
            listed.push(listed_as(path.clone(), name, &mut taken));
            continue;
        }
        let found = images_in(path, observer);
        match found {
            Ok(files) if !files.is_empty() => listed.extend(files.into_iter().map(|file| {
                let below = file.strip_prefix(path).unwrap_or(&file).to_owned();
                listed_as(file, &below, &mut taken)
            })),
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

/// The images in and below a folder; other files, but for those of earlier explanations, are told of.
fn images_in(folder: &Path, observer: &mut Observer<'_>) -> Result<Vec<PathBuf>, String> {
    let mut found = ImageFolder::unlabelled(folder).map_err(|error| error.reason())?;
    found.other_paths.retain(|file| {
        let name = file.file_name().unwrap_or_default();
        name != TABLE && name != PAGE && !name.to_string_lossy().ends_with(MAP_ENDING)
    });
    report_other_files(&found, observer);
    let files = found.samples.into_iter().map(|sample| sample.path);
    Ok(files
        .filter(|file| {
            let name = file.to_string_lossy();
            !name.ends_with(ENDING) && !name.ends_with(OVERLAY_ENDING)
        })
        .collect())
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

/// `FOLDERS/STEM.explained.png`, numbered where another image has that name already, on file systems too that do not
/// tell `A` from `a`. Never an image's own name, unless that is an earlier picture.
fn picture_name(image: &Path, taken: &mut HashSet<String>) -> String {
    let mut folders: Vec<String> = image
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let stem = image
        .file_stem()
        .map_or_else(|| "image".into(), |s| s.to_string_lossy());
    folders.push(stem.into_owned());
    let base = folders.join("/");
    (1..)
        .map(|n| match n {
            1 => format!("{base}{ENDING}"),
            n => format!("{base}-{n}{ENDING}"),
        })
        .find(|name| taken.insert(name.to_lowercase()))
        .expect("there are more numbers than images")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn images_of_the_same_name_get_pictures_of_their_own() {
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
    fn folders_are_searched_and_what_is_not_there_is_told() {
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
        let (listed, failed) = listing(&named, &mut |event| told.push(event));
        let pictures: Vec<_> = listed.iter().map(|one| one.picture.as_str()).collect();
        assert_eq!(
            pictures,
            ["1.explained.png", "b/2.explained.png", "3.explained.png"]
        );
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].path, root.join("empty"));
        let (all, _) = listing(&[root.to_owned()], &mut |event| told.push(event));
        assert_eq!(all.len(), 3, "no picture of an earlier explanation");
        let others = |event: &Event| match event {
            Event::OtherFiles { files, .. } => files.iter().map(|kind| kind.paths.len()).sum(),
            _ => 0,
        };
        let others: usize = told.iter().map(others).sum();
        assert_eq!(others, 1, "the notes, and not the table: {told:?}");
    }
}
