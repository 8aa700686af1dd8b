//! An array in a file: its element type, shape and bytes, whatever the container.

use std::io::{self, Read};
use std::path::Path;

use half::{bf16, f16};

use super::{MAX_CLASSES, ScoreProblem, npz, safetensors};

/// Labels for more images than this are not read.
const MAX_IMAGES: usize = 100_000_000;
/// Elements decoded at a time.
const BLOCK: usize = 1 << 16;

/// An open file of arrays.
pub(super) enum Container {
    Npz(npz::Archive),
    Safetensors(safetensors::Tensors),
}

impl Container {
    pub fn open(path: &Path) -> Result<Self, ScoreProblem> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("npz") => Ok(Self::Npz(npz::Archive::open(path)?)),
            Some("safetensors") => Ok(Self::Safetensors(safetensors::Tensors::open(path)?)),
            _ => Err(ScoreProblem::Container(
                "neither a .npz nor a .safetensors file by its name".to_owned(),
            )),
        }
    }

    /// The array `name`, its payload not yet read.
    pub fn array(&mut self, name: &'static str) -> Result<Array<'_>, ScoreProblem> {
        match self {
            Self::Npz(archive) => archive.array(name),
            Self::Safetensors(tensors) => tensors.array(name),
        }
    }

    /// The class indices in the array `name`, [N].
    pub fn classes(&mut self, name: &'static str) -> Result<Vec<u32>, ScoreProblem> {
        let mut array = self.array(name)?;
        let problem = |reason: String| ScoreProblem::Array {
            array: name,
            reason,
        };
        let &[images] = &array.shape[..] else {
            return Err(problem(format!(
                "shape {:?}; one class index per image is needed, [N]{}",
                array.shape,
                if name == "predictions" {
                    ", for logits or probabilities their argmax"
                } else {
                    ""
                }
            )));
        };
        if images > MAX_IMAGES {
            return Err(problem(format!(
                "{images} entries; at most {MAX_IMAGES} are taken"
            )));
        }
        if array.element.is_float() {
            let advice = "class indices must be integers (astype int64)";
            return Err(problem(format!("type {}; {advice}", array.element.name())));
        }
        // The vector grows as elements are read, so a false length allocates nothing.
        let mut classes = Vec::new();
        while classes.len() < images {
            let count = BLOCK.min(images - classes.len());
            let bytes = array.read(count)?;
            for element in bytes.chunks_exact(array.element.size()) {
                let value = array.element.integer(element);
                let index = classes.len();
                match u32::try_from(value) {
                    Ok(class) if (class as usize) < MAX_CLASSES => classes.push(class),
                    _ => {
                        return Err(ScoreProblem::NoClass {
                            array: name,
                            index,
                            value,
                            classes: MAX_CLASSES,
                        });
                    }
                }
            }
        }
        array.expect_end()?;
        Ok(classes)
    }
}

/// An array's header and a reader of its payload.
pub(super) struct Array<'a> {
    pub name: &'static str,
    pub element: Element,
    pub big_endian: bool,
    /// The first index runs fastest.
    pub fortran_order: bool,
    pub shape: Vec<usize>,
    pub payload: Box<dyn Read + 'a>,
}

impl Array<'_> {
    /// The bytes of the next `count` elements, least significant byte first. The caller bounds
    /// `count`.
    pub fn read(&mut self, count: usize) -> Result<Vec<u8>, ScoreProblem> {
        let mut bytes = vec![0; count * self.element.size()];
        self.payload
            .read_exact(&mut bytes)
            .map_err(|error| self.damaged(error))?;
        if self.big_endian {
            bytes
                .chunks_exact_mut(self.element.size())
                .for_each(<[u8]>::reverse);
        }
        Ok(bytes)
    }

    /// Passes over `count` elements.
    pub fn skip(&mut self, count: usize) -> Result<(), ScoreProblem> {
        let bytes = (count * self.element.size()) as u64;
        let skipped = io::copy(&mut self.payload.by_ref().take(bytes), &mut io::sink());
        match skipped {
            Ok(skipped) if skipped == bytes => Ok(()),
            Ok(_) => Err(self.damaged(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(self.damaged(error)),
        }
    }

    /// Nothing may follow; reading up to the end also has the archive check its checksum.
    pub fn expect_end(&mut self) -> Result<(), ScoreProblem> {
        match self.payload.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.problem(format!("more data than its shape {:?} holds", self.shape))),
            Err(error) => Err(self.damaged(error)),
        }
    }

    pub fn problem(&self, reason: String) -> ScoreProblem {
        ScoreProblem::Array {
            array: self.name,
            reason,
        }
    }

    fn damaged(&self, error: io::Error) -> ScoreProblem {
        self.problem(match error.kind() {
            io::ErrorKind::UnexpectedEof => format!("ends before its shape {:?}", self.shape),
            _ => format!("damaged: {error}"),
        })
    }
}

/// A type of array element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F16,
    Bf16,
    F32,
    F64,
}

impl Element {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "int8",
            Self::U8 => "uint8",
            Self::I16 => "int16",
            Self::U16 => "uint16",
            Self::I32 => "int32",
            Self::U32 => "uint32",
            Self::I64 => "int64",
            Self::U64 => "uint64",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::Bf16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }

    /// The integer in exactly `size` little-endian bytes; 0 for a float type.
    fn integer(self, bytes: &[u8]) -> i128 {
        let mut wide = [0; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        let unsigned = u64::from_le_bytes(wide);
        match self {
            Self::Bool | Self::U8 | Self::U16 | Self::U32 | Self::U64 => i128::from(unsigned),
            Self::I8 => i128::from(unsigned as i8),
            Self::I16 => i128::from(unsigned as i16),
            Self::I32 => i128::from(unsigned as i32),
            Self::I64 => i128::from(unsigned as i64),
            Self::F16 | Self::Bf16 | Self::F32 | Self::F64 => 0,
        }
    }

    /// Decodes little-endian `bytes` into as many `values`.
    pub fn decode(self, bytes: &[u8], values: &mut [f64]) {
        match self {
            Self::F64 => each(bytes, values, f64::from_le_bytes),
            Self::F32 => each(bytes, values, |bytes| f32::from_le_bytes(bytes).into()),
            Self::F16 => each(bytes, values, |bytes| f16::from_le_bytes(bytes).to_f64()),
            Self::Bf16 => each(bytes, values, |bytes| bf16::from_le_bytes(bytes).to_f64()),
            _ => {
                for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact(self.size())) {
                    *value = self.integer(bytes) as f64;
                }
            }
        }
    }
}

fn each<const N: usize>(bytes: &[u8], values: &mut [f64], decode: impl Fn([u8; N]) -> f64) {
    for (value, &bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
        *value = decode(bytes);
    }
}
