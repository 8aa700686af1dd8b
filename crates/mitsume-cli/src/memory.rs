//! Keeping memory from one training step to the next.

/// Asks the C library's allocator to keep what is freed instead of giving it back to the system.
///
/// Burn allocates gradients and moments anew in each step. Blocks above a threshold would be mapped
/// and unmapped each time, and every page of them provided and cleared again: thousands of page
/// faults a step. What stays is what the next step needs. Elsewhere than with glibc nothing is asked.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// The largest threshold glibc takes; the largest gradient of the levels has 9 MB.
        const LARGEST: libc::c_int = 32 << 20;
        // SAFETY: mallopt only sets numbers of the allocator, and no other thread runs yet.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        }
    }
}
