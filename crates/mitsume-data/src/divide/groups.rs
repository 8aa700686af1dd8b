//! Puts patients on sides.

use std::collections::HashMap;
use std::path::PathBuf;

use mitsume_random::RandomStream;

use super::ToDivide;
use crate::frame_name::FrameName;

/// The images that must stay together: those of a patient, the frames of a file, or a single image.
pub(super) struct Group {
    /// Indices of the images.
    pub images: Vec<usize>,
    /// Number of images of each class.
    counts: Vec<usize>,
}

/// The groups of the images with these indices, in the order of their first images.
pub(super) fn groups(images: &[ToDivide], indices: &[usize], classes: usize) -> Vec<Group> {
    let mut of_patient: HashMap<&str, usize> = HashMap::new();
    let mut of_file: HashMap<PathBuf, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for &index in indices {
        let image = &images[index];
        let new = groups.len();
        let group = match &image.patient {
            Some(patient) => *of_patient.entry(patient).or_insert(new),
            None => match FrameName::parse(&image.path) {
                Some(frame) => *of_file.entry(frame.file).or_insert(new),
                None => new,
            },
        };
        if group == new {
            groups.push(Group {
                images: Vec::new(),
                counts: vec![0; classes],
            });
        }
        groups[group].images.push(index);
        groups[group].counts[image.class] += 1;
    }
    groups
}

/// The side of each group, so that each side gets its share of every class as nearly as whole groups
/// allow.
///
/// Groups are taken from the largest to the smallest, equal ones in random order. Each goes to the
/// side where it raises Pearson's chi-square, the sum of (images - wanted)² / wanted over sides and
/// classes, the least. Where every group is one image, this is the apportionment of Webster and
/// Sainte-Laguë within each class, so that every side has its share rounded to a whole image.
pub(super) fn sides(groups: &[Group], shares: &[f64], seed: u64) -> Vec<usize> {
    let classes = groups.first().map_or(0, |group| group.counts.len());
    let mut total = vec![0.0; classes];
    for group in groups {
        let counts = group.counts.iter().zip(&mut total);
        counts.for_each(|(count, total)| *total += *count as f64);
    }
    let mut order: Vec<usize> = (0..groups.len()).collect();
    RandomStream::new("mitsume data split v1", &[seed]).shuffle(&mut order);
    order.sort_by_key(|&group| std::cmp::Reverse(groups[group].images.len()));
    let mut filled = vec![vec![0.0; classes]; shares.len()];
    let mut side_of = vec![0; groups.len()];
    for group in order {
        let counts = &groups[group].counts;
        let rise = |side: usize| -> f64 {
            let classes = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let terms = classes.map(|(class, &count)| {
                let (count, wanted) = (count as f64, shares[side] * total[class]);
                count * (count + 2.0 * (filled[side][class] - wanted)) / wanted
            });
            terms.sum()
        };
        // Equal rises: the side that is the least full.
        let fill = |side: usize| filled[side].iter().sum::<f64>() / shares[side];
        let best = (0..shares.len()).min_by(|&a, &b| {
            let rises = rise(a).total_cmp(&rise(b));
            rises.then_with(|| fill(a).total_cmp(&fill(b)))
        });
        let side = best.expect("there is a side");
        side_of[group] = side;
        let counts = counts.iter().zip(&mut filled[side]);
        counts.for_each(|(count, filled)| *filled += *count as f64);
    }
    side_of
}
