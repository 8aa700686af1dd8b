//! Maps averaged onto a common grid.
//!
//! Maps of 112x112 and 28x28 differ in resolution, which alone changes `l2` by a factor of 4.
//! Averaged over the cells of one coarse grid they have the same resolution. The average is by
//! area, exactly, so that the sizes need not divide one another and the mean of the map stays.

/// Area-averaging resampling from maps of one shape to another.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaAverage {
    from: [usize; 2],
    to: [usize; 2],
    rows: Vec<Overlaps>,
    columns: Vec<Overlaps>,
}

/// The source cells under one target cell: the first, and the weight of each.
#[derive(Clone, Debug, PartialEq)]
struct Overlaps {
    first: usize,
    shares: Vec<f64>,
}

impl AreaAverage {
    /// From maps `[h, w]` to a grid `[rows, columns]`, all at least 1. A finer grid than the map
    /// repeats the map's values.
    ///
    /// # Panics
    /// If a side is 0.
    pub fn new(from: [usize; 2], to: [usize; 2]) -> Self {
        assert!(
            from.iter().chain(&to).all(|&side| side > 0),
            "empty map or grid"
        );
        Self {
            from,
            to,
            rows: overlaps(from[0], to[0]),
            columns: overlaps(from[1], to[1]),
        }
    }

    /// Shape of the grid, `[rows, columns]`.
    pub fn shape(&self) -> [usize; 2] {
        self.to
    }

    /// The map [h * w] on the grid, [rows * columns].
    ///
    /// # Panics
    /// If the map has another number of values.
    pub fn average<T: Copy + Into<f64>>(&self, map: &[T]) -> Vec<f64> {
        let [height, width] = self.from;
        assert_eq!(
            map.len(),
            height * width,
            "values of a {height}x{width} map"
        );
        if self.from == self.to {
            return map.iter().map(|&value| value.into()).collect();
        }
        let mut out = Vec::with_capacity(self.to[0] * self.to[1]);
        for row in &self.rows {
            for column in &self.columns {
                let lines = map[row.first * width..].chunks_exact(width);
                let row_mean = |line: &[T]| -> f64 {
                    let values = line[column.first..].iter().zip(&column.shares);
                    values.map(|(&value, share)| value.into() * share).sum()
                };
                let lines = lines.zip(&row.shares);
                out.push(lines.map(|(line, share)| row_mean(line) * share).sum());
            }
        }
        out
    }
}

/// For each of `to` equal parts of an axis, the weights of the `from` equal parts under it.
fn overlaps(from: usize, to: usize) -> Vec<Overlaps> {
    // In units of 1 / (from * to), so that ends are whole numbers.
    let part = |index: usize| {
        let (start, end) = (index * from, (index + 1) * from);
        let first = start / to;
        let last = (end - 1) / to;
        let share = |cell: usize| {
            let overlap = end.min((cell + 1) * to) - start.max(cell * to);
            overlap as f64 / from as f64
        };
        Overlaps {
            first,
            shares: (first..=last).map(share).collect(),
        }
    };
    (0..to).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_that_divides_the_map_gives_block_means() {
        let map: Vec<f32> = (0..16_u8).map(f32::from).collect();
        let grid = AreaAverage::new([4, 4], [2, 2]);
        assert_eq!(grid.average(&map), [2.5, 4.5, 10.5, 12.5]);
        assert_eq!(AreaAverage::new([4, 4], [1, 1]).average(&map), [7.5]);
        assert_eq!(
            AreaAverage::new([4, 4], [4, 4]).average(&map),
            (0..16).map(f64::from).collect::<Vec<_>>()
        );
    }

    #[test]
    fn cells_are_divided_by_area() {
        // Thirds of two cells: [a, (a + b) / 2, b].
        let grid = AreaAverage::new([1, 2], [1, 3]);
        let out = grid.average(&[1.0, 4.0]);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(
            close(out[0], 1.0) && close(out[1], 2.5) && close(out[2], 4.0),
            "{out:?}"
        );
        // Halves of three: [(2a + b) / 3, (b + 2c) / 3].
        let out = AreaAverage::new([3, 1], [2, 1]).average(&[3.0, 6.0, 12.0]);
        assert!(close(out[0], 4.0) && close(out[1], 10.0), "{out:?}");
    }

    #[test]
    fn the_mean_of_the_map_stays() {
        let map: Vec<f64> = (0..13 * 17).map(|i| f64::from(i * 7 % 23)).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        for to in [[7, 7], [1, 1], [5, 3], [13, 17], [20, 40]] {
            let out = AreaAverage::new([13, 17], to).average(&map);
            assert!((mean(&out) - mean(&map)).abs() < 1e-12, "{to:?}");
        }
    }

    #[test]
    fn one_map_at_two_resolutions_is_one_map_on_the_grid() {
        let coarse: Vec<f64> = (0..28 * 28).map(|i| f64::from(i * 31 % 97)).collect();
        let fine: Vec<f64> = (0..112 * 112)
            .map(|i| coarse[i / 112 / 4 * 28 + i % 112 / 4])
            .collect();
        let a = AreaAverage::new([28, 28], [7, 7]).average(&coarse);
        let b = AreaAverage::new([112, 112], [7, 7]).average(&fine);
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
