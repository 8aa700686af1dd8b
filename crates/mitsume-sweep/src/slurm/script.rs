//! The batch scripts of an array and of the job after it.

use std::fmt::Write;
use std::path::Path;

use mitsume_locale::Language;

use super::SlurmConfig;
use crate::{Cell, Result, SweepDir, SweepError};

/// The scripts to submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scripts {
    /// The array: task N does line N of `tasks`.
    pub array: String,
    /// The job that runs after the array.
    pub after: String,
    /// The tasks, one per line.
    pub tasks: String,
}

/// Seconds before the time limit at which a task that saves its work receives SIGTERM.
const SIGNAL_SECONDS: u32 = 120;

/// A job array, with a job that runs when all its tasks have ended.
#[derive(Clone, Debug)]
pub struct ArrayJob<'a> {
    /// The folder of the work; scripts and logs are in `slurm/` there.
    pub root: &'a Path,
    /// Resources and options.
    pub config: &'a SlurmConfig,
    /// The file that `config` is from, for messages.
    pub origin: &'a str,
    /// The folder in which the commands run, if they name files relative to one.
    pub directory: Option<&'a Path>,
    /// The tasks, each a word without line breaks, and the name of their file.
    pub tasks: (&'static str, Vec<String>),
    /// The command of a task, for the shell, in which `$task` is the task.
    pub command: String,
    /// Whether a task that is stopped goes on later where it was. One that does not starts again,
    /// and only if it was not its time limit that stopped it.
    pub resumes: bool,
    /// The job after the array.
    pub after: AfterJob,
}

/// A job that runs after an array.
#[derive(Clone, Debug)]
pub struct AfterJob {
    /// The name of the job, and of its script without the ending.
    pub name: (&'static str, &'static str),
    /// Its command, for the shell.
    pub command: String,
}

impl ArrayJob<'_> {
    /// The scripts.
    ///
    /// # Errors
    /// A setting with a line break, or a path that cannot be quoted.
    pub fn scripts(&self) -> Result<Scripts> {
        let config = self.config;
        self.refuse_line_breaks()?;
        let root = quoted(self.root)?;
        let (list, tasks) = &self.tasks;
        let last = tasks.len();
        let limit = config
            .at_a_time
            .map_or(String::new(), |limit| format!("%{}", limit.max(1)));
        let mut array = self.header("mitsume", "%A_%a");
        let cpus = cpus(config);
        let _ = write!(
            array,
            "#SBATCH --array=1-{last}{limit}\n\
             #SBATCH --cpus-per-task={cpus}\n\
             #SBATCH --requeue\n\
             #SBATCH --open-mode=append\n"
        );
        if self.resumes {
            let _ = writeln!(array, "#SBATCH --signal=B:TERM@{SIGNAL_SECONDS}");
        }
        let _ = write!(
            array,
            "{setup}\n\
             task=$(sed -n \"${{SLURM_ARRAY_TASK_ID}}p\" {root}/slurm/{list})\n\
             {stops}\
             trap 'kill -TERM \"$work\" 2>/dev/null' TERM\n\
             {command} &\n\
             work=$!\n\
             wait \"$work\"; status=$?\n\
             # A signal ends the first wait before the work has ended.\n\
             while kill -0 \"$work\" 2>/dev/null; do wait \"$work\"; status=$?; done\n\
             if [ \"$status\" -eq 130 ]{in_time}; then\n  \
               scontrol requeue \"${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}\"\n\
             fi\n\
             exit \"$status\"\n",
            setup = self.setup()?,
            stops = self.stops(),
            command = self.command,
            in_time = match self.resumes {
                true => "",
                false => {
                    " && [ $(( ${SLURM_JOB_END_TIME:-0} - $(date +%s) )) -gt 60 ]"
                }
            },
        );
        let mut after = self.header(self.after.name.0, "%j");
        let _ = write!(after, "{}\n{}\n", self.setup()?, self.after.command);
        let tasks = tasks.iter().fold(String::new(), |mut text, task| {
            let _ = writeln!(text, "{task}");
            text
        });
        Ok(Scripts {
            array,
            after,
            tasks,
        })
    }

    /// The lines before the work.
    fn setup(&self) -> Result<String> {
        let mut lines = self.config.setup.clone();
        if let Some(directory) = self.directory {
            lines.push(format!("cd {} || exit 1", quoted(directory)?));
        }
        Ok(lines.join("\n"))
    }

    /// A comment on what becomes of a task that is stopped.
    fn stops(&self) -> &'static str {
        match self.resumes {
            true => {
                "# Preempted, or at the end of its time, a task is sent SIGTERM: it saves and exits with\n\
                 # 130, and goes back into the queue.\n"
            }
            false => {
                "# Preempted, a task is sent SIGTERM: it exits with 130 and goes back into the queue. At\n\
                 # the end of its time it does not, because it would never end.\n"
            }
        }
    }

    fn header(&self, name: &str, log: &str) -> String {
        let config = self.config;
        let mut text = format!("#!/bin/sh\n#SBATCH --job-name={name}\n");
        // sbatch supports quotes, and replaces patterns that begin with %.
        let logs = self.root.join("slurm").display().to_string();
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

    /// Refuses settings with a line break, which could add lines to the script.
    fn refuse_line_breaks(&self) -> Result<()> {
        let config = self.config;
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
                "{}: slurm.{key}: must be one line",
                self.origin
            ))),
            None => Ok(()),
        }
    }
}

/// The array of a sweep: `cells`, and the analysis after them. `program` is the path of mitsume on the
/// nodes, `language` the language of logs, report and figures.
///
/// # Errors
/// A path that cannot be quoted.
pub fn sweep_job<'a>(
    sweep: &'a SweepDir,
    config: &'a SlurmConfig,
    cells: &[&Cell],
    program: &Path,
    language: Language,
) -> Result<ArrayJob<'a>> {
    // The locale of a node may differ from that of the user.
    let lang = language.tag();
    let (root, program) = (quoted(sweep.root())?, quoted(program)?);
    let cpus = cpus(config);
    let device = quoted(Path::new(config.device.as_deref().unwrap_or("cpu")))?;
    Ok(ArrayJob {
        root: sweep.root(),
        config,
        origin: "sweep.toml",
        directory: None,
        tasks: (
            "cells.txt",
            cells.iter().map(|cell| cell.name.clone()).collect(),
        ),
        command: format!(
            "{program} sweep --out {root} --cell \"$task\" --threads {cpus} --device {device} --lang {lang}"
        ),
        resumes: true,
        after: AfterJob {
            name: ("mitsume-analyze", "analysis"),
            command: format!("{program} analyze {root} --out {root} --lang {lang}"),
        },
    })
}

/// Threads of a task.
pub fn cpus(config: &SlurmConfig) -> u16 {
    config.cpus.unwrap_or(2).max(1)
}

/// A path quoted as one word for the shell.
///
/// # Errors
/// A path that a job script cannot hold.
pub fn quoted(path: &Path) -> Result<String> {
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
