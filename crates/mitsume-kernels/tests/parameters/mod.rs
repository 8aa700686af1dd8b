//! Parameters of trunks.

use super::values::values;
use mitsume_kernels::trunk::{ParameterKind, TrunkSpec};

/// Parameters of usual sizes: PyTorch's initial range for weights, norms near 1 and 0.
pub fn parameters(spec: &TrunkSpec) -> Vec<Vec<f32>> {
    let all = spec.parameters();
    all.iter()
        .enumerate()
        .map(|(i, p)| {
            let n = p.shape.iter().product();
            let fan: usize = p.shape[1..].iter().product();
            let scaled = move |v: f32| match p.kind {
                ParameterKind::NormWeight(_) => 1.0 + 0.5 * v,
                ParameterKind::NormBias(_) => 0.3 * v,
                _ => v / (fan.max(4) as f32).sqrt() * 1.5,
            };
            values(n, 100 + i as u32).into_iter().map(scaled).collect()
        })
        .collect()
}
