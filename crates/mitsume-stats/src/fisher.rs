//! The mean correlation of several runs, by Fisher's z.

use serde::{Deserialize, Serialize};

use crate::interval::{self, Interval};

/// The mean of several r, taken of `z = atanh r` and turned back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FisherMean {
    /// `tanh` of the mean z. A little larger in size than the mean of r.
    pub r: f64,
    /// `tanh` of Student's interval of the mean z across runs; none of a single run.
    ///
    /// It rests on how much runs differ, not on their number of epochs, so that autocorrelation
    /// within a run does not narrow it.
    pub interval: Option<Interval>,
}

/// The Fisher mean of `rs`. None of nothing, and where some |r| is 1 and its z infinite.
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

/// `atanh r` of each; none where one of them is infinite.
pub fn fisher_z(rs: &[f64]) -> Option<Vec<f64>> {
    let zs: Vec<f64> = rs.iter().map(|r| r.atanh()).collect();
    zs.iter().all(|z| z.is_finite()).then_some(zs)
}
