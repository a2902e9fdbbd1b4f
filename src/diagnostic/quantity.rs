//! Quantities as people write them.

/// Bytes as people write them: `15.7 MB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1000 {
        return format!("{n} bytes");
    }
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_read_well_at_every_size() {
        assert_eq!(super::bytes(999), "999 bytes");
        assert_eq!(super::bytes(15_728_640), "15.7 MB");
        assert_eq!(super::bytes(999_999), "1.0 MB");
        assert_eq!(super::bytes(u64::MAX), "18.4 EB");
    }
}
