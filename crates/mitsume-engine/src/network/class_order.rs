//! The order of a model's outputs against the classes of the data.

use std::path::Path;

use mitsume_data::ImageFolder;

use crate::{EngineError, Result};

/// Names of the classes in the order they are shown, and the model's output for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassOrder {
    names: Vec<String>,
    outputs: Vec<usize>,
}

impl ClassOrder {
    /// The model's own order, with one name for each output.
    pub fn identity(names: Vec<String>) -> Self {
        let outputs = (0..names.len()).collect();
        Self { names, outputs }
    }

    /// Matches class folders with the model's class names, in the order of `folders`. Classes of
    /// the model without a folder are left out.
    ///
    /// # Errors
    /// A folder whose name is not among `names`, or is there twice.
    pub fn from_folder_names(names: &[String], folders: &[String]) -> Result<Self> {
        let mut outputs = Vec::with_capacity(folders.len());
        for folder in folders {
            let mut found = (0..names.len()).filter(|&i| &names[i] == folder);
            match (found.next(), found.next()) {
                (Some(output), None) => outputs.push(output),
                (None, _) => {
                    return Err(EngineError::Request(format!(
                        "the class folder \"{folder}\" is none of the model's {} classes ({})",
                        names.len(),
                        shortened(names)
                    )));
                }
                (Some(_), Some(_)) => {
                    return Err(EngineError::Request(format!(
                        "two of the model's classes are named \"{folder}\""
                    )));
                }
            }
        }
        Ok(Self {
            names: folders.to_vec(),
            outputs,
        })
    }

    /// The order for the model in file `model`, with as many classes as `outputs`. With `names`
    /// (one for each output) and `folder`, the class folders are matched by name; with one of the
    /// two, its names are used in their order; with neither, the names are numbers.
    ///
    /// # Errors
    /// As [`Self::from_folder_names`]; without `names`, another number of class folders than
    /// outputs.
    pub fn choose(
        model: &Path,
        outputs: usize,
        names: Option<Vec<String>>,
        folder: Option<&ImageFolder>,
    ) -> Result<Self> {
        let Some(folder) = folder else {
            return Ok(Self::identity(
                names.unwrap_or_else(|| numbered_names(outputs)),
            ));
        };
        if let Some(names) = names {
            return Self::from_folder_names(&names, &folder.classes).map_err(|error| {
                let (folder, model) = (folder.named.display(), model.display());
                EngineError::Request(format!("{folder}: {error} of {model}"))
            });
        }
        let classes = &folder.classes;
        if classes.len() != outputs {
            let kind = if folder.listed {
                "labels"
            } else {
                "class folders"
            };
            return Err(EngineError::Request(format!(
                "{}: {} {kind} ({}), but {} has {outputs} classes",
                folder.named.display(),
                classes.len(),
                classes.join(", "),
                model.display(),
            )));
        }
        Ok(Self::identity(classes.clone()))
    }

    /// Class names, in the order they are shown.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The index of the model's output for each class.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Whether it is the model's own order, with all of its `classes`.
    pub fn is_identity(&self, classes: usize) -> bool {
        self.outputs.iter().copied().eq(0..classes)
    }
}

/// Names for unnamed classes: `class 0`, `class 1`, ...
fn numbered_names(classes: usize) -> Vec<String> {
    (0..classes).map(|class| format!("class {class}")).collect()
}

/// The first few names.
fn shortened(names: &[String]) -> String {
    const MAX_NAMES: usize = 8;
    let mut text = names[..names.len().min(MAX_NAMES)].join(", ");
    if names.len() > MAX_NAMES {
        text.push_str(", ...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(String::from).collect()
    }

    #[test]
    fn folders_are_found_by_name_in_any_order() {
        let order =
            ClassOrder::from_folder_names(&names("cat dog owl"), &names("dog cat")).unwrap();
        assert_eq!(order.outputs(), [1, 0]);
        assert!(!order.is_identity(3) && ClassOrder::identity(names("cat dog")).is_identity(2));
        let error =
            ClassOrder::from_folder_names(&names("cat dog"), &names("cat fox")).unwrap_err();
        assert!(error.to_string().contains("fox"), "{error}");
        assert!(ClassOrder::from_folder_names(&names("cat cat"), &names("cat")).is_err());
    }
}
