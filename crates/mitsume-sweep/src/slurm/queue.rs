//! Submits the scripts, and asks what became of the jobs.

use std::path::{Path, PathBuf};
use std::process::Command;

use mitsume_artifacts::{Action, write_atomic};
use mitsume_guard::file::read_to_string;
use mitsume_locale::Language;

use super::{ArrayJob, SlurmConfig, sweep_job};
use crate::{Cell, Result, SweepDir, SweepError};

/// Largest size of the file with a job id, in bytes.
const MAX_JOB_BYTES: u64 = 1 << 10;

/// The submitted jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Job id of the array.
    pub array: String,
    /// Job id of the job after it.
    pub after: String,
    /// Number of tasks in the array.
    pub tasks: usize,
}

/// Submits `cells` of a sweep as an array, and the analysis that waits for its end. Logs and reports
/// of the tasks are in `language`.
///
/// # Errors
/// As [`ArrayJob::submit`].
pub fn submit(
    sweep: &SweepDir,
    cells: &[&Cell],
    program: &Path,
    language: Language,
) -> Result<Submission> {
    let none = SlurmConfig::default();
    let config = sweep.config.slurm.as_ref().unwrap_or(&none);
    sweep_job(sweep, config, cells, program, language)?.submit("sweep")
}

impl ArrayJob<'_> {
    /// Writes the scripts into `slurm/` and submits them. `what` is the work, for messages.
    ///
    /// # Errors
    /// If `sbatch` is missing or refuses a script, or an earlier array of this folder is still queued.
    pub fn submit(&self, what: &str) -> Result<Submission> {
        let folder = self.root.join("slurm");
        std::fs::create_dir_all(&folder)
            .map_err(|error| SweepError::io(Action::Create, &folder, error))?;
        if let Some(job) = queued_job(self.root) {
            return Err(SweepError::Request(format!(
                "job {job} of this {what} is still queued or running: wait for it, or scancel {job}"
            )));
        }
        let scripts = self.scripts()?;
        write_atomic(&folder.join(self.tasks.0), scripts.tasks.as_bytes())?;
        let array = folder.join("array.sh");
        write_atomic(&array, scripts.array.as_bytes())?;
        let after = folder.join(format!("{}.sh", self.after.name.1));
        write_atomic(&after, scripts.after.as_bytes())?;

        let array = sbatch(&[], &array)?;
        write_atomic(&job_file(self.root, "job"), array.as_bytes())?;
        let dependency = format!("--dependency=afterany:{array}");
        let after = sbatch(&[&dependency], &after)?;
        write_atomic(&job_file(self.root, "job-after"), after.as_bytes())?;
        Ok(Submission {
            array,
            after,
            tasks: self.tasks.1.len(),
        })
    }
}

fn job_file(root: &Path, name: &str) -> PathBuf {
    root.join("slurm").join(name)
}

/// The array of the work in `root`, if it is still queued or running.
pub fn queued_job(root: &Path) -> Option<String> {
    queued(root, "job")
}

/// The job after the array of the work in `root`, if it is still queued or running.
pub fn queued_after(root: &Path) -> Option<String> {
    queued(root, "job-after")
}

fn queued(root: &Path, name: &str) -> Option<String> {
    let job = read_to_string(&job_file(root, name), MAX_JOB_BYTES).ok()?;
    let output = Command::new("squeue")
        .args(["--noheader", "--jobs", &job])
        .output();
    // squeue fails for a job that ended long ago.
    let queued = output.is_ok_and(|output| output.status.success() && !output.stdout.is_empty());
    queued.then_some(job)
}

fn sbatch(options: &[&str], script: &Path) -> Result<String> {
    let output = Command::new("sbatch")
        .arg("--parsable")
        .args(options)
        .arg(script)
        .output()
        .map_err(|error| {
            SweepError::Request(format!(
                "--launcher slurm: cannot run sbatch ({error}): submit from a machine of the \
                 cluster; the script is {}",
                script.display()
            ))
        })?;
    if !output.status.success() {
        let refusal = String::from_utf8_lossy(&output.stderr);
        return Err(SweepError::Request(format!(
            "sbatch refused {}: {}",
            script.display(),
            refusal.trim()
        )));
    }
    // Output: "JOB" or "JOB;CLUSTER".
    let printed = String::from_utf8_lossy(&output.stdout);
    let job = printed.trim().split(';').next().unwrap_or_default();
    Ok(job.to_owned())
}
