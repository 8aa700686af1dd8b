//! The weight of the consistency loss by epoch (Eq. 18).

/// lambda_t: 0 before epoch `t0`, then linear up to `lambda_max` at epoch `t1`, then constant.
///
/// Epochs count from 1. `t0 == t1` is a step: 0 before, `lambda_max` from that epoch on, for
/// consistency in the late epochs only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curriculum {
    lambda_max: f64,
    t0: u32,
    t1: u32,
}

/// An invalid curriculum.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CurriculumError {
    /// The ramp would end before it begins.
    #[error("t1 = {t1} is before t0 = {t0}; the ramp of lambda must not end before it begins")]
    Order {
        /// First epoch of the ramp.
        t0: u32,
        /// Last epoch of the ramp.
        t1: u32,
    },
    /// lambda_max is NaN or infinite.
    #[error("lambda_max = {0} is not a finite number")]
    NotFinite(f64),
}

impl Curriculum {
    /// A ramp from epoch `t0` to epoch `t1` (the thesis: 2 and 10) up to `lambda_max`, which may
    /// be negative (gaze diversity) or 0 (plain training).
    pub fn new(lambda_max: f64, t0: u32, t1: u32) -> Result<Self, CurriculumError> {
        if !lambda_max.is_finite() {
            return Err(CurriculumError::NotFinite(lambda_max));
        }
        if t1 < t0 {
            return Err(CurriculumError::Order { t0, t1 });
        }
        Ok(Self { lambda_max, t0, t1 })
    }

    /// lambda_t in epoch `epoch`, the first epoch being 1.
    pub fn lambda(&self, epoch: u32) -> f64 {
        if epoch >= self.t1 {
            self.lambda_max
        } else if epoch < self.t0 {
            0.0
        } else {
            self.lambda_max * f64::from(epoch - self.t0) / f64::from(self.t1 - self.t0)
        }
    }

    /// Whether lambda is 0 in every epoch, so that no map is ever needed.
    pub fn is_off(&self) -> bool {
        self.lambda_max == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_of_the_thesis() {
        let curriculum = Curriculum::new(100.0, 2, 10).unwrap();
        let lambdas: Vec<f64> = (1..=12).map(|epoch| curriculum.lambda(epoch)).collect();
        let ramp = [
            0.0, 0.0, 12.5, 25.0, 37.5, 50.0, 62.5, 75.0, 87.5, 100.0, 100.0, 100.0,
        ];
        assert_eq!(lambdas, ramp);
    }

    #[test]
    fn a_negative_lambda_ramps_down() {
        let curriculum = Curriculum::new(-100.0, 2, 10).unwrap();
        assert_eq!(
            (curriculum.lambda(6), curriculum.lambda(50)),
            (-50.0, -100.0)
        );
        assert!(!curriculum.is_off());
    }

    #[test]
    fn equal_ends_make_a_step() {
        let curriculum = Curriculum::new(50.0, 15, 15).unwrap();
        let lambdas = [1, 14, 15, 16].map(|epoch| curriculum.lambda(epoch));
        assert_eq!(lambdas, [0.0, 0.0, 50.0, 50.0]);
        assert_eq!(Curriculum::new(50.0, 0, 0).unwrap().lambda(1), 50.0);
    }

    #[test]
    fn lambda_zero_is_off() {
        assert!(Curriculum::new(0.0, 2, 10).unwrap().is_off());
    }

    #[test]
    fn a_ramp_backwards_or_without_a_finite_height_is_refused() {
        assert_eq!(
            Curriculum::new(1.0, 10, 2),
            Err(CurriculumError::Order { t0: 10, t1: 2 })
        );
        assert!(Curriculum::new(f64::NAN, 2, 10).is_err());
        assert!(Curriculum::new(f64::INFINITY, 2, 10).is_err());
    }
}
