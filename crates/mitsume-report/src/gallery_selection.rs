//! Which images of a class a gallery shows.

use mitsume_artifacts::{ExplainedClass, ImageRow};

/// The positions in `rows` of the images that are compared with the mean map of `class`, from the most typical to the most deviant;
/// images without a deviation come last, by name.
pub(crate) fn by_deviation(
    rows: &[ImageRow],
    explain: &ExplainedClass,
    class: usize,
) -> Vec<usize> {
    let mut all: Vec<usize> = (0..rows.len())
        .filter(|i| explain.group(rows[*i].label, rows[*i].prediction).class == class)
        .collect();
    let key = |i: usize| rows[i].squared_l2.unwrap_or(f64::INFINITY);
    all.sort_by(|a, b| {
        key(*a)
            .total_cmp(&key(*b))
            .then_with(|| rows[*a].path.cmp(&rows[*b].path))
    });
    all
}

/// At most `limit` of `ordered`, in the same order: wrongly classified images first, up to three
/// quarters of the places (more where the correct ones do not fill the rest), each kind evenly
/// from its first to its last.
pub(crate) fn select_images(rows: &[ImageRow], ordered: &[usize], limit: usize) -> Vec<usize> {
    let (correct, wrong): (Vec<usize>, Vec<usize>) =
        (0..ordered.len()).partition(|position| rows[ordered[*position]].correct);
    let wrong_places = wrong
        .len()
        .min((limit - limit.div_ceil(4)).max(limit.saturating_sub(correct.len())));
    let mut positions = evenly(&wrong, wrong_places);
    positions.extend(evenly(&correct, limit - wrong_places));
    positions.sort_unstable();
    positions
        .into_iter()
        .map(|position| ordered[position])
        .collect()
}

/// `count` of `all`, first and last included.
fn evenly(all: &[usize], count: usize) -> Vec<usize> {
    if all.len() <= count {
        return all.to_vec();
    }
    match count {
        0 => Vec::new(),
        1 => vec![all[0]],
        _ => (0..count)
            .map(|i| all[i * (all.len() - 1) / (count - 1)])
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(correct: usize, wrong: usize) -> Vec<ImageRow> {
        (0..correct + wrong)
            .map(|i| ImageRow {
                path: format!("{i:03}"),
                label: 0,
                prediction: usize::from(i >= correct),
                correct: i < correct,
                probability: 1.0,
                probability_label: 1.0,
                squared_l2: Some((i * 37 % 101) as f64),
                l2: None,
                border_mass: None,
                background_mass: None,
                background_area: None,
            })
            .collect()
    }

    fn chosen(correct: usize, wrong: usize, limit: usize) -> (usize, usize) {
        let rows = rows(correct, wrong);
        let chosen = select_images(
            &rows,
            &by_deviation(&rows, &ExplainedClass::Label, 0),
            limit,
        );
        let right = chosen.iter().filter(|i| rows[**i].correct).count();
        assert!(chosen.is_sorted_by(|a, b| rows[*a].squared_l2 < rows[*b].squared_l2));
        (right, chosen.len() - right)
    }

    #[test]
    fn misclassified_images_get_up_to_three_quarters_of_the_gallery() {
        assert_eq!(chosen(50, 3, 20), (17, 3));
        assert_eq!(chosen(50, 40, 20), (5, 15));
        assert_eq!(chosen(2, 40, 20), (2, 18));
        assert_eq!(chosen(5, 5, 20), (5, 5));
        assert_eq!(chosen(5, 5, 1), (1, 0));
        assert_eq!(chosen(0, 5, 1), (0, 1));
        assert_eq!(chosen(5, 5, 0), (0, 0));
    }

    #[test]
    fn the_most_typical_and_the_most_deviant_are_among_them() {
        let rows = rows(90, 0);
        let ordered = by_deviation(&rows, &ExplainedClass::Label, 0);
        let chosen = select_images(&rows, &ordered, 7);
        assert_eq!(chosen.first(), ordered.first());
        assert_eq!(chosen.last(), ordered.last());
    }

    #[test]
    fn images_without_a_deviation_come_last_by_name() {
        let mut rows = rows(4, 0);
        rows[0].squared_l2 = None;
        rows[2].squared_l2 = None;
        assert_eq!(by_deviation(&rows, &ExplainedClass::Label, 0), [3, 1, 0, 2]);
        assert!(by_deviation(&rows, &ExplainedClass::Label, 1).is_empty());
    }

    #[test]
    fn maps_of_the_predicted_class_are_shown_with_that_class() {
        let rows = rows(2, 1);
        let predicted = |class| by_deviation(&rows, &ExplainedClass::Predicted, class);
        assert_eq!(predicted(0).len(), 2);
        assert_eq!(predicted(1), [2]);
    }
}
