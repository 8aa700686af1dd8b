//! Allocator settings that keep freed memory for the next training step.

/// Makes the C library's allocator keep freed memory instead of returning it to the system.
///
/// Burn allocates new activations, gradients and moments in each step. Large blocks would be mapped
/// and unmapped each time, with a page fault for every 4 KiB: a tenth of a ResNet-50's step.
/// Without glibc it does nothing.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets parameters of the allocator, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
    }
}
