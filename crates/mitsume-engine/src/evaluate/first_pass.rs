//! The first pass over the images, batch by batch.

use std::ops::Range;
use std::sync::atomic::Ordering;

use mitsume_artifacts::{EvaluationWriter, MapsShape, MapsWriter};
use mitsume_data::{Batch, Skipped};

use super::EvaluateOptions;
use super::group_sums::GroupSums;
use crate::{EngineError, EvaluationInput, Event, Observer, Result};

/// Writers of the maps: into the kept evaluation, and into the file of `options.cams`.
pub(super) fn map_writers(
    draft: Option<&EvaluationWriter>,
    options: &EvaluateOptions<'_>,
    shape: MapsShape,
) -> Result<Vec<MapsWriter>> {
    let mut writers = Vec::new();
    if let Some(draft) = draft {
        writers.push(draft.maps(shape)?);
    }
    if let Some(path) = options.cams {
        writers.push(MapsWriter::create(path, shape)?);
    }
    Ok(writers)
}

/// Finishes the files of maps. `mean_image` gives the mean image of a class of so many images.
pub(super) fn write_class_maps(
    writers: Vec<MapsWriter>,
    groups: &GroupSums,
    image: [usize; 3],
    mean_image: &mut dyn FnMut(usize, u64) -> mitsume_artifacts::Result<Vec<f32>>,
) -> Result<()> {
    let class_maps = groups.class_maps(image);
    for writer in writers {
        writer.finish(&class_maps, &mut |class| {
            mean_image(class, class_maps.counts[class])
        })?;
    }
    Ok(())
}

/// Calls `add` with each batch of `images` that has a readable image, and returns the images left
/// out.
///
/// # Errors
/// Those of `add`; an unreadable image with `strict`; [`EngineError::Interrupted`].
pub(super) fn for_each_batch(
    input: &EvaluationInput<'_>,
    options: &EvaluateOptions<'_>,
    images: Range<usize>,
    observer: &mut Observer<'_>,
    mut add: impl FnMut(&Batch) -> Result<()>,
) -> Result<Vec<Skipped>> {
    let total = images.len();
    let order = images.collect();
    let mut done = 0;
    let mut skipped = Vec::new();
    for batch in input.source.batches(order, options.images_per_batch(), 0) {
        done += batch.indices.len() + batch.skipped.len();
        refuse_unreadable(&batch, options.strict, observer)?;
        skipped.extend(batch.skipped.iter().cloned());
        if !batch.indices.is_empty() {
            add(&batch)?;
        }
        observer(Event::Evaluating { done, total });
        if options
            .stop
            .is_some_and(|stop| stop.load(Ordering::Relaxed))
        {
            return Err(EngineError::Interrupted);
        }
    }
    Ok(skipped)
}

/// Reports the images of a batch that cannot be read; if `strict`, the first is an error.
fn refuse_unreadable(batch: &Batch, strict: bool, observer: &mut Observer<'_>) -> Result<()> {
    for skipped in &batch.skipped {
        if strict {
            let (path, reason) = (skipped.path.display(), &skipped.reason);
            return Err(EngineError::Request(format!("{path}: {reason} (--strict)")));
        }
        observer(Event::Skipped(skipped.clone()));
    }
    Ok(())
}
