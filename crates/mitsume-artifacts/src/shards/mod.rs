//! The shards of an evaluation: `shards.json`, and `shards/I-of-N.safetensors` until they are merged.
//!
//! A shard holds what one pass over a part of the images gives, image by image, and the sums of its
//! images by class; a merge goes on from there as one process would. `shards.json` says of which
//! evaluation they are, so that other shards are refused.

mod plan;
mod reader;
mod writer;

use std::path::{Path, PathBuf};

pub use plan::{
    Shard, ShardMeasures, ShardOptions, ShardPlan, ShardRecord, ShardedData, ShardedEvaluation,
};
pub use reader::{ShardFile, ShardImage};
pub use writer::{ShardShape, ShardWriter};

use crate::environment::{read_json, write_json_new};
use crate::{Action, ArtifactError, EvaluationDir, Result};

/// The folder of an evaluation in shards, as named by `--out`.
#[derive(Debug, Clone)]
pub struct ShardsDir {
    root: PathBuf,
}

impl ShardsDir {
    /// The shards in `root`; nothing is created or read.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `shards.json`.
    #[must_use]
    pub fn plan_path(&self) -> PathBuf {
        self.root.join("shards.json")
    }

    /// `shards`, the folder of the shard files.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.root.join("shards")
    }

    /// The file of a shard.
    #[must_use]
    pub fn file(&self, shard: Shard) -> PathBuf {
        self.files().join(shard.file_name() + ".safetensors")
    }

    /// The lock of the process that makes a shard.
    #[must_use]
    pub fn lock(&self, shard: Shard) -> PathBuf {
        self.files().join(shard.file_name() + ".lock")
    }

    /// The lock of the process that merges.
    #[must_use]
    pub fn merge_lock(&self) -> PathBuf {
        self.files().join("merge.lock")
    }

    /// Whether the shards are merged.
    #[must_use]
    pub fn is_merged(&self) -> bool {
        self.plan_path().is_file() && EvaluationDir::new(&self.root).is_evaluation()
    }

    /// Reads `shards.json`; `None` where there is none.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and the invalid key.
    pub fn plan(&self) -> Result<Option<ShardPlan>> {
        let path = self.plan_path();
        if !path.is_file() {
            return Ok(None);
        }
        let plan: ShardPlan = read_json(&path)?;
        match plan.evaluation.problem() {
            Some(problem) => Err(ArtifactError::malformed(&path, problem)),
            None => Ok(Some(plan)),
        }
    }

    /// Writes `shards.json` if there is none yet.
    ///
    /// # Errors
    /// Shards of another evaluation, or something else, in the folder; a file that cannot be written.
    pub fn begin(&self, plan: &ShardPlan) -> Result<()> {
        let path = self.plan_path();
        if !path.exists() {
            self.refuse_other_contents()?;
            // Another process may write it at the same time; then its file holds.
            if write_json_new(&path, plan)? {
                return Ok(());
            }
        }
        let Some(before) = self.plan()? else {
            return Err(ArtifactError::malformed(&path, "is no file"));
        };
        match before.evaluation.difference(&plan.evaluation) {
            Some(difference) => Err(ArtifactError::malformed(
                &path,
                format!("{difference} here: name another folder with --out, or remove this one"),
            )),
            None => Ok(()),
        }
    }

    fn refuse_other_contents(&self) -> Result<()> {
        let entries = match std::fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ArtifactError::io(Action::Read, &self.root, error)),
        };
        for entry in entries {
            let entry =
                entry.map_err(|error| ArtifactError::io(Action::Read, &self.root, error))?;
            let name = entry.file_name();
            let is_temporary = name
                .to_string_lossy()
                .starts_with(crate::atomic::TEMPORARY_PREFIX);
            // Another process may just have begun.
            if name != "shards" && name != "shards.json" && !is_temporary {
                let problem = "holds something other than shards: name a new or empty folder";
                return Err(ArtifactError::malformed(&self.root, problem));
            }
        }
        Ok(())
    }

    /// Removes the shard files, which are merged.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the folder.
    pub fn remove_files(&self) -> Result<()> {
        let files = self.files();
        match std::fs::remove_dir_all(&files) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(ArtifactError::io(Action::Remove, &files, error))
            }
            _ => Ok(()),
        }
    }

    /// A shard file of another number of shards than `shards`, if there is one.
    #[must_use]
    pub fn other_file(&self, shards: usize) -> Option<PathBuf> {
        let entries = std::fs::read_dir(self.files()).ok()?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths.into_iter().find(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let of = name.split_once("-of-").and_then(|(_, of)| of.parse().ok());
            let is_shard = path
                .extension()
                .is_some_and(|ending| ending == "safetensors");
            is_shard && of.is_some_and(|of: usize| of != shards)
        })
    }
}
