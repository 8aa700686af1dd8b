//! 3x3 convolutions in the Winograd domain.

use super::{Case, Run, square, values};
use crate::grid::Grid;
use crate::winograd::convolution::convolve;
use crate::winograd::epilogue::{InputGradient, ReluMask, StoreWithStatistics};
use crate::winograd::filter::{Direction, FilterShape, Filters};
use crate::winograd::input::Input;
use crate::winograd::weight_gradient::weight_gradient;
use crate::workspace::Workspace;

/// A 3x3 convolution of the levels: side of the map, input and output channels.
pub const CONVOLUTIONS: [[usize; 3]; 10] = [
    [112, 16, 32],
    [112, 32, 64],
    [56, 64, 128],
    [28, 128, 256],
    [112, 64, 64],
    [56, 128, 128],
    [28, 256, 256],
    [112, 128, 128],
    [56, 256, 256],
    [28, 512, 512],
];

/// A convolution of the bench: its maps, input and output channels.
#[derive(Clone, Copy)]
struct Shape {
    grid: Grid,
    inputs: usize,
    outputs: usize,
}

impl Shape {
    fn input_len(&self) -> usize {
        self.grid.pixels() * self.inputs
    }

    fn output_len(&self) -> usize {
        self.grid.pixels() * self.outputs
    }

    fn filters_len(&self) -> usize {
        9 * self.inputs * self.outputs
    }

    fn input<'a>(&self, data: &'a [f32]) -> Input<'a> {
        Input {
            grid: self.grid,
            channels: self.inputs,
            data,
            affine: None,
        }
    }

    fn output<'a>(&self, data: &'a [f32]) -> Input<'a> {
        Input {
            channels: self.outputs,
            ..self.input(data)
        }
    }

    fn filters(&self, workspace: &Workspace, direction: Direction) -> Filters {
        let shape = FilterShape {
            outputs: self.outputs,
            inputs: self.inputs,
        };
        let weights = values(self.filters_len(), 1);
        Filters::new(workspace, &weights, shape, direction, None)
    }
}

/// The three passes of one convolution on `images` images: forward with statistics, gradient of the
/// input through its ReLU, gradient of the filters.
pub fn convolution(
    workspace: &Workspace,
    images: usize,
    [side, inputs, outputs]: [usize; 3],
) -> [Case; 3] {
    let shape = Shape {
        grid: square(images, side),
        inputs,
        outputs,
    };
    let (small, large) = (shape.input_len(), shape.output_len());
    let flop = 18.0 * (shape.grid.pixels() * inputs * outputs) as f64;
    let case = |pass, values: usize, run| Case {
        name: format!("{pass} {side}x{side} {inputs} to {outputs}"),
        flop,
        // F(4x4, 3x3): 36 multiplications for 16 outputs instead of 144.
        product_flop: flop / 4.0,
        bytes: 4.0 * values as f64,
        run,
    };
    let workspace = workspace.clone();
    [
        case("forward", small + large, forward(workspace.clone(), shape)),
        case(
            "input gradient",
            2 * small + large,
            input_gradient(workspace.clone(), shape),
        ),
        case(
            "filter gradient",
            small + large,
            filter_gradient(workspace, shape),
        ),
    ]
}

fn forward(workspace: Workspace, shape: Shape) -> Run {
    let filters = shape.filters(&workspace, Direction::Forward);
    let x = values(shape.input_len(), 2);
    let mut z = vec![0.0; shape.output_len()];
    Box::new(move || {
        let input = shape.input(&x);
        convolve(&workspace, input, &filters, &StoreWithStatistics, &mut z);
    })
}

fn input_gradient(workspace: Workspace, shape: Shape) -> Run {
    let filters = shape.filters(&workspace, Direction::Backward);
    let (dz, x) = (values(shape.output_len(), 3), values(shape.input_len(), 2));
    let (ones, zeros) = (vec![1.0; shape.inputs], vec![0.0; shape.inputs]);
    let mut dx = vec![0.0; shape.input_len()];
    Box::new(move || {
        let mask = ReluMask {
            reference: &x,
            scale: &ones,
            shift: &zeros,
            center: &zeros,
        };
        let epilogue = InputGradient {
            accumulate: false,
            mask: Some(mask),
        };
        convolve(&workspace, shape.output(&dz), &filters, &epilogue, &mut dx);
    })
}

fn filter_gradient(workspace: Workspace, shape: Shape) -> Run {
    let (dz, x) = (values(shape.output_len(), 3), values(shape.input_len(), 2));
    let mut out = vec![0.0; shape.filters_len()];
    Box::new(move || {
        weight_gradient(&workspace, shape.input(&x), shape.output(&dz), &mut out);
    })
}
