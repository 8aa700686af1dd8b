//! Bootstrap resamples of items that are measured by several models: the same items are drawn for
//! all of them, so that what the models have in common (hard items, small classes) cancels in their
//! differences.

use mitsume_random::RandomStream;

/// Items divided into strata. A resample draws from each stratum as many items as it has, with
/// replacement.
///
/// One stratum is the plain bootstrap: the sizes of the classes vary from resample to resample.
/// Strata by class keep them, as the bootstrap of a data set whose sizes were designed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strata {
    items: usize,
    /// The items of each stratum; none is empty.
    members: Vec<Vec<usize>>,
}

impl Strata {
    /// All items in one stratum.
    pub fn whole(items: usize) -> Self {
        let members = (items > 0).then(|| (0..items).collect());
        Self {
            items,
            members: members.into_iter().collect(),
        }
    }

    /// Items of one label in one stratum.
    pub fn by_label(labels: &[usize]) -> Self {
        let mut members: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
        for (item, label) in labels.iter().enumerate() {
            members.entry(*label).or_default().push(item);
        }
        Self {
            items: labels.len(),
            members: members.into_values().collect(),
        }
    }

    /// How many times each item is drawn in the resample of this number. It depends on the seed, the
    /// number and the strata alone, so resamples may be drawn in any order.
    pub fn draw(&self, seed: u64, resample: u64) -> Vec<u32> {
        let mut random = RandomStream::new("mitsume-stats resampling", &[seed, resample]);
        let mut times = vec![0; self.items];
        for members in &self.members {
            for _ in members {
                times[members[random.below(members.len())]] += 1;
            }
        }
        times
    }
}
