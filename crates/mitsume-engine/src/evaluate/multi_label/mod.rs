//! Evaluation of a multi-label model: each output is a finding by itself.
//!
//! An image has a map of each finding that it has. A finding's mean map and consistency are over its
//! true positives: images that have it and whose probability, the sigmoid of the output, reaches the
//! threshold. As in [`evaluate`](super::evaluate), maps are spilled to a temporary file and read a
//! second time.

mod forward;
mod scores;

use mitsume::measures::GridMaps;
use mitsume::{ClassDeviations, Consistency, Deviation, MapSpill};
use mitsume_artifacts::{
    ConsistencyResult, EvaluationWriter, FindingCell, FindingResult, GroupMembership, MapsShape,
    MapsWriter, MultiLabelEvaluation, MultiLabelTask,
};
use mitsume_data::{Batch, MultiLabelData, Skipped};

use super::EvaluateOptions;
use super::deviations::{SecondPass, second_pass};
use super::first_pass::{for_each_batch, map_writers, write_class_maps};
use super::group_sums::GroupSums;
use super::image_sums::ImageSums;
use crate::evaluation_input::report_more_frames;
use crate::surroundings::SurroundingsEvaluator;
use crate::{EngineError, EvaluationInput, Observer, Result};
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
    let mut writers = map_writers(draft.as_ref(), options, shape)?;
    let mut pass = FirstPass::new(input, shape, threshold, options)?;
    first_pass((input, data), options, &mut pass, &mut writers, observer)?;
    report_more_frames(input.source, observer);
    let groups = &pass.map_groups;
    let second = second_pass(
        &mut pass.maps,
        |index| groups[index],
        &pass.groups.means,
        pass.grid.as_ref(),
        options,
    )?;
    let deviations = &second.deviations;
    let evaluation = evaluation(input, &pass, &second, options);
    let sums = &mut pass.image_sums;
    write_class_maps(writers, &pass.groups, sums.image(), &mut |class, count| {
        sums.mean(class, count)
    })?;
    if let Some(draft) = draft {
        draft.class_means(&draft.finished_maps()?)?;
        write_images(&draft, (input, data), &pass, deviations)?;
        draft.commit_multi_label(&evaluation)?;
    }
    Ok(evaluation)
}

/// Results of the first pass over the images.
struct FirstPass {
    shape: MapsShape,
    groups: GroupSums,
    /// Of the true positives of each finding.
    image_sums: ImageSums,
    scores: Scores,
    /// Positions of the images in the source.
    images: Vec<usize>,
    maps: MapSpill,
    /// The finding of each map, and whether it is of a true positive, in the order of `maps`: by
    /// image, then by finding.
    map_groups: Vec<GroupMembership>,
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
            groups: GroupSums::new(shape),
            image_sums: ImageSums::new(shape.classes, input.source.preprocess()),
            scores: Scores::new(shape.classes, threshold),
            images: Vec::new(),
            maps: MapSpill::new(h * w)?,
            map_groups: Vec::new(),
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
        let images = batch.indices.iter().zip(outputs.maps);
        for (i, (&index, maps)) in images.enumerate() {
            let logits = &outputs.logits[i * self.shape.classes..][..self.shape.classes];
            self.scores.add(logits, data.findings(index));
            for map in maps {
                if self.add_map(&map, writers)? {
                    self.image_sums.add(map.finding, &batch.images, i)?;
                }
            }
            self.images.push(index);
        }
        Ok(())
    }

    /// Adds a map of the image added last, and returns whether it is of a true positive.
    fn add_map(&mut self, map: &FindingMap, writers: &mut [MapsWriter]) -> Result<bool> {
        let finding = map.finding;
        let counted = self.scores.is_found_in_last(finding);
        if counted {
            let surroundings = map.surroundings.as_ref();
            self.groups.add(finding, &map.map, surroundings)?;
            if let Some(grid) = &mut self.grid {
                grid.push(finding, &map.map)?;
            }
            let probabilities = self.scores.last_probabilities();
            for writer in writers {
                writer.push(&map.map, finding, finding, &probabilities)?;
            }
        }
        self.maps.push(&map.map)?;
        self.map_groups.push(GroupMembership {
            class: finding,
            counted,
        });
        Ok(counted)
    }
}

fn first_pass(
    (input, data): (&EvaluationInput<'_>, &MultiLabelData),
    options: &EvaluateOptions<'_>,
    pass: &mut FirstPass,
    writers: &mut [MapsWriter],
    observer: &mut Observer<'_>,
) -> Result<()> {
    let surroundings = SurroundingsEvaluator::new(input.cam_size(), input.source.preprocess());
    let forward_options = ForwardOptions {
        maps: options.maps,
        surroundings: &surroundings,
    };
    let images = 0..input.source.len();
    pass.skipped = for_each_batch(input, options, images, observer, |batch| {
        let outputs = forward(input, data, batch, &forward_options)?;
        pass.add_batch(batch, data, outputs, writers)
    })?;
    if pass.images.is_empty() {
        let named = input.folder.named.display();
        return Err(EngineError::Request(format!(
            "{named}: no image can be read"
        )));
    }
    Ok(())
}

fn evaluation(
    input: &EvaluationInput<'_>,
    pass: &FirstPass,
    second: &SecondPass,
    options: &EvaluateOptions<'_>,
) -> MultiLabelEvaluation {
    let (squared_l2, l2) = (pass.groups.means.squared_l2(), &second.l2);
    let total = Consistency::new(&squared_l2, l2);
    let per_finding = finding_results(&input.folder.classes, pass, [&squared_l2, l2]);
    MultiLabelEvaluation {
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
        measures: second.measures,
        surroundings: pass.groups.all_surroundings().mean(),
        per_finding,
    }
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
