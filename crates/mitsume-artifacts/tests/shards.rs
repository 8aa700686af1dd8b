//! A shard file reads back equal; one that is damaged is refused and named, whatever is damaged.

use std::collections::BTreeMap;
use std::path::Path;

use mitsume::methods::Method;
use mitsume::trust::Surroundings;
use mitsume::trust::surroundings::Region;
use mitsume_artifacts::{
    Cpu, DataSummary, ExplainedClass, ModelSettings, ModelSummary, Shard, ShardFile, ShardImage,
    ShardMeasures, ShardOptions, ShardPlan, ShardRecord, ShardShape, ShardWriter, ShardedData,
    ShardedEvaluation, ShardsDir,
};
use mitsume_data::ImageTransform;

const SHAPE: ShardShape = ShardShape {
    images: 3,
    classes: 2,
    cam: [2, 3],
    image: [1, 2, 2],
};

fn evaluation() -> ShardedEvaluation {
    ShardedEvaluation {
        format: ShardedEvaluation::FORMAT,
        version: "0.1.0".into(),
        shards: 2,
        model_sha256: "ab".into(),
        model: ModelSummary {
            name: "m.onnx".into(),
            parameters: 1,
            target_layer: "relu".into(),
            method: Method::GradCam,
            flip: false,
            single_logit: false,
            explain: ExplainedClass::Label,
            cam_size: SHAPE.cam,
            image_size: Some([2, 2]),
            settings: ModelSettings::default(),
        },
        data: ShardedData {
            images: 6,
            classes: 2,
            list_sha256: "cd".into(),
        },
        options: ShardOptions {
            batch_size: 3,
            measures: Some(ShardMeasures {
                grid: 7,
                all: false,
            }),
            strict: false,
            device: "cpu".into(),
            image: SHAPE.image,
            transform: ImageTransform::default(),
            more: BTreeMap::new(),
        },
    }
}

fn record() -> ShardRecord {
    ShardRecord {
        evaluation: evaluation(),
        shard: 1,
        data: DataSummary {
            root: "data".into(),
            list: None,
            images: 2,
            classes: vec!["a".into(), "b".into()],
            transform: None,
            skipped: vec!["a/2.png".into()],
            other_files: Vec::new(),
        },
        reasons: vec!["no image".into()],
        paths: ["a/1.png", "a/2.png", "b/1.png"].map(String::from).to_vec(),
        cpu: Cpu::detect(),
    }
}

fn image(label: usize, surroundings: bool) -> ShardImage {
    let region = |mass| Region { mass, area: 0.25 };
    ShardImage {
        label,
        prediction: 1,
        cross_entropy: 0.1 + label as f64,
        surroundings: surroundings.then(|| Surroundings {
            border: region(0.5),
            background: region(0.0),
        }),
        map: (0..6).map(|i| (i + label) as f32 / 7.0).collect(),
        probabilities: vec![0.25, 0.75],
    }
}

fn write(path: &Path, record: &ShardRecord) {
    let mut writer = ShardWriter::create(path, SHAPE).unwrap();
    writer.push(&image(0, false)).unwrap();
    writer.push_unread(0).unwrap();
    writer.push(&image(1, true)).unwrap();
    assert!(writer.push(&image(1, true)).is_err(), "one too many");
    let mut sum = |_| Ok(vec![0.1, 0.2, 0.3, 0.4]);
    writer.finish(record, &[1], &mut sum).unwrap();
}

#[test]
fn a_written_shard_reads_back_equal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.safetensors");
    write(&path, &record());
    let shard = ShardFile::open(&path).unwrap();
    shard.verify().unwrap();
    assert_eq!((shard.shape(), shard.record()), (SHAPE, &record()));
    assert_eq!(shard.labels(), [0, 0, 1]);
    assert_eq!(shard.image(0).unwrap(), Some(image(0, false)));
    assert_eq!(shard.image(1).unwrap(), None);
    assert_eq!(shard.image(2).unwrap(), Some(image(1, true)));
    assert_eq!(shard.image_sum(0).unwrap(), None);
    assert_eq!(shard.image_sum(1).unwrap(), Some(vec![0.1, 0.2, 0.3, 0.4]));
    // Another reader of the format finds the same.
    let bytes = std::fs::read(&path).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("cams").unwrap().shape(), [3, 2, 3]);
    let names = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(names, 1, "no temporary stays behind");
}

/// Every byte of the tensors is covered by the hash; the header is compared with what it must say.
#[test]
fn any_changed_or_missing_byte_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.safetensors");
    write(&path, &record());
    let whole = std::fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&whole[8..]);
    let header = 8 + text.find("   ").expect("padding after the header");
    let front = 4104;
    let check = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        ShardFile::open(&path).and_then(|shard| shard.verify())
    };
    check(&whole).unwrap();
    // The padding between header and tensors holds nothing.
    for at in (0..header).chain(front..whole.len()) {
        for bit in [0, 6] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            // Metadata that nobody reads may change.
            if let Err(error) = check(&bytes) {
                assert!(error.to_string().contains("s.safetensors"), "{error}");
            } else {
                assert!(at < header, "byte {at}, bit {bit} is not noticed");
            }
        }
    }
    for length in (0..whole.len()).step_by(97) {
        assert!(check(&whole[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn a_record_that_contradicts_the_tensors_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.safetensors");
    let refused = |change: &dyn Fn(&mut ShardRecord)| {
        let mut record = record();
        change(&mut record);
        write(&path, &record);
        ShardFile::open(&path).unwrap_err().to_string()
    };
    assert!(refused(&|r| r.paths.clear()).contains("record disagrees"));
    assert!(refused(&|r| r.reasons.clear()).contains("record disagrees"));
    assert!(refused(&|r| r.data.classes.clear()).contains("record disagrees"));
    assert!(refused(&|r| r.evaluation.model.cam_size = [3, 2]).contains("record disagrees"));
    assert!(refused(&|r| r.evaluation.options.batch_size = 0).contains("batch_size"));
    assert!(refused(&|r| r.evaluation.format = 99).contains("newer version"));
}

#[test]
fn a_folder_holds_the_shards_of_one_evaluation() {
    let dir = tempfile::tempdir().unwrap();
    let shards = ShardsDir::new(dir.path().join("out"));
    assert_eq!(shards.plan().unwrap(), None);
    let plan = ShardPlan {
        evaluation: evaluation(),
        command: "mitsume eval".into(),
    };
    shards.begin(&plan).unwrap();
    shards.begin(&plan).unwrap();
    assert_eq!(shards.plan().unwrap().as_ref(), Some(&plan));
    let shard = Shard::new(2, 2).unwrap();
    assert_eq!(plan.command_of(shard), "mitsume eval --shard 2/2");
    let mut other = plan.clone();
    other
        .evaluation
        .options
        .more
        .insert("layout".into(), "nhwc".into());
    let error = shards.begin(&other).unwrap_err().to_string();
    let expected = "other options: options.more.layout is not given there and \"nhwc\" here";
    assert!(error.contains(expected), "{error}");
    assert_eq!(shards.plan().unwrap(), Some(plan), "left as it was");
}
