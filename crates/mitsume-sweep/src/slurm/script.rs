//! The batch scripts of the array and the analysis.

use std::fmt::Write;
use std::path::Path;

use mitsume_locale::Language;

use super::SlurmConfig;
use crate::{Cell, Result, SweepDir, SweepError};

/// The scripts to submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scripts {
    /// The array: task N runs the cell in line N of `cells`.
    pub array: String,
    /// The analysis, which runs after the array.
    pub analysis: String,
    /// Names of the cells, one per line.
    pub cells: String,
}

/// Seconds before the time limit at which a task receives SIGTERM.
const SIGNAL_SECONDS: u32 = 120;

/// The scripts for `cells`; `program` is the path of mitsume on the nodes, `language` the language
/// of logs, report and figures.
///
/// # Errors
/// A setting with a line break, or a path that cannot be quoted.
pub fn scripts(
    sweep: &SweepDir,
    cells: &[&Cell],
    program: &Path,
    language: Language,
) -> Result<Scripts> {
    // The locale of a node may differ from that of the user.
    let lang = language.tag();
    let config = sweep.config.slurm.clone().unwrap_or_default();
    refuse_line_breaks(&config)?;
    let root = quoted(sweep.root())?;
    let program = quoted(program)?;
    let last = cells.len();
    let limit = config
        .at_a_time
        .map_or(String::new(), |limit| format!("%{}", limit.max(1)));
    let cpus = config.cpus.unwrap_or(2).max(1);
    let device = quoted(Path::new(config.device.as_deref().unwrap_or("cpu")))?;
    let mut array = header(sweep, &config, "mitsume", "%A_%a");
    let _ = write!(
        array,
        "#SBATCH --array=1-{last}{limit}\n\
         #SBATCH --cpus-per-task={cpus}\n\
         #SBATCH --requeue\n\
         #SBATCH --open-mode=append\n\
         #SBATCH --signal=B:TERM@{SIGNAL_SECONDS}\n\
         {setup}\n\
         cell=$(sed -n \"${{SLURM_ARRAY_TASK_ID}}p\" {root}/slurm/cells.txt)\n\
         # Preempted, or at the end of its time, a task is sent SIGTERM: it saves and exits with\n\
         # 130, and goes back into the queue.\n\
         trap 'kill -TERM \"$work\" 2>/dev/null' TERM\n\
         {program} sweep --out {root} --cell \"$cell\" --threads {cpus} --device {device} --lang {lang} &\n\
         work=$!\n\
         wait \"$work\"; status=$?\n\
         # A signal ends the first wait before the work has ended.\n\
         while kill -0 \"$work\" 2>/dev/null; do wait \"$work\"; status=$?; done\n\
         if [ \"$status\" -eq 130 ]; then\n  \
           scontrol requeue \"${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}\"\n\
         fi\n\
         exit \"$status\"\n",
        setup = setup(&config),
    );
    let mut analysis = header(sweep, &config, "mitsume-analyze", "%j");
    let _ = write!(
        analysis,
        "{setup}\n{program} analyze {root} --out {root} --lang {lang}\n",
        setup = setup(&config)
    );
    let cells = cells.iter().fold(String::new(), |mut text, cell| {
        let _ = writeln!(text, "{}", cell.name);
        text
    });
    Ok(Scripts {
        array,
        analysis,
        cells,
    })
}

fn header(sweep: &SweepDir, config: &SlurmConfig, name: &str, log: &str) -> String {
    let mut text = format!("#!/bin/sh\n#SBATCH --job-name={name}\n");
    // sbatch supports quotes, and replaces patterns that begin with %.
    let logs = sweep.root().join("slurm").display().to_string();
    let logs = logs.replace('%', "%%");
    let _ = writeln!(text, "#SBATCH --output=\"{logs}/{log}.log\"");
    let options = [
        ("partition", &config.partition),
        ("time", &config.time),
        ("mem", &config.memory),
        ("constraint", &config.constraint),
    ];
    for (option, value) in options {
        if let Some(value) = value {
            let _ = writeln!(text, "#SBATCH --{option}={value}");
        }
    }
    for option in &config.options {
        let _ = writeln!(text, "#SBATCH {option}");
    }
    text
}

fn setup(config: &SlurmConfig) -> String {
    config.setup.join("\n")
}

/// Refuses settings with a line break, which could add lines to the script.
fn refuse_line_breaks(config: &SlurmConfig) -> Result<()> {
    let single = [
        ("partition", &config.partition),
        ("time", &config.time),
        ("memory", &config.memory),
        ("constraint", &config.constraint),
        ("device", &config.device),
    ];
    let single = single
        .iter()
        .filter_map(|(key, value)| Some((*key, value.as_ref()?)));
    let lines = config.options.iter().map(|option| ("options", option));
    match single.chain(lines).find(|(_, value)| value.contains('\n')) {
        Some((key, _)) => Err(SweepError::Request(format!(
            "sweep.toml: slurm.{key}: must be one line"
        ))),
        None => Ok(()),
    }
}

/// A path quoted as one word for the shell.
fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().filter(|text| !text.contains(['\n', '"']));
    let text = text.ok_or_else(|| {
        let path = path.display();
        SweepError::Request(format!(
            "{path}: a job script cannot hold this path (line breaks, quotes, no UTF-8): choose \
             another"
        ))
    })?;
    Ok(format!("'{}'", text.replace('\'', "'\\''")))
}
