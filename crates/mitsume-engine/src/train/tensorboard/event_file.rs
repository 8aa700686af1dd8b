//! The format of TensorBoard's event files: protocol buffers, each in a frame with checksums (a TFRecord).

use std::io::{self, Write};

use crc::{CRC_32_ISCSI, Crc};
use prost::Message;

/// CRC-32C.
static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// What the first event of a file says.
const FILE_VERSION: &str = "brain.Event:2";

/// `tensorboard.Event`, as far as scalars need it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    /// In the first event of a file alone.
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

/// `tensorboard.Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<SummaryValue>,
}

/// `tensorboard.Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct SummaryValue {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

impl Event {
    /// The event that a file begins with.
    pub fn first(wall_time: f64) -> Self {
        Self {
            wall_time,
            file_version: Some(FILE_VERSION.to_owned()),
            ..Self::default()
        }
    }

    /// A point of the curve `tag`.
    pub fn scalar(wall_time: f64, step: i64, tag: &str, value: f32) -> Self {
        let value = SummaryValue {
            tag: tag.to_owned(),
            simple_value: Some(value),
        };
        Self {
            wall_time,
            step,
            summary: Some(Summary { value: vec![value] }),
            ..Self::default()
        }
    }

    /// Writes the event as a record: its length, the length's checksum, the event, its checksum.
    pub fn write(&self, file: &mut impl Write) -> io::Result<()> {
        let event = self.encode_to_vec();
        let length = (event.len() as u64).to_le_bytes();
        file.write_all(&length)?;
        file.write_all(&masked_crc(&length))?;
        file.write_all(&event)?;
        file.write_all(&masked_crc(&event))
    }
}

/// Masked, as a checksum of bytes that hold checksums would be weak otherwise.
fn masked_crc(bytes: &[u8]) -> [u8; 4] {
    let masked = CRC.checksum(bytes).rotate_right(15);
    masked.wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(event: &Event) -> String {
        let mut file = Vec::new();
        event.write(&mut file).unwrap();
        file.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The bytes are those of the Python package tensorboard (`RecordWriter`).
    #[test]
    fn records_are_those_of_tensorboard() {
        assert_eq!(
            written(&Event::first(1.5)),
            "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
        );
        assert_eq!(
            written(&Event::scalar(1_700_000_000.25, 3, "loss/train", 0.75)),
            "200000000000000029eda9500900001040fc54d94110032a130a110a0a6c6f73732f747261696e\
             150000403f5b96c49e"
        );
    }
}
