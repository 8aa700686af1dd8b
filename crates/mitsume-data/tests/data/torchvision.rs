//! The transforms compared with torchvision (`tests/torchvision/make.py`).

use mitsume_data::{CropBox, CropRandom, Pixels, random_resized_crop, resize, to_grey};
use serde_json::Value;

fn expected() -> Value {
    serde_json::from_str(include_str!("../torchvision/torchvision.json")).unwrap()
}

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn pair(value: &Value) -> (usize, usize) {
    serde_json::from_value(value.clone()).unwrap()
}

/// The same image as `picture` in `make.py`.
fn picture(channels: usize, (height, width): (usize, usize), seed: usize) -> Pixels {
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for c in 0..channels {
                let rough = (x * 7919 + y * 104_729 + c * 1_299_709 + seed * 15_485_863) % 251 % 97;
                let smooth = (x * (c + 2) + y * (3 - c) + seed * 17) % 320;
                data.push((rough + smooth.min(319 - smooth)) as u8);
            }
        }
    }
    Pixels::new(width, height, channels, data)
}

/// Interleaved to planar.
fn planes(image: &Pixels) -> Vec<u8> {
    let plane = |c: usize| image.data[c..].iter().step_by(image.channels);
    (0..image.channels).flat_map(plane).copied().collect()
}

fn largest_difference(ours: &[u8], theirs: &[u8]) -> u8 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().zip(theirs);
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// Both convolve with fixed-point weights and round after each of the two passes; how weights are
/// rounded differs, so a value near a half may fall either way: one level. That it is rare (1 % of
/// the values) shows that filter, support and alignment are the same.
#[test]
fn resize_equals_torchvision_within_one_level() {
    let (mut differing, mut total) = (0, 0);
    for (seed, case) in expected()["resize"].as_array().unwrap().iter().enumerate() {
        let channels = case["channels"].as_u64().unwrap() as usize;
        let image = picture(channels, pair(&case["size"]), seed);
        let (height, width) = pair(&case["target"]);
        let ours = planes(&resize(&image, height, width));
        let theirs: Vec<u8> = numbers(&case["out"]);
        assert!(largest_difference(&ours, &theirs) <= 1, "case {seed}");
        differing += ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
        total += ours.len();
    }
    assert!(differing * 100 <= total, "{differing} of {total}");
}

#[test]
fn greyscale_equals_torchvision_exactly() {
    let grey_of = |image: Pixels| to_grey(image).data;
    let expected = expected();
    let theirs: Vec<u8> = numbers(&expected["grey"]["picture"]);
    assert_eq!(grey_of(picture(3, (32, 32), 5)), theirs);
    // Grey files are loaded as RGB by ImageFolder; one channel and three equal channels give the
    // same.
    let ramp: Vec<u8> = (0..=255).collect();
    let theirs: Vec<u8> = numbers(&expected["grey"]["ramp"]);
    assert_eq!(grey_of(Pixels::new(16, 16, 1, ramp.clone())), theirs);
    let three = ramp.iter().flat_map(|v| [*v; 3]).collect();
    assert_eq!(grey_of(Pixels::new(16, 16, 3, three)), theirs);
}

fn write_png(image: &Pixels) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    let colour = match image.channels {
        1 => image::ExtendedColorType::L8,
        _ => image::ExtendedColorType::Rgb8,
    };
    let (width, height) = (image.width as u32, image.height as u32);
    image::save_buffer(file.path(), &image.data, width, height, colour).unwrap();
    file
}

fn evaluate(image: &Pixels, height: usize, width: usize, channels: usize) -> Vec<f32> {
    let file = write_png(image);
    let preprocess = mitsume_data::Preprocess {
        height,
        width,
        channels,
        augment: None,
        seed: 0,
        transform: Default::default(),
    };
    let sample = mitsume_data::Sample {
        path: file.path().to_owned(),
        class: 0,
    };
    let source = mitsume_data::ImageSource::new(&[sample], preprocess, 0).unwrap();
    source.image(0, 0).unwrap()
}

/// From the file to the network's input: one level of the resize is 2/255.
#[test]
fn evaluation_input_equals_torchvision() {
    let theirs: Vec<f32> = numbers(&expected()["evaluation"]["out"]);
    let ours = evaluate(&picture(3, (31, 27), 9), 12, 10, 1);
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() < 2.01 / 255.0, "{a} {b}");
    }
}

/// The same float32 operations in the same order: equal to the last bit.
#[test]
fn scaling_equals_torchvision_exactly() {
    let theirs: Vec<f32> = numbers(&expected()["evaluation"]["scaled_ramp"]);
    let ramp = Pixels::new(16, 16, 1, (0..=255).collect());
    let ours = evaluate(&ramp, 16, 16, 3);
    assert_eq!(ours.len(), 3 * 256);
    for plane in ours.chunks_exact(256) {
        assert_eq!(plane, theirs);
    }
}

struct Given(std::vec::IntoIter<f64>);

impl CropRandom for Given {
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.next().unwrap()
    }

    fn below(&mut self, n: usize) -> usize {
        (n as f64 * self.0.next().unwrap()).floor() as usize
    }
}

/// Accepted crops, retries and both fallbacks.
#[test]
fn the_same_random_numbers_give_the_crop_of_torchvision() {
    for case in expected()["crop"].as_array().unwrap() {
        let array = |key: &str| -> [f64; 2] { numbers(&case[key]).try_into().unwrap() };
        let mut rng = Given(numbers(&case["numbers"]).into_iter());
        let (scale, ratio) = (array("scale"), array("ratio"));
        let ours = random_resized_crop(pair(&case["size"]), scale, ratio, &mut rng);
        let theirs: Vec<usize> = numbers(&case["box"]);
        assert_eq!(vec![ours.top, ours.left, ours.height, ours.width], theirs);
    }
}

/// Flip, crop, resize, then grey there; grey, flip, crop, resize here. On a grey file the orders
/// differ by the rounding of one resize (1 level), on a colour file by that and by cutting off
/// before instead of after (2 levels).
#[test]
fn training_input_equals_torchvision_within_rounding() {
    for case in expected()["training"].as_array().unwrap() {
        let channels = case["channels"].as_u64().unwrap() as usize;
        let [top, left, height, width] = numbers(&case["box"]).try_into().unwrap();
        let crop = CropBox {
            top,
            left,
            height,
            width,
        };
        let image = to_grey(picture(channels, (40, 36), 3));
        let cut = image.crop(&crop, case["mirrored"].as_bool().unwrap());
        let ours = resize(&cut, 24, 24).data.clone();
        let theirs: Vec<u8> = numbers(&case["out"]);
        let tolerance = if channels == 1 { 1 } else { 2 };
        assert!(largest_difference(&ours, &theirs) <= tolerance);
        let sum = |v: &[u8]| v.iter().map(|v| f64::from(*v)).sum::<f64>() / v.len() as f64;
        let shift = (sum(&ours) - sum(&theirs)).abs();
        assert!(shift < 0.1, "no shift in the mean: {shift}");
    }
}
