//! Soft-edged shapes.

/// Smoothstep: 1 for a negative `distance`, 0 for a positive one, over a ramp of `width` around 0.
pub(super) fn soft_step(distance: f64, width: f64) -> f64 {
    let t = (0.5 - distance / width).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Linear blend: `value` where `amount` is 0, `other` where it is 1.
pub(super) fn mix(value: f64, other: f64, amount: f64) -> f64 {
    value + (other - value) * amount
}

/// A tilted ellipse.
pub(super) struct Ellipse {
    pub x: f64,
    pub y: f64,
    pub half_width: f64,
    pub half_height: f64,
    /// Radians.
    pub tilt: f64,
}

impl Ellipse {
    /// How much of a pixel of side `pixel` at (x, y) lies inside the ellipse.
    pub fn coverage(&self, x: f64, y: f64, pixel: f64) -> f64 {
        let (sin, cos) = self.tilt.sin_cos();
        let (dx, dy) = (x - self.x, y - self.y);
        let across = (dx * cos + dy * sin) / self.half_width;
        let along = (dy * cos - dx * sin) / self.half_height;
        let distance = (across.hypot(along) - 1.0) * self.half_width.min(self.half_height);
        soft_step(distance, 1.5 * pixel)
    }
}
