//! Evaluation of a multi-label model: each output is a finding by itself.
//!
//! An image has a map of each finding that it has. A finding's mean map and consistency are over its
//! true positives: images that have it and whose probability, the sigmoid of the output, reaches the
//! threshold. As in [`evaluate`](super::evaluate), maps are spilled to a temporary file and read a
//! second time.

mod forward;
mod scores;

use std::sync::atomic::Ordering;

use mitsume::Deviation;
use mitsume::measures::{Distances, GridMaps, Measures};
use mitsume::{ClassDeviations, Consistency, DeviationPass, MapSpill};
use mitsume_artifacts::{
    ConsistencyResult, EvaluationWriter, FindingCell, FindingResult, MapsShape, MapsWriter,
    MultiLabelEvaluation, MultiLabelTask,
};
use mitsume_data::{Batch, MultiLabelData, Skipped};

use super::group_sums::{GroupImage, GroupSums};
use super::{EvaluateOptions, PERMUTATIONS, refuse_unreadable};
use crate::evaluation_input::report_more_frames;
use crate::surroundings::SurroundingsEvaluator;
use crate::{EngineError, EvaluationInput, Event, Observer, Result};
use forward::{FindingMap, ForwardOptions, MultiLabelOutputs, forward};
use scores::Scores;

/// Evaluates a multi-label model. `input` holds the folder of `data`, and `options.explain` has no
/// effect: the maps are of the findings.
///
/// - `threshold`: probability from which a finding is found, in [0, 1].
///
/// # Errors
/// An unreadable image with `strict`; no image that can be read; files that cannot be written;
/// [`EngineError::Interrupted`].
pub fn evaluate_multi_label(
    input: &EvaluationInput<'_>,
    data: &MultiLabelData,
    threshold: f64,
    options: &EvaluateOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<MultiLabelEvaluation> {
    let draft = options.out.map(EvaluationWriter::new).transpose()?;
    let shape = MapsShape {
        capacity: data.labels(),
        classes: input.folder.classes.len(),
        cam: input.cam_size(),
    };
    let mut writers: Vec<MapsWriter> = Vec::new();
    if let Some(draft) = &draft {
        writers.push(draft.maps(shape)?);
    }
    if let Some(path) = options.cams {
        writers.push(MapsWriter::create(path, shape)?);
    }
    let mut pass = FirstPass::new(input, shape, threshold, options)?;
    first_pass((input, data), options, &mut pass, &mut writers, observer)?;
    report_more_frames(input.source, observer);
    let (evaluation, deviations) = second_pass(input, &mut pass, options)?;
    let class_maps = pass.groups.class_maps();
    for writer in writers {
        writer.finish(&class_maps)?;
    }
    if let Some(draft) = draft {
        draft.class_means(&draft.finished_maps()?)?;
        write_images(&draft, (input, data), &pass, &deviations)?;
        draft.commit_multi_label(&evaluation)?;
    }
    Ok(evaluation)
}

/// A map in the spilled file.
#[derive(Clone, Copy)]
struct SpilledMap {
    finding: usize,
    /// Whether it is of a true positive.
    counted: bool,
}

/// Results of the first pass over the images.
struct FirstPass {
    shape: MapsShape,
    groups: GroupSums,
    scores: Scores,
    /// Positions of the images in the source.
    images: Vec<usize>,
    maps: MapSpill,
    /// In the order of `maps`: by image, then by finding.
    spilled: Vec<SpilledMap>,
    grid: Option<GridMaps>,
    skipped: Vec<Skipped>,
}

impl FirstPass {
    fn new(
        input: &EvaluationInput<'_>,
        shape: MapsShape,
        threshold: f64,
        options: &EvaluateOptions<'_>,
    ) -> Result<Self> {
        let [h, w] = shape.cam;
        let grid = options.measures;
        Ok(Self {
            shape,
            groups: GroupSums::new(shape, input.source.preprocess()),
            scores: Scores::new(shape.classes, threshold),
            images: Vec::new(),
            maps: MapSpill::new(h * w)?,
            spilled: Vec::new(),
            grid: grid.map(|grid| GridMaps::new(shape.classes, shape.cam, grid.grid)),
            skipped: Vec::new(),
        })
    }

    fn add_batch(
        &mut self,
        batch: &Batch,
        data: &MultiLabelData,
        outputs: MultiLabelOutputs,
        writers: &mut [MapsWriter],
    ) -> Result<()> {
        let pixels = self.groups.pixels();
        let images = batch.indices.iter().zip(outputs.maps);
        for (i, (&index, maps)) in images.enumerate() {
            let logits = &outputs.logits[i * self.shape.classes..][..self.shape.classes];
            self.scores.add(logits, data.findings(index));
            let pixels = &batch.images[i * pixels..][..pixels];
            for map in maps {
                self.add_map(&map, pixels, writers)?;
            }
            self.images.push(index);
        }
        Ok(())
    }

    /// Adds a map of the image added last.
    fn add_map(
        &mut self,
        map: &FindingMap,
        pixels: &[f32],
        writers: &mut [MapsWriter],
    ) -> Result<()> {
        let finding = map.finding;
        let counted = self.scores.is_found_in_last(finding);
        if counted {
            let image = GroupImage {
                map: &map.map,
                surroundings: map.surroundings,
                pixels,
            };
            self.groups.add(finding, &image)?;
            if let Some(grid) = &mut self.grid {
                grid.push(finding, &map.map)?;
            }
            let probabilities = self.scores.last_probabilities();
            for writer in writers {
                writer.push(&map.map, finding, finding, &probabilities)?;
            }
        }
        self.maps.push(&map.map)?;
        self.spilled.push(SpilledMap { finding, counted });
        Ok(())
    }
}

fn first_pass(
    (input, data): (&EvaluationInput<'_>, &MultiLabelData),
    options: &EvaluateOptions<'_>,
    pass: &mut FirstPass,
    writers: &mut [MapsWriter],
    observer: &mut Observer<'_>,
) -> Result<()> {
    let total = input.source.len();
    let surroundings = SurroundingsEvaluator::new(input.cam_size(), input.source.preprocess());
    let forward_options = ForwardOptions {
        maps: options.maps,
        surroundings: &surroundings,
    };
    let order = (0..total).collect();
    let mut done = 0;
    for batch in input.source.batches(order, options.images_per_batch(), 0) {
        done += batch.indices.len() + batch.skipped.len();
        refuse_unreadable(&batch, options.strict, observer)?;
        pass.skipped.extend(batch.skipped.iter().cloned());
        if !batch.indices.is_empty() {
            let outputs = forward(input, data, &batch, &forward_options)?;
            pass.add_batch(&batch, data, outputs, writers)?;
        }
        observer(Event::Evaluating { done, total });
        if options
            .stop
            .is_some_and(|stop| stop.load(Ordering::Relaxed))
        {
            return Err(EngineError::Interrupted);
        }
    }
    if pass.images.is_empty() {
        let named = input.folder.named.display();
        return Err(EngineError::Request(format!(
            "{named}: no image can be read"
        )));
    }
    Ok(())
}

/// Deviations from the mean maps: of the true positives for the metric, and of all maps if the
/// evaluation is kept.
fn second_pass(
    input: &EvaluationInput<'_>,
    pass: &mut FirstPass,
    options: &EvaluateOptions<'_>,
) -> Result<(MultiLabelEvaluation, Vec<Option<Deviation>>)> {
    let is_kept = options.out.is_some();
    let all_measures = options.measures.is_some_and(|measures| measures.all);
    let mut distances = Distances::new(pass.shape.cam);
    let means = pass.groups.means.clone();
    let mut l2 = DeviationPass::new(&means);
    let mut deviations = Vec::new();
    let spilled = &pass.spilled;
    pass.maps.for_each(|index, map| {
        let SpilledMap { finding, counted } = spilled[index];
        let deviation = match means.mean(finding) {
            Some(mean) if counted => {
                if all_measures {
                    distances.push(map, mean);
                }
                Some(l2.push(finding, map)?)
            }
            Some(mean) if is_kept => Some(
                Deviation::between(map, mean).map_err(|e| EngineError::Failed(e.to_string()))?,
            ),
            _ => None,
        };
        if is_kept {
            deviations.push(deviation);
        }
        Ok::<(), EngineError>(())
    })?;
    let measures = pass.grid.as_ref().map(|grid| {
        if all_measures {
            Measures::new(grid, &distances, PERMUTATIONS, 0)
        } else {
            Measures::from_grid(grid)
        }
    });
    let (squared_l2, l2) = (means.squared_l2(), l2.l2());
    let total = Consistency::new(&squared_l2, &l2);
    let per_finding = finding_results(&input.folder.classes, pass, [&squared_l2, &l2]);
    let evaluation = MultiLabelEvaluation {
        task: MultiLabelTask::MultiLabel,
        model: input.model_summary(options.maps),
        data: input.data_summary(pass.images.len(), &pass.skipped),
        threshold: pass.scores.threshold(),
        binary_cross_entropy: pass.scores.binary_cross_entropy(),
        macro_average: scores::macro_average(&per_finding),
        consistency: ConsistencyResult {
            squared_l2: total.squared_l2,
            l2: total.l2,
            counted: total.counted,
        },
        measures,
        surroundings: pass.groups.all_surroundings().mean(),
        per_finding,
    };
    Ok((evaluation, deviations))
}

/// The result of each finding; `squared_l2` and `l2` are the deviations of its true positives' maps.
fn finding_results(
    names: &[String],
    pass: &FirstPass,
    [squared_l2, l2]: [&ClassDeviations; 2],
) -> Vec<FindingResult> {
    let surroundings = pass.groups.surroundings();
    let result = |(finding, name): (usize, &String)| {
        let counts = pass.scores.counts(finding);
        FindingResult {
            finding: name.clone(),
            positives: counts.positives,
            predicted: counts.predicted,
            true_positives: counts.true_positives,
            scores: pass.scores.of(finding),
            squared_l2: squared_l2.per_class[finding].mean(),
            l2: l2.per_class[finding].mean(),
            surroundings: surroundings[finding].mean(),
        }
    };
    names.iter().enumerate().map(result).collect()
}

/// Writes `images.csv`.
fn write_images(
    draft: &EvaluationWriter,
    (input, data): (&EvaluationInput<'_>, &MultiLabelData),
    pass: &FirstPass,
    deviations: &[Option<Deviation>],
) -> Result<()> {
    let mut table = draft.multi_label_images(&input.folder.classes)?;
    let mut deviations = deviations.iter();
    for (position, &index) in pass.images.iter().enumerate() {
        let probabilities = pass.scores.probabilities(position);
        let mut cells: Vec<FindingCell> = probabilities
            .map(|probability| FindingCell {
                label: false,
                probability,
                squared_l2: None,
                l2: None,
            })
            .collect();
        for &finding in data.findings(index) {
            let deviation = deviations.next().copied().flatten();
            cells[finding] = FindingCell {
                label: true,
                squared_l2: deviation.map(|deviation| deviation.squared_l2),
                l2: deviation.map(|deviation| deviation.l2),
                ..cells[finding]
            };
        }
        let path = input.relative(&input.folder.samples[index].path);
        table.push(&path, &cells)?;
    }
    Ok(table.finish()?)
}

#[cfg(test)]
mod tests;
