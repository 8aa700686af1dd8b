//! MatMul and Gemm.

use burn::tensor::Tensor;

use super::binary::broadcast_to;
use super::trainable_linear::linear;
use super::{Inputs, NodeInfo, Operator, OperatorError, Weights};
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::broadcast;
use crate::value::{Floats, Value};

/// Matrix products over the last two axes, the others broadcast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatMul;

impl Operator for MatMul {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (a, b) = (inputs.float(0)?, inputs.float(1)?);
        let (a_shape, b_shape) = (a.shape().to_vec(), b.shape().to_vec());
        let out = product_shape(&a_shape, &b_shape)?;
        limits::elements(&out)?;
        let ([.., n, k], [.., m]) = (&a_shape[..], &b_shape[..]) else {
            return Err("two axes or more expected".into());
        };
        let (a_batch, b_batch) = (&a_shape[..a_shape.len() - 2], &b_shape[..b_shape.len() - 2]);
        let batch = &out[..out.len() - 2];
        let count = batch.iter().product::<usize>();
        let product = if b_batch.iter().product::<usize>() == 1 {
            // One matrix for the whole batch.
            let rows = a_shape[..a_shape.len() - 1].iter().product();
            let (a, b) = (a.into_tensor([rows, *k]), b.into_tensor([*k, *m]));
            Floats::from_tensor(product_with_matrix(a, b)?)
        } else if a_batch == b_batch {
            Floats::from_tensor(
                a.into_tensor([count, *n, *k])
                    .matmul(b.into_tensor([count, *k, *m])),
            )
        } else {
            let a_shape = [batch, &[*n, *k]].concat();
            let b_shape = [batch, &[*k, *m]].concat();
            let a = broadcast_to(a, &a_shape)?.into_tensor([count, *n, *k]);
            let b = broadcast_to(b, &b_shape)?.into_tensor([count, *k, *m]);
            Floats::from_tensor(a.matmul(b))
        };
        Ok(vec![Value::Float(product.reshaped(out)?)])
    }

    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let (a, b) = (inputs.float(0)?, inputs.float(1)?);
        let (a_shape, b_shape) = (a.shape().to_vec(), b.shape().to_vec());
        let ([.., n, k], [.., m]) = (&a_shape[..], &b_shape[..]) else {
            return Err(OperatorError::Invalid("two axes or more expected".into()));
        };
        let (n, k, m) = (*n, *k, *m);
        let batches = [&a_shape[..a_shape.len() - 2], &b_shape[..b_shape.len() - 2]];
        if batches[0] != batches[1] && batches[1].iter().product::<usize>() != 1 {
            return Err(OperatorError::Unsupported(
                "a gradient through the gradient of a product with broadcasting is not supported"
                    .into(),
            ));
        }
        let count: usize = a_shape[..a_shape.len() - 2].iter().product();
        let (da, db) = if b_shape[..b_shape.len() - 2].iter().product::<usize>() == 1 {
            // One matrix for the whole batch.
            let (g, a) = (
                cotangent.into_tensor([count * n, m]),
                a.into_tensor([count * n, k]),
            );
            let b = b.into_tensor([k, m]);
            let da = Floats::from_tensor(g.clone().matmul(b.transpose()));
            (da, Floats::from_tensor(a.transpose().matmul(g)))
        } else {
            let g = cotangent.into_tensor([count, n, m]);
            let (a, b) = (a.into_tensor([count, n, k]), b.into_tensor([count, k, m]));
            let da = Floats::from_tensor(g.clone().matmul(b.transpose()));
            (da, Floats::from_tensor(a.transpose().matmul(g)))
        };
        Ok(vec![
            Some(da.reshaped(a_shape)?),
            Some(db.reshaped(b_shape)?),
        ])
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        match inputs {
            [Some(a), Some(b)] => Some(product_shape(a, b)),
            _ => None,
        }
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Product
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn weights(&self) -> Weights {
        Weights::Inputs(&[0, 1])
    }
}

/// `a b`.
fn product_with_matrix(a: Tensor<2>, b: Tensor<2>) -> Result<Tensor<2>, OperatorError> {
    let ([rows, k], [_, m]) = (a.dims(), b.dims());
    let product = linear(a.reshape([rows * k]), b.transpose(), None, rows)?;
    Ok(product.reshape([rows, m]))
}

/// The shape of a product, the axes before the last two broadcast.
fn product_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, OperatorError> {
    let ([a_batch @ .., n, k], [b_batch @ .., k2, m]) = (a, b) else {
        return Err(OperatorError::Invalid(format!(
            "shapes {a:?} and {b:?}: two axes or more expected"
        )));
    };
    if k != k2 {
        return Err(OperatorError::Invalid(format!(
            "shapes {a:?} and {b:?} do not go together"
        )));
    }
    Ok([&broadcast(a_batch, b_batch)?[..], &[*n, *m]].concat())
}

/// `alpha A B + beta C`; A and B may be transposed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gemm {
    pub alpha: f32,
    pub beta: f32,
    pub transposed: [bool; 2],
}

impl Operator for Gemm {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let a = matrix(inputs.float(0)?, self.transposed[0])?;
        let b = matrix(inputs.float(1)?, self.transposed[1])?;
        let c = inputs.optional(2).map(Value::float).transpose()?;
        let ([n, k], [k2, m]) = (a.dims(), b.dims());
        if k != k2 {
            return Err(OperatorError::Invalid(format!(
                "a {n}x{k} matrix times a {k2}x{m} one"
            )));
        }
        limits::elements(&[n, m])?;
        let mut y = product_with_matrix(a, b)?;
        if self.alpha != 1.0 {
            y = y.mul_scalar(self.alpha);
        }
        if let Some(c) = c {
            if broadcast(c.shape(), &[n, m])? != [n, m] {
                return Err(OperatorError::Invalid(format!(
                    "C of shape {:?} for {n}x{m}",
                    c.shape()
                )));
            }
            let sides = crate::shape::with_leading_ones(c.shape(), 2);
            let c = c.into_tensor([sides[0], sides[1]]);
            y = y + if self.beta == 1.0 {
                c
            } else {
                c.mul_scalar(self.beta)
            };
        }
        Ok(vec![Value::Float(Floats::from_tensor(y))])
    }

    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let [n, m] = match *cotangent.shape() {
            [n, m] => [n, m],
            _ => return Err(OperatorError::Invalid("two axes expected".into())),
        };
        let g = cotangent.into_tensor([n, m]).mul_scalar(self.alpha);
        let b = matrix(inputs.float(1)?, self.transposed[1])?;
        let da = g.matmul(b.transpose());
        // Of the features alone: weights have no cotangent in a class activation map.
        let da = if self.transposed[0] {
            da.transpose()
        } else {
            da
        };
        Ok(vec![Some(Floats::from_tensor(da))])
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        let sides = |i: usize| match *(*inputs.get(i)?)? {
            [n, m] if self.transposed[i] => Some([m, n]),
            [n, m] => Some([n, m]),
            _ => None,
        };
        let ([n, k], [k2, m]) = (sides(0)?, sides(1)?);
        let c = inputs.get(2).copied().flatten();
        let fits = k == k2 && c.is_none_or(|c| broadcast(c, &[n, m]) == Ok(vec![n, m]));
        // Run it to say what is wrong.
        fits.then(|| Ok(vec![n, m]))
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::MatrixProduct {
            transposed: self.transposed,
        }
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn weights(&self) -> Weights {
        Weights::Inputs(&[0, 1])
    }
}

impl Gemm {
    pub fn parse(node: &mut NodeInfo) -> Self {
        let attributes = &mut node.attributes;
        Self {
            alpha: attributes.float("alpha", 1.0),
            beta: attributes.float("beta", 1.0),
            transposed: ["transA", "transB"].map(|name| attributes.int(name, 0) != 0),
        }
    }
}

fn matrix(x: Floats, transposed: bool) -> Result<Tensor<2>, OperatorError> {
    let [n, m] = x
        .shape()
        .try_into()
        .map_err(|_| OperatorError::Invalid(format!("a matrix expected, {:?} found", x.shape())))?;
    let x = x.into_tensor([n, m]);
    Ok(if transposed { x.transpose() } else { x })
}
