//! Paths in a sweep's folder.

use std::path::{Path, PathBuf};

use mitsume_artifacts::{Action, RunConfig, RunDir, write_atomic};
use mitsume_data::{ImageFolder, Split};
use mitsume_guard::file::read_to_string;

use crate::config::MAX_CONFIG_BYTES;
use crate::{Cell, CellStatus, Result, SweepConfig, SweepError};

/// The folder of a sweep and its configuration.
///
/// `sweep.toml`; `runs/NAME/`, one run directory per cell; `failures/NAME.txt`, the reason why a
/// cell failed; `locks/`; `slurm/`, scripts and logs of a job array; the report and its figures.
#[derive(Clone, Debug)]
pub struct SweepDir {
    root: PathBuf,
    /// All runs of the grid.
    pub cells: Vec<Cell>,
    /// The configuration.
    pub config: SweepConfig,
}

impl SweepDir {
    /// Opens the sweep in `root`.
    ///
    /// # Errors
    /// If `sweep.toml` is missing or invalid.
    pub fn open(root: &Path) -> Result<Self> {
        let path = root.join("sweep.toml");
        if !path.is_file() {
            let problem = "no sweep here: start one with --config or --preset";
            return Err(SweepError::config(&path, problem));
        }
        let config = SweepConfig::read(&path)?;
        let cells = config.cells(&path)?;
        Ok(Self {
            root: absolute(root)?,
            cells,
            config,
        })
    }

    /// A sweep for `root`, which is new, empty, or contains an earlier sweep. Finished runs of
    /// cells that both sweeps have are kept, so a grid may grow. Nothing is written.
    ///
    /// # Errors
    /// If the folder contains something else, or a run of the same name with another configuration;
    /// the error names the key that differs.
    pub fn plan(root: &Path, config: SweepConfig, origin: &Path) -> Result<Self> {
        let cells = config.cells(origin)?;
        let sweep = Self {
            root: absolute(root)?,
            cells,
            config,
        };
        sweep.refuse_other_contents()?;
        for cell in &sweep.cells {
            sweep.refuse_other_run(cell)?;
        }
        Ok(sweep)
    }

    /// Creates the folder and writes `sweep.toml`.
    ///
    /// # Errors
    /// If the folder or a file cannot be written.
    pub fn write(&self) -> Result<()> {
        for folder in ["runs", "failures", "locks"] {
            let folder = self.root.join(folder);
            std::fs::create_dir_all(&folder)
                .map_err(|error| SweepError::io(Action::Create, &folder, error))?;
        }
        let text = self.config.to_toml()?;
        let path = self.root.join("sweep.toml");
        // Tasks of a job array call this too; the same file is not written again.
        let unchanged = read_to_string(&path, MAX_CONFIG_BYTES).is_ok_and(|before| before == text);
        if !unchanged {
            write_atomic(&path, text.as_bytes())?;
        }
        Ok(())
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The run directory of a cell.
    pub fn run_dir(&self, cell: &Cell) -> RunDir {
        RunDir::new(self.root.join("runs").join(&cell.name))
    }

    /// Lists every data set once, so that a missing folder or one without classes is reported
    /// before the first cell starts.
    ///
    /// # Errors
    /// The first folder that cannot be used.
    pub fn check_data(&self) -> Result<()> {
        for set in self.config.data.values() {
            ImageFolder::open_split(&set.train, Split::Train)?;
            ImageFolder::open_split(&set.valid, Split::Valid)?;
        }
        Ok(())
    }

    /// The cell with this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn cell(&self, name: &str) -> Result<&Cell> {
        let found = self.cells.iter().find(|cell| cell.name == name);
        found.ok_or_else(|| {
            let first = self.cells.first().map_or("", |cell| &cell.name);
            let root = self.root.display();
            SweepError::Request(format!(
                "{root}: no cell \"{name}\" in sweep.toml; its {} cells are named like {first}",
                self.cells.len()
            ))
        })
    }

    /// The status of each cell, in the order of `cells`.
    ///
    /// # Errors
    /// If files of a run are damaged.
    pub fn statuses(&self) -> Result<Vec<CellStatus>> {
        let status = |cell| CellStatus::read(self, cell);
        self.cells.iter().map(status).collect()
    }

    pub(crate) fn failure(&self, cell: &Cell) -> PathBuf {
        self.root.join("failures").join(cell.name.clone() + ".txt")
    }

    pub(crate) fn lock(&self, cell: &Cell) -> PathBuf {
        self.root.join("locks").join(cell.name.clone() + ".lock")
    }

    fn refuse_other_contents(&self) -> Result<()> {
        let occupied =
            std::fs::read_dir(&self.root).is_ok_and(|mut entries| entries.next().is_some());
        if (occupied && !self.root.join("sweep.toml").is_file()) || self.root.is_file() {
            return Err(SweepError::Request(format!(
                "{}: holds something other than a sweep: name a new or empty folder with --out",
                self.root.display()
            )));
        }
        Ok(())
    }

    /// An existing run must have the cell's configuration; otherwise its results would be taken for
    /// the cell's.
    fn refuse_other_run(&self, cell: &Cell) -> Result<()> {
        let run = self.run_dir(cell);
        if !run.is_run() {
            return Ok(());
        }
        let before = RunConfig::read(&run.config(), &[])?;
        if before == cell.config {
            return Ok(());
        }
        let (before, now) = (before.to_toml()?, cell.config.to_toml()?);
        let changed = before.lines().zip(now.lines()).find(|(a, b)| a != b);
        let (before, now) = changed.unwrap_or(("another configuration", "this one"));
        Err(SweepError::Request(format!(
            "{}: was made with `{before}`, the sweep asks for `{now}`: name another folder with \
             --out, or remove this run",
            run.root().display()
        )))
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| SweepError::io(Action::Find, path, error))
}
