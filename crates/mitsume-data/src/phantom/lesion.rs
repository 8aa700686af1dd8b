//! Lesions of the three tumour classes.

use super::PhantomClass;
use super::anatomy::{Anatomy, Point};
use super::difficulty::{
    GLIOMA_CONTRAST, GLIOMA_DEPTH, GLIOMA_IRREGULARITY, GLIOMA_RADIUS, MENINGIOMA_CONTRAST,
    MENINGIOMA_DEPTH, MENINGIOMA_RADIUS, PITUITARY_CONTRAST, PITUITARY_RADIUS, PITUITARY_SPREAD,
};
use super::ellipse::{mix, soft_step};
use super::noise_field::NoiseField;
use mitsume_random::RandomStream;

/// Centre (x, y) of the pituitary gland in these slices.
const PITUITARY_CENTRE: (f64, f64) = (0.0, 0.07);

/// One lesion.
pub(super) struct Lesion {
    x: f64,
    y: f64,
    radius: f64,
    /// Width over height.
    aspect: f64,
    /// Amplitude and phase of the outline's harmonics around a circle, from the second on.
    outline: Vec<(f64, f64)>,
    brightness: f64,
    /// Darkening of the core against the edge, 0 (homogeneous) to 1.
    necrosis: f64,
    /// Darkening (or brightening) of the tissue around it.
    oedema: f64,
    texture: NoiseField,
}

/// The lesion of a class; `None` for [`PhantomClass::NoTumor`].
pub(super) fn draw(
    class: PhantomClass,
    anatomy: &Anatomy,
    rng: &mut RandomStream,
) -> Option<Lesion> {
    let tissue = anatomy.contrast.white.max(anatomy.contrast.grey);
    let range = |[low, high]: [f64; 2], rng: &mut RandomStream| rng.uniform(low, high);
    let angle = rng.uniform(0.0, std::f64::consts::TAU);
    // Coordinates at a depth: the distance from the middle as a fraction of the brain's radius.
    let at = |depth: f64| (0.86 * depth * angle.cos(), 0.86 * depth * angle.sin());
    let lesion = match class {
        PhantomClass::NoTumor => return None,
        PhantomClass::Glioma => {
            let (x, y) = at(range(GLIOMA_DEPTH, rng));
            Lesion {
                x,
                y,
                radius: range(GLIOMA_RADIUS, rng),
                aspect: rng.uniform(0.75, 1.33),
                outline: waves(GLIOMA_IRREGULARITY, 6, rng),
                brightness: tissue + range(GLIOMA_CONTRAST, rng),
                necrosis: rng.uniform(0.3, 1.0),
                oedema: rng.uniform(-0.07, 0.05),
                texture: NoiseField::draw(28, rng),
            }
        }
        PhantomClass::Meningioma => {
            let (x, y) = at(range(MENINGIOMA_DEPTH, rng));
            Lesion {
                x,
                y,
                radius: range(MENINGIOMA_RADIUS, rng),
                aspect: rng.uniform(0.85, 1.18),
                outline: waves(0.08, 3, rng),
                brightness: tissue + range(MENINGIOMA_CONTRAST, rng),
                necrosis: 0.0,
                oedema: rng.uniform(-0.05, 0.02),
                texture: NoiseField::draw(20, rng),
            }
        }
        PhantomClass::Pituitary => Lesion {
            x: PITUITARY_CENTRE.0 + PITUITARY_SPREAD * rng.normal(),
            y: PITUITARY_CENTRE.1 + PITUITARY_SPREAD * rng.normal(),
            radius: range(PITUITARY_RADIUS, rng),
            aspect: rng.uniform(0.8, 1.5),
            outline: waves(0.1, 3, rng),
            brightness: tissue + range(PITUITARY_CONTRAST, rng),
            necrosis: rng.uniform(0.0, 0.25),
            oedema: 0.0,
            texture: NoiseField::draw(20, rng),
        },
    };
    Some(lesion)
}

fn waves(amplitude: f64, count: usize, rng: &mut RandomStream) -> Vec<(f64, f64)> {
    let wave = |n: usize| {
        let most = amplitude / (1.0 + 0.35 * n as f64);
        (
            rng.uniform(0.0, most),
            rng.uniform(0.0, std::f64::consts::TAU),
        )
    };
    (0..count).map(wave).collect()
}

impl Lesion {
    /// Distance from the lesion's edge, in radii of the head; negative inside.
    fn distance(&self, p: &Point) -> f64 {
        let (dx, dy) = (
            (p.x - self.x) / self.aspect.sqrt(),
            (p.y - self.y) * self.aspect.sqrt(),
        );
        let angle = dy.atan2(dx);
        let waves = self.outline.iter().zip(2..);
        let stretch: f64 = waves
            .map(|((amplitude, phase), n)| amplitude * (f64::from(n) * angle + phase).cos())
            .sum();
        dx.hypot(dy) - self.radius * (1.0 + stretch)
    }

    /// Fraction of a pixel that the lesion covers; it ends at the brain's surface.
    pub fn coverage(&self, p: &Point, pixel: f64) -> f64 {
        soft_step(self.distance(p), 0.02 + 1.5 * pixel) * soft_step(p.brain - 1.0, 1.6 * pixel)
    }

    /// Brightness of a pixel of which the lesion covers the fraction `covered`.
    pub fn blend(&self, value: f64, p: &Point, covered: f64) -> f64 {
        let distance = self.distance(p) / self.radius;
        let halo = soft_step(distance - 0.45, 0.7) * soft_step(p.brain - 0.97, 0.05);
        let around = value + self.oedema * halo;
        let core = soft_step(distance + 0.42 + 0.12 * self.texture.at(p.y, p.x), 0.25);
        let lesion = self.brightness * (1.0 - 0.55 * self.necrosis * core)
            + 0.03 * self.texture.at(p.x, p.y);
        mix(around, lesion, covered)
    }
}
