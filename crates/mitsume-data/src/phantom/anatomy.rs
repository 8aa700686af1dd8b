//! The head: scalp, skull, fluid, folded cortex, white matter, ventricles.

use super::ellipse::{Ellipse, inside, mix};
use super::noise_field::NoiseField;
use mitsume_random::RandomStream;

/// A place in the head.
pub(super) struct Point {
    /// Across, in half-axes of the head; 0 is the midline.
    pub x: f64,
    /// Along, in half-axes of the head; -1 is the forehead.
    pub y: f64,
    /// Distance from the middle; 1 is the skin.
    pub skin: f64,
    /// Distance from the middle; 1 is the surface of the brain.
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

/// One head, seen in one contrast.
pub(super) struct Anatomy {
    centre: (f64, f64),
    turn: f64,
    half_axes: (f64, f64),
    /// Amplitude and phase of the outline's deviations from an ellipse.
    outline: [(f64, f64); 4],
    scalp: f64,
    /// Radius of the brain's surface where the skin has 1.
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
    pub fn draw(draws: &mut RandomStream) -> Self {
        let centre = (draws.uniform(-0.05, 0.05), draws.uniform(-0.05, 0.05));
        let turn = draws.uniform(-0.16, 0.16);
        let half_axes = (draws.uniform(0.66, 0.80), draws.uniform(0.82, 0.94));
        let outline = [0.012, 0.022, 0.014, 0.008].map(|most| {
            (
                draws.uniform(0.0, most),
                draws.uniform(0.0, std::f64::consts::TAU),
            )
        });
        let scalp = draws.uniform(0.035, 0.07);
        let skull = draws.uniform(0.045, 0.09);
        Self {
            centre,
            turn,
            half_axes,
            outline,
            scalp,
            surface: 1.0 - scalp - skull,
            contrast: Contrast::draw(draws),
            structures: structures(draws),
            folds: NoiseField::draw(26, draws),
            depth: NoiseField::draw(11, draws),
            texture: NoiseField::draw(34, draws),
            fissure: draws.uniform(0.35, 0.85),
        }
    }

    /// The place in the head of the image's (x, y), each in [-1, 1].
    pub fn point(&self, x: f64, y: f64) -> Point {
        let (sin, cos) = self.turn.sin_cos();
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
        let mut value = mix(0.012, c.scalp * fat, inside(p.skin - 1.0, soft));
        value = mix(value, c.skull, inside(p.skin - 1.0 + self.scalp, soft));
        value = mix(value, c.fluid, inside(p.brain - 1.0, soft));
        let fold = self.folds.at(p.x, p.y);
        let depth = self.depth.at(p.y, p.x);
        value = mix(value, c.grey, inside(p.brain - 0.965 - 0.02 * depth, soft));
        // White matter reaches into the folds of the cortex.
        let border = p.brain - 0.80 - 0.13 * fold - 0.06 * depth;
        value = mix(value, c.white, inside(border, 0.07 + soft));
        // Sulci: thin lines of fluid where the fold pattern changes sign, near the surface only.
        let groove = inside(fold.abs() - 0.13, 0.22) * inside(0.66 + 0.1 * depth - p.brain, 0.2);
        let in_brain = inside(p.brain - 0.98, soft);
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
            value = mix(value, brightness, shape.cover(p.x, p.y, pixel));
        }
        value + 0.022 * self.texture.at(p.x, p.y) * in_brain
    }

    /// The fissure between the hemispheres, in front of and behind the ventricles.
    fn midline(&self, p: &Point, soft: f64) -> f64 {
        let bend = 0.02 * self.depth.at(0.3, p.y);
        inside((p.x - bend).abs() - 0.012, soft) * inside(0.36 - p.y.abs(), 0.1)
    }
}

impl Contrast {
    fn draw(draws: &mut RandomStream) -> Self {
        // Fluid dark (T1) in most slices, bright (T2) in some.
        if draws.unit() < 0.72 {
            let grey = draws.uniform(0.30, 0.42);
            Self {
                scalp: draws.uniform(0.5, 0.8),
                skull: draws.uniform(0.03, 0.09),
                fluid: draws.uniform(0.08, 0.17),
                grey,
                white: grey + draws.uniform(0.07, 0.16),
            }
        } else {
            let white = draws.uniform(0.26, 0.34);
            Self {
                scalp: draws.uniform(0.35, 0.6),
                skull: draws.uniform(0.03, 0.09),
                fluid: draws.uniform(0.52, 0.68),
                grey: white + draws.uniform(0.08, 0.15),
                white,
            }
        }
    }
}

/// Ventricles and deep nuclei, nearly symmetric.
fn structures(draws: &mut RandomStream) -> Vec<(Ellipse, Tissue)> {
    let size = draws.uniform(0.7, 1.35);
    let (gap, lift) = (draws.uniform(0.075, 0.12), draws.uniform(-0.12, -0.02));
    let mut all = Vec::new();
    for side in [-1.0, 1.0] {
        let mut jitter = || draws.uniform(0.9, 1.1);
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
