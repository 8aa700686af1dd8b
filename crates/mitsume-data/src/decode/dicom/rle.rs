//! Checks that a run-length encoded frame holds as many pixels as the image.
//!
//! The decoder itself does not check offsets and lengths of segments. Format (PS3.5 annex G): a
//! header of sixteen 32-bit numbers (the number of segments, then the offset of each), then one
//! segment for each byte of a pixel, compressed with PackBits.

/// Size of the header.
const HEADER_BYTES: usize = 64;
/// Largest number of segments, by the size of the header.
const MAX_SEGMENTS: usize = 15;

/// Checks one frame against `segments` planes of `pixels` bytes each.
///
/// # Errors
/// If the segments do not have this number or length.
pub(super) fn check(frame: &[u8], segments: usize, pixels: usize) -> Result<(), String> {
    let damaged = |what: &str| format!("DICOM: damaged run-length encoding: {what}");
    let header = frame.get(..HEADER_BYTES).ok_or(damaged("no header"))?;
    let numbers: Vec<usize> = header
        .chunks_exact(4)
        .map(|four| u32::from_le_bytes(four.try_into().expect("four bytes")) as usize)
        .collect();
    if numbers[0] != segments || segments > MAX_SEGMENTS {
        return Err(damaged("another number of segments than the image needs"));
    }
    let mut ends = numbers[1..=segments].to_vec();
    ends.push(frame.len());
    for ends in ends.windows(2) {
        let segment = (ends[0] >= HEADER_BYTES)
            .then(|| frame.get(ends[0]..ends[1]))
            .flatten();
        let segment = segment.ok_or(damaged("a segment lies outside"))?;
        if unpacked_len(segment) < pixels {
            return Err(damaged("fewer pixels than rows and columns"));
        }
    }
    Ok(())
}

/// Number of bytes a PackBits segment unpacks to.
fn unpacked_len(segment: &[u8]) -> usize {
    let mut rest = segment;
    let mut count = 0;
    while let [head, after @ ..] = rest {
        let head = *head as i8;
        let (packed, unpacked) = match head {
            0.. => (head as usize + 1, (head as usize + 1).min(after.len())),
            -128 => (0, 0),
            // A run needs its byte.
            _ => (1, after.len().min(1) * (1 - isize::from(head)) as usize),
        };
        count += unpacked;
        rest = after.get(packed..).unwrap_or_default();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_are_counted_as_the_standard_unpacks_them() {
        // Apple's example, of 24 bytes.
        let example = [
            0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7,
            0xaa,
        ];
        assert_eq!(unpacked_len(&example), 24);
        assert_eq!(unpacked_len(&[0x80, 0x80]), 0);
        assert_eq!(unpacked_len(&[0x05, 1, 2]), 2, "literals that are missing");
        assert_eq!(unpacked_len(&[0xfe]), 0, "a run without its byte");
    }
}
