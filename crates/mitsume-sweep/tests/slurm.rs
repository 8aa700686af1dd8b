//! The scripts of a job array. `scripts/test-slurm.sh` tests them on Slurm.

use std::path::Path;

use mitsume_locale::Language;
use mitsume_sweep::slurm::scripts;
use mitsume_sweep::{Cell, SweepConfig, SweepDir};

fn sweep(root: &Path, slurm: &str) -> SweepDir {
    let text = format!(
        "models = [\"level1\", \"level2\"]\n[data.a]\ntrain = \"x\"\nvalid = \"y\"\n[slurm]\n{slurm}\n"
    );
    let config = SweepConfig::from_toml(&text, Path::new("sweep.toml")).unwrap();
    SweepDir::plan(root, config, Path::new("sweep.toml")).unwrap()
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
    assert!(scripts.analysis.contains(" analyze "));
    let expected = "a-level1-lambda0-seed0\na-level2-lambda0-seed0\n";
    assert_eq!(scripts.cells, expected);
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
            (&scripts.analysis, " analyze "),
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
    for (name, text) in [
        ("array.sh", scripts.array),
        ("analysis.sh", scripts.analysis),
    ] {
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
