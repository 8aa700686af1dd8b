//! The list of measures: what each is computed of, and the record of their values.

use super::{GridMaps, GridMeans, MapMeasures, Measures};

/// A measure of two maps [h * w], `[h, w]`: a map and its class mean map, or two of one class.
pub(super) type MapMeasure = fn(&[f64], &[f64], [usize; 2]) -> f64;

/// What a measure is computed of.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// The class means on the grid: in one pass, and of merged shards.
    Means(fn(&GridMeans) -> Option<f64>),
    /// All maps on the grid, at almost no cost.
    Grid(fn(&GridMaps) -> Option<f64>),
    /// All maps on the grid; takes time.
    SlowGrid(fn(&GridMaps, PermutationNull) -> Option<f64>),
    /// Each map and its class mean map: the mean over the images.
    Map(MapMeasure),
    /// Two maps of one class: see [`pairs`](super::pairs).
    Pair(MapMeasure),
    /// The standard error of the measure of pairs before it in the list.
    PairError,
}

/// How often and from which seed images are assigned to classes at random.
#[derive(Clone, Copy)]
pub(super) struct PermutationNull {
    pub permutations: usize,
    pub seed: u64,
}

/// The record [`Measures`] with a field for each entry `name: source => direction`.
macro_rules! measures {
    ($($(#[$documentation:meta])* $name:ident: $source:expr => $direction:expr,)+) => {
        /// All measures of one evaluation. A value is `None` if it is not defined (without images,
        /// or for `chance_corrected` a single class or no class with two images, for pairs no class
        /// with two), was not asked for, or is newer than the file.
        #[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct Measures {
            /// Rows and columns of the common grid.
            pub grid: [usize; 2],
            $($(#[$documentation])* #[serde(default)] pub $name: Option<f64>,)+
        }

        impl Measures {
            /// The names of the measures, in the order of [`Measures::values`].
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            const SOURCES: &'static [Source] = &[$($source),+];

            /// Which values are more consistent, in the order of [`Measures::NAMES`].
            pub const DIRECTIONS: &'static [Direction] = &[$($direction),+];

            /// The values by name, as in the JSON.
            pub fn values(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> + use<> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }

            /// The record of each source's value.
            fn from_sources(grid: [usize; 2], mut value: impl FnMut(Source) -> Option<f64>) -> Self {
                Self { grid, $($name: value($source)),+ }
            }
        }
    };
}
pub(super) use measures;

impl Measures {
    /// The measures of the class means on the grid alone, in one pass; the others are `None`.
    pub fn from_grid_means(means: &GridMeans) -> Self {
        Self::from_sources(means.shape(), |source| match source {
            Source::Means(of) => of(means),
            _ => None,
        })
    }

    /// The measures of the grid alone, which cost almost nothing; the others are `None`.
    pub fn from_grid(maps: &GridMaps) -> Self {
        Self::from_sources(maps.shape(), |source| match source {
            Source::Means(of) => of(maps.grid_means()),
            Source::Grid(of) => of(maps),
            _ => None,
        })
    }

    /// All measures from the results of both passes. `permutations` and `seed` are of the
    /// permutation null.
    pub fn new(
        maps: &GridMaps,
        map_measures: &MapMeasures,
        permutations: usize,
        seed: u64,
    ) -> Self {
        let null = PermutationNull { permutations, seed };
        let of_pairs: Vec<MapMeasure> = Self::of_pairs().collect();
        let mut means = map_measures.means().into_iter().flatten();
        let mut pairs = map_measures.pairs(&of_pairs).into_iter().flatten();
        let mut error = None;
        Self::from_sources(maps.shape(), |source| match source {
            Source::Means(of) => of(maps.grid_means()),
            Source::Grid(of) => of(maps),
            Source::SlowGrid(of) => of(maps, null),
            Source::Map(_) => means.next(),
            Source::Pair(_) => {
                let found = pairs.next();
                error = found.map(|found| found.standard_error);
                found.map(|found| found.mean)
            }
            Source::PairError => error,
        })
    }

    /// The measures of a map and its class mean map, in the order of the list.
    pub(super) fn of_maps() -> impl Iterator<Item = MapMeasure> {
        Self::SOURCES.iter().filter_map(|source| match source {
            Source::Map(of) => Some(*of),
            _ => None,
        })
    }

    /// The measures of pairs, in the order of the list.
    fn of_pairs() -> impl Iterator<Item = MapMeasure> {
        Self::SOURCES.iter().filter_map(|source| match source {
            Source::Pair(of) => Some(*of),
            _ => None,
        })
    }
}
