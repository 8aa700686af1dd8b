//! Every kernel at the sizes of the levels: `cargo bench -p mitsume-kernels --features bench`.
//!
//! Rates are direct multiplications and additions per second, or bytes per second for the pointwise
//! passes.

#![allow(missing_docs)] // The macros below make undocumented functions.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mitsume_kernels::Workspace;
use mitsume_kernels::bench::{
    CONVOLUTIONS, Case, Pointwise, convolution, first_layer, head, pointwise, skip,
};
use mitsume_kernels::head::HeadPooling;
use std::time::Duration;

const IMAGES: usize = 4;

fn measure(c: &mut Criterion, group: &str, cases: impl IntoIterator<Item = Case>) {
    let mut group = c.benchmark_group(group);
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(1))
        .warm_up_time(Duration::from_millis(200));
    for mut case in cases {
        group.throughput(if case.flop > 0.0 {
            Throughput::Elements(case.flop as u64)
        } else {
            Throughput::Bytes(case.bytes as u64)
        });
        group.bench_function(&case.name, |b| b.iter(|| (case.run)()));
    }
}

fn kernels(c: &mut Criterion) {
    let workspace = Workspace::default();
    for shape in CONVOLUTIONS {
        measure(c, "conv3x3", convolution(&workspace, IMAGES, shape));
    }
    for outputs in [16, 32, 64] {
        measure(c, "first layer", first_layer(&workspace, IMAGES, outputs));
    }
    for shape in [[112, 64], [56, 128], [112, 128]] {
        let cases = Pointwise::ALL.map(|pass| pointwise(&workspace, pass, IMAGES, shape, true));
        measure(c, "pointwise", cases);
    }
    for shape in [[112, 32, 64], [56, 128, 256], [28, 256, 512]] {
        measure(c, "conv1x1", skip(&workspace, IMAGES, shape));
    }
    for maps in [false, true] {
        let cases = head(&workspace, HeadPooling::ReluMean, IMAGES, [28, 256], maps);
        measure(c, "head", cases);
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
