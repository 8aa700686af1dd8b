//! The second pass: deviations of the spilled maps from the mean maps of their groups.

use mitsume::measures::{GridMaps, MapMeasures, Measures};
use mitsume::{ClassDeviations, ClassMeans, Deviation, DeviationPass, MapSpill};
use mitsume_artifacts::GroupMembership;

use super::{EvaluateOptions, PERMUTATIONS};
use crate::{EngineError, Result};

/// What the second pass finds.
pub(super) struct SecondPass {
    /// The `l2` deviations of the counted maps.
    pub l2: ClassDeviations,
    /// Deviation of every map, counted or not, if the evaluation is kept; else empty.
    pub deviations: Vec<Option<Deviation>>,
    /// Measures beyond the metric, if there is a grid.
    pub measures: Option<Measures>,
}

/// Reads `maps` once more; `group` says where the map of an index belongs.
///
/// # Errors
/// The temporary file cannot be read.
pub(super) fn second_pass(
    maps: &mut MapSpill,
    group: impl Fn(usize) -> GroupMembership,
    means: &ClassMeans,
    grid: Option<&GridMaps>,
    options: &EvaluateOptions<'_>,
) -> Result<SecondPass> {
    let is_kept = options.out.is_some();
    let all_measures = options.measures.is_some_and(|measures| measures.all);
    // Counted maps come in the order in which the first pass put them on the grid.
    let mut of_maps = grid
        .filter(|_| all_measures)
        .map(|grid| MapMeasures::new(means.shape(), grid.classes(), 0));
    let mut l2 = DeviationPass::new(means);
    let mut deviations = Vec::new();
    maps.for_each(|index, map| {
        let GroupMembership { class, counted } = group(index);
        let deviation = match means.mean(class) {
            Some(mean) if counted => {
                if let Some(of_maps) = &mut of_maps {
                    of_maps.push(map, mean);
                }
                Some(l2.push(class, map)?)
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
    let measures = grid.map(|grid| match &of_maps {
        Some(of_maps) => Measures::new(grid, of_maps, PERMUTATIONS, 0),
        None => Measures::from_grid(grid),
    });
    Ok(SecondPass {
        l2: l2.l2(),
        deviations,
        measures,
    })
}
