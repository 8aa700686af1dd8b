//! The image's border: the outermost tenth of each side, all around.

/// Its width as a share of the side.
pub const WIDTH: f64 = 0.1;
/// Its share of an image of any size.
pub const AREA: f64 = 1.0 - (1.0 - 2.0 * WIDTH) * (1.0 - 2.0 * WIDTH);

/// Share of each element of a map [h, w] = `map` that is border, [h, w].
pub(super) fn shares([h, w]: [usize; 2]) -> Vec<f64> {
    let (rows, columns) = (inside(h), inside(w));
    let row = |down: f64| columns.iter().map(move |along| 1.0 - down * along);
    rows.iter().flat_map(|&down| row(down)).collect()
}

/// Share of each of `count` equal parts of a side that is not border.
fn inside(count: usize) -> Vec<f64> {
    let n = count as f64;
    let part = |i: usize| {
        let (start, end) = (i as f64 / n, (i as f64 + 1.0) / n);
        let kept = end.min(1.0 - WIDTH) - start.max(WIDTH);
        (kept * n).clamp(0.0, 1.0)
    };
    (0..count).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_border_by_the_part_of_them_that_is() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        // Tenths: the outer ones are border, the others are not.
        let tenths = shares([10, 10]);
        let outer = |i: usize| i == 0 || i == 9;
        for (i, share) in tenths.iter().enumerate() {
            let expected = f64::from(u8::from(outer(i / 10) || outer(i % 10)));
            assert!(close(*share, expected), "{i}: {share}");
        }
        // Thirds: of the middle one of a side 0.1 / (1/3) is border, of a corner all but 0.7^2.
        let thirds = shares([3, 3]);
        assert!(close(thirds[4], 0.0) && close(thirds[1], 0.3) && close(thirds[0], 0.51));
        assert!(close(shares([1, 1])[0], AREA));
    }

    #[test]
    fn its_area_is_that_of_the_ring_for_any_map() {
        for map in [[1, 1], [7, 7], [28, 14], [3, 112]] {
            let area = shares(map).iter().sum::<f64>() / (map[0] * map[1]) as f64;
            assert!((area - 0.36).abs() < 1e-12, "{map:?}: {area}");
        }
    }
}
