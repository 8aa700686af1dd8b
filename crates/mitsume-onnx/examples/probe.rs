use burn::tensor::{Device, Tensor, TensorData};
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let device = Device::flex();
    let t = Instant::now();
    let m = mitsume_onnx::Classifier::open(a[1].as_ref(), None, &device).unwrap_or_else(|e| {
        println!("ERR {e}");
        std::process::exit(1)
    });
    let [c, h, w] = m.image();
    let raw = std::fs::read(&a[2]).unwrap();
    let v: Vec<f32> = raw
        .chunks(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    let n = v.len() / (c * h * w);
    let x = Tensor::<4>::from_data(
        TensorData::new(v[..n * c * h * w].to_vec(), [n, c, h, w]),
        &device,
    );
    let d = m.layers().into_iter().find(|l| l.default);
    let hook = m
        .hook(
            None,
            if a.len() > 3 && a[3] != "0" {
                let g: usize = a[3].parse().unwrap();
                Some([g, g])
            } else {
                None
            },
        )
        .unwrap_or_else(|e| {
            println!("ERR {e}");
            std::process::exit(1)
        });
    eprintln!(
        "load {:?} layer {:?} of {}",
        t.elapsed(),
        d,
        m.layers().len()
    );
    let r = hook.read(x.clone()).unwrap();
    let l = hook.logits(&r).unwrap();
    let (l2, g) = hook.gradients(&r, &vec![1; n]).unwrap();
    let l3 = hook.logits_with(&r, hook.features(&r).unwrap()).unwrap();
    let out: Vec<f32> = l.into_data().try_into_vec().unwrap();
    let out2: Vec<f32> = l2.into_data().try_into_vec().unwrap();
    let out3: Vec<f32> = l3.into_data().try_into_vec().unwrap();
    let d: f32 = out
        .iter()
        .zip(&out2)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    let d3: f32 = out
        .iter()
        .zip(&out3)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    let gs: Vec<f32> = g.into_data().try_into_vec().unwrap();
    eprintln!(
        "tail diff {d} {d3}, grad absmax {}",
        gs.iter().fold(0.0f32, |m, v| m.max(v.abs()))
    );
    std::fs::write(
        &a[4],
        out.iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>(),
    )
    .unwrap();
    let reps: usize = a.get(5).map_or(0, |v| v.parse().unwrap());
    for _ in 0..reps {
        let t = Instant::now();
        let r = hook.read(x.clone()).unwrap();
        let a = t.elapsed();
        let l = hook.logits(&r).unwrap();
        let _ = l.into_data();
        eprintln!("{:?} total {:?}", a, t.elapsed());
    }
}
