//! Which values of a measure are more consistent, so that measures can be put beside each other.

use serde::{Deserialize, Serialize};

use super::Measures;

/// Which values of a measure are more consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Lower ones: a distance.
    Lower,
    /// Higher ones.
    Higher,
    /// Neither: a control that is read beside the measures. Lower is more concentrated.
    Control,
    /// It is no measure but the error of the one before it.
    None,
}

impl Direction {
    /// `value` turned so that more consistent is higher; a control so that more concentrated is.
    #[must_use]
    pub fn oriented(self, value: f64) -> f64 {
        match self {
            Self::Higher => value,
            Self::Lower | Self::Control | Self::None => -value,
        }
    }

    /// Whether its values are more or less consistent at all.
    #[must_use]
    pub fn is_measure(self) -> bool {
        matches!(self, Self::Lower | Self::Higher)
    }
}

/// The value of one measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasureValue {
    /// Its name, as in the JSON.
    pub name: &'static str,
    /// Which values are more consistent.
    pub direction: Direction,
    /// `None` if it is not defined, or was not asked for.
    pub value: Option<f64>,
}

/// Both forms of the metric and all measures but the errors of others, in a fixed order.
pub fn measure_values(
    squared_l2: Option<f64>,
    l2: Option<f64>,
    measures: Option<&Measures>,
) -> Vec<MeasureValue> {
    let lower = |name, value| MeasureValue {
        name,
        direction: Direction::Lower,
        value,
    };
    let mut values = vec![lower("squared_l2", squared_l2), lower("l2", l2)];
    let listed = Measures::NAMES.iter().zip(Measures::DIRECTIONS);
    let found: Vec<Option<f64>> = match measures {
        Some(measures) => measures.values().map(|(_, value)| value).collect(),
        None => vec![None; Measures::NAMES.len()],
    };
    let listed = listed
        .zip(found)
        .map(|((&name, &direction), value)| MeasureValue {
            name,
            direction,
            value,
        });
    values.extend(listed.filter(|one| one.direction != Direction::None));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_but_the_errors_has_a_value_and_higher_is_more_consistent_once_oriented() {
        let values = measure_values(Some(0.25), None, None);
        let errors = Measures::NAMES
            .iter()
            .filter(|name| name.ends_with("_error"));
        assert_eq!(values.len(), 2 + Measures::NAMES.len() - errors.count());
        assert!(values.iter().all(|one| !one.name.ends_with("_error")));
        assert_eq!(values[0].value, Some(0.25));
        let direction = |name: &str| {
            let found = values.iter().find(|one| one.name == name);
            found.unwrap().direction
        };
        assert_eq!(direction("chance_corrected"), Direction::Higher);
        assert_eq!(direction("cosine"), Direction::Lower);
        assert!(!direction("complexity").is_measure());
        assert!(Direction::Lower.oriented(0.1) > Direction::Lower.oriented(0.2));
        assert!(Direction::Higher.oriented(0.2) > Direction::Higher.oriented(0.1));
    }
}
