//! The images of a batch that the consistency loss is computed over (Eqs. 12 and 13).

/// The correctly predicted images B+_c of one class.
#[derive(Debug, PartialEq)]
pub(super) struct ClassMembers {
    pub class: usize,
    pub images: Vec<usize>,
}

/// B+_c of every class with at least two members, by class and then by position in the batch.
pub(super) fn class_members(labels: &[usize], predictions: &[usize]) -> Vec<ClassMembers> {
    let mut classes: Vec<usize> = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    classes
        .into_iter()
        .map(|class| ClassMembers {
            class,
            images: (0..labels.len())
                .filter(|&i| labels[i] == class && predictions[i] == class)
                .collect(),
        })
        .filter(|members| members.images.len() >= 2)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_with_fewer_than_two_correct_images_are_left_out() {
        let labels = [2, 0, 2, 1, 1, 0, 2];
        let predictions = [2, 0, 0, 1, 0, 1, 2];
        // Class 0: only image 1 is right. Class 1: only image 3. Class 2: images 0 and 6.
        assert_eq!(
            class_members(&labels, &predictions),
            [ClassMembers {
                class: 2,
                images: vec![0, 6]
            }]
        );
    }

    #[test]
    fn an_all_wrong_batch_has_no_members() {
        assert_eq!(class_members(&[0, 1, 0, 1], &[1, 0, 1, 0]), []);
    }
}
