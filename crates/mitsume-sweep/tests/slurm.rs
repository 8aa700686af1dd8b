//! The scripts of a job array. `scripts/test-slurm.sh` tests them on Slurm.

use std::path::Path;

use mitsume_locale::Language;
use mitsume_sweep::slurm::{AfterJob, ArrayJob, Scripts, SlurmConfig, sweep_job};
use mitsume_sweep::{Cell, SweepConfig, SweepDir, SweepError};

fn sweep(root: &Path, slurm: &str) -> SweepDir {
    let text = format!(
        "models = [\"level1\", \"level2\"]\n[data.a]\ntrain = \"x\"\nvalid = \"y\"\n[slurm]\n{slurm}\n"
    );
    let config = SweepConfig::from_toml(&text, Path::new("sweep.toml")).unwrap();
    SweepDir::plan(root, config, Path::new("sweep.toml")).unwrap()
}

fn scripts(
    sweep: &SweepDir,
    cells: &[&Cell],
    program: &Path,
    language: Language,
) -> Result<Scripts, SweepError> {
    let config = sweep.config.slurm.clone().unwrap_or_default();
    sweep_job(sweep, &config, cells, program, language)?.scripts()
}

#[test]
fn the_array_has_the_configured_options() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("it's 100 %");
    let sweep = sweep(
        &root,
        "partition = \"gpu\"\ntime = \"2:00:00\"\nmemory = \"4G\"\nconstraint = \"avx512\"\ncpus = 8\n\
         at_a_time = 5\noptions = [\"--account=lab\"]\nsetup = [\"module load x\"]",
    );
    let cells: Vec<&Cell> = sweep.cells.iter().collect();
    let scripts = scripts(&sweep, &cells, Path::new("/opt/mitsume"), Language::English).unwrap();
    for line in [
        "#SBATCH --partition=gpu",
        "#SBATCH --time=2:00:00",
        "#SBATCH --mem=4G",
        "#SBATCH --constraint=avx512",
        "#SBATCH --cpus-per-task=8",
        "#SBATCH --array=1-2%5",
        "#SBATCH --account=lab",
        "#SBATCH --requeue",
        "module load x",
    ] {
        assert!(
            scripts.array.lines().any(|l| l == line),
            "{line} in {}",
            scripts.array
        );
    }
    assert!(
        scripts.array.contains("it'\\''s 100 %'"),
        "quoted for the shell"
    );
    assert!(
        scripts.array.contains("it's 100 %%/slurm/%A_%a.log"),
        "and for sbatch"
    );
    assert!(scripts.after.contains(" analyze "));
    let expected = "a-level1-lambda0-seed0\na-level2-lambda0-seed0\n";
    assert_eq!(scripts.tasks, expected);
}

#[test]
fn tasks_and_analysis_use_the_language_of_the_user() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = sweep(&dir.path().join("s"), "");
    let cells: Vec<&Cell> = sweep.cells.iter().collect();
    for language in Language::ALL {
        let scripts = scripts(&sweep, &cells, Path::new("/m"), language).unwrap();
        let lang = format!("--lang {}", language.tag());
        for (script, work) in [
            (&scripts.array, " sweep --out "),
            (&scripts.after, " analyze "),
        ] {
            let line = script.lines().find(|line| line.contains(work)).unwrap();
            assert!(line.contains(&lang), "{line}");
        }
    }
}

#[test]
fn the_scripts_are_valid_shell() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = sweep(&dir.path().join("s"), "");
    let cells: Vec<&Cell> = sweep.cells.iter().collect();
    let scripts = scripts(
        &sweep,
        &cells,
        Path::new("/opt/mit sume"),
        Language::English,
    )
    .unwrap();
    for (name, text) in [("array.sh", scripts.array), ("analysis.sh", scripts.after)] {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let checked = std::process::Command::new("sh")
            .arg("-n")
            .arg(&path)
            .status();
        assert!(checked.unwrap().success(), "{name}");
    }
}

#[test]
fn a_setting_cannot_add_lines_to_the_script() {
    let dir = tempfile::tempdir().unwrap();
    for slurm in ["partition = \"a\\nrm -r x\"", "options = [\"-x\\nrm\"]"] {
        let sweep = sweep(&dir.path().join("s"), slurm);
        let cells: Vec<&Cell> = sweep.cells.iter().collect();
        let error = scripts(&sweep, &cells, Path::new("/m"), Language::English).unwrap_err();
        assert!(
            error.is_request() && error.to_string().contains("one line"),
            "{error}"
        );
    }
    let sweep = sweep(&dir.path().join("a\"b"), "");
    let cells: Vec<&Cell> = sweep.cells.iter().collect();
    assert!(scripts(&sweep, &cells, Path::new("/m"), Language::English).is_err());
}

/// A task that cannot go on where it was would be requeued forever at the end of its time.
#[test]
fn a_task_that_does_not_resume_goes_back_into_the_queue_only_before_its_time_ends() {
    let dir = tempfile::tempdir().unwrap();
    let job = ArrayJob {
        root: dir.path(),
        config: &SlurmConfig::default(),
        origin: "slurm.toml",
        directory: Some(dir.path()),
        tasks: ("shards.txt", vec!["1/2".into(), "2/2".into()]),
        command: "touch \"$task\"".into(),
        resumes: false,
        after: AfterJob {
            name: ("mitsume-merge", "merge"),
            command: "true".into(),
        },
    };
    let array = job.scripts().unwrap().array;
    assert!(!array.contains("--signal"), "{array}");
    let here = format!("cd '{}' || exit 1", dir.path().display());
    assert!(array.lines().any(|line| line == here), "{array}");
    assert_eq!(job.scripts().unwrap().tasks, "1/2\n2/2\n");
    // With a scontrol that tells, a task that exits with 130.
    let script = array.replace("touch \"$task\"", "sh -c 'exit 130'");
    std::fs::create_dir(dir.path().join("slurm")).unwrap();
    std::fs::write(dir.path().join("slurm/shards.txt"), "1/2\n2/2\n").unwrap();
    let tool = dir.path().join("scontrol");
    std::fs::write(&tool, "#!/bin/sh\necho \"$@\"\n").unwrap();
    let mut path = std::ffi::OsString::from(dir.path());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let made = std::process::Command::new("chmod")
        .arg("+x")
        .arg(&tool)
        .status();
    assert!(made.unwrap().success());
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (end, requeued) in [(now + 10, false), (now + 3600, true)] {
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(&script).env("PATH", &path);
        shell
            .env("SLURM_ARRAY_JOB_ID", "7")
            .env("SLURM_ARRAY_TASK_ID", "2");
        let output = shell
            .env("SLURM_JOB_END_TIME", end.to_string())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(130));
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.trim() == "requeue 7_2", requeued, "{said}");
    }
}

#[test]
fn slurm_options_are_read_from_a_sweep_or_a_file_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("slurm.toml");
    std::fs::write(&path, "models = [\"level1\"]\n[slurm]\ncpus = 8\n").unwrap();
    assert_eq!(SlurmConfig::read(&path).unwrap().cpus, Some(8));
    for (text, word) in [("cpus = 8", "slurm"), ("[slurm]\ncores = 8", "cores")] {
        std::fs::write(&path, text).unwrap();
        let error = SlurmConfig::read(&path).unwrap_err();
        assert!(
            error.is_request() && error.to_string().contains(word),
            "{error}"
        );
    }
}
