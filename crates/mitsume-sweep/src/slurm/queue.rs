//! Submits the scripts.

use std::path::Path;
use std::process::Command;

use mitsume_artifacts::{Action, write_atomic};
use mitsume_guard::file::read_to_string;
use mitsume_locale::Language;

use super::scripts;
use crate::{Cell, Result, SweepDir, SweepError};

/// Largest size of the file with a job id, in bytes.
const MAX_JOB_BYTES: u64 = 1 << 10;

/// The submitted jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Job id of the array.
    pub array: String,
    /// Job id of the analysis.
    pub analysis: String,
    /// Number of tasks in the array.
    pub tasks: usize,
}

/// Writes the scripts into `slurm/` and submits them: the array, and the analysis that waits for
/// its end. Logs and reports of the tasks are in `language`.
///
/// # Errors
/// If `sbatch` is missing or refuses a script, or an earlier array of this sweep is still queued.
pub fn submit(
    sweep: &SweepDir,
    cells: &[&Cell],
    program: &Path,
    language: Language,
) -> Result<Submission> {
    let folder = sweep.root().join("slurm");
    std::fs::create_dir_all(&folder)
        .map_err(|error| SweepError::io(Action::Create, &folder, error))?;
    refuse_queued(&folder)?;
    let scripts = scripts(sweep, cells, program, language)?;
    write_atomic(&folder.join("cells.txt"), scripts.cells.as_bytes())?;
    let array = folder.join("array.sh");
    write_atomic(&array, scripts.array.as_bytes())?;
    let analysis = folder.join("analysis.sh");
    write_atomic(&analysis, scripts.analysis.as_bytes())?;

    let array = sbatch(&[], &array)?;
    write_atomic(&folder.join("job"), array.as_bytes())?;
    let after = format!("--dependency=afterany:{array}");
    let analysis = sbatch(&[&after], &analysis)?;
    Ok(Submission {
        array,
        analysis,
        tasks: cells.len(),
    })
}

/// Refuses a second array while one is queued: the two would lock each other's cells.
fn refuse_queued(folder: &Path) -> Result<()> {
    let Ok(job) = read_to_string(&folder.join("job"), MAX_JOB_BYTES) else {
        return Ok(());
    };
    let output = Command::new("squeue")
        .args(["--noheader", "--jobs", &job])
        .output();
    // squeue fails for a job that ended long ago.
    let queued = output.is_ok_and(|output| output.status.success() && !output.stdout.is_empty());
    if queued {
        return Err(SweepError::Request(format!(
            "job {job} of this sweep is still queued or running: wait for it, or scancel {job}"
        )));
    }
    Ok(())
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
