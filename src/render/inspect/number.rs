//! Numbers in little room.

use crate::values::Number;

/// The number with three digits that count, whole ones with all of theirs as long as they are few: `0.449`, `-1.2e-5`,
/// `255`.
pub(in crate::render) fn short(number: Number) -> String {
    match number {
        Number::Int(int) if int.abs() < 1_000_000 => int.to_string(),
        number => short_float(number.to_f64()),
    }
}

/// The same of a float.
pub(in crate::render) fn short_float(float: f64) -> String {
    let magnitude = float.abs();
    if float == 0.0 {
        return "0".into();
    }
    if !float.is_finite() {
        return crate::values::number::declared_text(float);
    }
    if (1e-3..1e6).contains(&magnitude) {
        if float.fract() == 0.0 {
            return format!("{float:.0}");
        }
        let decimals =
            [0.01, 0.1, 10.0, 100.0, 1000.0].iter().zip([5, 4, 3, 2, 1]).find(|(below, _)| magnitude < **below);
        let decimals = decimals.map_or(0, |(_, decimals)| decimals);
        let text = format!("{float:.decimals$}");
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    }
    let text = format!("{float:.2e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits}e{exponent}")
}

/// A share in percent: `0`, `<0.1%`, `12.5%`, `100%`; never 0 or 100 for a share that is not.
pub(in crate::render) fn share(part: u64, of: u64) -> String {
    if part == 0 || of == 0 {
        return "0".into();
    }
    if part >= of {
        return "100%".into();
    }
    let percent = part as f64 / of as f64 * 100.0;
    match percent {
        _ if percent < 0.1 => "<0.1%".into(),
        _ if percent > 99.9 => ">99.9%".into(),
        _ => format!("{percent:.1}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_short_and_true() {
        for (float, text) in [
            (0.0, "0"),
            (0.449_123, "0.449"),
            (-0.012_345, "-0.0123"),
            (1.0, "1"),
            (1234.5, "1234"),
            (123.456, "123.5"),
            (12.5, "12.5"),
            (999_999.7, "1000000"),
            (1.0e6, "1e6"),
            (1.234e-5, "1.23e-5"),
            (-3.4e38, "-3.4e38"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(short_float(float), text);
        }
        assert_eq!(short(Number::Int(255)), "255");
        assert_eq!(short(Number::Int(i128::from(u64::MAX))), "1.84e19");
    }

    #[test]
    fn a_share_is_neither_nothing_nor_all_unless_it_is() {
        assert_eq!(share(0, 10), "0");
        assert_eq!(share(1, 1_000_000), "<0.1%");
        assert_eq!(share(1, 8), "12.5%");
        assert_eq!(share(999_999, 1_000_000), ">99.9%");
        assert_eq!(share(7, 7), "100%");
        assert_eq!(share(0, 0), "0");
    }
}
