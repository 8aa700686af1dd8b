//! Bootstrap resamples of items that are measured by several models: the same items are drawn for
//! all of them, so that what the models have in common (hard items, small classes) cancels in their
//! differences.
//!
//! Items that belong together, such as the images of a patient, are drawn together: the cluster
//! bootstrap (Davison and Hinkley 1997, section 3.8; Field and Welsh 2007). What is alike within a
//! cluster then varies between resamples as it would between samples of other clusters.

use std::collections::BTreeMap;

use mitsume_random::RandomStream;

/// Clusters of items, divided into strata. A resample draws from each stratum as many clusters as it
/// has, with replacement; each brings all of its items.
///
/// One stratum is the plain bootstrap: the sizes of the classes vary from resample to resample.
/// Strata by class keep them, as the bootstrap of a data set whose sizes were designed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strata {
    items: usize,
    /// The items of each cluster of each stratum; none is empty.
    clusters: Vec<Vec<Vec<usize>>>,
}

impl Strata {
    /// All items in one stratum, each a cluster.
    pub fn whole(items: usize) -> Self {
        Self::whole_of_clusters(&(0..items).collect::<Vec<_>>())
    }

    /// Items of one label in one stratum, each a cluster.
    pub fn by_label(labels: &[usize]) -> Self {
        Self::clusters_by_label(&(0..labels.len()).collect::<Vec<_>>(), labels)
    }

    /// All items in one stratum; `clusters` is the cluster of each.
    pub fn whole_of_clusters(clusters: &[usize]) -> Self {
        Self::clusters_by_label(clusters, &vec![0; clusters.len()])
    }

    /// Clusters of one label in one stratum. A cluster's label is that of most of its items, of equal
    /// ones the smallest. `clusters` and `labels` are of each item.
    ///
    /// # Panics
    /// If there are not as many labels as items.
    pub fn clusters_by_label(clusters: &[usize], labels: &[usize]) -> Self {
        assert_eq!(clusters.len(), labels.len(), "a label for each item");
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (item, cluster) in clusters.iter().enumerate() {
            members.entry(*cluster).or_default().push(item);
        }
        let mut strata: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
        for items in members.into_values() {
            let label = most_frequent(items.iter().map(|item| labels[*item]));
            strata.entry(label).or_default().push(items);
        }
        Self {
            items: clusters.len(),
            clusters: strata.into_values().collect(),
        }
    }

    /// Number of strata of a single cluster, which is in every resample.
    pub fn of_one_cluster(&self) -> usize {
        let single = self.clusters.iter().filter(|stratum| stratum.len() == 1);
        single.count()
    }

    /// Whether all resamples are the same, because no stratum has two clusters.
    pub fn is_fixed(&self) -> bool {
        self.of_one_cluster() == self.clusters.len()
    }

    /// How many times each item is drawn in the resample of this number. It depends on the seed, the
    /// number and the strata alone, so resamples may be drawn in any order.
    pub fn draw(&self, seed: u64, resample: u64) -> Vec<u32> {
        let mut random = RandomStream::new("mitsume-stats resampling", &[seed, resample]);
        let mut times = vec![0; self.items];
        for stratum in &self.clusters {
            for _ in stratum {
                for item in &stratum[random.below(stratum.len())] {
                    times[*item] += 1;
                }
            }
        }
        times
    }
}

/// The value that occurs most often, of equally frequent ones the smallest; 0 of none.
fn most_frequent(values: impl Iterator<Item = usize>) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let most = counts.values().copied().max();
    let first = counts.into_iter().find(|(_, count)| Some(*count) == most);
    first.map_or(0, |(value, _)| value)
}
