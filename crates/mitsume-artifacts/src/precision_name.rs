//! A [`Precision`] in a file: its name. For serde's `with`.

use mitsume_levels::Precision;
use serde::{Deserialize, Deserializer, Serializer, de};

/// Writes the name.
///
/// # Errors
/// Those of the format.
pub fn serialize<S: Serializer>(precision: &Precision, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(precision.name())
}

/// Reads a name.
///
/// # Errors
/// An unknown name, and those of the format.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Precision, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(de::Error::custom)
}

/// For `skip_serializing_if`: files of float32 are as they were before there was a choice.
pub fn is_float32(precision: &Precision) -> bool {
    *precision == Precision::Float32
}
