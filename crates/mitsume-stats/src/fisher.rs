//! Mean correlation of several runs, by Fisher's z transformation.

use serde::{Deserialize, Serialize};

use crate::interval::{self, Interval};

/// The mean of several r, computed on `z = atanh r` and transformed back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FisherMean {
    /// `tanh` of the mean z. Its absolute value is a little larger than that of the mean r.
    pub r: f64,
    /// `tanh` of Student's interval of the mean z over runs; `None` for a single run.
    ///
    /// It depends on the differences between runs, not on the number of epochs, so autocorrelation
    /// within a run does not make it too narrow.
    pub interval: Option<Interval>,
}

/// The Fisher mean of `rs`; `None` for no values, or if some |r| is 1, whose z is infinite.
pub fn fisher_mean(rs: &[f64], confidence: f64) -> Option<FisherMean> {
    let zs = fisher_z(rs)?;
    let interval =
        interval::student_interval(&zs, confidence).map(|Interval { low, high }| Interval {
            low: low.tanh(),
            high: high.tanh(),
        });
    Some(FisherMean {
        r: interval::mean(&zs)?.tanh(),
        interval,
    })
}

/// `atanh r` of each value; `None` if one is infinite.
pub fn fisher_z(rs: &[f64]) -> Option<Vec<f64>> {
    let zs: Vec<f64> = rs.iter().map(|r| r.atanh()).collect();
    zs.iter().all(|z| z.is_finite()).then_some(zs)
}
