//! What each output pixel of a Resize is made of along one axis, as ONNX defines it.

use super::OperatorError;

/// `mode`
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Interpolation {
    Nearest(Rounding),
    Linear,
    /// With `cubic_coeff_a`.
    Cubic(f64),
}

/// `nearest_mode`
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rounding {
    PreferFloor,
    PreferCeil,
    Floor,
    Ceil,
}

/// `coordinate_transformation_mode`
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Coordinates {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    CropAndResize,
}

/// One axis that is resized.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResizedAxis {
    /// Lengths of input and output.
    pub from: usize,
    pub to: usize,
    pub scale: f64,
    /// Start and end of the part that is taken, in [0, 1]; for [`Coordinates::CropAndResize`].
    pub roi: [f64; 2],
    pub coordinates: Coordinates,
    pub interpolation: Interpolation,
    /// Whether pixels outside of the image have no weight, rather than the value of the nearest one.
    pub exclude_outside: bool,
    pub antialias: bool,
}

/// An output pixel: input pixels with their weights; none: the extrapolation value.
pub(super) type Taps = Vec<(usize, f64)>;

impl ResizedAxis {
    /// The taps of each output pixel.
    pub fn taps(&self) -> Result<Vec<Taps>, OperatorError> {
        let whole = self.scale * self.from as f64;
        if self.coordinates == Coordinates::AlignCorners && (whole - self.to as f64).abs() > 1e-3 {
            // ONNX's test cases divide by the length before it is rounded, ONNX Runtime by that after.
            return Err(OperatorError::Unsupported(format!(
                "align_corners with a scale of {} for {} pixels, which does not give a whole number",
                self.scale, self.from
            )));
        }
        (0..self.to).map(|at| self.taps_at(at)).collect()
    }

    fn taps_at(&self, at: usize) -> Result<Taps, OperatorError> {
        let place = self.place(at as f64);
        let last = self.from as f64 - 1.0;
        if self.coordinates == Coordinates::CropAndResize && !(0.0..=last).contains(&place) {
            return Ok(Taps::new());
        }
        let clamped = |pixel: f64| pixel.clamp(0.0, last) as usize;
        if let Interpolation::Nearest(rounding) = self.interpolation {
            let exact = clamped(rounding.round(place));
            // Half way between two pixels, rounding errors can decide.
            let single = self.with_rounded_scale().place_in_single(at as f32);
            let rounded = self.with_rounded_scale().place(at as f64);
            let others = [f64::from(single), rounded];
            if others.map(|place| clamped(rounding.round(place))) != [exact; 2] {
                return Err(OperatorError::Unsupported(format!(
                    "nearest by a factor of {}: pixel {at} is half way between two, and rounding decides",
                    self.scale
                )));
            }
            return Ok(vec![(exact, 1.0)]);
        }
        let base = place.ceil() - 1.0;
        let (start, weights) = self.weights(place - base);
        let mut taps = Taps::new();
        for (i, weight) in weights.into_iter().enumerate() {
            let pixel = base + start + i as f64;
            if self.exclude_outside && !(0.0..=last).contains(&pixel) {
                continue;
            }
            taps.push((clamped(pixel), weight));
        }
        let sum: f64 = taps.iter().map(|(_, weight)| weight).sum();
        if self.exclude_outside || self.antialias {
            taps.iter_mut().for_each(|(_, weight)| *weight /= sum);
        }
        Ok(taps)
    }

    /// With the scale as a float32, as other programs have it.
    fn with_rounded_scale(&self) -> Self {
        Self {
            scale: f64::from(self.scale as f32),
            ..*self
        }
    }

    /// As [`Self::place`] in float32, of the modes that divide by the scale.
    fn place_in_single(&self, at: f32) -> f32 {
        let scale = self.scale as f32;
        match self.coordinates {
            Coordinates::HalfPixel => (at + 0.5) / scale - 0.5,
            Coordinates::Asymmetric => at / scale,
            _ => self.place(at.into()) as f32,
        }
    }

    /// The position in the input of output pixel `at`.
    fn place(&self, at: f64) -> f64 {
        let (from, to) = (self.from as f64, self.to as f64);
        let half_pixel = (at + 0.5) / self.scale - 0.5;
        match self.coordinates {
            Coordinates::HalfPixel => half_pixel,
            Coordinates::PytorchHalfPixel if self.to == 1 => 0.0,
            Coordinates::PytorchHalfPixel => half_pixel,
            Coordinates::HalfPixelSymmetric => {
                let adjustment = to / (self.scale * from);
                from / 2.0 * (1.0 - adjustment) + half_pixel
            }
            Coordinates::Asymmetric => at / self.scale,
            Coordinates::AlignCorners if self.to == 1 => 0.0,
            Coordinates::AlignCorners => at * (from - 1.0) / (to - 1.0),
            Coordinates::CropAndResize => {
                let [start, end] = self.roi;
                let along = match self.to {
                    1 => 0.5 * (end - start),
                    _ => at * (end - start) / (to - 1.0),
                };
                (start + along) * (from - 1.0)
            }
        }
    }

    /// Weights of the pixels from `start` on, relative to the pixel before a place `ratio` in (0, 1] after it.
    fn weights(&self, ratio: f64) -> (f64, Vec<f64>) {
        let reach = match self.interpolation {
            Interpolation::Cubic(_) => 2.0,
            Interpolation::Nearest(_) | Interpolation::Linear => 1.0,
        };
        let scale = if self.antialias {
            self.scale.min(1.0)
        } else {
            1.0
        };
        let start = (-reach / scale).floor() + 1.0;
        let count = 2 - 2 * start as i64;
        let weight = |i: i64| {
            let distance = ((start + i as f64 - ratio) * scale).abs();
            match self.interpolation {
                Interpolation::Cubic(a) => cubic(distance, a),
                Interpolation::Nearest(_) | Interpolation::Linear => (1.0 - distance).max(0.0),
            }
        };
        (start, (0..count).map(weight).collect())
    }
}

impl Rounding {
    fn round(self, place: f64) -> f64 {
        match self {
            Self::PreferFloor => (place - 0.5).ceil(),
            Self::PreferCeil => (place + 0.5).floor(),
            Self::Floor => place.floor(),
            Self::Ceil => place.ceil(),
        }
    }
}

/// Keys' cubic convolution kernel.
fn cubic(x: f64, a: f64) -> f64 {
    match x {
        0.0..=1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        1.0..=2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(interpolation: Interpolation, coordinates: Coordinates) -> ResizedAxis {
        ResizedAxis {
            from: 4,
            to: 8,
            scale: 2.0,
            roi: [0.0, 1.0],
            coordinates,
            interpolation,
            exclude_outside: false,
            antialias: false,
        }
    }

    #[test]
    fn weights_of_every_pixel_add_up_to_1() {
        for interpolation in [Interpolation::Linear, Interpolation::Cubic(-0.75)] {
            for (to, antialias) in [(8, false), (3, true), (3, false), (5, false)] {
                for exclude_outside in [false, true] {
                    let axis = ResizedAxis {
                        to,
                        scale: to as f64 / 4.0,
                        exclude_outside,
                        antialias,
                        ..axis(interpolation, Coordinates::HalfPixel)
                    };
                    for taps in axis.taps().unwrap() {
                        let sum: f64 = taps.iter().map(|(_, weight)| weight).sum();
                        assert!((sum - 1.0).abs() < 1e-12, "{axis:?} {taps:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_tie_that_rounding_decides_is_refused() {
        let nearest = |coordinates, rounding, to: usize, from: usize| {
            let axis = ResizedAxis {
                from,
                to,
                scale: f64::from(to as f32 / from as f32),
                ..axis(Interpolation::Nearest(rounding), coordinates)
            };
            axis.taps()
                .map(|taps| taps.iter().map(|taps| taps[0].0).collect::<Vec<_>>())
        };
        // 12 / 2.4 is 5 in float64 and may be 4.9999995 in float32.
        assert!(nearest(Coordinates::Asymmetric, Rounding::Floor, 24, 10).is_err());
        assert_eq!(
            nearest(Coordinates::Asymmetric, Rounding::Floor, 4, 2),
            Ok(vec![0, 0, 1, 1])
        );
        assert_eq!(
            nearest(Coordinates::HalfPixel, Rounding::PreferFloor, 2, 4),
            Ok(vec![0, 2])
        );
    }
}
