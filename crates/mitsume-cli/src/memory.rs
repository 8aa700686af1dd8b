//! Allocator settings that keep freed memory for the next training step.

/// Makes the C library's allocator keep freed memory instead of returning it to the system.
///
/// Burn allocates new gradients and moments in each step. Blocks above a threshold would be mapped
/// and unmapped each time, with thousands of page faults per step. Without glibc it does nothing.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// The largest threshold that glibc accepts; the levels' largest gradient has 9 MB.
        const MAX_THRESHOLD: libc::c_int = 32 << 20;
        // SAFETY: mallopt only sets parameters of the allocator, and no other thread runs yet.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAX_THRESHOLD);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        }
    }
}
