//! Scaled dot-product attention (Vaswani et al. 2017): `softmax(scale q k^T) v`, forward and
//! backward.
//!
//! The weights `softmax(scale q k^T)` of a block of queries are computed, used and forgotten; the
//! backward pass computes them again. They are [heads, queries, keys], the largest values of a
//! vision transformer, and PyTorch's composed form writes and reads them several times.
//!
//! A head of an image is a task, so that few heads of one image keep few cores busy.

mod gradient;
mod packed;
mod weights;

pub use gradient::AttentionGradients;

use crate::error::{Error, check_length, check_rows};
use crate::gemm::{Matrix, Output, Panel};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use packed::{Packed, matrix_product};
use rayon::prelude::*;
use weights::softmax_rows;

/// Queries whose weights are computed together: a multiple of every register tile's rows, few
/// enough for the weights to stay in the second-level cache.
const QUERIES_PER_BLOCK: usize = 48;

/// Sizes and scale of an attention. Every head of every image is computed by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Images times heads.
    pub heads: usize,
    /// Queries of a head.
    pub queries: usize,
    /// Keys of a head, and values.
    pub keys: usize,
    /// Length of a query and of a key.
    pub features: usize,
    /// Length of a value.
    pub value_features: usize,
    /// Whether the keys of a head are given as [features, keys], as in the product `q k^T`.
    pub keys_transposed: bool,
    /// Factor of `q k^T`, usually `1 / sqrt(features)`.
    pub scale: f32,
}

/// Queries [heads, queries, features], keys [heads, keys, features], and values
/// [heads, keys, value_features] of an [`Attention`]. Transposed keys are [heads, features, keys].
#[derive(Clone, Copy, Debug)]
pub struct QueriesKeysValues<'a> {
    /// Queries.
    pub q: &'a [f32],
    /// Keys.
    pub k: &'a [f32],
    /// Values.
    pub v: &'a [f32],
}

impl Attention {
    /// `softmax(scale q k^T) v`, [heads, queries, value_features].
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn forward(&self, workspace: &Workspace, x: QueriesKeysValues) -> Result<Buffer, Error> {
        self.check(x)?;
        let mut y = workspace.take(self.heads * self.queries * self.value_features);
        if y.is_empty() {
            return Ok(y);
        }
        y.par_chunks_exact_mut(self.queries * self.value_features)
            .enumerate()
            .for_each(|(head, y)| {
                let x = self.head(x, head);
                workspace.isa().run(HeadForward {
                    attention: self,
                    workspace,
                    x,
                    y,
                });
            });
        Ok(y)
    }

    /// Number of values in the queries, the keys and the values.
    ///
    /// # Errors
    /// If a query, key or value would be empty.
    pub(crate) fn lengths(&self) -> Result<[usize; 3], Error> {
        // An error if a row is empty.
        check_rows("features", self.features, 0)?;
        check_rows("features of a value", self.value_features, 0)?;
        let rows = [self.queries, self.keys, self.keys].map(|rows| self.heads * rows);
        Ok([
            rows[0] * self.features,
            rows[1] * self.features,
            rows[2] * self.value_features,
        ])
    }

    fn check(&self, x: QueriesKeysValues) -> Result<(), Error> {
        let [q, k, v] = self.lengths()?;
        check_length("queries", q, x.q.len())?;
        check_length("keys", k, x.k.len())?;
        check_length("values", v, x.v.len())
    }

    /// Keys of one head, as [features, keys] if `transposed`, else as [keys, features].
    #[inline(always)]
    fn packed_keys<S: Simd>(
        &self,
        workspace: &Workspace,
        k: &[f32],
        transposed: bool,
    ) -> Packed<S> {
        let row = match self.keys_transposed {
            true => self.keys,
            false => self.features,
        };
        match self.keys_transposed == transposed {
            true => Packed::rows(workspace, k, row, 1.0),
            false => Packed::transposed(workspace, k, row, 1.0),
        }
    }

    /// The part of one head.
    fn head<'a>(&self, x: QueriesKeysValues<'a>, head: usize) -> QueriesKeysValues<'a> {
        let part = |x: &'a [f32], count: usize| &x[head * count..][..count];
        QueriesKeysValues {
            q: part(x.q, self.queries * self.features),
            k: part(x.k, self.keys * self.features),
            v: part(x.v, self.keys * self.value_features),
        }
    }
}

/// One head's result.
struct HeadForward<'a> {
    attention: &'a Attention,
    workspace: &'a Workspace,
    x: QueriesKeysValues<'a>,
    /// [queries, value_features]
    y: &'a mut [f32],
}

impl Kernel for HeadForward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Attention {
            keys,
            features,
            value_features,
            scale,
            ..
        } = *self.attention;
        let keys_transposed = self
            .attention
            .packed_keys::<S>(self.workspace, self.x.k, true);
        let values = Packed::<S>::rows(self.workspace, self.x.v, value_features, 1.0);
        let mut weights = Packed::<S>::zeros(self.workspace, QUERIES_PER_BLOCK, keys);
        let mut block = Packed::<S>::zeros(self.workspace, QUERIES_PER_BLOCK, value_features);
        let queries = self.x.q.chunks(QUERIES_PER_BLOCK * features);
        let results = self.y.chunks_mut(QUERIES_PER_BLOCK * value_features);
        for (q, y) in queries.zip(results) {
            let rows = q.len() / features;
            let q = Packed::<S>::rows(self.workspace, q, features, scale);
            matrix_product(
                simd,
                q.matrix(rows),
                keys_transposed.panels(),
                weights.output(),
            );
            softmax_rows(simd, &mut weights, rows);
            matrix_product(simd, weights.matrix(rows), values.panels(), block.output());
            block.copy_rows(y, 1.0);
        }
    }
}

#[cfg(test)]
mod tests;
