//! Distractors: bright structures that are not lesions, equally frequent in every class.

use super::anatomy::Point;
use super::difficulty::{
    DURAL_ARTEFACT, DURAL_CONTRAST, MAX_VESSELS, PATCH, PATCH_CONTRAST, VESSEL_CONTRAST,
    VESSEL_RADIUS,
};
use super::ellipse::{Ellipse, soft_step};
use mitsume_random::RandomStream;

/// A bright structure.
pub(super) struct Distractor {
    shape: Shape,
    brightness: f64,
}

enum Shape {
    Disc(Ellipse),
    /// A patch that fades from its centre.
    Haze {
        x: f64,
        y: f64,
        radius: f64,
    },
    /// A thickening of the dura along the brain's surface.
    Dura {
        angle: f64,
        half_angle: f64,
        thickness: f64,
    },
}

impl Distractor {
    /// `value` plus the distractor's brightness at `p`; `pixel` is the side of a pixel.
    pub fn blend(&self, value: f64, p: &Point, pixel: f64) -> f64 {
        let amount = match &self.shape {
            Shape::Disc(ellipse) => ellipse.coverage(p.x, p.y, pixel),
            Shape::Haze { x, y, radius } => {
                let distance = (p.x - x).hypot(p.y - y) / radius;
                (-2.0 * distance * distance).exp()
            }
            Shape::Dura {
                angle,
                half_angle,
                thickness,
            } => {
                let off = (p.y.atan2(p.x) - angle + 3.0 * std::f64::consts::PI)
                    .rem_euclid(std::f64::consts::TAU)
                    - std::f64::consts::PI;
                let part = (1.0 - (off / half_angle).powi(2)).max(0.0).sqrt();
                let depth = (1.0 - p.brain) - thickness * part;
                soft_step(depth, 1.6 * pixel) * soft_step(p.brain - 1.0, 1.6 * pixel) * part
            }
        };
        value + self.brightness * amount * soft_step(p.brain - 1.0, 1.6 * pixel)
    }
}

/// The distractors of one slice.
pub(super) fn draw(rng: &mut RandomStream) -> Vec<Distractor> {
    let range = |[low, high]: [f64; 2], rng: &mut RandomStream| rng.uniform(low, high);
    let full_turn = std::f64::consts::TAU;
    let mut distractors = Vec::new();
    for _ in 0..rng.below(MAX_VESSELS + 1) {
        let (angle, depth) = (rng.uniform(0.0, full_turn), 0.88 * rng.unit().sqrt());
        let radius = range(VESSEL_RADIUS, rng);
        distractors.push(Distractor {
            shape: Shape::Disc(Ellipse {
                x: 0.86 * depth * angle.cos(),
                y: 0.86 * depth * angle.sin(),
                half_width: radius,
                half_height: radius * rng.uniform(1.0, 3.5),
                tilt: rng.uniform(0.0, full_turn),
            }),
            brightness: range(VESSEL_CONTRAST, rng),
        });
    }
    if rng.unit() < DURAL_ARTEFACT {
        distractors.push(Distractor {
            shape: Shape::Dura {
                angle: rng.uniform(-full_turn / 2.0, full_turn / 2.0),
                half_angle: rng.uniform(0.2, 0.6),
                thickness: rng.uniform(0.04, 0.10),
            },
            brightness: range(DURAL_CONTRAST, rng),
        });
    }
    if rng.unit() < PATCH {
        let (angle, depth) = (rng.uniform(0.0, full_turn), rng.uniform(0.15, 0.7));
        distractors.push(Distractor {
            shape: Shape::Haze {
                x: 0.86 * depth * angle.cos(),
                y: 0.86 * depth * angle.sin(),
                radius: rng.uniform(0.1, 0.26),
            },
            brightness: range(PATCH_CONTRAST, rng),
        });
    }
    distractors
}
