//! Layers by the modules of the network they come from.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::layers::Layer;

/// A module whose output can be hooked: its name, as `--target-layer` takes it, and its last layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module<'a> {
    /// As PyTorch names it (`layer4.1`); of several with the same output the outermost. If the file has no module names, or
    /// the default layer is of no module, the layer's.
    pub name: &'a str,
    /// The layer whose output it is.
    pub layer: &'a Layer,
}

/// The modules of `layers` (in order), the likely ones first: that of the default layer, then the outer ones before those
/// within them, and of these the later ones before the earlier. Layers whose layout must be said come last.
pub fn modules(layers: &[Layer]) -> Vec<Module<'_>> {
    // The last layer of each module.
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let have_names = layers.iter().any(|layer| layer.module.is_some());
    for (i, layer) in layers.iter().enumerate() {
        let names = match layer.module.as_deref() {
            Some(module) => prefixes(module),
            None if have_names && !layer.default => continue,
            None => vec![layer.name.as_str()],
        };
        for name in names {
            last.insert(name, i);
        }
    }
    let mut outermost: BTreeMap<usize, &str> = BTreeMap::new();
    for (name, i) in last {
        let known = outermost.entry(i).or_insert(name);
        if name.len() < known.len() {
            *known = name;
        }
    }
    let mut found: Vec<(usize, &str)> = outermost.into_iter().collect();
    found.sort_by_key(|&(i, name)| {
        let layer = &layers[i];
        let depth = name.matches('.').count();
        (!layer.default, layer.layout.is_none(), depth, Reverse(i))
    });
    let module = |(i, name)| Module {
        name,
        layer: &layers[i],
    };
    found.into_iter().map(module).collect()
}

/// `layer4`, `layer4.1`, `layer4.1.conv2` of the last.
fn prefixes(name: &str) -> Vec<&str> {
    let dots = name.match_indices('.').map(|(at, _)| &name[..at]);
    dots.chain([name]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::FeatureLayout;

    fn layer(name: &str, module: Option<&str>, default: bool) -> Layer {
        Layer {
            name: name.into(),
            module: module.map(str::to_owned),
            operator: "Relu".into(),
            shape: vec![8, 4, 4],
            layout: Some(FeatureLayout::Nchw),
            grid: None,
            default,
            reason: None,
        }
    }

    #[test]
    fn outer_modules_come_first_and_later_ones_before_earlier() {
        let layers = [
            layer("a", Some("conv1"), false),
            layer("b", Some("layer1.0.conv1"), false),
            layer("c", Some("layer1.0.relu"), false),
            layer("d", Some("layer1.1.relu"), false),
            layer("e", Some("layer2.0.conv1"), false),
            layer("f", Some("layer2.0.relu"), true),
        ];
        let found = modules(&layers);
        let names: Vec<(&str, &str)> = found
            .iter()
            .map(|module| (module.name, module.layer.name.as_str()))
            .collect();
        let expected = [
            ("layer2", "f"),
            ("layer1", "d"),
            ("conv1", "a"),
            ("layer1.0", "c"),
            ("layer2.0.conv1", "e"),
            ("layer1.0.conv1", "b"),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn without_module_names_layers_stand_for_themselves() {
        let layers = [layer("Conv_0", None, false), layer("Relu_1", None, true)];
        let names: Vec<&str> = modules(&layers).iter().map(|module| module.name).collect();
        assert_eq!(names, ["Relu_1", "Conv_0"]);
    }
}
