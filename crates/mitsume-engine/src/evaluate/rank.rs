//! How typical an image is of its class.

use mitsume::Deviation;

use super::evaluation_sums::ImageResult;

/// The rank of each image among those of its true class by deviation (`squared-l2`): 1 for the
/// most typical; equal deviations share the smaller rank. `None` where there is no deviation.
pub(super) fn ranks(
    images: &[ImageResult],
    deviations: &[Option<Deviation>],
) -> Vec<Option<usize>> {
    let value = |index: usize| deviations[index].map(|deviation| deviation.squared_l2);
    let mut order: Vec<usize> = (0..images.len())
        .filter(|&index| value(index).is_some())
        .collect();
    // `l2` orders the images of a class the same way.
    order.sort_by(|&a, &b| {
        let classes = images[a].label.cmp(&images[b].label);
        classes.then_with(|| value(a).unwrap_or(0.0).total_cmp(&value(b).unwrap_or(0.0)))
    });
    let mut ranks = vec![None; images.len()];
    for class in order.chunk_by(|&a, &b| images[a].label == images[b].label) {
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
    use super::*;

    fn image(label: usize) -> ImageResult {
        ImageResult {
            index: 0,
            label,
            prediction: 0,
            probability: 1.0,
            probability_label: 1.0,
            surroundings: None,
        }
    }

    fn at(squared_l2: f64) -> Option<Deviation> {
        Some(Deviation {
            squared_l2,
            l2: squared_l2.sqrt(),
        })
    }

    #[test]
    fn the_nearest_to_the_mean_of_its_own_class_is_first_and_equals_share() {
        let images = [1, 0, 0, 1, 0, 0, 2].map(image);
        let deviations = [at(0.3), at(0.2), at(0.1), at(0.1), at(0.2), at(0.4), None];
        let expected = [2, 2, 1, 1, 2, 4].map(Some);
        let found = ranks(&images, &deviations);
        assert_eq!(found[..6], expected);
        assert_eq!(found[6], None);
    }
}
