//! The folder of one evaluation: `eval.json`, `images.csv`, `maps.safetensors`,
//! `class_means.npy`.

use std::path::{Path, PathBuf};

use crate::{
    ArtifactError, AtomicDir, Evaluation, ImageRow, ImagesWriter, Maps, MapsShape, MapsWriter,
    MultiLabelEvaluation, MultiLabelImagesWriter, Result, is_multi_label, read_evaluation,
    read_images, read_multi_label, recover_dir, write_class_means, write_evaluation,
    write_multi_label,
};

/// The folder of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationDir {
    root: PathBuf,
}

impl EvaluationDir {
    /// The evaluation in `root`; nothing is created or read.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `eval.json`.
    #[must_use]
    pub fn summary_path(&self) -> PathBuf {
        self.root.join("eval.json")
    }

    /// `images.csv`.
    #[must_use]
    pub fn images_path(&self) -> PathBuf {
        self.root.join("images.csv")
    }

    /// `maps.safetensors`.
    #[must_use]
    pub fn maps_path(&self) -> PathBuf {
        self.root.join("maps.safetensors")
    }

    /// `class_means.npy`, for other programs only.
    #[must_use]
    pub fn class_means_path(&self) -> PathBuf {
        self.root.join("class_means.npy")
    }

    /// Whether the folder contains an evaluation (`eval.json`).
    #[must_use]
    pub fn is_evaluation(&self) -> bool {
        self.summary_path().is_file()
    }

    /// Reads `eval.json`.
    ///
    /// # Errors
    /// As [`read_evaluation`].
    pub fn summary(&self) -> Result<Evaluation> {
        recover_dir(&self.root)?;
        read_evaluation(&self.summary_path())
    }

    /// Whether the evaluation is of a multi-label model.
    ///
    /// # Errors
    /// As [`is_multi_label`].
    pub fn is_multi_label(&self) -> Result<bool> {
        recover_dir(&self.root)?;
        is_multi_label(&self.summary_path())
    }

    /// Reads `eval.json` of a multi-label model, and opens its maps where they are kept: one for
    /// each true positive, with the finding as label and prediction.
    ///
    /// # Errors
    /// As [`read_multi_label`] and [`Maps::open`]; maps of other findings.
    pub fn read_multi_label(&self) -> Result<(MultiLabelEvaluation, Option<Maps>)> {
        recover_dir(&self.root)?;
        let summary = read_multi_label(&self.summary_path())?;
        if !self.maps_path().exists() {
            return Ok((summary, None));
        }
        let maps = Maps::open(&self.maps_path())?;
        let counts = summary.per_finding.iter().map(|one| one.true_positives);
        let agree = counts.eq(maps.class_counts().iter().copied())
            && maps.cam_size() == summary.model.cam_size;
        match agree {
            true => Ok((summary, Some(maps))),
            false => Err(ArtifactError::malformed(
                &self.maps_path(),
                "its maps are of other findings or sizes than eval.json",
            )),
        }
    }

    /// Reads `eval.json` and `images.csv`, opens the maps, and checks that the three agree.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file at fault.
    pub fn read(&self) -> Result<(Evaluation, Vec<ImageRow>, Maps)> {
        let summary = self.summary()?;
        let images = read_images(&self.images_path(), summary.data.classes.len())?;
        let maps = Maps::open(&self.maps_path())?;
        let n = images.len();
        if n as u64 != summary.data.images {
            let problem = format!("{n} images, but eval.json counts {}", summary.data.images);
            return Err(ArtifactError::malformed(&self.images_path(), problem));
        }
        let agree = maps.len() == n
            && maps.classes() == summary.data.classes.len()
            && maps.cam_size() == summary.model.cam_size;
        if !agree {
            let problem = format!(
                "{} maps of {:?} in {} classes, but eval.json and images.csv have {n} of {:?} in {}",
                maps.len(),
                maps.cam_size(),
                maps.classes(),
                summary.model.cam_size,
                summary.data.classes.len()
            );
            return Err(ArtifactError::malformed(&self.maps_path(), problem));
        }
        let same = images
            .iter()
            .map(|row| row.label)
            .eq(maps.labels().iter().copied())
            && images
                .iter()
                .map(|row| row.prediction)
                .eq(maps.predictions().iter().copied());
        if !same {
            let problem = "labels and predictions differ from those of images.csv";
            return Err(ArtifactError::malformed(&self.maps_path(), problem));
        }
        Ok((summary, images, maps))
    }
}

/// Writes an evaluation; it appears in its folder on [`EvaluationWriter::commit`].
///
/// In this order: push all maps to [`EvaluationWriter::maps`] and finish them, read them back
/// ([`EvaluationWriter::finished_maps`]) for `class_means.npy` and `images.csv`, commit. Errors
/// give the final paths of files.
#[derive(Debug)]
pub struct EvaluationWriter {
    folder: AtomicDir,
}

impl EvaluationWriter {
    /// Starts an evaluation in `root`.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] if the parent folder cannot be written; [`ArtifactError::Malformed`]
    /// if `root` contains something other than an evaluation, which must not be replaced.
    pub fn new(root: &Path) -> Result<Self> {
        recover_dir(root)?;
        let occupied = match std::fs::read_dir(root) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        };
        if occupied && !EvaluationDir::new(root).is_evaluation() {
            let problem = "exists and holds no evaluation; name a new or empty folder";
            return Err(ArtifactError::malformed(root, problem));
        }
        Ok(Self {
            folder: AtomicDir::new(root)?,
        })
    }

    /// Starts an evaluation in `root`, beside the shards it is merged from, which stay.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] if the parent folder cannot be written.
    pub fn beside_shards(root: &Path) -> Result<Self> {
        Ok(Self {
            folder: AtomicDir::new(root)?,
        })
    }

    /// The temporary folder, to read finished files back.
    #[must_use]
    pub fn dir(&self) -> EvaluationDir {
        EvaluationDir::new(self.folder.path())
    }

    /// Starts `maps.safetensors`.
    ///
    /// # Errors
    /// As [`MapsWriter::create`].
    pub fn maps(&self, shape: MapsShape) -> Result<MapsWriter> {
        let path = self.dir().maps_path();
        let writer = self
            .folder
            .with_final_path(MapsWriter::create(&path, shape))?;
        Ok(writer.with_error_path(self.folder.final_path(&path)))
    }

    /// Reads the finished `maps.safetensors` back.
    ///
    /// # Errors
    /// As [`Maps::open`].
    pub fn finished_maps(&self) -> Result<Maps> {
        self.folder
            .with_final_path(Maps::open(&self.dir().maps_path()))
    }

    /// Writes `class_means.npy` of the finished maps.
    ///
    /// # Errors
    /// As [`write_class_means`].
    pub fn class_means(&self, maps: &Maps) -> Result<()> {
        let path = self.dir().class_means_path();
        self.folder.with_final_path(write_class_means(&path, maps))
    }

    /// Starts `images.csv` with these classes.
    ///
    /// # Errors
    /// As [`ImagesWriter::create`].
    pub fn images(&self, classes: &[String]) -> Result<ImagesWriter> {
        let path = self.dir().images_path();
        let writer = self
            .folder
            .with_final_path(ImagesWriter::create(&path, classes))?;
        Ok(writer.with_error_path(self.folder.final_path(&path)))
    }

    /// Starts `images.csv` of a multi-label model with these findings.
    ///
    /// # Errors
    /// As [`MultiLabelImagesWriter::create`].
    pub fn multi_label_images(&self, findings: &[String]) -> Result<MultiLabelImagesWriter> {
        let path = self.dir().images_path();
        let writer = self
            .folder
            .with_final_path(MultiLabelImagesWriter::create(&path, findings))?;
        Ok(writer.with_error_path(self.folder.final_path(&path)))
    }

    /// As [`EvaluationWriter::commit`], of a multi-label model.
    ///
    /// # Errors
    /// As [`write_multi_label`] and [`AtomicDir::commit`].
    pub fn commit_multi_label(self, evaluation: &MultiLabelEvaluation) -> Result<()> {
        let written = write_multi_label(&self.dir().summary_path(), evaluation);
        self.folder.with_final_path(written)?;
        self.folder.commit()
    }

    /// Writes `eval.json` and moves the folder to its final path.
    ///
    /// # Errors
    /// As [`write_evaluation`] and [`AtomicDir::commit`].
    pub fn commit(self, evaluation: &Evaluation) -> Result<()> {
        let written = write_evaluation(&self.dir().summary_path(), evaluation);
        self.folder.with_final_path(written)?;
        self.folder.commit()
    }

    /// Writes `eval.json` and moves the files to their final paths, `eval.json` last.
    ///
    /// # Errors
    /// As [`write_evaluation`] and [`AtomicDir::commit_files`].
    pub fn commit_beside_shards(self, evaluation: &Evaluation) -> Result<()> {
        let path = self.dir().summary_path();
        self.folder
            .with_final_path(write_evaluation(&path, evaluation))?;
        let last = path.file_name().unwrap_or_default().to_string_lossy();
        self.folder.commit_files(&last)
    }
}
