//! Smooth random texture.

use mitsume_random::RandomStream;

/// Value noise: random numbers in [-1, 1] on a square lattice over [-1.5, 1.5]^2, smoothly
/// interpolated.
pub(super) struct NoiseField {
    cells: usize,
    values: Vec<f64>,
}

impl NoiseField {
    pub fn draw(cells: usize, rng: &mut RandomStream) -> Self {
        let nodes = cells + 1;
        let values = (0..nodes * nodes).map(|_| rng.uniform(-1.0, 1.0)).collect();
        Self { cells, values }
    }

    /// The value at (x, y); outside the lattice, the value at its edge.
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let cells = self.cells as f64;
        let place = |t: f64| ((t / 3.0 + 0.5) * cells).clamp(0.0, cells - 1e-9);
        let (x, y) = (place(x), place(y));
        let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
        let (fx, fy) = (smooth(x.fract()), smooth(y.fract()));
        let node = |dx: usize, dy: usize| {
            self.values[(y as usize + dy) * (self.cells + 1) + x as usize + dx]
        };
        let top = node(0, 0) * (1.0 - fx) + node(1, 0) * fx;
        let bottom = node(0, 1) * (1.0 - fx) + node(1, 1) * fx;
        top * (1.0 - fy) + bottom * fy
    }
}
