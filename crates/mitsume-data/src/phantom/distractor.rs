//! Bright things that are no lesion, in every class alike.

use super::anatomy::Point;
use super::difficulty::{
    DURAL_ARTEFACT, DURAL_CONTRAST, PATCH, PATCH_CONTRAST, VESSEL_CONTRAST, VESSEL_RADIUS, VESSELS,
};
use super::ellipse::{Ellipse, inside};
use mitsume_random::RandomStream;

/// A bright place.
pub(super) struct Distractor {
    shape: Shape,
    brightness: f64,
}

enum Shape {
    Disc(Ellipse),
    /// A patch that fades from its middle.
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
    /// `value` brightened where the spot is.
    pub fn over(&self, value: f64, p: &Point, pixel: f64) -> f64 {
        let amount = match &self.shape {
            Shape::Disc(ellipse) => ellipse.cover(p.x, p.y, pixel),
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
                inside(depth, 1.6 * pixel) * inside(p.brain - 1.0, 1.6 * pixel) * part
            }
        };
        value + self.brightness * amount * inside(p.brain - 1.0, 1.6 * pixel)
    }
}

/// The harmless spots of one slice.
pub(super) fn draw(draws: &mut RandomStream) -> Vec<Distractor> {
    let range = |[low, high]: [f64; 2], draws: &mut RandomStream| draws.uniform(low, high);
    let turn = std::f64::consts::TAU;
    let mut spots = Vec::new();
    for _ in 0..draws.below(VESSELS + 1) {
        let (angle, depth) = (draws.uniform(0.0, turn), 0.88 * draws.unit().sqrt());
        let radius = range(VESSEL_RADIUS, draws);
        spots.push(Distractor {
            shape: Shape::Disc(Ellipse {
                x: 0.86 * depth * angle.cos(),
                y: 0.86 * depth * angle.sin(),
                half_width: radius,
                half_height: radius * draws.uniform(1.0, 3.5),
                tilt: draws.uniform(0.0, turn),
            }),
            brightness: range(VESSEL_CONTRAST, draws),
        });
    }
    if draws.unit() < DURAL_ARTEFACT {
        spots.push(Distractor {
            shape: Shape::Dura {
                angle: draws.uniform(-turn / 2.0, turn / 2.0),
                half_angle: draws.uniform(0.2, 0.6),
                thickness: draws.uniform(0.04, 0.10),
            },
            brightness: range(DURAL_CONTRAST, draws),
        });
    }
    if draws.unit() < PATCH {
        let (angle, depth) = (draws.uniform(0.0, turn), draws.uniform(0.15, 0.7));
        spots.push(Distractor {
            shape: Shape::Haze {
                x: 0.86 * depth * angle.cos(),
                y: 0.86 * depth * angle.sin(),
                radius: draws.uniform(0.1, 0.26),
            },
            brightness: range(PATCH_CONTRAST, draws),
        });
    }
    spots
}
