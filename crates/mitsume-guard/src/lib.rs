//! Panics of other people's decoders on damaged files, turned into errors without a word on stderr; and limits on what is
//! read of a file ([`file`]).
//!
//! What a damaged file can make a decoder do is checked beforehand wherever the format allows it with little code: the
//! lengths and offsets inside DICOM files. A decoder of thousands of
//! lines (deflate, Huffman codes, pickles) cannot be checked from outside without writing it again. For these [`catch_panic`]
//! is the last line: the panic is caught, the standard message, which would name the decoder's source and not the
//! user's file, is not printed, and the caller says which file is damaged.

pub mod file;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// How many calls of [`catch_panic`] this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

static HOOK: Once = Once::new();

/// Runs a decoder; none if it panicked.
///
/// Panics of other threads, and of this one elsewhere, are printed as before. What `decoder` changes before it
/// panics must not be used afterwards.
pub fn catch_panic<T>(decoder: impl FnOnce() -> T) -> Option<T> {
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if DEPTH.get() == 0 {
                before(panic);
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
    fn a_panic_is_none_and_a_result_itself() {
        assert_eq!(catch_panic(|| 3), Some(3));
        let empty: [u8; 0] = [];
        assert_eq!(catch_panic(|| empty[std::hint::black_box(0)]), None);
        assert_eq!(DEPTH.get(), 0, "later panics are printed again");
    }

    #[test]
    fn guards_may_be_nested() {
        let outer = catch_panic(|| {
            assert_eq!(catch_panic(|| panic!("inner")), None::<()>);
            DEPTH.get()
        });
        assert_eq!(outer, Some(1));
    }
}
