//! What every fuzz target shares: a limit on memory, and bytes as a file.
//!
//! libFuzzer's own limit for single allocations needs a sanitiser, and its limit for the whole
//! process sees only memory that was touched. The allocator here counts what is asked for, so that
//! a file which makes a parser reserve too much is found whether or not the memory is used.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator; ends the process where more than [`Limited::bytes`] are in use at once.
pub struct Limited {
    /// Most bytes in use at a time.
    pub bytes: usize,
}

static IN_USE: AtomicUsize = AtomicUsize::new(0);

impl Limited {
    fn take(&self, size: usize) {
        let before = IN_USE.fetch_add(size, Ordering::Relaxed);
        if before.saturating_add(size) > self.bytes {
            // Without this the message itself would be refused.
            IN_USE.store(0, Ordering::Relaxed);
            eprintln!(
                "memory limit: {size} bytes asked for with {before} in use, {} allowed",
                self.bytes
            );
            std::process::abort();
        }
    }
}

// SAFETY: every call is the system allocator's, with its arguments unchanged.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.take(size);
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Writes `bytes` to a file called `name`, which replaces the last one, and gives its path.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("the temporary folder takes a file");
    path
}

/// A folder of this process; scripts/fuzz.sh removes it.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
        folder
    })
}
