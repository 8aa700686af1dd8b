//! Protection against damaged files: turns panics of third-party decoders into errors, and limits
//! the size of files that are read ([`mod@file`]).
//!
//! ```rust
//! use mitsume_guard::{catch_panic, file::Bounded};
//! use std::io::Read;
//!
//! // A decoder that trusts the length in a header panics on a short file.
//! let decode = |bytes: &[u8]| bytes[..4].to_vec();
//! assert_eq!(catch_panic(|| decode(&[1, 2, 3, 4, 5])), Some(vec![1, 2, 3, 4]));
//! assert_eq!(catch_panic(|| decode(&[1, 2])), None);
//!
//! // A reader of at most 8 bytes.
//! let mut text = String::new();
//! assert!(Bounded::new("12345678".as_bytes(), 8).read_to_string(&mut text).is_ok());
//! assert!(Bounded::new("123456789".as_bytes(), 8).read_to_string(&mut text).is_err());
//! ```
//!
//! Where the format allows it with little code, files are checked before they are decoded, such as
//! the lengths of elements in DICOM files. Decoders of thousands of lines (deflate, Huffman codes,
//! pickles) cannot be checked from outside. For these [`catch_panic`] is the last resort: the panic
//! is caught, its message, which names the decoder's source and not the user's file, is not
//! printed, and the caller reports the file.

pub mod file;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Number of nested calls of [`catch_panic`] on this thread.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

static HOOK: Once = Once::new();

/// Runs a decoder; `None` if it panicked.
///
/// Other panics, of this and other threads, are printed as usual. State that `decoder` changed
/// before a panic must not be used afterwards.
pub fn catch_panic<T>(decoder: impl FnOnce() -> T) -> Option<T> {
    HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |panic| {
            if DEPTH.get() == 0 {
                previous(panic);
            }
        }));
    });
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(decoder));
    DEPTH.set(DEPTH.get() - 1);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_gives_none() {
        assert_eq!(catch_panic(|| 3), Some(3));
        let empty: [u8; 0] = [];
        assert_eq!(catch_panic(|| empty[std::hint::black_box(0)]), None);
        assert_eq!(DEPTH.get(), 0, "later panics are printed again");
    }

    #[test]
    fn calls_may_be_nested() {
        let outer = catch_panic(|| {
            assert_eq!(catch_panic(|| panic!("inner")), None::<()>);
            DEPTH.get()
        });
        assert_eq!(outer, Some(1));
    }
}
