//! Prints the order of the images in the epochs of a run, one epoch a line: `epoch_order IMAGES SEED
//! EPOCHS`. With it another program trains on the same batches.

use mitsume_data::shuffled;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let [images, seed, epochs] = numbers[..] else {
        return Err("epoch_order IMAGES SEED EPOCHS".into());
    };
    for epoch in 1..=epochs {
        let order = shuffled(usize::try_from(images)?, seed, epoch);
        let order: Vec<String> = order.iter().map(usize::to_string).collect();
        println!("{}", order.join(" "));
    }
    Ok(())
}
