//! Maps of moved images, against images and maps that are moved by hand.

use mitsume::trust::{Direction, EquivarianceTest, Movement};

fn movements(map: [usize; 2], image: [usize; 2]) -> Vec<(Direction, usize, usize)> {
    let all = Movement::all(map, image).into_iter();
    all.map(|one| (one.direction, one.cells, one.pixels))
        .collect()
}

#[test]
fn shifts_are_by_whole_cells_and_pixels_of_about_an_eighth() {
    let flips = [
        (Direction::FlipHorizontally, 0, 0),
        (Direction::FlipVertically, 0, 0),
    ];
    let found = movements([7, 56], [224, 224]);
    assert_eq!(found[..2], flips);
    let shifts = [
        (Direction::ShiftRight, 7, 28),
        (Direction::ShiftDown, 1, 32),
    ];
    assert_eq!(found[2..], shifts);
    // 14 cells on 224: 1.75 cells round to 2. 28 pixels on 5 cells: only all five are whole.
    let found = movements([14, 5], [224, 28]);
    assert_eq!(found[2..], [(Direction::ShiftDown, 2, 32)]);
    assert_eq!(movements([1, 1], [8, 8]), flips);
}

#[test]
fn images_move_as_they_are_told() {
    // Two channels of 2x3.
    let image: Vec<f32> = (0..12).map(|value| value as f32).collect();
    let moved = |direction, pixels| {
        let movement = Movement {
            direction,
            pixels,
            cells: 1,
        };
        movement.moved(&image, [2, 3])
    };
    let expected = |values: [u8; 12]| values.map(f32::from).to_vec();
    assert_eq!(
        moved(Direction::FlipHorizontally, 0),
        expected([2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9])
    );
    assert_eq!(
        moved(Direction::FlipVertically, 0),
        expected([3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8])
    );
    assert_eq!(
        moved(Direction::ShiftRight, 1),
        expected([0, 0, 1, 3, 3, 4, 6, 6, 7, 9, 9, 10])
    );
    assert_eq!(
        moved(Direction::ShiftDown, 1),
        expected([0, 1, 2, 0, 1, 2, 6, 7, 8, 6, 7, 8])
    );
}

/// A map that moves with its image is at 1 whatever comes in at the border; one that stays in
/// place is at 1 only there.
#[test]
fn maps_that_move_with_the_image_are_told_from_maps_that_stay() {
    let shape = [6, 8];
    let map: Vec<f32> = (0..48).map(|i| (i * 29 % 47) as f32).collect();
    for movement in Movement::all(shape, [60, 80]) {
        let of_map = Movement {
            pixels: movement.cells,
            ..movement
        };
        let mut follows = of_map.moved(&map, shape);
        if movement.cells > 0 {
            follows[0] = 50.0;
        }
        let result = |moved: &[f32]| {
            let mut test = EquivarianceTest::new(movement);
            test.add(&map, moved, shape).unwrap();
            test.result(0)
        };
        let found = result(&follows);
        assert!(
            (found.spearman.unwrap().mean - 1.0).abs() < 1e-12,
            "{movement:?}"
        );
        assert!(
            (found.ssim.unwrap().mean - 1.0).abs() < 1e-6,
            "{movement:?}"
        );
        assert!(found.in_place.unwrap().mean < 0.7, "{movement:?}");
        let stays = result(&map);
        assert!((stays.in_place.unwrap().mean - 1.0).abs() < 1e-12);
        assert!(stays.spearman.unwrap().mean < 0.7, "{movement:?}");
    }
}

#[test]
fn constant_maps_are_counted_and_wrong_ones_refused() {
    let movement = Movement::all([2, 2], [4, 4])[0];
    let mut test = EquivarianceTest::new(movement);
    test.add(&[1.0, 2.0, 3.0, 4.0], &[0.0; 4], [2, 2]).unwrap();
    let found = test.result(0);
    assert_eq!((found.images, found.undefined), (1, 1));
    assert_eq!((found.spearman, found.in_place), (None, None));
    assert!(test.add(&[1.0; 3], &[1.0; 4], [2, 2]).is_err());
    assert!(test.add(&[f32::NAN; 4], &[1.0; 4], [2, 2]).is_err());
    assert_eq!(test.result(0).images, 1);
}
