//! Sums of images by class, in memory up to a limit and beyond it in a temporary file.
//!
//! A sum has eight bytes for each pixel and channel, 1.2 MB for a colour image of 224x224: of a
//! thousand classes they are more than a gigabyte. Images come class by class as a rule, so that few
//! sums are needed at a time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use mitsume_artifacts::{Action, ArtifactError, Result};

/// Bytes of sums that are kept in memory.
const MEMORY_BYTES: usize = 128 << 20;

/// Sums by class; a class without an image takes no room.
pub(super) struct SumStore {
    /// Values of a sum.
    values: usize,
    /// Number of sums that are kept in memory.
    capacity: usize,
    memory: HashMap<usize, Vec<f64>>,
    /// The classes in memory, the one used last at the end.
    recent: Vec<usize>,
    file: Option<File>,
    /// Whether the class has a sum in the file.
    is_in_file: Vec<bool>,
}

impl SumStore {
    /// No sums, of `values` numbers each.
    pub fn new(classes: usize, values: usize) -> Self {
        Self::with_capacity(classes, values, (MEMORY_BYTES / 8 / values.max(1)).max(1))
    }

    fn with_capacity(classes: usize, values: usize, capacity: usize) -> Self {
        Self {
            values,
            capacity,
            memory: HashMap::new(),
            recent: Vec::new(),
            file: None,
            is_in_file: vec![false; classes],
        }
    }

    /// The classes with a sum, in order.
    pub fn classes(&self) -> Vec<usize> {
        let has_sum = |class: &usize| self.memory.contains_key(class) || self.is_in_file[*class];
        (0..self.is_in_file.len()).filter(has_sum).collect()
    }

    /// The sum of a class, to be added to; zeros at first.
    ///
    /// # Errors
    /// The temporary file cannot be written or read.
    pub fn sum_mut(&mut self, class: usize) -> Result<&mut [f64]> {
        if self.recent.last() != Some(&class) {
            self.bring(class)?;
        }
        Ok(self
            .memory
            .get_mut(&class)
            .expect("it was brought into memory"))
    }

    /// The sum of a class, if it has one.
    ///
    /// # Errors
    /// As [`SumStore::sum_mut`].
    pub fn sum(&mut self, class: usize) -> Result<Option<Vec<f64>>> {
        match self.memory.get(&class) {
            Some(sum) => Ok(Some(sum.clone())),
            None if self.is_in_file[class] => self.read(class).map(Some),
            None => Ok(None),
        }
    }

    /// Makes a class the one used last, in memory.
    fn bring(&mut self, class: usize) -> Result<()> {
        if let Some(place) = self.recent.iter().position(|one| *one == class) {
            self.recent.remove(place);
            self.recent.push(class);
            return Ok(());
        }
        let sum = match self.is_in_file[class] {
            true => self.read(class)?,
            false => vec![0.0; self.values],
        };
        if self.recent.len() == self.capacity {
            let oldest = self.recent.remove(0);
            let sum = self.memory.remove(&oldest).expect("it is in memory");
            self.write(oldest, &sum)?;
        }
        self.memory.insert(class, sum);
        self.recent.push(class);
        Ok(())
    }

    fn write(&mut self, class: usize, sum: &[f64]) -> Result<()> {
        let bytes: Vec<u8> = sum.iter().flat_map(|value| value.to_le_bytes()).collect();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(failure)?),
        };
        let offset = (class * self.values * 8) as u64;
        let written = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(&bytes));
        written.map_err(failure)?;
        self.is_in_file[class] = true;
        Ok(())
    }

    fn read(&mut self, class: usize) -> Result<Vec<f64>> {
        let mut bytes = vec![0; self.values * 8];
        let file = self.file.as_mut().expect("a sum was written");
        let offset = (class * self.values * 8) as u64;
        let read = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(&mut bytes));
        read.map_err(failure)?;
        let values = bytes.as_chunks().0.iter();
        Ok(values.map(|bytes| f64::from_le_bytes(*bytes)).collect())
    }
}

/// The error names the folder of temporary files.
fn failure(error: std::io::Error) -> ArtifactError {
    ArtifactError::io(Action::Write, &std::env::temp_dir(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_the_same_in_memory_and_in_a_file() {
        let additions = (0..500_usize).map(|i| (i * 7919 % 11, i as f64 + 0.5));
        let totals = |capacity: usize| {
            let mut store = SumStore::with_capacity(12, 3, capacity);
            for (class, value) in additions.clone() {
                store
                    .sum_mut(class)
                    .unwrap()
                    .iter_mut()
                    .for_each(|sum| *sum += value);
            }
            assert_eq!(store.memory.len(), capacity.min(11));
            assert_eq!(store.classes(), (0..11).collect::<Vec<_>>());
            (0..12)
                .map(|class| store.sum(class).unwrap())
                .collect::<Vec<_>>()
        };
        let expected: Vec<Option<Vec<f64>>> = (0..12)
            .map(|class| {
                let of_class = additions.clone().filter(|(one, _)| *one == class);
                (class < 11).then(|| vec![of_class.map(|(_, value)| value).sum(); 3])
            })
            .collect();
        for capacity in [1, 2, 10, 20] {
            assert_eq!(totals(capacity), expected, "{capacity}");
        }
    }
}
