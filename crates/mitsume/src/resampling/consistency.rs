//! All forms of the metric in a resample.

use super::map_group::{BLOCK, MapGroup, WeightedSums, Weights};
use crate::Distance;
use crate::measures::chance::chance_corrected;
use crate::measures::grid::AreaAverage;

/// The counted maps of one model, class by class, ready for any resample of its images.
#[derive(Clone, Debug)]
pub struct ResampledConsistency {
    pixels: usize,
    grid: AreaAverage,
    resamples: usize,
    classes: Vec<MapGroup>,
    grid_classes: Vec<MapGroup>,
    /// All counted images of all classes, on the grid.
    grid_all: MapGroup,
    /// The images and grid maps of `grid_all`, while classes are pushed.
    all_images: Vec<usize>,
    all_grid_maps: Vec<f32>,
}

/// The metric of one resample. A value is `None` if it is not defined there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WeightedConsistency {
    /// Images counted, each as often as it is drawn.
    pub counted: u64,
    /// As defined (Eq. 9, 10).
    pub squared_l2: Option<f64>,
    /// As published, without classes of one image.
    pub l2: Option<f64>,
    /// `squared-l2` on the grid.
    pub grid_squared_l2: Option<f64>,
    /// `l2` on the grid.
    pub grid_l2: Option<f64>,
    /// See [`chance`](crate::measures::chance), on the grid.
    pub chance_corrected: Option<f64>,
}

impl ResampledConsistency {
    /// Without images, for maps `[h, w]`, a common grid `[rows, columns]` and so many resamples.
    ///
    /// # Panics
    /// If a side is 0.
    pub fn new(shape: [usize; 2], grid: [usize; 2], resamples: usize) -> Self {
        let cells = grid[0] * grid[1];
        Self {
            pixels: shape[0] * shape[1],
            grid: AreaAverage::new(shape, grid),
            resamples,
            classes: Vec::new(),
            grid_classes: Vec::new(),
            grid_all: MapGroup::new(Vec::new(), &[], cells, resamples),
            all_images: Vec::new(),
            all_grid_maps: Vec::new(),
        }
    }

    /// Bytes that classes of so many counted images take, at most.
    pub fn bytes(classes: &[usize], shape: [usize; 2], resamples: usize) -> u64 {
        let pixels = shape[0] * shape[1];
        let each = classes.iter();
        each.map(|&images| MapGroup::bytes(images, pixels, resamples))
            .sum()
    }

    /// Adds a class: the positions of its counted images among all that are resampled, and their maps
    /// [n, h, w].
    ///
    /// # Panics
    /// If there are not as many maps as images.
    pub fn push_class(&mut self, images: Vec<usize>, maps: &[f32]) {
        let [rows, columns] = self.grid.shape();
        let each = maps.chunks_exact(self.pixels);
        // In the precision that the measures on the grid are taken in.
        let on_grid = each.flat_map(|map| self.grid.average(map));
        let on_grid: Vec<f32> = on_grid.map(|value| value as f32).collect();
        self.all_images.extend(&images);
        self.all_grid_maps.extend(&on_grid);
        let grid = MapGroup::new(images.clone(), &on_grid, rows * columns, self.resamples);
        self.grid_classes.push(grid);
        let class = MapGroup::new(images, maps, self.pixels, self.resamples);
        self.classes.push(class);
    }

    /// Ends the classes.
    #[must_use]
    pub fn finished(mut self) -> Self {
        let [rows, columns] = self.grid.shape();
        let images = std::mem::take(&mut self.all_images);
        let maps = std::mem::take(&mut self.all_grid_maps);
        self.grid_all = MapGroup::new(images, &maps, rows * columns, self.resamples);
        self
    }

    /// The metric in each resample of a block: `weights` say how often each image is drawn.
    ///
    /// # Panics
    /// If there are fewer weights than images.
    pub fn consistency(&self, weights: &[Weights]) -> [WeightedConsistency; BLOCK] {
        let sums = |groups: &[MapGroup]| -> Vec<[WeightedSums; BLOCK]> {
            groups.iter().map(|group| group.sums(weights)).collect()
        };
        let (own, grid) = (sums(&self.classes), sums(&self.grid_classes));
        let all = self.grid_all.sums(weights);
        let [rows, columns] = self.grid.shape();
        std::array::from_fn(|lane| {
            let lane_of = |sums: &[[WeightedSums; BLOCK]]| -> Vec<WeightedSums> {
                sums.iter().map(|class| class[lane]).collect()
            };
            let (own, grid) = (lane_of(&own), lane_of(&grid));
            let cells = rows * columns;
            let (squared_l2, l2) = both_forms(&own, self.pixels);
            let (grid_squared_l2, grid_l2) = both_forms(&grid, cells);
            let within: f64 = grid.iter().map(|class| class.squares).sum();
            let seen = grid.iter().filter(|class| class.count > 0.0).count();
            let counted = all[lane].count as u64;
            WeightedConsistency {
                counted,
                squared_l2,
                l2,
                grid_squared_l2,
                grid_l2,
                chance_corrected: chance_corrected(within, all[lane].squares, counted, seen as u64),
            }
        })
    }
}

/// `squared-l2` over all images of all classes, and `l2` over those of classes with two or more.
fn both_forms(classes: &[WeightedSums], pixels: usize) -> (Option<f64>, Option<f64>) {
    let mean = |sum: f64, count: f64| (count > 0.0).then(|| sum / count);
    let (mut squares, mut counted) = (0.0, 0.0);
    let (mut lengths, mut counted_twice) = (0.0, 0.0);
    for class in classes {
        squares += Distance::SquaredL2.from_sum_of_squares(class.squares, pixels);
        counted += class.count;
        if class.count >= 2.0 {
            lengths += class.lengths / pixels as f64;
            counted_twice += class.count;
        }
    }
    (mean(squares, counted), mean(lengths, counted_twice))
}
