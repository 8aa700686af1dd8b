//! Memory and page faults of this process, from Linux' /proc.

/// Peak resident set size in bytes.
pub(super) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Minor page faults so far: pages touched for the first time after allocation. A process that
/// reuses its memory causes none.
pub(super) fn page_faults() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may contain spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(7)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn touching_new_memory_counts() {
        let before = page_faults().unwrap();
        let bytes = 64 << 20;
        let memory = vec![1_u8; bytes];
        // Keeps the compiler from removing the allocation.
        std::hint::black_box(&memory);
        // The number depends on the page size, which the system chooses.
        assert!(page_faults().unwrap() > before);
        assert!(peak_rss_bytes().unwrap() >= bytes as u64);
    }
}
