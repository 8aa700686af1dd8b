//! Patients by the names of their image files.

use regex::Regex;

use crate::error::DataError;

/// The group that is the patient.
const GROUP: &str = "patient";

/// A regular expression that finds the patient in the path of an image, such as `person\d+`.
///
/// It is searched in the path below the data set's folder, with `/` between folders. The patient is
/// the whole match, or what its group named `patient` matches: `id-(?<patient>\d+)`.
#[derive(Clone, Debug)]
pub struct PatientPattern(Regex);

impl PatientPattern {
    /// Compiles a pattern, in the syntax of the crate `regex`.
    ///
    /// # Errors
    /// [`DataError::Setting`] if it is not a regular expression, or too large a one.
    pub fn new(pattern: &str) -> Result<Self, DataError> {
        let compiled = Regex::new(pattern);
        let compiled = compiled.map_err(|error| DataError::Setting(error.to_string()))?;
        Ok(Self(compiled))
    }

    /// The patient in a path; `None` if the pattern does not match, or matches nothing but the empty
    /// text.
    pub fn patient<'a>(&self, path: &'a str) -> Option<&'a str> {
        let found = self.0.captures(path)?;
        let patient = match self.0.capture_names().flatten().any(|name| name == GROUP) {
            true => found.name(GROUP)?.as_str(),
            false => found.get(0)?.as_str(),
        };
        (!patient.trim().is_empty()).then_some(patient.trim())
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patient_is_the_whole_match_or_the_group_of_that_name() {
        let patient =
            |pattern: &str, path: &'static str| PatientPattern::new(pattern).unwrap().patient(path);
        let path = "train/b/person12_virus_3.jpeg";
        assert_eq!(patient(r"person\d+", path), Some("person12"));
        // Groups that hold alternatives together are no patients.
        assert_eq!(patient(r"(person|IM-)\d+", path), Some("person12"));
        assert_eq!(patient(r"person(?<patient>\d+)_(\w+)", path), Some("12"));
        assert_eq!(patient(r"(?<patient>IM-\d+)|person", path), None);
        assert_eq!(patient("IM", path), None);
        assert_eq!(patient("z*", path), None, "an empty match is nobody");
        let error = PatientPattern::new("(a").unwrap_err().to_string();
        assert!(error.contains("unclosed group"), "{error}");
        assert!(
            PatientPattern::new(r"(\w{1000}){1000}").is_err(),
            "too large"
        );
    }
}
