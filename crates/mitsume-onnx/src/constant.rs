//! Initialisers and tensor attributes.

use bytes::Bytes;
use half::{bf16, f16};

use crate::ints::Ints;
use crate::limits;
use crate::op::OperatorError;
use crate::proto::{TensorProto, data_type};

/// A constant tensor, on the host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    /// Values and shape.
    Float(Vec<f32>, Vec<usize>),
    /// Integers.
    Int(Ints),
}

impl Constant {
    /// Reads `tensor`; `external` is its raw data if that is stored in another file.
    pub fn read(tensor: &TensorProto, external: Option<Bytes>) -> Result<Self, OperatorError> {
        let shape = tensor
            .dims
            .iter()
            .map(|&side| crate::ints::dimension(side))
            .collect::<Result<Vec<_>, _>>()?;
        let count = limits::elements(&shape)?;
        let raw = external.as_ref().unwrap_or(&tensor.raw_data);
        match tensor.data_type {
            data_type::FLOAT | data_type::DOUBLE | data_type::FLOAT16 | data_type::BFLOAT16 => {
                let data = floats(tensor, raw, count)?;
                Ok(Self::Float(data, shape))
            }
            data_type::INT64
            | data_type::INT32
            | data_type::BOOL
            | data_type::UINT8
            | data_type::INT8 => Ok(Self::Int(Ints::new(integers(tensor, raw, count)?, shape)?)),
            other => Err(OperatorError::Invalid(format!(
                "data type {other}: only float32, float64, float16, bfloat16, int64, int32, int8, \
                 uint8 and bool are read"
            ))),
        }
    }
}

fn floats(tensor: &TensorProto, raw: &[u8], count: usize) -> Result<Vec<f32>, OperatorError> {
    let half = |bits: &i32| {
        u16::try_from(*bits).map_err(|_| OperatorError::Invalid("16 bits expected".to_owned()))
    };
    if !raw.is_empty() || count == 0 {
        return match tensor.data_type {
            data_type::FLOAT => read_each(raw, count, f32::from_le_bytes),
            data_type::DOUBLE => read_each(raw, count, |bytes| f64::from_le_bytes(bytes) as f32),
            data_type::FLOAT16 => read_each(raw, count, |bytes| f16::from_le_bytes(bytes).to_f32()),
            _ => read_each(raw, count, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        };
    }
    let data = match tensor.data_type {
        data_type::FLOAT => tensor.float_data.clone(),
        data_type::DOUBLE => tensor.double_data.iter().map(|&v| v as f32).collect(),
        kind => {
            let bits = tensor.int32_data.iter().map(half);
            let bits = bits.collect::<Result<Vec<u16>, _>>()?;
            let value = |bits: u16| match kind {
                data_type::FLOAT16 => f16::from_bits(bits).to_f32(),
                _ => bf16::from_bits(bits).to_f32(),
            };
            bits.into_iter().map(value).collect()
        }
    };
    check_count(data, count)
}

fn integers(tensor: &TensorProto, raw: &[u8], count: usize) -> Result<Vec<i64>, OperatorError> {
    if !raw.is_empty() || count == 0 {
        return match tensor.data_type {
            data_type::INT64 => read_each(raw, count, i64::from_le_bytes),
            data_type::INT32 => read_each(raw, count, |bytes| i32::from_le_bytes(bytes).into()),
            data_type::INT8 => read_each(raw, count, |[byte]: [u8; 1]| (byte as i8).into()),
            data_type::BOOL => read_each(raw, count, |[byte]: [u8; 1]| (byte != 0).into()),
            _ => read_each(raw, count, |[byte]: [u8; 1]| byte.into()),
        };
    }
    let data = if tensor.data_type == data_type::INT64 {
        tensor.int64_data.clone()
    } else {
        tensor.int32_data.iter().map(|&v| v.into()).collect()
    };
    check_count(data, count)
}

/// `count` little-endian values of `SIZE` bytes.
fn read_each<T, const SIZE: usize>(
    raw: &[u8],
    count: usize,
    read: impl Fn([u8; SIZE]) -> T,
) -> Result<Vec<T>, OperatorError> {
    if raw.len() != count * SIZE {
        return Err(OperatorError::Invalid(format!(
            "{} bytes where {count} values of {SIZE} bytes are expected",
            raw.len()
        )));
    }
    let (values, _) = raw.as_chunks::<SIZE>();
    Ok(values.iter().map(|&bytes| read(bytes)).collect())
}

fn check_count<T>(data: Vec<T>, count: usize) -> Result<Vec<T>, OperatorError> {
    if data.len() == count {
        Ok(data)
    } else {
        Err(OperatorError::Invalid(format!(
            "{} values where {count} are expected",
            data.len()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(kind: i32, dims: &[i64], raw: &[u8]) -> TensorProto {
        TensorProto {
            dims: dims.to_vec(),
            data_type: kind,
            raw_data: Bytes::copy_from_slice(raw),
            ..TensorProto::default()
        }
    }

    #[test]
    fn every_type_is_read_from_its_bytes() {
        let float = |kind, raw: &[u8]| Constant::read(&tensor(kind, &[1], raw), None);
        let one = Constant::Float(vec![-1.5], vec![1]);
        for (kind, raw) in [
            (data_type::FLOAT, &(-1.5f32).to_le_bytes()[..]),
            (data_type::DOUBLE, &(-1.5f64).to_le_bytes()),
            (data_type::FLOAT16, &f16::from_f32(-1.5).to_le_bytes()),
            (data_type::BFLOAT16, &bf16::from_f32(-1.5).to_le_bytes()),
        ] {
            assert_eq!(float(kind, raw), Ok(one.clone()));
        }
        for (kind, raw, expected) in [
            (data_type::INT64, &(-2i64).to_le_bytes()[..], -2),
            (data_type::INT32, &(-2i32).to_le_bytes(), -2),
            (data_type::INT8, &[254], -2),
            (data_type::UINT8, &[254], 254),
            (data_type::BOOL, &[7], 1),
        ] {
            let expected = Constant::Int(Ints::vector(vec![expected]));
            assert_eq!(float(kind, raw), Ok(expected));
        }
    }

    #[test]
    fn sizes_must_agree() {
        let read = |dims: &[i64], raw: &[u8]| {
            let error = Constant::read(&tensor(data_type::FLOAT, dims, raw), None);
            error.unwrap_err().to_string()
        };
        assert!(read(&[2], &[0; 4]).contains("4 bytes"));
        assert!(read(&[-1], &[0; 4]).contains("-1"));
        assert!(read(&[1 << 40, 1 << 40], &[0; 4]).contains("too large"));
        assert!(read(&[1], &[]).contains("0 values"));
    }
}
