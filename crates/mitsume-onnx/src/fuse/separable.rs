//! Depthwise convolutions of large maps, joined with those around them.

use std::sync::Arc;

use mitsume_kernels::inference::Algorithm;

use super::FusionPass;
use crate::op::{Convolution, Op, Separable};

/// Feature maps of at least this many values are computed line by line so that they stay in the
/// cache (256 KiB).
pub(super) const SEPARABLE_MIN_VALUES: usize = 1 << 16;

impl FusionPass<'_> {
    /// Node `index`, a pointwise convolution, with the depthwise one before it and the one before that.
    pub(super) fn project(&mut self, index: usize, large: usize) {
        let Some((project, Algorithm::Pointwise)) = self.convolution(index) else {
            return;
        };
        let before = self.before(self.at(index), 0);
        let before = before.filter(|&before| self.adds(before).is_none());
        let Some((before, depthwise)) =
            before.and_then(|at| Some((at, self.depthwise(at, large)?)))
        else {
            return;
        };
        let expand = self.expands(before);
        let convolutions = expand.as_ref().map(|(_, expand)| Arc::clone(expand));
        let separable = Separable::new(convolutions, depthwise, Some(project));
        self.replace_with_separable(expand.map(|(at, _)| at), before, index, separable);
    }

    /// Node `index`, a depthwise convolution, with the one before it.
    pub(super) fn expand(&mut self, index: usize, large: usize) {
        let Some(depthwise) = self.depthwise(index, large) else {
            return;
        };
        if let Some((before, expand)) = self.expands(index) {
            let separable = Separable::new(Some(expand), depthwise, None);
            self.replace_with_separable(Some(before), index, index, separable);
        }
    }

    /// The convolution that node `index` is, and how it is computed.
    fn convolution(&self, index: usize) -> Option<(Arc<Convolution>, Algorithm)> {
        let node = self.nodes[index].as_ref()?;
        let Op::Convolution(convolution) = &node.op else {
            return None;
        };
        let input = self.shapes.get(&(*node.inputs.first()?)?)?;
        let &[_, _, h, w] = &input[..] else {
            return None;
        };
        Some((Arc::clone(convolution), convolution.kind([h, w])))
    }

    /// The depthwise convolution that node `index` is, of maps of `large` values and more.
    fn depthwise(&self, index: usize, large: usize) -> Option<Arc<Convolution>> {
        let (convolution, kind) = self.convolution(index)?;
        let input = self.shapes.get(&self.at(index).inputs[0]?)?;
        let is_large = input[1..].iter().product::<usize>() >= large;
        (kind == Algorithm::Depthwise && is_large).then_some(convolution)
    }

    /// The convolution before node `index`, if it can make that one's lines.
    fn expands(&self, index: usize) -> Option<(usize, Arc<Convolution>)> {
        let before = self.before(self.at(index), 0)?;
        let (convolution, kind) = self.convolution(before)?;
        let by_pixel = matches!(kind, Algorithm::Im2col | Algorithm::Pointwise);
        (by_pixel && self.adds(before).is_none()).then_some((before, convolution))
    }

    /// `separable` in the place of node `last`, of that and those before it.
    fn replace_with_separable(
        &mut self,
        expand: Option<usize>,
        depthwise: usize,
        last: usize,
        separable: Separable,
    ) {
        let add = self.adds(last);
        let input = self.at(expand.unwrap_or(depthwise)).inputs[0];
        for index in expand.into_iter().chain([depthwise]) {
            if index != last {
                self.nodes[index] = None;
            }
        }
        let node = self.nodes[last].as_mut().expect("it is being looked at");
        node.op = Op::Separable(separable.into());
        node.inputs = vec![input, add];
    }
}
