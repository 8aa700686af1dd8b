//! Where a sweep keeps what.

use std::path::{Path, PathBuf};

use mitsume_artifacts::{Action, RunConfig, RunDir, write_atomic};
use mitsume_guard::file::read_to_string;

use crate::config::LARGEST;
use crate::{Cell, CellStatus, Result, SweepConfig, SweepError};

/// The folder of a sweep and what it is asked to hold.
///
/// `sweep.toml`; `runs/NAME/`, one run directory per cell; `failures/NAME.txt`, why a cell failed;
/// `locks/`; `slurm/`, scripts and logs of a job array. The report and its figures lie beside them.
#[derive(Clone, Debug)]
pub struct SweepDir {
    root: PathBuf,
    /// All runs of the grid.
    pub cells: Vec<Cell>,
    /// What was asked for.
    pub config: SweepConfig,
}

impl SweepDir {
    /// Opens the sweep kept in `root`.
    ///
    /// # Errors
    /// No `sweep.toml` there, or one that is wrong.
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

    /// A sweep for `root`, which is new, empty, or holds an earlier sweep. Its finished runs stay
    /// and count where the new sweep has the same cells, so a grid may grow. Nothing is written.
    ///
    /// # Errors
    /// A folder with something else in it; a run of the same name with another configuration, which
    /// is named with the key that differs.
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

    /// Makes the folder and writes `sweep.toml`.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn write(&self) -> Result<()> {
        for folder in ["runs", "failures", "locks"] {
            let folder = self.root.join(folder);
            std::fs::create_dir_all(&folder)
                .map_err(|error| SweepError::io(Action::Create, &folder, error))?;
        }
        let text = self.config.to_toml()?;
        let path = self.root.join("sweep.toml");
        // Tasks of a job array come here too; what they would write is there already.
        let there = read_to_string(&path, LARGEST).is_ok_and(|before| before == text);
        if !there {
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

    /// Lists every data set once, so that a folder that is missing or has no classes is named before
    /// the first cell begins and not by each of them.
    ///
    /// # Errors
    /// A folder that cannot be used.
    pub fn check_data(&self) -> Result<()> {
        for set in self.config.data.values() {
            for folder in [&set.train, &set.valid] {
                mitsume_data::ImageFolder::open(folder)?;
            }
        }
        Ok(())
    }

    /// The cell of a name.
    ///
    /// # Errors
    /// No such cell.
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

    /// How far each cell is, in the order of `cells`.
    ///
    /// # Errors
    /// A run directory with damaged records.
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

    /// A run that is there already must be the one asked for, or its results would pass for it.
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
