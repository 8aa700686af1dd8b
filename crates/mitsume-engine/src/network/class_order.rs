//! Which of a model's outputs is which class of the data.

use std::path::Path;

use mitsume_data::ImageFolder;

use crate::{EngineError, Result};

/// For each class, in the order it is spoken of, the model's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassOrder {
    names: Vec<String>,
    outputs: Vec<usize>,
}

impl ClassOrder {
    /// Classes in the model's own order. `names`: one for each output.
    pub fn identity(names: Vec<String>) -> Self {
        let outputs = (0..names.len()).collect();
        Self { names, outputs }
    }

    /// The classes of `folders`, found by name among the model's `names`, in its order. A model may have more classes
    /// than there are folders: it then chooses among those of the folders.
    ///
    /// # Errors
    /// A folder whose name is none of the model's, or a name that comes twice.
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

    /// The order for a model in `model` of so many `outputs`: with `names` (one for each output) and a `folder`, the
    /// folder's classes by name; with only one of them, its names in its order; with neither, numbers.
    ///
    /// # Errors
    /// As [`Self::from_folder_names`]; without names, another number of class folders than outputs.
    pub fn choose(
        model: &Path,
        outputs: usize,
        names: Option<Vec<String>>,
        folder: Option<&ImageFolder>,
    ) -> Result<Self> {
        let Some(folder) = folder else {
            return Ok(Self::identity(names.unwrap_or_else(|| numbered(outputs))));
        };
        if let Some(names) = names {
            return Self::from_folder_names(&names, &folder.classes).map_err(|error| {
                let (folder, model) = (folder.root.display(), model.display());
                EngineError::Request(format!("{folder}: {error} of {model}"))
            });
        }
        let classes = &folder.classes;
        if classes.len() != outputs {
            return Err(EngineError::Request(format!(
                "{}: {} class folders ({}), but {} has {outputs} classes",
                folder.root.display(),
                classes.len(),
                classes.join(", "),
                model.display(),
            )));
        }
        Ok(Self::identity(classes.clone()))
    }

    /// Class names, in the order they are spoken of.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The model's output for each class.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Whether it is the model's own order, of all of its `classes`.
    pub fn is_identity(&self, classes: usize) -> bool {
        self.outputs.iter().copied().eq(0..classes)
    }
}

/// `class 0`, `class 1`, ...: names where there are none.
fn numbered(classes: usize) -> Vec<String> {
    (0..classes).map(|class| format!("class {class}")).collect()
}

fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
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
