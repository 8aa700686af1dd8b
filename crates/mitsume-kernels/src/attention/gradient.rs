//! The backward pass of attention.

use super::packed::{Packed, matrix_product};
use super::weights::{softmax_gradients, softmax_rows};
use super::{Attention, QUERIES_PER_BLOCK, QueriesKeysValues};
use crate::error::{Error, check_length};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Result of [`Attention::backward`].
#[derive(Debug)]
pub struct AttentionGradients {
    /// Of the queries, of their shape.
    pub q: Buffer,
    /// Of the keys, of their shape.
    pub k: Buffer,
    /// Of the values, of their shape.
    pub v: Buffer,
}

impl Attention {
    /// With P the weights and S their logits: `dv = P^T dy`, `dP = dy v^T`,
    /// `dS = P (dP - sum(P dP))` over keys, `dq = scale dS k`, `dk = scale dS^T q`; `dy`
    /// [heads, queries, value_features].
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn backward(
        &self,
        workspace: &Workspace,
        x: QueriesKeysValues,
        dy: &[f32],
    ) -> Result<AttentionGradients, Error> {
        self.check(x)?;
        let results = self.heads * self.queries * self.value_features;
        check_length("gradient of the result", results, dy.len())?;
        let [mut q, mut k, mut v] = [x.q, x.k, x.v].map(|x| workspace.take(x.len()));
        // Empty parts cannot be divided by heads.
        if results > 0 && self.keys * self.features > 0 {
            let queries = q.par_chunks_exact_mut(self.queries * self.features);
            let keys = k.par_chunks_exact_mut(self.keys * self.features);
            let values = v.par_chunks_exact_mut(self.keys * self.value_features);
            (queries.zip(keys.zip(values)))
                .enumerate()
                .for_each(|(head, (dq, (dk, dv)))| {
                    let count = self.queries * self.value_features;
                    workspace.isa().run(HeadBackward {
                        attention: self,
                        workspace,
                        x: self.head(x, head),
                        dy: &dy[head * count..][..count],
                        dq,
                        dk,
                        dv,
                    });
                });
        }
        Ok(AttentionGradients { q, k, v })
    }
}

/// The gradients of one head.
struct HeadBackward<'a> {
    attention: &'a Attention,
    workspace: &'a Workspace,
    x: QueriesKeysValues<'a>,
    dy: &'a [f32],
    dq: &'a mut [f32],
    dk: &'a mut [f32],
    dv: &'a mut [f32],
}

impl Kernel for HeadBackward<'_> {
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
        let workspace = self.workspace;
        let keys_rows = self.attention.packed_keys::<S>(workspace, self.x.k, false);
        let keys_transposed = self.attention.packed_keys::<S>(workspace, self.x.k, true);
        let values_transposed = Packed::<S>::transposed(workspace, self.x.v, value_features, 1.0);
        let [mut weights, mut gradients] =
            [(); 2].map(|()| Packed::<S>::zeros(workspace, QUERIES_PER_BLOCK, keys));
        let mut dq = Packed::<S>::zeros(workspace, QUERIES_PER_BLOCK, features);
        let mut dk = Packed::<S>::zeros(workspace, keys, features);
        let mut dv = Packed::<S>::zeros(workspace, keys, value_features);
        let queries = self.x.q.chunks(QUERIES_PER_BLOCK * features);
        let results = self.dy.chunks(QUERIES_PER_BLOCK * value_features);
        let blocks = queries.zip(results);
        for ((q, dy), to) in blocks.zip(self.dq.chunks_mut(QUERIES_PER_BLOCK * features)) {
            let rows = q.len() / features;
            let q = Packed::<S>::rows(workspace, q, features, scale);
            let dy = Packed::<S>::rows(workspace, dy, value_features, 1.0);
            matrix_product(
                simd,
                q.matrix(rows),
                keys_transposed.panels(),
                weights.output(),
            );
            softmax_rows(simd, &mut weights, rows);
            matrix_product(simd, weights.transposed_matrix(rows), dy.panels(), dv.sum());
            matrix_product(
                simd,
                dy.matrix(rows),
                values_transposed.panels(),
                gradients.output(),
            );
            softmax_gradients(simd, &weights, &mut gradients, rows);
            matrix_product(
                simd,
                gradients.matrix(rows),
                keys_rows.panels(),
                dq.output(),
            );
            dq.copy_rows(to, scale);
            // The queries are packed with the scale.
            matrix_product(
                simd,
                gradients.transposed_matrix(rows),
                q.panels(),
                dk.sum(),
            );
        }
        match self.attention.keys_transposed {
            true => dk.copy_transposed(self.dk),
            false => dk.copy_rows(self.dk, 1.0),
        }
        dv.copy_rows(self.dv, 1.0);
    }
}
