//! Earth mover's distance (Wasserstein-1) of two maps on a grid. Unlike the other distances it
//! depends on how far apart the mass is.

/// The least cost of moving the map's mass (scaled to a sum of 1) onto the reference's, a unit of
/// mass costing the straight distance between cell centres in units of the map's side: 0 for maps
/// of one shape, below sqrt(2) for opposite corners. Exact. All-zero maps count as uniform. Both
/// `[h, w]` = `shape`, without negative values.
///
/// The time grows with about the third power of the number of cells: meant for coarse grids.
///
/// # Panics
/// If a map has another size.
pub fn earth_mover<T: Copy + Into<f64>>(map: &[T], reference: &[f64], shape: [usize; 2]) -> f64 {
    let [height, width] = shape;
    assert!(
        map.len() == height * width && reference.len() == map.len(),
        "maps of one size"
    );
    let (p, q) = (
        super::as_distribution(map),
        super::as_distribution(reference),
    );
    let centre = |cell: usize| {
        let (row, column) = (cell / width, cell % width);
        (
            (row as f64 + 0.5) / height as f64,
            (column as f64 + 0.5) / width as f64,
        )
    };
    // By the triangle inequality, mass common to both maps in a cell need not move.
    let (mut sources, mut sinks) = (Vec::new(), Vec::new());
    for cell in 0..p.len() {
        let surplus = p[cell] - q[cell];
        if surplus > MASS_TOLERANCE {
            sources.push((centre(cell), surplus));
        } else if surplus < -MASS_TOLERANCE {
            sinks.push((centre(cell), -surplus));
        }
    }
    Transport::new(&sources, &sinks).cost()
}

/// Mass below this is treated as rounding error.
const MASS_TOLERANCE: f64 = 1e-13;

type MassPoint = ((f64, f64), f64);

/// A transportation problem, solved by successive shortest paths (Edmonds and Karp 1972): mass goes
/// along the shortest path of the residual graph, which may undo flow of an earlier path.
/// Potentials keep the remaining costs from being negative, so that Dijkstra's method applies.
struct Transport {
    cost: Vec<Vec<f64>>,
    flow: Vec<Vec<f64>>,
    supply: Vec<f64>,
    demand: Vec<f64>,
    source_potential: Vec<f64>,
    sink_potential: Vec<f64>,
}

/// The tree of shortest paths: distances and predecessors.
struct ShortestPaths {
    to_source: Vec<f64>,
    to_sink: Vec<f64>,
    /// The source before each sink.
    before_sink: Vec<usize>,
    /// The sink before each source; `None` for a source with supply, where paths begin.
    before_source: Vec<Option<usize>>,
}

impl Transport {
    fn new(sources: &[MassPoint], sinks: &[MassPoint]) -> Self {
        let distance = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1);
        let row = |source: &MassPoint| {
            sinks
                .iter()
                .map(|sink| distance(source.0, sink.0))
                .collect()
        };
        Self {
            cost: sources.iter().map(row).collect(),
            flow: vec![vec![0.0; sinks.len()]; sources.len()],
            supply: sources.iter().map(|source| source.1).collect(),
            demand: sinks.iter().map(|sink| sink.1).collect(),
            source_potential: vec![0.0; sources.len()],
            sink_potential: vec![0.0; sinks.len()],
        }
    }

    fn cost(mut self) -> f64 {
        while let Some((paths, end)) = self.shortest_paths() {
            self.augment(&paths, end);
            // Larger distances would make the reduced cost of unused edges negative.
            let reach = paths.to_sink[end];
            for (potential, distance) in self.source_potential.iter_mut().zip(&paths.to_source) {
                *potential += distance.min(reach);
            }
            for (potential, distance) in self.sink_potential.iter_mut().zip(&paths.to_sink) {
                *potential += distance.min(reach);
            }
        }
        let edges = self.flow.iter().flatten().zip(self.cost.iter().flatten());
        edges.map(|(flow, cost)| flow * cost).sum()
    }

    /// The shortest paths from all sources with supply to the nearest sink with demand.
    fn shortest_paths(&self) -> Option<(ShortestPaths, usize)> {
        let (sources, sinks) = (self.supply.len(), self.demand.len());
        let start = |&supply: &f64| {
            if supply > MASS_TOLERANCE {
                0.0
            } else {
                f64::INFINITY
            }
        };
        let mut paths = ShortestPaths {
            to_source: self.supply.iter().map(start).collect(),
            to_sink: vec![f64::INFINITY; sinks],
            before_sink: vec![0; sinks],
            before_source: vec![None; sources],
        };
        let mut done = vec![false; sources + sinks];
        loop {
            let distance = |node: usize| {
                if node < sources {
                    paths.to_source[node]
                } else {
                    paths.to_sink[node - sources]
                }
            };
            let open = (0..sources + sinks).filter(|&node| !done[node]);
            let node = open.min_by(|&a, &b| distance(a).total_cmp(&distance(b)))?;
            let reached = distance(node);
            if reached.is_infinite() {
                return None;
            }
            done[node] = true;
            if node >= sources {
                let sink = node - sources;
                if self.demand[sink] > MASS_TOLERANCE {
                    return Some((paths, sink));
                }
                self.relax_from_sink(sink, reached, &mut paths);
            } else {
                self.relax_from_source(node, reached, &mut paths);
            }
        }
    }

    /// Relaxes the edges from a source to every sink.
    fn relax_from_source(&self, source: usize, reached: f64, paths: &mut ShortestPaths) {
        for sink in 0..self.demand.len() {
            let reduced =
                self.cost[source][sink] + self.source_potential[source] - self.sink_potential[sink];
            let distance = reached + reduced.max(0.0);
            if distance < paths.to_sink[sink] {
                paths.to_sink[sink] = distance;
                paths.before_sink[sink] = source;
            }
        }
    }

    /// Relaxes the reverse edges from a sink to the sources with flow to it.
    fn relax_from_sink(&self, sink: usize, reached: f64, paths: &mut ShortestPaths) {
        for source in 0..self.supply.len() {
            if self.flow[source][sink] > MASS_TOLERANCE {
                let reduced = self.cost[source][sink] + self.source_potential[source]
                    - self.sink_potential[sink];
                // 0 up to rounding on edges with flow.
                let distance = reached + (-reduced).max(0.0);
                if distance < paths.to_source[source] {
                    paths.to_source[source] = distance;
                    paths.before_source[source] = Some(sink);
                }
            }
        }
    }

    /// Augments the flow along the path to `end` by its bottleneck.
    fn augment(&mut self, paths: &ShortestPaths, end: usize) {
        let mut amount = self.demand[end];
        let mut source = paths.before_sink[end];
        while let Some(sink) = paths.before_source[source] {
            amount = amount.min(self.flow[source][sink]);
            source = paths.before_sink[sink];
        }
        amount = amount.min(self.supply[source]);
        self.supply[source] -= amount;
        self.demand[end] -= amount;
        let mut sink = end;
        loop {
            let source = paths.before_sink[sink];
            self.flow[source][sink] += amount;
            match paths.before_source[source] {
                Some(before) => {
                    self.flow[source][before] -= amount;
                    sink = before;
                }
                None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(map: &[f64], reference: &[f64], shape: [usize; 2]) -> f64 {
        earth_mover(map, reference, shape)
    }

    #[test]
    fn one_spot_moves_by_its_distance() {
        let spot =
            |at: usize| -> Vec<f64> { (0..49).map(|i| f64::from(u8::from(i == at))).collect() };
        assert_eq!(distance(&spot(0), &spot(0), [7, 7]), 0.0);
        assert!((distance(&spot(0), &spot(3), [7, 7]) - 3.0 / 7.0).abs() < 1e-12);
        assert!((distance(&spot(0), &spot(48), [7, 7]) - 2.0_f64.sqrt() * 6.0 / 7.0).abs() < 1e-12);
    }

    /// On a line the distance is the area between the cumulative sums.
    #[test]
    fn on_a_line_it_is_the_area_between_cumulative_sums() {
        let (a, b) = ([0.1, 0.4, 0.0, 0.3, 0.2], [0.3, 0.0, 0.3, 0.1, 0.3]);
        let (mut sum, mut expected) = (0.0_f64, 0.0);
        for i in 0..5 {
            sum += a[i] - b[i];
            expected += sum.abs() / 5.0;
        }
        assert!((distance(&a, &b, [1, 5]) - expected).abs() < 1e-12);
        assert!((distance(&b, &a, [1, 5]) - expected).abs() < 1e-12);
    }

    #[test]
    fn strength_does_not_matter_and_nothing_counts_as_uniform() {
        let map: Vec<f64> = (0..16).map(|i| f64::from(i % 5)).collect();
        let twice: Vec<f64> = map.iter().map(|value| 2.0 * value).collect();
        assert!(distance(&map, &twice, [4, 4]).abs() < 1e-12);
        assert_eq!(distance(&[0.0; 16], &[1.0; 16], [4, 4]), 0.0);
    }
}
