//! Maps in a temporary file for a second pass, instead of in memory or by a second forward pass.
//!
//! The `l2` form needs the class means before the deviations. An evaluation writes each map here
//! as it is made and reads all of them back once the means are known.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::deviation::MapLength;

/// Bytes written or read at a time.
const BLOCK: usize = 1 << 18;

/// Maps of one length in an unlinked file, which the system removes when the process ends.
#[derive(Debug)]
pub struct MapSpill {
    file: BufWriter<File>,
    directory: PathBuf,
    map_len: usize,
    maps: usize,
}

/// A spill file that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    /// The file system refused, most often because it is full.
    #[error(
        "cannot {verb} the temporary file of {gigabytes:.2} GB of maps in {}: {source}; \
         set TMPDIR to a directory with more room",
        directory.display()
    )]
    Io {
        /// The action that failed.
        verb: &'static str,
        /// The directory of the file.
        directory: PathBuf,
        /// Its size.
        gigabytes: f64,
        /// The error of the system.
        source: io::Error,
    },
    /// A map of another size.
    #[error(transparent)]
    MapLength(#[from] MapLength),
}

impl MapSpill {
    /// An empty spill in the system's temporary directory, for maps of `map_len` values (h * w).
    pub fn new(map_len: usize) -> Result<Self, SpillError> {
        Self::new_in(&std::env::temp_dir(), map_len)
    }

    /// An empty spill in `directory`.
    pub fn new_in(directory: &Path, map_len: usize) -> Result<Self, SpillError> {
        let directory = directory.to_owned();
        match tempfile::tempfile_in(&directory) {
            Ok(file) => {
                let file = BufWriter::with_capacity(BLOCK, file);
                Ok(Self {
                    file,
                    directory,
                    map_len,
                    maps: 0,
                })
            }
            Err(source) => Err(SpillError::Io {
                verb: "create",
                directory,
                gigabytes: 0.0,
                source,
            }),
        }
    }

    /// Appends one map [h * w]. After an error the spill must not be used any more.
    pub fn push(&mut self, map: &[f32]) -> Result<(), SpillError> {
        if map.len() != self.map_len {
            return Err(MapLength {
                expected: self.map_len,
                found: map.len(),
            }
            .into());
        }
        for value in map {
            let written = self.file.write_all(&value.to_le_bytes());
            written.map_err(|source| self.io("write", source))?;
        }
        self.maps += 1;
        Ok(())
    }

    /// The number of maps.
    pub fn len(&self) -> usize {
        self.maps
    }

    /// Whether there is no map.
    pub fn is_empty(&self) -> bool {
        self.maps == 0
    }

    /// Calls `visit` with the index and values of each map, in the order they were pushed, until
    /// it fails. Memory for one map.
    pub fn for_each<E: From<SpillError>>(
        &mut self,
        mut visit: impl FnMut(usize, &[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.file
            .flush()
            .map_err(|source| self.io("write", source))?;
        let sought = self.file.get_ref().seek(SeekFrom::Start(0));
        sought.map_err(|source| self.io("read", source))?;
        let visited = self.read_all(&mut visit);
        // Back to the end, so that pushing can go on.
        let sought = self.file.get_ref().seek(SeekFrom::End(0));
        sought.map_err(|source| self.io("read", source))?;
        visited
    }

    fn read_all<E: From<SpillError>>(
        &self,
        visit: &mut impl FnMut(usize, &[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut reader = io::BufReader::with_capacity(BLOCK, self.file.get_ref());
        let mut bytes = vec![0; self.map_len * size_of::<f32>()];
        let mut map = vec![0.0; self.map_len];
        for index in 0..self.maps {
            reader
                .read_exact(&mut bytes)
                .map_err(|source| self.io("read", source))?;
            for (value, bytes) in map.iter_mut().zip(bytes.as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            visit(index, &map)?;
        }
        Ok(())
    }

    fn io(&self, verb: &'static str, source: io::Error) -> SpillError {
        let gigabytes = self.maps as f64 * self.map_len as f64 * 4e-9;
        SpillError::Io {
            verb,
            directory: self.directory.clone(),
            gigabytes,
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(spill: &mut MapSpill) -> Vec<(usize, Vec<f32>)> {
        let mut maps = Vec::new();
        spill
            .for_each(|index, map| {
                maps.push((index, map.to_vec()));
                Ok::<(), SpillError>(())
            })
            .unwrap();
        maps
    }

    #[test]
    fn maps_come_back_bit_for_bit_in_order_as_often_as_wanted() {
        let mut spill = MapSpill::new(3).unwrap();
        let maps: Vec<Vec<f32>> = (0..50_000)
            .map(|i| vec![i as f32, -0.0, 1.0 / (i as f32 + 3.0)])
            .collect();
        for map in &maps {
            spill.push(map).unwrap();
        }
        for _ in 0..2 {
            let back = all(&mut spill);
            assert_eq!(back.len(), maps.len());
            for (expected, (index, map)) in back.iter().enumerate() {
                assert_eq!(*index, expected);
                assert!(
                    map.iter()
                        .zip(&maps[expected])
                        .all(|(a, b)| a.to_bits() == b.to_bits())
                );
            }
        }
        spill.push(&[7.0; 3]).unwrap();
        assert_eq!(all(&mut spill).last(), Some(&(50_000, vec![7.0; 3])));
    }

    #[test]
    fn an_empty_spill_visits_nothing() {
        let mut spill = MapSpill::new(4).unwrap();
        assert!(spill.is_empty());
        assert_eq!(all(&mut spill), []);
    }

    #[test]
    fn a_visitor_that_fails_ends_the_visit() {
        let mut spill = MapSpill::new(1).unwrap();
        spill.push(&[1.0]).unwrap();
        spill.push(&[2.0]).unwrap();
        let mut seen = 0;
        let ended = spill.for_each(|_, _| {
            seen += 1;
            Err(spill_error())
        });
        assert!(ended.is_err());
        assert_eq!((seen, spill.len()), (1, 2));
    }

    fn spill_error() -> SpillError {
        MapLength {
            expected: 1,
            found: 2,
        }
        .into()
    }

    #[test]
    fn a_map_of_another_length_or_a_missing_directory_is_an_error() {
        let mut spill = MapSpill::new(2).unwrap();
        assert!(matches!(spill.push(&[0.0]), Err(SpillError::MapLength(_))));
        assert!(spill.is_empty());
        let missing = std::env::temp_dir().join("no-such-directory-for-maps");
        let error = MapSpill::new_in(&missing, 2).unwrap_err().to_string();
        assert!(error.contains("no-such-directory-for-maps"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_directory() {
        let file = BufWriter::new(File::options().write(true).open("/dev/full").unwrap());
        let mut spill = MapSpill {
            file,
            directory: "/tmp".into(),
            map_len: 4096,
            maps: 0,
        };
        let error = spill.push(&[1.0; 4096]).unwrap_err();
        assert!(error.to_string().contains("TMPDIR"), "{error}");
    }
}
