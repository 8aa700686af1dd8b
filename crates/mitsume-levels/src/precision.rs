//! The number format of a convolution's operands.

use std::fmt;
use std::str::FromStr;

/// The format that the products of convolutions round their operands to. Sums are f32 in either,
/// and so is all else: weights, activations, batch norm, loss and optimiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Not rounded.
    #[default]
    Float32,
    /// bfloat16: the range of f32 with 8 significant bits, rounded to nearest even.
    Bfloat16,
}

impl Precision {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Float32, Self::Bfloat16];

    /// `float32` or `bfloat16`, as PyTorch names them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Bfloat16 => "bfloat16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no [`Precision`].
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownPrecision(String);

impl fmt::Display for UnknownPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown precision \"{}\": float32 or bfloat16",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for UnknownPrecision {}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, UnknownPrecision> {
        let found = Self::ALL.into_iter().find(|p| p.name() == name);
        found.ok_or_else(|| UnknownPrecision(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_others_are_refused() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
        let refused = "half".parse::<Precision>().unwrap_err().to_string();
        assert_eq!(refused, "unknown precision \"half\": float32 or bfloat16");
    }
}
