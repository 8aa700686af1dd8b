//! Trunks compared with their definition in f64 and its finite differences, and with themselves on
//! other numbers of threads and instruction sets.

mod naive;
mod parameters;
mod values;

use mitsume_kernels::trunk::{
    Batch, Conv, ForwardPass, ParameterKind, Stage, TrunkSpec, backward, forward_eval,
    forward_train,
};
use mitsume_kernels::{Error, Isa, Precision, Workspace};
use mitsume_levels::Level;
use naive::{Map, Mode, trunk};
use parameters::parameters;
use values::values;

struct Case {
    name: &'static str,
    spec: TrunkSpec,
    /// Images, height, width.
    size: [usize; 3],
}

fn cases() -> Vec<Case> {
    let conv = |c| Conv::new(c);
    let spec = |channels, stages: &[Stage]| TrunkSpec {
        channels,
        stages: stages.to_vec(),
        precision: Precision::Float32,
    };
    let hidden = |conv: Conv, hidden| Conv {
        squeeze_excite: Some(hidden),
        ..conv
    };
    let mut all = vec![
        Case {
            name: "one stage",
            spec: spec(1, &[Stage::Conv(conv(3).pool())]),
            size: [1, 6, 5],
        },
        Case {
            name: "one normalised stage",
            spec: spec(3, &[Stage::Conv(conv(5).norm().pool())]),
            size: [2, 7, 9],
        },
        Case {
            name: "convolutions without norm",
            spec: spec(
                2,
                &[
                    Stage::Conv(conv(4).pool()),
                    Stage::Conv(conv(5)),
                    Stage::Conv(conv(3)),
                ],
            ),
            size: [2, 9, 10],
        },
        Case {
            name: "norm last",
            spec: spec(
                1,
                &[
                    Stage::Conv(conv(4).norm().pool()),
                    Stage::Conv(conv(6).norm().pool()),
                    Stage::Conv(conv(5).norm().without_relu()),
                ],
            ),
            size: [3, 14, 13],
        },
        Case {
            name: "residuals",
            spec: spec(
                1,
                &[
                    Stage::Conv(conv(4).norm().pool()),
                    Stage::Residual {
                        channels: 5,
                        pool: true,
                    },
                    Stage::Residual {
                        channels: 7,
                        pool: false,
                    },
                ],
            ),
            size: [2, 15, 14],
        },
    ];
    if !cfg!(miri) {
        all.push(Case {
            name: "squeeze-excite",
            spec: spec(
                4,
                &[
                    Stage::Conv(conv(4).norm().pool()),
                    Stage::Conv(hidden(conv(6).norm().pool(), 2)),
                    Stage::Conv(hidden(conv(5).norm(), 3)),
                ],
            ),
            size: [2, 15, 22],
        });
        all.push(Case {
            name: "unpooled middle, residual before convolution",
            spec: spec(
                1,
                &[
                    Stage::Conv(conv(3).norm().pool()),
                    Stage::Residual {
                        channels: 4,
                        pool: false,
                    },
                    Stage::Conv(conv(6).norm()),
                    Stage::Conv(hidden(conv(5).norm().pool(), 2)),
                    Stage::Conv(conv(4)),
                ],
            ),
            size: [2, 37, 11],
        });
    }
    all
}

fn widen(x: &[f32]) -> Vec<f64> {
    x.iter().map(|v| f64::from(*v)).collect()
}

fn worst(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(1e-3f64, |m, x| m.max(x.abs()));
    let differences = got
        .iter()
        .zip(want)
        .map(|(g, w)| (f64::from(*g) - w).abs() / largest);
    differences.fold(
        0.0,
        |m: f64, d| if d.is_nan() { f64::INFINITY } else { m.max(d) },
    )
}

struct Data {
    images: Vec<f32>,
    parameters: Vec<Vec<f32>>,
    size: [usize; 3],
}

impl Data {
    fn new(case: &Case) -> Self {
        let n = case.size.iter().product::<usize>() * case.spec.channels;
        Self {
            images: values(n, 7),
            parameters: parameters(&case.spec),
            size: case.size,
        }
    }

    fn batch(&self) -> Batch<'_> {
        let [images, height, width] = self.size;
        Batch {
            data: &self.images,
            images,
            height,
            width,
        }
    }

    fn slices(&self) -> Vec<&[f32]> {
        self.parameters.iter().map(Vec::as_slice).collect()
    }

    fn map(&self, channels: usize) -> Map {
        let [n, h, w] = self.size;
        Map {
            data: widen(&self.images),
            ..Map::new(n, h, w, channels)
        }
    }
}

#[test]
fn training_mode_is_the_definition_and_its_finite_differences() {
    for case in cases() {
        compare(&case, &Data::new(&case));
    }
}

/// With weights this small the normalised values cannot be recovered from the output, so the sums
/// are computed from the convolution's output.
#[test]
fn a_norm_with_tiny_weights_has_the_same_gradients() {
    for case in cases() {
        let mut data = Data::new(&case);
        for (p, values) in case.spec.parameters().iter().zip(&mut data.parameters) {
            match p.kind {
                ParameterKind::NormWeight(_) => {
                    values.iter_mut().step_by(2).for_each(|v| *v *= 1e-3)
                }
                ParameterKind::NormBias(_) => values.iter_mut().for_each(|v| *v = v.abs() + 0.2),
                _ => {}
            }
        }
        compare(&case, &data);
    }
}

fn compare(case: &Case, data: &Data) {
    let images = data.map(case.spec.channels);
    let mut exact: Vec<Vec<f64>> = data.parameters.iter().map(|p| widen(p)).collect();
    let mut record = Vec::new();
    let want = trunk(&case.spec, &images, &exact, &mut Mode::Train(&mut record));
    let direction = values(want.data.len(), 9);
    let loss = |p: &[Vec<f64>]| {
        let y = trunk(&case.spec, &images, p, &mut Mode::Train(&mut Vec::new()));
        y.data
            .iter()
            .zip(&direction)
            .map(|(y, d)| y * f64::from(*d))
            .sum::<f64>()
    };
    let mut slopes = Vec::new();
    for i in 0..exact.len() {
        let mut own = Vec::new();
        // Every parameter, or some of each where the definition would take too long.
        let step = if cfg!(miri) {
            exact[i].len()
        } else {
            1 + exact[i].len() / 24
        };
        for k in (0..exact[i].len()).step_by(step) {
            let (before, h) = (exact[i][k], 1e-6);
            exact[i][k] = before + h;
            let up = loss(&exact);
            exact[i][k] = before - h;
            own.push((k, (up - loss(&exact)) / (2.0 * h)));
            exact[i][k] = before;
        }
        slopes.push(own);
    }
    for isa in Isa::available() {
        let name = format!("{} {}", case.name, isa.name());
        let workspace = Workspace::new(isa);
        let p = data.slices();
        let out = forward_train(&workspace, &case.spec, data.batch(), &p).unwrap();
        assert_eq!(out.shape, [want.n, want.h, want.w, want.c], "{name}");
        let e = worst(&out.features, &want.data);
        assert!(e < 2e-5, "{name}: features {e}");
        assert_eq!(out.statistics.len(), record.len());
        for (got, (mean, variance)) in out.statistics.iter().zip(&record) {
            let e = worst(&got.mean, mean).max(worst(&got.variance, variance));
            assert!(e < 2e-5, "{name}: statistics {e}");
        }
        let features = out.features.to_vec();
        let forward = ForwardPass {
            batch: data.batch(),
            parameters: &p,
            features: &features,
            saved: out.saved,
        };
        let g = backward(&workspace, &case.spec, forward, &direction).unwrap();
        for ((g, slopes), p) in g.iter().zip(&slopes).zip(case.spec.parameters()) {
            let got: Vec<f32> = slopes.iter().map(|(k, _)| g[*k]).collect();
            let want: Vec<f64> = slopes.iter().map(|(_, s)| *s).collect();
            // f32 and a digit lost in the Winograd domain, over up to five layers.
            let e = worst(&got, &want);
            assert!(e < 1e-3, "{name}: stage {} {:?}: {e}", p.stage, p.kind);
        }
    }
}

#[test]
fn evaluation_mode_is_the_definition() {
    for case in cases() {
        let data = Data::new(&case);
        let exact: Vec<Vec<f64>> = data.parameters.iter().map(|p| widen(p)).collect();
        let running: Vec<(Vec<f32>, Vec<f32>)> = (case.spec.norms().iter().enumerate())
            .map(|(i, c)| {
                let variance = values(*c, 60 + i as u32)
                    .iter()
                    .map(|v| 0.6 + 0.4 * v)
                    .collect();
                (values(*c, 30 + i as u32), variance)
            })
            .collect();
        let wide: Vec<_> = running.iter().map(|(m, v)| (widen(m), widen(v))).collect();
        let images = data.map(case.spec.channels);
        let want = trunk(&case.spec, &images, &exact, &mut Mode::Eval(wide.iter()));
        let running: Vec<_> = running
            .iter()
            .map(|(m, v)| (m.as_slice(), v.as_slice()))
            .collect();
        for isa in Isa::available() {
            let workspace = Workspace::new(isa);
            let p = data.slices();
            let (y, shape) =
                forward_eval(&workspace, &case.spec, data.batch(), &p, &running).unwrap();
            assert_eq!(shape, [want.n, want.h, want.w, want.c]);
            let e = worst(&y, &want.data);
            assert!(e < 2e-5, "{} {}: {e}", case.name, isa.name());
        }
    }
}

#[test]
fn a_second_step_in_the_same_workspace_gives_the_same_bits_on_any_number_of_threads() {
    let bfloat16 = cases().into_iter().map(|mut case| {
        case.spec.precision = Precision::Bfloat16;
        case
    });
    for case in cases().into_iter().chain(bfloat16) {
        let data = Data::new(&case);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let workspace = Workspace::default();
                let mut results = Vec::new();
                for _ in 0..2 {
                    let p = data.slices();
                    let out = forward_train(&workspace, &case.spec, data.batch(), &p).unwrap();
                    let features = out.features.to_vec();
                    let direction = values(features.len(), 9);
                    let forward = ForwardPass {
                        batch: data.batch(),
                        parameters: &p,
                        features: &features,
                        saved: out.saved,
                    };
                    let g = backward(&workspace, &case.spec, forward, &direction);
                    let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                    let g: Vec<_> = g.unwrap().iter().map(|g| bits(g)).collect();
                    results.push((bits(&features), g, out.statistics));
                }
                results
            })
        };
        let one = run(1);
        assert!(one[0] == one[1], "{}: repeated", case.name);
        for threads in [2, 8] {
            assert!(one == run(threads), "{}: {threads} threads", case.name);
        }
    }
}

#[test]
fn a_steady_step_takes_no_new_memory() {
    let case = &cases()[4];
    let data = Data::new(case);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let held = pool.install(|| {
        let workspace = Workspace::default();
        let step = || {
            let p = data.slices();
            let out = forward_train(&workspace, &case.spec, data.batch(), &p).unwrap();
            let direction = values(out.features.len(), 9);
            let forward = ForwardPass {
                batch: data.batch(),
                parameters: &p,
                features: &out.features,
                saved: out.saved,
            };
            backward(&workspace, &case.spec, forward, &direction).unwrap();
        };
        step();
        step();
        let before = workspace.idle_bytes();
        step();
        (before, workspace.idle_bytes())
    });
    assert_eq!(held.0, held.1);
}

#[test]
fn a_nan_pixel_reaches_the_features() {
    for case in cases() {
        let mut data = Data::new(&case);
        data.images[0] = f32::NAN;
        for isa in Isa::available() {
            let workspace = Workspace::new(isa);
            let p = data.slices();
            let out = forward_train(&workspace, &case.spec, data.batch(), &p).unwrap();
            assert!(
                out.features.iter().any(|v| v.is_nan()),
                "{} {}",
                case.name,
                isa.name()
            );
        }
    }
}

#[test]
fn the_levels_have_their_published_parameter_counts() {
    let heads = [
        32 * 4 + 4,
        256 * 4 + 4,
        256 * 4 + 4,
        256 * 4 + 4,
        512 * 4 + 4,
    ];
    let totals = [4932, 389_828, 1_208_772, 401_056, 4_825_988];
    for ((level, total), head) in Level::ALL.into_iter().zip(totals).zip(heads) {
        let spec = TrunkSpec::level(level, 1);
        let count: usize = spec
            .parameters()
            .iter()
            .map(|p| p.shape.iter().product::<usize>())
            .sum();
        assert_eq!(count + head, total, "{level}");
        let side = if level == Level::One { 112 } else { 28 };
        assert_eq!(spec.feature_size(224, 224), (side, side));
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let spec = TrunkSpec::level(Level::One, 1);
    let workspace = Workspace::default();
    let parameters = parameters(&spec);
    let p: Vec<&[f32]> = parameters.iter().map(Vec::as_slice).collect();
    let images = vec![0.0; 2 * 8 * 8];
    let batch = Batch {
        data: &images,
        images: 2,
        height: 8,
        width: 8,
    };
    let run = |batch, p: &[&[f32]]| forward_train(&workspace, &spec, batch, p).err().unwrap();
    assert!(matches!(
        run(Batch { height: 9, ..batch }, &p),
        Error::Length { .. }
    ));
    let huge = Batch {
        height: usize::MAX,
        width: usize::MAX,
        ..batch
    };
    assert!(matches!(run(huge, &p), Error::Length { .. }));
    let tiny = Batch {
        data: &images[..2],
        images: 2,
        height: 1,
        width: 1,
    };
    assert!(matches!(run(tiny, &p), Error::Size { .. }));
    assert!(matches!(run(batch, &p[1..]), Error::Count { .. }));
    let mut short = p.clone();
    short[0] = &short[0][1..];
    assert_eq!(
        run(batch, &short).to_string(),
        "stage 0 ConvWeight(0): 143 values given, 144 needed"
    );
    let first = TrunkSpec {
        channels: 5,
        ..spec.clone()
    };
    assert!(matches!(
        first.check(),
        Err(Error::Unsupported { stage: 0, .. })
    ));
}
