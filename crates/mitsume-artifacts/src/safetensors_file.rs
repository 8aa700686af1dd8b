//! Parts of safetensors files that are written piece by piece and read tensor by tensor.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde_json::json;

use crate::{Action, ArtifactError, Result};

/// Largest header that is read.
const MAX_HEADER_BYTES: u64 = 64 << 20;

/// The header of tensors that lie one after the other: name, type and shape of each. `more` is
/// written into the metadata.
pub(crate) fn header(tensors: &[(&str, &str, &[usize])], more: &[(&str, &str)]) -> String {
    let mut end = 0_u64;
    let mut object = serde_json::Map::new();
    let mut metadata = json!({"format": "pt"});
    for (key, value) in more {
        metadata[*key] = json!(value);
    }
    object.insert("__metadata__".to_owned(), metadata);
    for (name, dtype, shape) in tensors {
        let size = match *dtype {
            "I64" | "F64" => 8,
            "U8" => 1,
            _ => 4,
        };
        let start = end;
        end += size * shape.iter().map(|n| *n as u64).product::<u64>();
        object.insert(
            (*name).to_owned(),
            json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}),
        );
    }
    serde_json::Value::Object(object).to_string()
}

pub(crate) fn write_f32(out: &mut impl Write, values: &[f32]) -> std::io::Result<()> {
    values
        .iter()
        .try_for_each(|value| out.write_all(&value.to_le_bytes()))
}

/// The parsed header and the offset of the data after it.
pub(crate) fn read_header(file: &File, length: u64, path: &Path) -> Result<(Metadata, u64)> {
    let no_safetensors = |why: String| {
        ArtifactError::malformed(path, format!("no complete safetensors file: {why}"))
    };
    if length < 8 {
        return Err(no_safetensors(format!("{length} bytes")));
    }
    let size = read_at(file, path, 0, 8)?;
    let size = u64::from_le_bytes(size.try_into().unwrap_or_default());
    // The header includes padding of 16 bytes for each skipped image.
    if size > MAX_HEADER_BYTES.min(length - 8) {
        return Err(no_safetensors(format!(
            "a header of {size} bytes in a file of {length}"
        )));
    }
    let header = read_at(file, path, 8, size as usize)?;
    let metadata: Metadata =
        serde_json::from_slice(&header).map_err(|e| no_safetensors(e.to_string()))?;
    let data = 8 + size;
    if metadata.data_len() as u64 != length - data {
        let (claimed, there) = (metadata.data_len(), length - data);
        return Err(no_safetensors(format!(
            "{claimed} bytes of tensors claimed, {there} there"
        )));
    }
    Ok((metadata, data))
}

pub(crate) fn find<'a>(
    metadata: &'a Metadata,
    path: &Path,
    name: &str,
    dtype: Dtype,
    rank: usize,
) -> Result<&'a TensorInfo> {
    let problem = match metadata.info(name) {
        Some(info) if info.dtype == dtype && info.shape.len() == rank => return Ok(info),
        Some(info) => format!(
            "tensor {name} is {:?} of shape {:?}; {dtype:?} with {rank} dimensions is expected",
            info.dtype, info.shape
        ),
        None => format!("tensor {name} is missing"),
    };
    Err(ArtifactError::malformed(path, problem))
}

/// Reads `count` bytes from `offset`, within the bounds checked on opening.
pub(crate) fn read_at(file: &File, path: &Path, offset: u64, count: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    fill_at(file, offset, &mut bytes).map_err(|e| ArtifactError::io(Action::Read, path, e))?;
    Ok(bytes)
}

#[cfg(unix)]
fn fill_at(file: &File, offset: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn fill_at(file: &File, offset: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    let mut done = 0..bytes.len();
    while !done.is_empty() {
        let at = offset + done.start as u64;
        match std::os::windows::fs::FileExt::seek_read(file, &mut bytes[done.clone()], at)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => done.start += read,
        }
    }
    Ok(())
}
