//! One run of a sweep.

use mitsume_artifacts::RunConfig;

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Name of the combination and of its run directory:
    /// `brain-level2-alpha-detached-lambda50-seed1`.
    pub name: String,
    /// The configuration of the run.
    pub config: RunConfig,
}

impl Cell {
    /// The name of a combination. Other characters than letters, digits, points and signs become
    /// hyphens.
    pub(crate) fn combination_name(
        data: &str,
        model: &str,
        more: &[(String, String)],
        end: &str,
    ) -> String {
        let mut parts = vec![file_name_safe(data), file_name_safe(model)];
        for (key, value) in more {
            let key = key.rsplit('.').next().unwrap_or(key);
            parts.push(format!("{}-{}", file_name_safe(key), file_name_safe(value)));
        }
        parts.push(end.to_owned());
        parts.join("-")
    }
}

/// Text as part of a file name that is valid on every platform and contains no path separator.
fn file_name_safe(text: &str) -> String {
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
