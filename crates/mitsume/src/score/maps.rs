//! Reads the maps of a file one by one, in bounded memory, in C or Fortran order.

use super::ScoreProblem;
use super::array::{Array, Container};

/// Most values of one map: 4096 x 4096.
pub(super) const MAX_PIXELS: usize = 1 << 24;
/// Values of the buffer for transposing Fortran order: 256 MB.
const TRANSPOSE_VALUES: usize = 1 << 25;
/// Bound on the number of times that a Fortran-ordered array is read.
const MAX_PASSES: usize = 64;

impl Container {
    /// The shape [N, h, w] of `cams`, none of them 0 or too large.
    pub fn map_shape(&mut self) -> Result<[usize; 3], ScoreProblem> {
        map_shape(&self.array("cams")?)
    }

    /// Visits image index and map [h * w], in order. Call [`Self::map_shape`] first.
    pub fn for_each_map(
        &mut self,
        mut visit: impl FnMut(usize, &mut [f64]) -> Result<(), ScoreProblem>,
    ) -> Result<(), ScoreProblem> {
        let mut array = self.array("cams")?;
        let [images, height, width] = map_shape(&array)?;
        let pixels = height * width;
        if !array.fortran_order {
            let mut map = vec![0.0; pixels];
            for image in 0..images {
                array.element.decode(&array.read(pixels)?, &mut map);
                visit(image, &mut map)?;
            }
            return array.expect_end();
        }
        let block = (TRANSPOSE_VALUES / pixels).clamp(1, images);
        if images.div_ceil(block) > MAX_PASSES {
            let advice = "save np.ascontiguousarray(cams)";
            return Err(array.problem(format!("too large in Fortran order; {advice}")));
        }
        drop(array);
        for begin in (0..images).step_by(block) {
            let count = block.min(images - begin);
            let mut maps = transposed(self.array("cams")?, [images, height, width], begin, count)?;
            for (offset, map) in maps.chunks_exact_mut(pixels).enumerate() {
                visit(begin + offset, map)?;
            }
        }
        Ok(())
    }
}

fn map_shape(array: &Array) -> Result<[usize; 3], ScoreProblem> {
    let &[images, height, width] = &array.shape[..] else {
        let shape = &array.shape;
        return Err(array.problem(format!(
            "shape {shape:?}; one map per image is needed, [N, h, w]"
        )));
    };
    let pixels = height.checked_mul(width);
    match pixels.and_then(|pixels| {
        pixels
            .checked_mul(images)?
            .checked_mul(array.element.size())
    }) {
        Some(0) => Err(array.problem(format!("shape {:?} holds no map", array.shape))),
        Some(_) if pixels <= Some(MAX_PIXELS) => Ok([images, height, width]),
        _ => Err(array.problem(format!(
            "shape {:?} is too large; maps of up to {MAX_PIXELS} values are taken",
            array.shape
        ))),
    }
}

/// `count` maps from image `begin` on, out of an array whose image index runs fastest, then the
/// row, then the column.
fn transposed(
    mut array: Array,
    [images, height, width]: [usize; 3],
    begin: usize,
    count: usize,
) -> Result<Vec<f64>, ScoreProblem> {
    let pixels = height * width;
    let mut maps = vec![0.0; count * pixels];
    let mut values = vec![0.0; count];
    for column in 0..width {
        for row in 0..height {
            array.skip(begin)?;
            let bytes = array.read(count)?;
            array.element.decode(&bytes, &mut values);
            for (map, &value) in maps.chunks_exact_mut(pixels).zip(&values) {
                map[row * width + column] = value;
            }
            array.skip(images - begin - count)?;
        }
    }
    array.expect_end()?;
    Ok(maps)
}
