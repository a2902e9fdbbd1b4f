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

/// A number with a comma between its thousands: `15,728,640`.
#[must_use]
pub fn exact(n: u64) -> String {
    let digits = n.to_string();
    let first = digits.len() % 3;
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && i % 3 == first {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes to the last one: `15,728,640 bytes`.
#[must_use]
pub fn exact_bytes(n: u64) -> String {
    format!("{} {}", exact(n), if n == 1 { "byte" } else { "bytes" })
}

#[cfg(test)]
mod tests {
    #[test]
    fn exact_numbers_have_their_thousands_apart() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (15_728_640, "15,728,640")] {
            assert_eq!(super::exact(n), text);
        }
        assert_eq!(super::exact_bytes(1), "1 byte");
    }

    #[test]
    fn bytes_read_well_at_every_size() {
        assert_eq!(super::bytes(999), "999 bytes");
        assert_eq!(super::bytes(15_728_640), "15.7 MB");
        assert_eq!(super::bytes(999_999), "1.0 MB");
        assert_eq!(super::bytes(u64::MAX), "18.4 EB");
    }
}
