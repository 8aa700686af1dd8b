//! Fuses depthwise convolutions of large maps with the pointwise ones before and after them.

use std::sync::Arc;

use mitsume_kernels::inference::Algorithm;

use super::FusionPass;
use crate::op::{Convolution, Op, Separable};

/// Feature maps of at least this many values are computed line by line so that they stay in the
/// cache (256 KiB).
pub(super) const SEPARABLE_MIN_VALUES: usize = 1 << 16;

impl FusionPass<'_> {
    /// Fuses node `index`, a pointwise convolution, with a depthwise one before it and, if there is
    /// one, the expansion before that.
    pub(super) fn fuse_inverted_residual(&mut self, index: usize, min_values: usize) {
        let Some((project, Algorithm::Pointwise)) = self.convolution(index) else {
            return;
        };
        let before = self.producer_of(self.node(index), 0);
        let before = before.filter(|&before| self.residual_input(before).is_none());
        let Some((before, depthwise)) =
            before.and_then(|at| Some((at, self.depthwise(at, min_values)?)))
        else {
            return;
        };
        let expand = self.expansion(before);
        let convolutions = expand.as_ref().map(|(_, expand)| Arc::clone(expand));
        let separable = Separable::new(convolutions, depthwise, Some(project));
        self.replace_with_separable(expand.map(|(at, _)| at), before, index, separable);
    }

    /// Fuses node `index`, a depthwise convolution, with the expansion before it.
    pub(super) fn fuse_expansion(&mut self, index: usize, min_values: usize) {
        let Some(depthwise) = self.depthwise(index, min_values) else {
            return;
        };
        if let Some((before, expand)) = self.expansion(index) {
            let separable = Separable::new(Some(expand), depthwise, None);
            self.replace_with_separable(Some(before), index, index, separable);
        }
    }

    /// The convolution of node `index`, and the algorithm the kernels use for it.
    fn convolution(&self, index: usize) -> Option<(Arc<Convolution>, Algorithm)> {
        let node = self.nodes[index].as_ref()?;
        let Op::Convolution(convolution) = &node.op else {
            return None;
        };
        let input = self.shapes.get(&(*node.inputs.first()?)?)?;
        let &[_, _, h, w] = &input[..] else {
            return None;
        };
        Some((Arc::clone(convolution), convolution.algorithm([h, w])))
    }

    /// The convolution of node `index`, if it is depthwise on maps of at least `min_values` values.
    fn depthwise(&self, index: usize, min_values: usize) -> Option<Arc<Convolution>> {
        let (convolution, kind) = self.convolution(index)?;
        let input = self.shapes.get(&self.node(index).inputs[0]?)?;
        let is_large = input[1..].iter().product::<usize>() >= min_values;
        (kind == Algorithm::Depthwise && is_large).then_some(convolution)
    }

    /// The convolution before node `index`, if its algorithm can compute single rows.
    fn expansion(&self, index: usize) -> Option<(usize, Arc<Convolution>)> {
        let before = self.producer_of(self.node(index), 0)?;
        let (convolution, kind) = self.convolution(before)?;
        let is_by_rows = matches!(kind, Algorithm::Im2col | Algorithm::Pointwise);
        (is_by_rows && self.residual_input(before).is_none()).then_some((before, convolution))
    }

    /// Replaces nodes `expand`, `depthwise` and `last` by `separable` at the place of `last`.
    fn replace_with_separable(
        &mut self,
        expand: Option<usize>,
        depthwise: usize,
        last: usize,
        separable: Separable,
    ) {
        let add = self.residual_input(last);
        let input = self.node(expand.unwrap_or(depthwise)).inputs[0];
        for index in expand.into_iter().chain([depthwise]) {
            if index != last {
                self.nodes[index] = None;
            }
        }
        let node = self.nodes[last].as_mut().expect("it is the current node");
        node.op = Op::Separable(separable.into());
        node.inputs = vec![input, add];
    }
}
