//! `mitsume eval --shards`: all shards, here or on a Slurm cluster, and the merge.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mitsume_artifacts::{Evaluation, EvaluationDir, Lock, Shard, ShardPlan, ShardsDir};
use mitsume_engine::{EngineError, EvaluateOptions, EvaluationInput, ShardOutcome, ShardRequest};
use mitsume_locale::text;
use mitsume_sweep::slurm::{
    AfterJob, ArrayJob, SlurmConfig, cpus, queued_after, queued_job, quoted,
};

use super::model::OpenedModel;
use super::shards;
use crate::args::{EvalArgs, Launcher};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;

/// Time between two looks at the queue.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks at which a job is not in the queue before it has ended: the queue's answer may fail.
const LOOKS_TO_BE_SURE: usize = 3;

/// An evaluation and its shards.
struct Launch<'a> {
    dir: &'a Path,
    plan: &'a ShardPlan,
    input: &'a EvaluationInput<'a>,
    options: &'a EvaluateOptions<'a>,
    args: &'a EvalArgs,
    console: Console,
}

/// Evaluates all shards that are missing, and merges them.
pub fn run(
    of: usize,
    model: &OpenedModel,
    (input, options): (&EvaluationInput<'_>, &EvaluateOptions<'_>),
    args: &EvalArgs,
    console: Console,
) -> Result<Evaluation> {
    let slurm = slurm_config(args)?;
    let device = match (args.shards.launcher, &args.device.device, &slurm.device) {
        (Launcher::Slurm, None, Some(device)) => device.as_str(),
        _ => args.device.name(),
    };
    let plan = shards::plan(of, model, (input, options), args, device)?;
    let launch = Launch {
        dir: shards::out(args)?,
        plan: &plan,
        input,
        options,
        args,
        console,
    };
    let dir = ShardsDir::new(launch.dir);
    dir.begin(&plan).map_err(EngineError::from)?;
    if dir.is_merged() {
        let name = launch.dir.display().to_string();
        console.note(&text!(
            console.language,
            "command-shards-were-merged",
            dir = name
        ));
        return launch.merge();
    }
    match args.shards.launcher {
        Launcher::Local => launch.run_here(),
        Launcher::Slurm => launch.run_on_cluster(&slurm, device),
    }
}

/// The options of the jobs.
fn slurm_config(args: &EvalArgs) -> Result<SlurmConfig> {
    match (&args.shards.slurm, args.shards.launcher) {
        (Some(path), Launcher::Slurm) => Ok(SlurmConfig::read(path)?),
        (Some(_), Launcher::Local) => Err(Failure::Request(
            "--slurm: goes with --launcher slurm".into(),
        )),
        (None, _) => Ok(SlurmConfig::default()),
    }
}

impl Launch<'_> {
    fn of(&self) -> usize {
        self.plan.evaluation.shards
    }

    fn stop(&self) -> &AtomicBool {
        self.options.stop.expect("evaluations can be stopped")
    }

    fn merge(&self) -> Result<Evaluation> {
        shards::merge(self.dir, self.args, self.stop(), self.console)
    }

    /// One shard after the other, with all threads.
    fn run_here(&self) -> Result<Evaluation> {
        let mut elsewhere = Vec::new();
        let done = self.of() - shards::missing(self.dir, self.of());
        if done > 0 {
            self.console.note(&text!(
                self.console.language,
                "command-shards-found",
                done = done,
                shards = self.of()
            ));
        }
        for shard in Shard::all(self.of()) {
            let request = ShardRequest {
                dir: self.dir,
                shard,
                plan: self.plan,
            };
            let made = shards::make(&request, (self.input, self.options), self.console);
            let language = self.console.language;
            match made {
                Ok(ShardOutcome::LockedElsewhere) => elsewhere.push(shard.to_string()),
                Ok(ShardOutcome::Finished) => {
                    let (name, left) = (shard.to_string(), shards::missing(self.dir, self.of()));
                    self.console.note(&text!(
                        language,
                        "command-shard-done",
                        shard = name,
                        left = left
                    ));
                }
                Ok(ShardOutcome::AlreadyFinished | ShardOutcome::AlreadyMerged) => {}
                Err(EngineError::Interrupted) => return Err(self.interrupted()),
                Err(error) => {
                    let saved = "the shards that are done";
                    let command = self.command();
                    return Err(Failure::from_resumable(error, saved, &command));
                }
            }
        }
        match elsewhere.is_empty() {
            true => self.merge(),
            false => Err(Failure::Work(format!(
                "other processes work on shards {}; when they are done, merge with: {}",
                elsewhere.join(", "),
                self.command()
            ))),
        }
    }

    /// The command that goes on.
    fn command(&self) -> String {
        let launcher = match self.args.shards.launcher {
            Launcher::Local => "",
            Launcher::Slurm => " --launcher slurm",
        };
        format!("{} --shards {}{launcher}", self.plan.command, self.of())
    }

    fn interrupted(&self) -> Failure {
        Failure::Interrupted(text!(
            self.console.language,
            "command-shards-interrupted",
            left = shards::missing(self.dir, self.of()),
            shards = self.of(),
            command = self.command()
        ))
    }

    /// A job array of the shards that are missing, then a job that merges. A second call waits for the
    /// jobs of the first.
    fn run_on_cluster(&self, config: &SlurmConfig, device: &str) -> Result<Evaluation> {
        let running = queued_job(self.dir).or_else(|| queued_after(self.dir));
        match running {
            Some(job) => {
                self.console.note(&text!(
                    self.console.language,
                    "command-shards-queued",
                    job = job
                ));
            }
            None => self.submit(config, device)?,
        }
        self.wait()?;
        let dir = ShardsDir::new(self.dir);
        let logs = self.dir.join("slurm");
        if dir.is_merged() {
            let summary = EvaluationDir::new(self.dir).summary();
            return Ok(summary.map_err(EngineError::from)?);
        }
        let left = shards::missing(self.dir, self.of());
        Err(Failure::Work(match left {
            0 => format!(
                "{}: the job that merges has failed: its log is in {}; mitsume eval --merge {} tries again",
                self.dir.display(),
                logs.display(),
                mitsume_engine::shell_word(self.dir)
            ),
            left => format!(
                "{}: the jobs have ended, and {left} of {} shards are missing: the logs are in {}; those \
                 shards are tried again by: {}",
                self.dir.display(),
                self.of(),
                logs.display(),
                self.command()
            ),
        }))
    }

    fn submit(&self, config: &SlurmConfig, device: &str) -> Result {
        let dir = ShardsDir::new(self.dir);
        // One that a process works on is left to it.
        let missing: Vec<String> = Shard::all(self.of())
            .filter(|shard| !dir.file(*shard).is_file() && !Lock::is_held(&dir.lock(*shard)))
            .map(|shard| shard.to_string())
            .collect();
        if missing.is_empty() {
            // Nothing is left to compute.
            return self.merge().map(drop);
        }
        let here = std::env::current_dir();
        let here = here.map_err(|error| Failure::Work(format!("the current folder: {error}")))?;
        let root = std::path::absolute(self.dir)
            .map_err(|error| Failure::Work(format!("{}: {error}", self.dir.display())))?;
        let [task, merge] = self.commands(config, device)?;
        let job = ArrayJob {
            root: &root,
            config,
            origin: "--slurm",
            directory: Some(&here),
            tasks: ("shards.txt", missing),
            command: task,
            resumes: false,
            after: AfterJob {
                name: ("mitsume-merge", "merge"),
                command: merge,
            },
        };
        let submission = job.submit("evaluation")?;
        self.console.note(&text!(
            self.console.language,
            "command-shards-submitted",
            job = submission.array,
            tasks = submission.tasks,
            merge = submission.after,
            logs = root.join("slurm").display().to_string(),
        ));
        Ok(())
    }

    /// The commands of a task and of the merge, for the shell.
    fn commands(&self, config: &SlurmConfig, device: &str) -> Result<[String; 2]> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::Work(format!("cannot find this program's file: {error}")))?;
        let program = quoted(&program)?;
        let lang = self.console.language.tag();
        let arguments = shards::command_line(self.args, Some(device), Some(cpus(config)));
        // It could add lines to the script.
        if arguments.contains('\n') {
            return Err(Failure::Request(
                "--launcher slurm: a job script cannot hold an argument with a line break".into(),
            ));
        }
        let cams = match &self.args.cams {
            Some(path) => format!(" --cams {}", quoted(path)?),
            None => String::new(),
        };
        let dir = quoted(self.dir)?;
        Ok([
            format!("{program} {arguments} --shard \"$task\" --lang {lang}"),
            format!("{program} eval --merge {dir}{cams} --lang {lang}"),
        ])
    }

    /// Waits until no job is in the queue any more.
    fn wait(&self) -> Result {
        let mut progress = Progress::new(self.console);
        let mut absent = 0;
        while absent < LOOKS_TO_BE_SURE && !ShardsDir::new(self.dir).is_merged() {
            let done = self.of() - shards::missing(self.dir, self.of());
            progress.shards(done, self.of());
            let queued = queued_job(self.dir).is_some() || queued_after(self.dir).is_some();
            absent = if queued { 0 } else { absent + 1 };
            for _ in 0..20 {
                if self.stop().load(Ordering::Relaxed) {
                    progress.finish();
                    return Err(Failure::Interrupted(text!(
                        self.console.language,
                        "command-shards-go-on",
                        command = self.command()
                    )));
                }
                std::thread::sleep(LOOK_EVERY / 20);
            }
        }
        progress.finish();
        Ok(())
    }
}
