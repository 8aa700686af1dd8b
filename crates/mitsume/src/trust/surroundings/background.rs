//! The uniform background connected with the image's edge.
//!
//! Black around a head, the bars beside a radiograph, the paper around a drawing. The colour is
//! that of the image's outermost pixels: the level, channel by channel, that most of them are
//! within [`TOLERANCE`] of. If fewer than [`MIN_EDGE_FRACTION`] of them are, there is no uniform
//! background. It is every pixel within the tolerance that is connected with the edge through
//! others (left, right, above, below). Pixels are taken as the mean of the 3x3 around them, so that
//! detector noise and JPEG ringing do not count as structure.

use super::super::Image;

/// How far from the background's level a pixel may be, in grey levels of 0 to 255.
pub const TOLERANCE: i32 = 8;
/// The share of the image's outermost pixels that must be of one level.
pub const MIN_EDGE_FRACTION: f64 = 0.25;

/// What an image's values are: `value * std + mean` is a brightness in [0, 1], channel by channel;
/// channels beyond the third are as the third.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelScale {
    /// Brightness of the value 0.
    pub mean: [f32; 3],
    /// Brightness of a step of 1; above 0.
    pub std: [f32; 3],
}

impl PixelScale {
    /// Values that are brightnesses already.
    pub const UNIT: Self = Self {
        mean: [0.0; 3],
        std: [1.0; 3],
    };

    /// A value as a grey level of 0 to 255.
    fn level(&self, value: f32, channel: usize) -> f32 {
        let channel = channel.min(2);
        (value * self.std[channel] + self.mean[channel]) * 255.0
    }

    /// A grey level as a value.
    fn value(&self, level: f32, channel: usize) -> f32 {
        let channel = channel.min(2);
        (level / 255.0 - self.mean[channel]) / self.std[channel]
    }
}

/// The background of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Background {
    /// Its pixels, row by row.
    runs: Vec<PixelRun>,
    image: [usize; 2],
}

/// Pixels side by side: columns `start` to `end`, the last not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PixelRun {
    row: usize,
    start: usize,
    end: usize,
}

impl Background {
    /// The background of `image` [C, H, W]; `None` if no uniform one reaches the edge.
    pub fn find(image: &Image<'_>, scale: &PixelScale) -> Option<Self> {
        let shape = image.shape();
        let mut even = vec![true; image.pixels()];
        for (channel, plane) in image.values().chunks_exact(image.pixels()).enumerate() {
            let smooth = box_blurred(plane, shape);
            let levels = edge(shape).map(|at| scale.level(smooth[at], channel));
            let level = mode_level(levels);
            let bound = |level: i32| scale.value(level as f32, channel);
            let (low, high) = (bound(level - TOLERANCE), bound(level + TOLERANCE));
            for (even, value) in even.iter_mut().zip(&smooth) {
                *even &= low <= *value && *value <= high;
            }
        }
        let (mut all, mut fitting) = (0_usize, 0_usize);
        for at in edge(shape) {
            all += 1;
            fitting += usize::from(even[at]);
        }
        if (fitting as f64) < MIN_EDGE_FRACTION * all as f64 {
            return None;
        }
        let runs = connected_with_edge(&even, shape);
        Some(Self { runs, image: shape })
    }

    /// Its share of the image.
    pub fn area(&self) -> f64 {
        let pixels: usize = self.runs.iter().map(|run| run.end - run.start).sum();
        pixels as f64 / (self.image[0] * self.image[1]) as f64
    }

    /// Its pixels as a mask [H, W].
    pub fn mask(&self) -> Vec<bool> {
        let [height, width] = self.image;
        let mut mask = vec![false; height * width];
        for run in &self.runs {
            mask[run.row * width + run.start..run.row * width + run.end].fill(true);
        }
        mask
    }

    /// Share of each element of a map [h, w] = `map` over the image that is background, [h, w].
    pub(super) fn shares(&self, [h, w]: [usize; 2]) -> Vec<f64> {
        let [height, width] = self.image;
        // Areas in units of 1 / (h w) pixels, which are whole numbers.
        let mut areas = vec![0_u64; h * w];
        let mut line = vec![0_u64; w];
        for row in self.runs.chunk_by(|a, b| a.row == b.row) {
            line.fill(0);
            for run in row {
                add_overlaps(&mut line, [run.start * w, run.end * w], width);
            }
            let (top, bottom) = (row[0].row * h, (row[0].row + 1) * h);
            for i in top / height..=(bottom - 1) / height {
                let down = overlap([top, bottom], [i * height, (i + 1) * height]);
                let areas = &mut areas[i * w..][..w];
                for (area, along) in areas.iter_mut().zip(&line) {
                    *area += down * along;
                }
            }
        }
        let whole = (height * width) as f64;
        areas.iter().map(|&area| area as f64 / whole).collect()
    }
}

/// Adds to each cell of `line`, each `cell` long, how much of it lies in `part`, which is not
/// empty.
fn add_overlaps(line: &mut [u64], part: [usize; 2], cell: usize) {
    for (j, area) in line
        .iter_mut()
        .enumerate()
        .take((part[1] - 1) / cell + 1)
        .skip(part[0] / cell)
    {
        *area += overlap(part, [j * cell, (j + 1) * cell]);
    }
}

/// The length of the intersection of two overlapping intervals.
fn overlap(a: [usize; 2], b: [usize; 2]) -> u64 {
    (a[1].min(b[1]) - a[0].max(b[0])) as u64
}

/// The outermost pixels of an image, each once.
fn edge([height, width]: [usize; 2]) -> impl Iterator<Item = usize> {
    (0..height).flat_map(move |y| {
        let whole = y == 0 || y + 1 == height;
        let step = if whole { 1 } else { (width - 1).max(1) };
        (0..width).step_by(step).map(move |x| y * width + x)
    })
}

/// Each pixel as the mean of its 3x3 neighbourhood, with the edge repeated.
fn box_blurred(plane: &[f32], [height, width]: [usize; 2]) -> Vec<f32> {
    let row = |y: usize| &plane[y * width..][..width];
    let mut out = Vec::with_capacity(plane.len());
    let mut column = vec![0.0; width + 2];
    for y in 0..height {
        let rows = row(y.saturating_sub(1)).iter().zip(row(y));
        let rows = rows.zip(row((y + 1).min(height - 1)));
        for (sum, ((above, own), below)) in column[1..].iter_mut().zip(rows) {
            *sum = above + own + below;
        }
        (column[0], column[width + 1]) = (column[1], column[width]);
        let next = column[1..].iter().zip(&column[2..]);
        out.extend(column.iter().zip(next).map(|(a, (b, c))| (a + b + c) / 9.0));
    }
    out
}

/// The level within [`TOLERANCE`] of most `levels`; of several adjacent ones the middle, of others
/// the darkest.
fn mode_level(levels: impl Iterator<Item = f32>) -> i32 {
    let mut counts = [0_u32; 256];
    for level in levels {
        counts[level.round().clamp(0.0, 255.0) as usize] += 1;
    }
    let within = |level: i32| -> u32 {
        let range = (level - TOLERANCE).max(0)..=(level + TOLERANCE).min(255);
        range.map(|level| counts[level as usize]).sum()
    };
    let all = -TOLERANCE..=255 + TOLERANCE;
    let most = all.clone().map(within).max().unwrap_or(0);
    let first = all
        .clone()
        .find(|&level| within(level) == most)
        .unwrap_or(0);
    let good = (first..=255 + TOLERANCE).take_while(|&level| within(level) == most);
    first + (good.count() as i32 - 1) / 2
}

/// The runs of `even` pixels that are connected with the image's edge, in reading order.
fn connected_with_edge(even: &[bool], [height, width]: [usize; 2]) -> Vec<PixelRun> {
    let mut runs: Vec<PixelRun> = Vec::new();
    let mut sets = DisjointSets::default();
    let mut above = 0..0;
    for row in 0..height {
        let first = runs.len();
        let mut x = 0;
        for same in even[row * width..][..width].chunk_by(|a, b| a == b) {
            let (start, end) = (x, x + same.len());
            x = end;
            if !same[0] {
                continue;
            }
            let at_edge = row == 0 || row + 1 == height || start == 0 || end == width;
            let own = sets.add(at_edge);
            runs.push(PixelRun { row, start, end });
            // Runs above that end before this one cannot touch the following ones either.
            while above.start < above.end && runs[above.start].end <= start {
                above.start += 1;
            }
            for other in above.clone().take_while(|&i| runs[i].start < end) {
                sets.union(own, other);
            }
        }
        above = first..runs.len();
    }
    let kept = (0..runs.len()).filter(|&run| sets.reaches_edge(run));
    kept.map(|run| runs[run]).collect()
}

/// Which runs are connected (disjoint sets), and which of the sets reach the edge.
#[derive(Default)]
struct DisjointSets {
    parent: Vec<usize>,
    edge: Vec<bool>,
}

impl DisjointSets {
    fn add(&mut self, at_edge: bool) -> usize {
        self.parent.push(self.parent.len());
        self.edge.push(at_edge);
        self.parent.len() - 1
    }

    fn root(&mut self, mut run: usize) -> usize {
        while self.parent[run] != run {
            self.parent[run] = self.parent[self.parent[run]];
            run = self.parent[run];
        }
        run
    }

    fn union(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.parent[high] = low;
        self.edge[low] |= self.edge[high];
    }

    fn reaches_edge(&mut self, run: usize) -> bool {
        let root = self.root(run);
        self.edge[root]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pixels: &[f32], channels: usize, shape: [usize; 2]) -> Option<Background> {
        Background::find(
            &Image::new(pixels, channels, shape).unwrap(),
            &PixelScale::UNIT,
        )
    }

    /// A disc of `inside` in an image of 64x64 of `outside`.
    fn disc(inside: impl Fn(usize) -> f32, outside: impl Fn(usize) -> f32) -> Vec<f32> {
        let value = |i: usize| {
            let (y, x) = ((i / 64) as f32 - 31.5, (i % 64) as f32 - 31.5);
            if y * y + x * x < 20.0 * 20.0 {
                inside(i)
            } else {
                outside(i)
            }
        };
        (0..64 * 64).map(value).collect()
    }

    /// A number in [0, 1) that looks random.
    fn noise(i: usize) -> f32 {
        ((i as u64 * 2_654_435_761) % 1009) as f32 / 1009.0
    }

    #[test]
    fn it_is_what_surrounds_the_object_whatever_its_colour() {
        let true_area = 1.0 - std::f64::consts::PI * 400.0 / 4096.0;
        for (object, ground) in [(0.6, 0.0), (0.0, 1.0), (0.9, 0.4)] {
            let found = find(&disc(|_| object, |_| ground), 1, [64, 64]).unwrap();
            // The 3x3 means take a pixel of the rim away.
            let rim = 2.0 * std::f64::consts::PI * 21.0 / 4096.0;
            assert!(found.area() <= true_area + 0.01, "{}", found.area());
            assert!(found.area() > true_area - 1.5 * rim, "{}", found.area());
        }
    }

    #[test]
    fn noise_is_no_structure_and_a_texture_is_no_background() {
        // As much as 20 grey levels up and down on a level of 30.
        let grainy = disc(|_| 0.7, |i| (10.0 + 40.0 * noise(i)) / 255.0);
        let clean = find(&disc(|_| 0.7, |_| 0.1), 1, [64, 64]).unwrap().area();
        let found = find(&grainy, 1, [64, 64]).unwrap().area();
        assert!((found - clean).abs() < 0.15 * clean, "{found} of {clean}");
        // Of a ramp over all levels no quarter of the edge is of one level.
        let ramp: Vec<f32> = (0..64 * 64)
            .map(|i| (i / 64 + i % 64) as f32 / 126.0)
            .collect();
        assert_eq!(find(&ramp, 1, [64, 64]), None);
    }

    #[test]
    fn what_is_dark_inside_the_object_is_not_background() {
        let hole = |i: usize| {
            let (y, x) = ((i / 64) as f32 - 31.5, (i % 64) as f32 - 31.5);
            if y * y + x * x < 100.0 { 0.0 } else { 0.8 }
        };
        let with_hole = find(&disc(hole, |_| 0.0), 1, [64, 64]);
        assert_eq!(with_hole, find(&disc(|_| 0.8, |_| 0.0), 1, [64, 64]));
    }

    #[test]
    fn colours_are_compared_channel_by_channel() {
        // Grey of one brightness everywhere, but the frame is blue and the object red.
        let plane = |inside: f32, outside: f32| disc(move |_| inside, move |_| outside);
        let pixels = [plane(0.5, 0.1), plane(0.2, 0.2), plane(0.1, 0.5)].concat();
        let found = find(&pixels, 3, [64, 64]).unwrap();
        let mask = found.mask();
        assert!(mask[0] && !mask[32 * 64 + 32]);
        assert!((0.6..0.7).contains(&found.area()), "{}", found.area());
    }

    #[test]
    fn the_numbers_of_a_network_do_not_matter() {
        let pixels = disc(|_| 0.8, |_| 0.05);
        let scale = PixelScale {
            mean: [0.485; 3],
            std: [0.229; 3],
        };
        let scaled: Vec<f32> = pixels.iter().map(|v| (v - 0.485) / 0.229).collect();
        let image = Image::new(&scaled, 1, [64, 64]).unwrap();
        assert_eq!(Background::find(&image, &scale), find(&pixels, 1, [64, 64]));
    }

    #[test]
    fn bars_beside_the_image_are_found_and_its_own_edge_is_not() {
        // Black bars of 8 columns left and right of a bright texture.
        let bars: Vec<f32> = (0..64 * 64)
            .map(|i| {
                if (8..56).contains(&(i % 64)) {
                    0.3 + 0.7 * noise(i)
                } else {
                    0.0
                }
            })
            .collect();
        let found = find(&bars, 1, [64, 64]).unwrap();
        // The column beside the texture is mixed with it.
        assert!(
            (found.area() - 14.0 / 64.0).abs() < 0.01,
            "{}",
            found.area()
        );
        let mask = found.mask();
        assert!(mask[32 * 64] && mask[32 * 64 + 63] && !mask[32]);
    }

    /// Against a mask laid over the map element by element.
    #[test]
    fn shares_are_the_exact_areas_of_elements() {
        let found = find(&disc(|_| 0.8, |_| 0.0), 1, [64, 64]).unwrap();
        let mask = found.mask();
        for map in [[1, 1], [4, 8], [64, 64], [128, 64], [7, 5]] {
            let shares = found.shares(map);
            let area = shares.iter().sum::<f64>() / shares.len() as f64;
            assert!((area - found.area()).abs() < 1e-12, "{map:?}");
        }
        let shares = found.shares([4, 8]);
        for (i, share) in shares.iter().enumerate() {
            let (top, left) = (i / 8 * 16, i % 8 * 8);
            let pixels = (0..128).filter(|p| mask[(top + p / 8) * 64 + left + p % 8]);
            assert_eq!(*share, pixels.count() as f64 / 128.0, "{i}");
        }
    }

    /// Against a flood from the edge, pixel by pixel, on shapes that wind.
    #[test]
    fn run_labelling_equals_flood_fill() {
        for seed in 0..50 {
            let shape = [13, 17];
            let even: Vec<bool> = (0..13 * 17)
                .map(|i| noise(i * 31 + seed * 977) < 0.6)
                .collect();
            let mut flooded = vec![false; even.len()];
            let mut waiting: Vec<usize> = edge(shape).filter(|&at| even[at]).collect();
            while let Some(at) = waiting.pop() {
                if std::mem::replace(&mut flooded[at], true) {
                    continue;
                }
                let (y, x) = (at / 17, at % 17);
                let near = [
                    (y > 0).then(|| at - 17),
                    (y < 12).then(|| at + 17),
                    (x > 0).then(|| at - 1),
                    (x < 16).then(|| at + 1),
                ];
                waiting.extend(near.into_iter().flatten().filter(|&at| even[at]));
            }
            let runs = connected_with_edge(&even, shape);
            assert_eq!(Background { runs, image: shape }.mask(), flooded, "{seed}");
        }
    }

    #[test]
    fn an_image_of_one_colour_is_all_background_and_any_size_is_taken() {
        for shape in [[1, 1], [1, 9], [9, 1], [2, 2], [5, 3]] {
            let pixels = vec![0.5; shape[0] * shape[1]];
            let found = find(&pixels, 1, shape).unwrap();
            assert_eq!(found.area(), 1.0, "{shape:?}");
        }
        assert_eq!(edge([5, 4]).count(), 14);
    }
}
