//! What comes after the hooked layer.

/// Which of the optional parts a head has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadSpec {
    /// A ReLU comes first (level 2, hooked before its ReLU).
    pub relu: bool,
    /// A 2x2 max-pool comes first (level 1).
    pub pool: bool,
    /// Probability of dropping a pooled channel in training.
    pub dropout: f64,
    /// Index of the linear layer in the published `classifier`.
    pub linear_index: usize,
}

impl HeadSpec {
    /// Whether the head is only a global average pool, a dropout and the linear layer, so that the
    /// gradient is the same at each pixel of a feature map.
    pub fn is_gap_linear(&self) -> bool {
        !self.relu && !self.pool
    }
}
