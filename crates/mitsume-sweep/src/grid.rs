//! Expands a grid into its cells.

use std::collections::BTreeSet;
use std::path::Path;

use mitsume_artifacts::RunConfig;
use toml::{Table, Value};

use crate::{Cell, DataSet, Result, SweepConfig, SweepError};

/// Largest number of cells, against mistakes in a grid.
const MAX_CELLS: usize = 20_000;

/// One value for each axis.
type Choice = Vec<(String, Value)>;

/// One axis of the grid: a key of `run.toml` and its values.
struct Axis {
    key: String,
    values: Vec<Value>,
}

impl SweepConfig {
    /// All runs of the grid, seed by seed, so that an interrupted sweep has run every combination
    /// with one seed before the next seed begins.
    ///
    /// # Errors
    /// [`SweepError`] naming `path` and the key: an invalid value, a duplicate key, two runs with
    /// the same name, too many runs.
    pub fn cells(&self, path: &Path) -> Result<Vec<Cell>> {
        let axes = self.axes(path)?;
        let choices = self.choices(&axes, path)?;
        let mut cells = Vec::new();
        for &seed in &self.seeds {
            for data in &self.data {
                for model in &self.models {
                    for choice in &choices {
                        for &lambda in &self.lambdas {
                            let combination = Combination {
                                data,
                                model,
                                model_title: self.model_title(model),
                                choice,
                                lambda,
                                seed,
                            };
                            cells.push(combination.cell(&self.run, path)?);
                        }
                    }
                }
            }
        }
        let mut names = BTreeSet::new();
        match cells.iter().find(|cell| !names.insert(&cell.name)) {
            Some(twice) => {
                let problem = format!(
                    "two runs are called {}: a value is there twice, or names differ in signs only",
                    twice.name
                );
                Err(SweepError::config(path, problem))
            }
            None => Ok(cells),
        }
    }

    /// A model in the names of runs: a file without its folder, unless that is another's name as well.
    fn model_title<'a>(&self, model: &'a str) -> &'a str {
        fn file(model: &str) -> Option<&str> {
            Path::new(model).file_name()?.to_str()
        }
        let others = self.models.iter().filter(|other| *other != model);
        match file(model) {
            Some(own) if others.clone().all(|other| file(other) != Some(own)) => own,
            _ => model,
        }
    }

    fn axes(&self, path: &Path) -> Result<Vec<Axis>> {
        let mut axes = Vec::new();
        flatten(&self.grid, "", &mut axes, path)?;
        Ok(axes)
    }

    /// All combinations of one value for each axis.
    fn choices(&self, axes: &[Axis], path: &Path) -> Result<Vec<Choice>> {
        let others = [self.data.len(), self.models.len(), self.lambdas.len()];
        let sizes = axes.iter().map(|axis| axis.values.len());
        let cells = sizes
            .chain(others)
            .try_fold(self.seeds.len(), usize::checked_mul)
            .filter(|cells| *cells <= MAX_CELLS);
        if cells.is_none() {
            let problem = format!("the grid has more than {MAX_CELLS} runs: make it smaller");
            return Err(SweepError::config(path, problem));
        }
        let mut choices = vec![Choice::new()];
        for axis in axes {
            choices = choices
                .iter()
                .flat_map(|before| {
                    axis.values.iter().map(|value| {
                        let mut values = before.clone();
                        values.push((axis.key.clone(), value.clone()));
                        values
                    })
                })
                .collect();
        }
        Ok(choices)
    }
}

/// The values that distinguish one run.
struct Combination<'a> {
    data: (&'a String, &'a DataSet),
    model: &'a str,
    /// What the run's name calls it.
    model_title: &'a str,
    choice: &'a Choice,
    lambda: f64,
    seed: u64,
}

impl Combination<'_> {
    fn cell(&self, shared: &Table, path: &Path) -> Result<Cell> {
        let (data, set) = self.data;
        let text = |text: &str| Value::String(text.to_owned());
        let folder = |path: &Path| Value::String(path.display().to_string());
        let seed = i64::try_from(self.seed).map_err(|_| {
            SweepError::config(path, format!("seeds: {} is above 2^63 - 1", self.seed))
        })?;
        let mut own = vec![
            ("data.name".to_owned(), text(data)),
            ("data.train".to_owned(), folder(&set.train)),
            ("data.valid".to_owned(), folder(&set.valid)),
            ("model.name".to_owned(), text(self.model)),
            ("train.seed".to_owned(), Value::Integer(seed)),
            (
                "consistency.lambda_max".to_owned(),
                Value::Float(self.lambda),
            ),
        ];
        let share = set.removed_share.map(Value::Float);
        let by = set.removed_by.as_deref().map(text);
        let removed = [("data.removed_share", share), ("data.removed_by", by)];
        let removed = removed
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        own.extend(removed);
        own.extend(self.choice.iter().cloned());
        let mut run = shared.clone();
        for (key, value) in own {
            insert(&mut run, &key, value, path)?;
        }
        let values: Vec<(String, String)> = self
            .choice
            .iter()
            .map(|(key, value)| (key.clone(), value_text(value)))
            .collect();
        // Adding 0 makes -0 equal to 0.
        let end = format!("lambda{}-seed{seed}", self.lambda + 0.0);
        Ok(Cell {
            name: Cell::combination_name(data, self.model_title, &values, &end),
            config: run_config(run, path)?,
        })
    }
}

/// Collects the axes of a table: `"train.learning_rate" = [...]` and
/// `[grid.train] learning_rate = [...]` are the same.
fn flatten(table: &Table, above: &str, axes: &mut Vec<Axis>, path: &Path) -> Result<()> {
    for (name, value) in table {
        let key = if above.is_empty() {
            name.clone()
        } else {
            format!("{above}.{name}")
        };
        let own = [
            ("data.train", "[data.NAME]"),
            ("data.valid", "[data.NAME]"),
            ("data.name", "[data.NAME]"),
            ("data.removed_share", "[data.NAME]"),
            ("data.removed_by", "[data.NAME]"),
            ("model.name", "models"),
            ("train.seed", "seeds"),
            ("consistency.lambda_max", "lambdas"),
        ];
        if let Some((_, instead)) = own.iter().find(|(known, _)| *known == key) {
            let problem = format!("grid.{key}: say it with {instead}");
            return Err(SweepError::config(path, problem));
        }
        match value {
            Value::Table(inner) => flatten(inner, &key, axes, path)?,
            Value::Array(values) if !values.is_empty() => axes.push(Axis {
                key,
                values: values.clone(),
            }),
            _ => {
                let problem = format!("grid.{key}: must be a list of values, such as [1, 2]");
                return Err(SweepError::config(path, problem));
            }
        }
    }
    Ok(())
}

/// Sets a dotted key, which `[run]` must not contain.
fn insert(table: &mut Table, key: &str, value: Value, path: &Path) -> Result<()> {
    let mut here = table;
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop().unwrap_or(key);
    for part in parts {
        let section = here
            .entry(part)
            .or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = section else {
            let problem = format!("run.{key}: {part} must be a section");
            return Err(SweepError::config(path, problem));
        };
        here = inner;
    }
    if here.insert(last.to_owned(), value).is_some() {
        let problem = format!("run.{key}: also set by the grid; leave one of them out");
        return Err(SweepError::config(path, problem));
    }
    Ok(())
}

fn run_config(run: Table, path: &Path) -> Result<RunConfig> {
    let text = toml::to_string(&run)
        .map_err(|error| SweepError::config(path, format!("[run]: {error}")))?;
    Ok(RunConfig::from_toml(&text, path)?)
}

/// A value as text, strings without quotes.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
