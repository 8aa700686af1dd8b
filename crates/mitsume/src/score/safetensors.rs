//! Arrays in a `.safetensors` file.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use mitsume_guard::file::MAX_SAFETENSORS_HEADER;
use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::ScoreProblem;
use super::array::{Array, Element};

/// Bytes before the header: its length.
const PREFIX: u64 = 8;

pub(super) struct Tensors {
    file: File,
    metadata: Metadata,
    begin: u64,
}

impl Tensors {
    pub fn open(path: &Path) -> Result<Self, ScoreProblem> {
        let bad = |reason: String| {
            ScoreProblem::Container(format!("not a whole .safetensors file: {reason}"))
        };
        let mut file = File::open(path)?;
        let file_len = file.metadata()?.len();
        let mut prefix = [0; PREFIX as usize];
        file.read_exact(&mut prefix)
            .map_err(|error| bad(error.to_string()))?;
        let header_len = u64::from_le_bytes(prefix);
        if header_len > MAX_SAFETENSORS_HEADER || header_len > file_len.saturating_sub(PREFIX) {
            return Err(bad(format!(
                "a header of {header_len} bytes in a file of {file_len}"
            )));
        }
        let mut header = vec![0; header_len as usize];
        file.read_exact(&mut header)?;
        // Reading the metadata checks that shapes, types and offsets agree, without overflow.
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|error| bad(error.to_string()))?;
        let begin = PREFIX + header_len;
        let needed = begin.checked_add(metadata.data_len() as u64);
        if needed != Some(file_len) {
            let data = metadata.data_len();
            return Err(bad(format!(
                "{data} bytes of tensors after {begin}, but {file_len} in all"
            )));
        }
        Ok(Self {
            file,
            metadata,
            begin,
        })
    }

    /// The array `name`.
    pub fn array(&mut self, name: &'static str) -> Result<Array<'_>, ScoreProblem> {
        let Some(info) = self.metadata.info(name) else {
            let mut found = self.metadata.offset_keys();
            found.truncate(20);
            return Err(ScoreProblem::Missing { array: name, found });
        };
        let element = element(info.dtype).ok_or_else(|| ScoreProblem::Array {
            array: name,
            reason: format!(
                "type {}; real numbers of 8 to 64 bits are needed",
                info.dtype
            ),
        })?;
        let (from, to) = info.data_offsets;
        self.file.seek(SeekFrom::Start(self.begin + from as u64))?;
        let payload = BufReader::with_capacity(1 << 18, &self.file).take((to - from) as u64);
        Ok(Array {
            name,
            element,
            big_endian: false,
            fortran_order: false,
            shape: info.shape.clone(),
            payload: Box::new(payload),
        })
    }
}

fn element(dtype: Dtype) -> Option<Element> {
    Some(match dtype {
        Dtype::BOOL => Element::Bool,
        Dtype::I8 => Element::I8,
        Dtype::U8 => Element::U8,
        Dtype::I16 => Element::I16,
        Dtype::U16 => Element::U16,
        Dtype::I32 => Element::I32,
        Dtype::U32 => Element::U32,
        Dtype::I64 => Element::I64,
        Dtype::U64 => Element::U64,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::F32 => Element::F32,
        Dtype::F64 => Element::F64,
        _ => return None,
    })
}
