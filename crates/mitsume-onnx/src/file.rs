//! Reads a model file and its external data.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use bytes::{Buf, Bytes};
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use crate::constant::Constant;
use crate::error::{Error, Result};
use crate::limits;
use crate::proto::{ModelProto, TensorProto};

/// Bound on messages, strings and lists in a file: an empty message takes two bytes in the file but
/// about a hundred in memory.
const MAX_ENTRIES: usize = 4_000_000;

/// A model file.
pub(crate) struct ModelFile {
    path: PathBuf,
    /// The file as it is.
    pub data: Bytes,
    pub model: ModelProto,
}

impl ModelFile {
    /// Reads and decodes the file.
    pub fn open(path: &Path) -> Result<Self> {
        let io = |source| Error::Io {
            path: path.into(),
            source,
        };
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length > limits::MAX_FILE_BYTES {
            return Err(Error::File {
                path: path.into(),
                reason: format!("{length} bytes: an ONNX file has at most 2 GiB"),
            });
        }
        let mut data = Vec::with_capacity(length as usize);
        file.by_ref()
            .take(limits::MAX_FILE_BYTES)
            .read_to_end(&mut data)
            .map_err(io)?;
        Self::from_bytes(path, data.into())
    }

    /// Decodes the content of a file; data in other files is looked for beside `path`.
    pub fn from_bytes(path: &Path, data: Bytes) -> Result<Self> {
        let wrong = |reason: String| Error::File {
            path: path.into(),
            reason,
        };
        let no_model = |reason: String| wrong(format!("this is no ONNX model: {reason}"));
        let mut left = MAX_ENTRIES;
        count_entries(data.clone(), &MODEL, &mut left).map_err(no_model)?;
        let model =
            ModelProto::decode(data.clone()).map_err(|error| no_model(error.to_string()))?;
        Ok(Self {
            path: path.into(),
            data,
            model,
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error about this file.
    pub fn error(&self, reason: impl Into<String>) -> Error {
        Error::File {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    /// An initialiser, from this file or its external data.
    pub fn constant(&self, tensor: &TensorProto) -> Result<Constant> {
        let initialiser_error =
            |reason: String| self.error(format!("initialiser {}: {reason}", tensor.name));
        let external = if tensor.data_location == 1 {
            Some(self.external_data(tensor)?)
        } else {
            None
        };
        Constant::read(tensor, external).map_err(|reason| initialiser_error(reason.to_string()))
    }

    /// The raw data of an initialiser that is in another file.
    pub fn external_data(&self, tensor: &TensorProto) -> Result<Bytes> {
        let initialiser_error = |reason: String| {
            self.error(format!(
                "initialiser {} is in another file, but {reason}",
                tensor.name
            ))
        };
        let entry = |key: &str| {
            let mut entries = tensor.external_data.iter();
            entries.find(|e| e.key == key).map(|e| e.value.as_str())
        };
        let number = |key: &str| match entry(key) {
            None => Ok(None),
            Some(text) => match text.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(initialiser_error(format!("its {key} is \"{text}\""))),
            },
        };
        let name = entry("location").ok_or_else(|| initialiser_error("no file is named".into()))?;
        let path = self.external_path(name).map_err(initialiser_error)?;
        let io = |source| Error::Io {
            path: path.clone(),
            source,
        };
        let mut file = File::open(&path).map_err(io)?;
        let whole = file.metadata().map_err(io)?.len();
        let offset = number("offset")?.unwrap_or(0);
        let length = number("length")?.unwrap_or(whole.saturating_sub(offset));
        if offset.checked_add(length).is_none_or(|end| end > whole)
            || length > limits::MAX_FILE_BYTES
        {
            let path = path.display();
            return Err(initialiser_error(format!(
                "{path} has {whole} bytes, not {length} from {offset} on"
            )));
        }
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        let mut data = vec![0; length as usize];
        file.read_exact(&mut data).map_err(io)?;
        Ok(data.into())
    }

    /// The path of an external data file, which must be in the model's folder or below it, links
    /// resolved.
    fn external_path(&self, name: &str) -> Result<PathBuf, String> {
        let relative = Path::new(name);
        let plain = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if name.is_empty() || !plain {
            return Err(format!("\"{name}\" is not in the model's folder"));
        }
        let folder = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let path = folder.join(relative);
        let (Ok(real), Ok(folder)) = (path.canonicalize(), folder.canonicalize()) else {
            return Err(format!("there is no {}", path.display()));
        };
        if real.starts_with(folder) {
            Ok(real)
        } else {
            Err(format!(
                "{} leads out of the model's folder",
                path.display()
            ))
        }
    }
}

/// The files of a model: `path`, then the files of its external data, by name.
///
/// # Errors
/// A file that is no ONNX model; external data outside the model's folder.
pub fn model_files(path: &Path) -> Result<Vec<PathBuf>> {
    let file = ModelFile::open(path)?;
    let graph = file.model.graph.iter();
    let mut names: Vec<&str> = graph
        .flat_map(|graph| &graph.initializer)
        .filter(|tensor| tensor.data_location == 1)
        .flat_map(|tensor| &tensor.external_data)
        .filter(|entry| entry.key == "location")
        .map(|entry| entry.value.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let more = names.into_iter().map(|name| file.external_path(name));
    let more: std::result::Result<Vec<PathBuf>, String> = more.collect();
    let more = more.map_err(|reason| file.error(format!("external data: {reason}")))?;
    Ok([vec![path.to_owned()], more].concat())
}

/// Tags of fields that hold messages, and the fields of those.
struct Fields(&'static [(u32, &'static Fields)]);

static LEAF: Fields = Fields(&[]);
static TENSOR: Fields = Fields(&[(13, &LEAF)]);
static ATTRIBUTE: Fields = Fields(&[(5, &TENSOR)]);
static NODE: Fields = Fields(&[(5, &ATTRIBUTE), (9, &LEAF)]);
static SHAPE: Fields = Fields(&[(1, &LEAF)]);
static TYPE: Fields = Fields(&[(1, &Fields(&[(2, &SHAPE)]))]);
static VALUE: Fields = Fields(&[(2, &TYPE)]);
static GRAPH: Fields = Fields(&[(1, &NODE), (5, &TENSOR), (11, &VALUE), (12, &VALUE)]);
static FUNCTION: Fields = Fields(&[(7, &NODE), (9, &LEAF), (11, &ATTRIBUTE)]);
static MODEL: Fields = Fields(&[(7, &GRAPH), (8, &LEAF), (25, &FUNCTION)]);

/// Subtracts the number of entries in `data` from `left`, without decoding them.
fn count_entries(mut data: Bytes, fields: &Fields, left: &mut usize) -> Result<(), String> {
    let wrong = |error: prost::DecodeError| error.to_string();
    while data.has_remaining() {
        let (tag, kind) = decode_key(&mut data).map_err(wrong)?;
        if kind != WireType::LengthDelimited {
            skip_field(kind, tag, &mut data, DecodeContext::default()).map_err(wrong)?;
            continue;
        }
        *left = left
            .checked_sub(1)
            .ok_or_else(|| format!("more than {MAX_ENTRIES} entries"))?;
        let length = decode_varint(&mut data).map_err(wrong)?;
        let length = usize::try_from(length)
            .ok()
            .filter(|&length| length <= data.len())
            .ok_or("an entry is longer than the file")?;
        let inner = data.split_to(length);
        if let Some((_, fields)) = fields.0.iter().find(|(known, _)| *known == tag) {
            count_entries(inner, fields, left)?;
        }
    }
    Ok(())
}
