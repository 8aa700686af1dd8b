//! Module paths of nodes, as PyTorch names them.

use crate::proto::StringStringEntryProto;

/// The module a node comes from, as PyTorch prints it (`layer4.1.conv2`): from the scopes that
/// `torch.onnx.export(dynamo=True)` writes, or from the node's name, where the older exporter puts
/// them (`/layer4/layer4.1/conv2/Conv`).
pub(crate) fn module_path(name: &str, metadata: &[StringStringEntryProto]) -> Option<String> {
    let scopes = metadata
        .iter()
        .find(|entry| entry.key == "pkg.torch.onnx.name_scopes");
    if let Some(scopes) = scopes {
        let inner = scopes.value.trim_start_matches('[').trim_end_matches(']');
        let scopes: Vec<&str> = inner
            .split(',')
            .map(|scope| scope.trim().trim_matches(['\'', '"']))
            .collect();
        let module = scopes.len().checked_sub(2).map(|at| scopes[at])?;
        return (!module.is_empty()).then(|| module.to_owned());
    }
    let mut segments = name.strip_prefix('/')?.split('/').collect::<Vec<_>>();
    segments.pop(); // The operator itself.
    let mut path: Vec<&str> = Vec::new();
    for segment in segments {
        // A numbered child carries its parent's name.
        if let Some(parent) = path.last()
            && segment.starts_with(&format!("{parent}."))
        {
            path.pop();
        }
        path.push(segment);
    }
    (!path.is_empty()).then(|| path.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_exporters_name_the_same_module() {
        let older = |name| module_path(name, &[]);
        let expected = Some("layer4.1.conv2".to_owned());
        assert_eq!(older("/layer4/layer4.1/conv2/Conv"), expected);
        assert_eq!(
            older("/features/features.0/features.0.0/Conv"),
            Some("features.0.0".into())
        );
        assert_eq!(older("/Flatten"), None);
        assert_eq!(older("Conv_3"), None);
        let scopes = StringStringEntryProto {
            key: "pkg.torch.onnx.name_scopes".into(),
            value: "['', 'layer4', 'layer4.1', 'layer4.1.conv2', 'conv2d_19']".into(),
        };
        assert_eq!(module_path("node_conv2d_19", &[scopes]), expected);
    }
}
