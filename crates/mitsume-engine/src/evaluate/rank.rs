//! Rank of each image in its class, from typical to deviant.

use mitsume::Deviation;

use super::evaluation_sums::ImageResult;

/// The rank of each image among those compared with the same class mean map by deviation (`squared-l2`): 1 is the most
/// typical. Equal deviations share the smaller rank. `None` for an image without a deviation.
pub(super) fn ranks(
    images: &[ImageResult],
    deviations: &[Option<Deviation>],
) -> Vec<Option<usize>> {
    let value = |index: usize| deviations[index].map(|deviation| deviation.squared_l2);
    let mut order: Vec<usize> = (0..images.len())
        .filter(|&index| value(index).is_some())
        .collect();
    // `l2` gives the same order within a class.
    order.sort_by(|&a, &b| {
        let classes = images[a].group.class.cmp(&images[b].group.class);
        classes.then_with(|| value(a).unwrap_or(0.0).total_cmp(&value(b).unwrap_or(0.0)))
    });
    let mut ranks = vec![None; images.len()];
    for class in order.chunk_by(|&a, &b| images[a].group.class == images[b].group.class) {
        let mut rank = 1;
        for (place, &index) in class.iter().enumerate() {
            if place > 0 && value(index) != value(class[place - 1]) {
                rank = place + 1;
            }
            ranks[index] = Some(rank);
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use mitsume_artifacts::ExplainedClass;

    use super::*;

    fn image(label: usize) -> ImageResult {
        ImageResult {
            index: 0,
            label,
            prediction: 0,
            group: ExplainedClass::Label.group(label, 0),
            probability: 1.0,
            probability_label: 1.0,
            surroundings: None,
        }
    }

    fn deviation(squared_l2: f64) -> Option<Deviation> {
        Some(Deviation {
            squared_l2,
            l2: squared_l2.sqrt(),
        })
    }

    #[test]
    fn ranks_are_per_class_and_equal_deviations_share_one() {
        let images = [1, 0, 0, 1, 0, 0, 2].map(image);
        let mut deviations = [0.3, 0.2, 0.1, 0.1, 0.2, 0.4].map(deviation).to_vec();
        deviations.push(None);
        let expected = [2, 2, 1, 1, 2, 4].map(Some);
        let found = ranks(&images, &deviations);
        assert_eq!(found[..6], expected);
        assert_eq!(found[6], None);
    }
}
