//! `mitsume data remove`

use mitsume_artifacts::RemovalOrder;
use mitsume_data::{ImageFolder, ImageSource};
use mitsume_engine::{RemoveOptions, remove_pixels};
use mitsume_locale::text;

use super::{model, output};
use crate::args::{OrderArg, RemoveArgs};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: RemoveArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let device = device::open(&args.device, console)?;
    let (train, test) = (
        ImageFolder::open(&args.train)?,
        ImageFolder::open(&args.test)?,
    );
    if train.classes != test.classes {
        return Err(Failure::Request(format!(
            "--test {}: classes {}; those of --train are {}",
            args.test.display(),
            test.classes.join(", "),
            train.classes.join(", ")
        )));
    }
    let model = model::open(&args.model, Some(&train), &device, console)?;
    let sources =
        [&train, &test].map(|folder| ImageSource::new(&folder.samples, model.preprocess(), 0));
    let [training, testing] = sources;
    let (training, testing) = (training?, testing?);
    let mut orders: Vec<RemovalOrder> = Vec::new();
    for order in &args.by {
        let order = match order {
            OrderArg::Map => RemovalOrder::Map,
            OrderArg::RandomMap => RemovalOrder::RandomMap,
            OrderArg::RandomPixels => RemovalOrder::RandomPixels,
        };
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
    let mut shares = args.share.clone();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    let stop = stop::on_signal(console);
    let options = RemoveOptions {
        maps: model.maps,
        orders: &orders,
        shares: &shares,
        seed: args.seed,
        out: &args.out,
        stop: &stop,
    };
    let mut progress = Progress::new(console);
    let written = remove_pixels(
        &model.input(&train, &training),
        &model.input(&test, &testing),
        &options,
        &mut |event| progress.show(event),
    );
    progress.finish();
    let record = written.map_err(|error| stop::failure(error, console))?;
    if args.json {
        return output::json(&record);
    }
    let [training, testing] = record.images;
    let out = args.out.display().to_string();
    output::text(&format!(
        "{}\n{}",
        text!(
            console.language,
            "command-removed",
            sets = record.sets.len(),
            training = training,
            testing = testing,
            out = &out[..]
        ),
        text!(console.language, "command-removed-next", out = &out[..])
    ))
}
