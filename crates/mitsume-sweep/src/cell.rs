//! One run of a sweep.

use mitsume_artifacts::RunConfig;

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Tells the combination, and is the name of the run directory:
    /// `brain-level2-alpha-detached-lambda50-seed1`.
    pub name: String,
    /// What the run is asked to do.
    pub config: RunConfig,
}

impl Cell {
    /// The name of a combination. What is no letter, digit, point or sign becomes a hyphen.
    pub(crate) fn name_of(data: &str, model: &str, more: &[(String, String)], end: &str) -> String {
        let mut parts = vec![safe(data), safe(model)];
        for (key, value) in more {
            let key = key.rsplit('.').next().unwrap_or(key);
            parts.push(format!("{}-{}", safe(key), safe(value)));
        }
        parts.push(end.to_owned());
        parts.join("-")
    }
}

/// Fit for a file name on every platform, and never one that leads elsewhere.
fn safe(text: &str) -> String {
    let kept = |c: char| {
        if c.is_alphanumeric() || ".+-".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = text.chars().map(kept).collect();
    name.trim_matches(['.', '-'].as_slice()).to_owned()
}
