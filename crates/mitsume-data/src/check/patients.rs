//! Patients whose images lie in several splits.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Entry, SplitReport};

/// The patients that lists name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Patients {
    /// Number of patients.
    pub patients: usize,
    /// Image files whose patient is not known.
    pub images_without_patient: usize,
    /// Patients with images in several splits, by name.
    pub shared: Vec<SharedPatient>,
}

/// A patient with images in several splits: what is learned about the patient in one is known in
/// the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedPatient {
    /// The patient as the list names it.
    pub patient: String,
    /// Image files per split.
    pub splits: BTreeMap<String, usize>,
}

impl Patients {
    /// `None` if no image's patient is known.
    pub(super) fn new(splits: &[SplitReport], entries: &[Entry]) -> Option<Self> {
        let mut counts: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
        let mut images_without_patient = 0;
        for entry in entries {
            match &entry.patient {
                Some(patient) => {
                    let counts = counts.entry(patient).or_default();
                    *counts.entry(entry.split).or_default() += 1;
                }
                None => images_without_patient += 1,
            }
        }
        if counts.is_empty() {
            return None;
        }
        let shared = counts.iter().filter(|(_, counts)| counts.len() > 1);
        let named = |(split, count): (&usize, &usize)| (splits[*split].name.clone(), *count);
        Some(Self {
            patients: counts.len(),
            images_without_patient,
            shared: shared
                .map(|(patient, counts)| SharedPatient {
                    patient: (*patient).to_owned(),
                    splits: counts.iter().map(named).collect(),
                })
                .collect(),
        })
    }
}
