//! Compared with the definition in f64, and gradients with its finite differences.

use super::*;
use crate::isa::Isa;
use crate::test_values::values;

/// `softmax(scale q k^T) v` of all heads.
fn definition(attention: &Attention, [q, k, v]: [&[f64]; 3]) -> Vec<f64> {
    let Attention {
        heads,
        queries,
        keys,
        features,
        value_features,
        scale,
        ..
    } = *attention;
    let mut y = Vec::new();
    for query in 0..heads * queries {
        let head = query / queries.max(1);
        let logit = |key: usize| -> f64 {
            let products = (0..features)
                .map(|f| q[query * features + f] * k[(head * keys + key) * features + f]);
            f64::from(scale) * products.sum::<f64>()
        };
        let weights: Vec<f64> = (0..keys).map(|key| logit(key).exp()).collect();
        let sum: f64 = weights.iter().sum();
        for f in 0..value_features {
            let value = |key: usize| v[(head * keys + key) * value_features + f];
            let terms = weights.iter().enumerate();
            y.push(terms.map(|(key, w)| w / sum * value(key)).sum());
        }
    }
    y
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|v| f64::from(*v)).collect()
}

fn attention(queries: usize, keys: usize, features: usize, value_features: usize) -> Attention {
    Attention {
        heads: 3,
        queries,
        keys,
        features,
        value_features,
        keys_transposed: false,
        scale: 1.3,
    }
}

/// Queries, keys and values.
fn inputs(attention: &Attention) -> [Vec<f32>; 3] {
    let heads = attention.heads;
    [
        values(heads * attention.queries * attention.features, 1),
        values(heads * attention.keys * attention.features, 2),
        values(heads * attention.keys * attention.value_features, 3),
    ]
}

/// Rows, keys and features around the blocks, vectors and panels.
const SIZES: [[usize; 4]; 6] = [
    [1, 1, 1, 1],
    [5, 3, 2, 7],
    [48, 16, 16, 16],
    [50, 33, 17, 5],
    [101, 64, 8, 40],
    [0, 4, 3, 2],
];

#[test]
fn the_result_is_that_of_the_definition() {
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        for [queries, keys, features, value_features] in SIZES {
            let attention = attention(queries, keys, features, value_features);
            let [q, k, v] = inputs(&attention);
            let x = QueriesKeysValues {
                q: &q,
                k: &k,
                v: &v,
            };
            let found = attention.forward(&workspace, x).unwrap();
            let expected = definition(&attention, [&wide(&q), &wide(&k), &wide(&v)]);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                // Means of values below 1, their weights from f32 sums of up to 17 terms.
                assert!(
                    (f64::from(*found) - expected).abs() < 3e-6,
                    "{}",
                    isa.name()
                );
            }
        }
    }
}

#[test]
fn gradients_are_those_of_the_definition() {
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        for [queries, keys, features, value_features] in [[5, 3, 2, 7], [50, 17, 4, 3]] {
            let attention = attention(queries, keys, features, value_features);
            let [q, k, v] = inputs(&attention);
            let dy = values(attention.heads * queries * value_features, 4);
            let x = QueriesKeysValues {
                q: &q,
                k: &k,
                v: &v,
            };
            let found = attention.backward(&workspace, x, &dy).unwrap();
            let all = [wide(&q), wide(&k), wide(&v)];
            for (which, found) in [found.q, found.k, found.v].iter().enumerate() {
                for (at, found) in found.iter().enumerate() {
                    let loss = |by: f64| -> f64 {
                        let mut all = all.clone();
                        all[which][at] += by;
                        let y = definition(&attention, [&all[0], &all[1], &all[2]]);
                        y.iter().zip(&dy).map(|(y, d)| y * f64::from(*d)).sum()
                    };
                    let expected = (loss(1e-5) - loss(-1e-5)) / 2e-5;
                    // Differences are good to 1e-9; f32 sums of up to 50 terms below 1.
                    let off = (f64::from(*found) - expected).abs();
                    assert!(
                        off < 1e-5,
                        "{} {which} {at}: {found} {expected}",
                        isa.name()
                    );
                }
            }
        }
    }
}

/// The transposes of `x` [heads, `rows`, columns].
fn transposed(x: &[f32], heads: usize, rows: usize) -> Vec<f32> {
    let columns = x.len() / (heads * rows);
    let heads = x.chunks_exact(rows * columns);
    heads
        .flat_map(|x| {
            let at = move |column: usize, row: usize| x[row * columns + column];
            (0..columns).flat_map(move |column| (0..rows).map(move |row| at(column, row)))
        })
        .collect()
}

#[test]
fn transposed_keys_give_the_same_bits() {
    let workspace = Workspace::default();
    let given = attention(50, 33, 17, 5);
    let [q, k, v] = inputs(&given);
    let dy = values(given.heads * 50 * 5, 4);
    let other_k = transposed(&k, 3, 33);
    let other = Attention {
        keys_transposed: true,
        ..given
    };
    let x = QueriesKeysValues {
        q: &q,
        k: &k,
        v: &v,
    };
    let other_x = QueriesKeysValues { k: &other_k, ..x };
    let y = given.forward(&workspace, x).unwrap();
    assert_eq!(y[..], other.forward(&workspace, other_x).unwrap()[..]);
    let gradients = given.backward(&workspace, x, &dy).unwrap();
    let others = other.backward(&workspace, other_x, &dy).unwrap();
    assert_eq!(gradients.q[..], others.q[..]);
    assert_eq!(transposed(&gradients.k, 3, 33), others.k[..]);
    assert_eq!(gradients.v[..], others.v[..]);
}

#[test]
fn a_key_with_a_logit_of_minus_infinity_has_no_part() {
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        let attention = Attention {
            heads: 1,
            ..attention(1, 2, 1, 1)
        };
        let x = QueriesKeysValues {
            q: &[1.0],
            k: &[f32::NEG_INFINITY, 0.5],
            v: &[7.0, 0.25],
        };
        let y = attention.forward(&workspace, x).unwrap();
        assert_eq!(y[..], [0.25], "{}", isa.name());
    }
}

#[test]
fn a_length_that_does_not_fit_is_an_error() {
    let attention = attention(2, 2, 2, 2);
    let [q, k, _] = inputs(&attention);
    let x = QueriesKeysValues {
        q: &q,
        k: &k,
        v: &k[1..],
    };
    let workspace = Workspace::default();
    assert!(attention.forward(&workspace, x).is_err());
    assert!(attention.backward(&workspace, x, &q).is_err());
}
