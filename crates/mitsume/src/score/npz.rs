//! Arrays in numpy's `.npz`: a zip of `.npy` files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use ndarray_npy::npy::header::Header;
use zip::ZipArchive;
use zip::result::ZipError;

use super::ScoreProblem;
use super::array::{Array, Element};

/// numpy's own limit for untrusted headers, in bytes.
const MAX_HEADER: usize = 10_000;
/// Bound on brackets in a header, so that the parser cannot recurse deeply; a plain array has a
/// dict and a tuple.
const MAX_BRACKETS: usize = 8;

pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
}

impl Archive {
    pub fn open(path: &Path) -> Result<Self, ScoreProblem> {
        let file = BufReader::with_capacity(1 << 18, File::open(path)?);
        match ZipArchive::new(file) {
            Ok(zip) => Ok(Self { zip }),
            Err(ZipError::Io(error)) => Err(error.into()),
            Err(error) => {
                let advice = "numpy.savez and savez_compressed write such files";
                Err(ScoreProblem::Container(format!(
                    "not a .npz archive ({error}); {advice}"
                )))
            }
        }
    }

    /// The array `name`, up to where its elements begin.
    pub fn array(&mut self, name: &'static str) -> Result<Array<'_>, ScoreProblem> {
        let found = self
            .zip
            .file_names()
            .filter_map(Result::ok)
            .map(|name| name.into_owned());
        let mut found: Vec<String> = found
            .filter_map(|file| file.strip_suffix(".npy").map(str::to_owned))
            .collect();
        found.truncate(20);
        let problem = |reason: String| ScoreProblem::Array {
            array: name,
            reason,
        };
        let mut entry = match self.zip.by_name(&format!("{name}.npy")) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => {
                return Err(ScoreProblem::Missing { array: name, found });
            }
            Err(error) => return Err(problem(format!("cannot be unpacked: {error}"))),
        };
        let header = read_header(&mut entry).map_err(problem)?;
        let (element, big_endian) = element(&header).map_err(problem)?;
        Ok(Array {
            name,
            element,
            big_endian,
            fortran_order: header.layout.is_fortran(),
            shape: header.shape,
            payload: Box::new(BufReader::with_capacity(1 << 16, entry)),
        })
    }
}

/// Reads the header in bounded memory and checks its nesting, because the parser recurses.
fn read_header(entry: &mut impl Read) -> Result<Header, String> {
    let damaged = |error: std::io::Error| format!("no .npy header: {error}");
    let mut bytes = vec![0; 8];
    entry.read_exact(&mut bytes).map_err(damaged)?;
    let length_bytes = if bytes[6] == 1 { 2 } else { 4 };
    bytes.resize(8 + length_bytes, 0);
    entry.read_exact(&mut bytes[8..]).map_err(damaged)?;
    let mut length = [0; 4];
    length[..length_bytes].copy_from_slice(&bytes[8..]);
    let length = u32::from_le_bytes(length) as usize;
    if !bytes.starts_with(b"\x93NUMPY") || length > MAX_HEADER {
        return Err("no .npy header".to_owned());
    }
    let begin = bytes.len();
    bytes.resize(begin + length, 0);
    entry.read_exact(&mut bytes[begin..]).map_err(damaged)?;
    if bytes[begin..]
        .iter()
        .filter(|byte| b"([{".contains(byte))
        .count()
        > MAX_BRACKETS
    {
        return Err("a structured type; plain numbers are needed".to_owned());
    }
    Header::from_reader(&mut &bytes[..]).map_err(|error| format!("bad .npy header: {error}"))
}

/// The element type, and whether it is big-endian.
fn element(header: &Header) -> Result<(Element, bool), String> {
    let descriptor = &header.type_descriptor;
    let Some(descriptor) = descriptor.as_string() else {
        return Err(format!(
            "structured type {descriptor}; plain numbers are needed"
        ));
    };
    let element = match descriptor.trim_start_matches(['<', '>', '|', '=']) {
        "b1" => Element::Bool,
        "i1" => Element::I8,
        "u1" => Element::U8,
        "i2" => Element::I16,
        "u2" => Element::U16,
        "i4" => Element::I32,
        "u4" => Element::U32,
        "i8" => Element::I64,
        "u8" => Element::U64,
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        "O" => {
            return Err(
                "Python objects, which only unpickling (and so running) could read; \
                        save a plain array, np.stack(maps).astype(np.float32)"
                    .to_owned(),
            );
        }
        _ => return Err(format!("type {descriptor}; real numbers are needed")),
    };
    Ok((element, descriptor.starts_with('>')))
}
