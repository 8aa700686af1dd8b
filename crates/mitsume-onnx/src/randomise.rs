//! The model with some of its weights permuted, for the parameter randomisation test (Adebayo et
//! al. 2018).

use burn::tensor::{Tensor, TensorData};
use mitsume_random::RandomStream;

use crate::classifier::Classifier;
use crate::graph::{Node, ValueId};
use crate::op::Weights;
use crate::value::{Floats, Value};

/// Where the weights of a layer are.
enum WeightLocation {
    /// In the operator of a node.
    Node(usize),
    /// In a constant.
    Constant(ValueId),
}

impl Classifier {
    /// Layers with weights (convolutions and matrix products) by node name, from the last to the
    /// first.
    pub fn weighted_layers(&self) -> Vec<String> {
        let name = |(index, _): (usize, WeightLocation)| self.graph.nodes[index].name.clone();
        self.weighted().into_iter().map(name).collect()
    }

    /// The same model with the weights of the first `count` of [`Self::weighted_layers`] permuted
    /// at random within each tensor, so that their distribution stays. Biases stay.
    pub fn randomised(&self, count: usize, seed: u64) -> Self {
        let mut model = self.clone();
        let layers = self.weighted();
        for (number, (_, weights)) in layers.into_iter().take(count).enumerate() {
            // One stream per layer, so that its permutation does not depend on `count`.
            let mut random = RandomStream::from_seed_and_number(seed, number as u64);
            match weights {
                WeightLocation::Node(index) => model.shuffle_node(index, &mut random),
                WeightLocation::Constant(id) => model.shuffle_constant(id, &mut random),
            }
        }
        model
    }

    fn weighted(&self) -> Vec<(usize, WeightLocation)> {
        let nodes = self.graph.nodes.iter().enumerate().rev();
        let weights = |(index, node): (usize, &Node)| {
            let location = match node.op.operator().weights() {
                Weights::None => return None,
                Weights::Own => WeightLocation::Node(index),
                Weights::Inputs(indices) => {
                    let inputs = indices
                        .iter()
                        .map(|&i| node.inputs.get(i).copied().flatten());
                    let mut inputs = inputs.flatten();
                    let id = inputs.find(|id| self.graph.constants.contains_key(id))?;
                    WeightLocation::Constant(id)
                }
            };
            Some((index, location))
        };
        nodes.filter_map(weights).collect()
    }

    fn shuffle_node(&mut self, index: usize, random: &mut RandomStream) {
        let node = &mut self.graph.nodes[index];
        let changed = node
            .op
            .operator()
            .with_weights(&mut |weights| random.shuffle(weights));
        node.op = changed.expect("the operator holds its weights");
    }

    fn shuffle_constant(&mut self, id: ValueId, random: &mut RandomStream) {
        let Some(Value::Float(constant)) = self.graph.constants.get(&id).cloned() else {
            return;
        };
        let shape = constant.shape().to_vec();
        let tensor = constant.into_row_major().into_flat();
        let device = tensor.device();
        let data = tensor.into_data().convert::<f32>();
        let mut values: Vec<f32> = data.try_into_vec().expect("converted to f32");
        random.shuffle(&mut values);
        let count = values.len();
        let tensor = Tensor::from_data(TensorData::new(values, [count]), &device);
        let shuffled = Floats::new(tensor, shape).expect("as many values as before");
        self.graph.constants.insert(id, Value::Float(shuffled));
    }
}
