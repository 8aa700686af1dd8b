//! The head: scalp, skull, fluid, folded cortex, white matter, ventricles.

use super::ellipse::{Ellipse, mix, soft_step};
use super::noise_field::NoiseField;
use mitsume_random::RandomStream;

/// A point in head coordinates.
pub(super) struct Point {
    /// Left to right, in half-axes of the head; 0 is the midline.
    pub x: f64,
    /// Front to back, in half-axes of the head; -1 is the forehead.
    pub y: f64,
    /// Distance from the centre; 1 at the skin.
    pub skin: f64,
    /// Distance from the centre; 1 at the surface of the brain.
    pub brain: f64,
}

/// Brightness of each tissue.
pub(super) struct Contrast {
    scalp: f64,
    skull: f64,
    pub fluid: f64,
    pub grey: f64,
    pub white: f64,
}

/// The head of one slice and the contrast it is imaged with.
pub(super) struct Anatomy {
    centre: (f64, f64),
    rotation: f64,
    half_axes: (f64, f64),
    /// Amplitude and phase of the outline's deviations from an ellipse.
    outline: [(f64, f64); 4],
    scalp: f64,
    /// Radius of the brain's surface; that of the skin is 1.
    surface: f64,
    pub contrast: Contrast,
    structures: Vec<(Ellipse, Tissue)>,
    folds: NoiseField,
    depth: NoiseField,
    texture: NoiseField,
    fissure: f64,
}

#[derive(Clone, Copy)]
enum Tissue {
    Fluid,
    Grey,
}

impl Anatomy {
    pub fn draw(rng: &mut RandomStream) -> Self {
        let centre = (rng.uniform(-0.05, 0.05), rng.uniform(-0.05, 0.05));
        let rotation = rng.uniform(-0.16, 0.16);
        let half_axes = (rng.uniform(0.66, 0.80), rng.uniform(0.82, 0.94));
        let outline = [0.012, 0.022, 0.014, 0.008].map(|most| {
            (
                rng.uniform(0.0, most),
                rng.uniform(0.0, std::f64::consts::TAU),
            )
        });
        let scalp = rng.uniform(0.035, 0.07);
        let skull = rng.uniform(0.045, 0.09);
        Self {
            centre,
            rotation,
            half_axes,
            outline,
            scalp,
            surface: 1.0 - scalp - skull,
            contrast: Contrast::draw(rng),
            structures: structures(rng),
            folds: NoiseField::draw(26, rng),
            depth: NoiseField::draw(11, rng),
            texture: NoiseField::draw(34, rng),
            fissure: rng.uniform(0.35, 0.85),
        }
    }

    /// Head coordinates of the image position (x, y), each in [-1, 1].
    pub fn point(&self, x: f64, y: f64) -> Point {
        let (sin, cos) = self.rotation.sin_cos();
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        let x = (dx * cos + dy * sin) / self.half_axes.0;
        let y = (dy * cos - dx * sin) / self.half_axes.1;
        let angle = y.atan2(x);
        let waves = self.outline.iter().zip(1..);
        let stretch: f64 = waves
            .map(|((amplitude, phase), n)| amplitude * (f64::from(n) * angle + phase).cos())
            .sum();
        let skin = x.hypot(y) / (1.0 + stretch);
        let brain = skin / self.surface;
        Point { x, y, skin, brain }
    }

    /// Brightness without lesions; `pixel` is the side of a pixel.
    pub fn tissue(&self, p: &Point, pixel: f64) -> f64 {
        let soft = 1.6 * pixel;
        let c = &self.contrast;
        let fat = 1.0 + 0.12 * self.depth.at(p.x, p.y);
        let mut value = mix(0.012, c.scalp * fat, soft_step(p.skin - 1.0, soft));
        value = mix(value, c.skull, soft_step(p.skin - 1.0 + self.scalp, soft));
        value = mix(value, c.fluid, soft_step(p.brain - 1.0, soft));
        let fold = self.folds.at(p.x, p.y);
        let depth = self.depth.at(p.y, p.x);
        value = mix(
            value,
            c.grey,
            soft_step(p.brain - 0.965 - 0.02 * depth, soft),
        );
        // White matter reaches into the folds of the cortex.
        let border = p.brain - 0.80 - 0.13 * fold - 0.06 * depth;
        value = mix(value, c.white, soft_step(border, 0.07 + soft));
        // Sulci: thin lines of fluid where the fold pattern changes sign, near the surface only.
        let groove =
            soft_step(fold.abs() - 0.13, 0.22) * soft_step(0.66 + 0.1 * depth - p.brain, 0.2);
        let in_brain = soft_step(p.brain - 0.98, soft);
        value = mix(value, c.fluid, 0.6 * groove * in_brain);
        value = mix(
            value,
            c.fluid,
            self.fissure * self.midline(p, soft) * in_brain,
        );
        for (shape, tissue) in &self.structures {
            let brightness = match tissue {
                Tissue::Fluid => c.fluid,
                Tissue::Grey => c.grey,
            };
            value = mix(value, brightness, shape.coverage(p.x, p.y, pixel));
        }
        value + 0.022 * self.texture.at(p.x, p.y) * in_brain
    }

    /// The fissure between the hemispheres, in front of and behind the ventricles.
    fn midline(&self, p: &Point, soft: f64) -> f64 {
        let bend = 0.02 * self.depth.at(0.3, p.y);
        soft_step((p.x - bend).abs() - 0.012, soft) * soft_step(0.36 - p.y.abs(), 0.1)
    }
}

impl Contrast {
    fn draw(rng: &mut RandomStream) -> Self {
        // Fluid dark (T1) in most slices, bright (T2) in some.
        if rng.unit() < 0.72 {
            let grey = rng.uniform(0.30, 0.42);
            Self {
                scalp: rng.uniform(0.5, 0.8),
                skull: rng.uniform(0.03, 0.09),
                fluid: rng.uniform(0.08, 0.17),
                grey,
                white: grey + rng.uniform(0.07, 0.16),
            }
        } else {
            let white = rng.uniform(0.26, 0.34);
            Self {
                scalp: rng.uniform(0.35, 0.6),
                skull: rng.uniform(0.03, 0.09),
                fluid: rng.uniform(0.52, 0.68),
                grey: white + rng.uniform(0.08, 0.15),
                white,
            }
        }
    }
}

/// Ventricles and deep nuclei, nearly symmetric.
fn structures(rng: &mut RandomStream) -> Vec<(Ellipse, Tissue)> {
    let size = rng.uniform(0.7, 1.35);
    let (gap, lift) = (rng.uniform(0.075, 0.12), rng.uniform(-0.12, -0.02));
    let mut all = Vec::new();
    for side in [-1.0, 1.0] {
        let mut jitter = || rng.uniform(0.9, 1.1);
        let horn = |x: f64, y: f64, half_width: f64, half_height: f64, tilt: f64| Ellipse {
            x: side * x,
            y,
            half_width,
            half_height,
            tilt: side * tilt,
        };
        let nucleus = horn(0.25 * jitter(), 0.04, 0.085, 0.17 * jitter(), 0.35);
        let thalamus = horn(0.12, 0.13, 0.075 * jitter(), 0.11, 0.2);
        let front = horn(
            gap,
            lift - 0.12 * size,
            0.048 * size * jitter(),
            0.15 * size,
            -0.28,
        );
        let back = horn(
            gap * 1.5,
            lift + 0.26 * size,
            0.042 * size * jitter(),
            0.14 * size,
            0.35,
        );
        all.extend([
            (nucleus, Tissue::Grey),
            (thalamus, Tissue::Grey),
            (front, Tissue::Fluid),
            (back, Tissue::Fluid),
        ]);
    }
    let third = Ellipse {
        x: 0.0,
        y: lift + 0.16,
        half_width: 0.016 * size,
        half_height: 0.09,
        tilt: 0.0,
    };
    all.push((third, Tissue::Fluid));
    all
}
