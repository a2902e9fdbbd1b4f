//! A histogram in one line: one character per bin, its height the share of the fullest bin.

use crate::facts::overview::{Power, Together};

const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '%', '#'];

/// The histogram: one bin per distinct value where these are few, else per power of two, from the least numbers to the
/// greatest, several powers to a bin where there are more than `width`, which is at least 3.
pub(super) fn spark(numbers: &Together, width: usize, ascii: bool) -> String {
    let bins = match &numbers.distinct {
        Some(distinct) if distinct.len() <= width => distinct.values().copied().collect(),
        _ => powers(numbers, width),
    };
    draw(&bins, if ascii { &ASCII } else { &BLOCKS })
}

/// A thousandth still shows: the heights are logarithmic over three decades.
fn draw(bins: &[u64], characters: &[char; 9]) -> String {
    let most = bins.iter().copied().max().unwrap_or(0);
    let height = |count: u64| {
        if count == 0 {
            return 0;
        }
        let decades = (count as f64 / most as f64).log10() / 3.0 + 1.0;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 8")]
        let height = (decades * 7.0).round().clamp(0.0, 7.0) as usize;
        height + 1
    };
    bins.iter().map(|count| characters[height(*count)]).collect()
}

fn powers(numbers: &Together, width: usize) -> Vec<u64> {
    let zero = numbers.powers.contains_key(&Power::Zero);
    let side = |side: fn(&Power) -> Option<i16>| -> Vec<(i16, u64)> {
        numbers.powers.iter().filter_map(|(power, count)| Some((side(power)?, *count))).collect()
    };
    let below = side(|power| if let Power::Below(place) = power { Some(*place) } else { None });
    let above = side(|power| if let Power::Above(place) = power { Some(*place) } else { None });
    let span = |bins: &[(i16, u64)]| match bins {
        [(first, _), .., (last, _)] => usize::try_from(i32::from(*last) - i32::from(*first)).unwrap_or(0) + 1,
        [_] => 1,
        [] => 0,
    };
    // Both sides with the same number of powers to a bin, so that what looks alike is alike.
    let room = width - usize::from(zero);
    let step = (1..=usize::from(u16::MAX))
        .find(|step| span(&below).div_ceil(*step) + span(&above).div_ceil(*step) <= room)
        .unwrap_or(1);
    let gather = |bins: &[(i16, u64)]| {
        let mut counts = vec![0_u64; span(bins).div_ceil(step)];
        for (place, count) in bins {
            let from_first = usize::try_from(i32::from(*place) - i32::from(bins[0].0)).unwrap_or(0);
            counts[from_first / step] = counts[from_first / step].saturating_add(*count);
        }
        counts
    };
    let mut bins = gather(&below);
    bins.extend(numbers.powers.get(&Power::Zero));
    bins.extend(gather(&above));
    bins
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn of(powers: &[(Power, u64)]) -> String {
        spark(&Together { powers: powers.iter().copied().collect(), ..Together::default() }, 16, false)
    }

    #[test]
    fn the_axis_goes_from_the_least_to_the_greatest() {
        let bins = [(Power::Below(0), 1), (Power::Below(1), 1000), (Power::Zero, 31), (Power::Above(-2), 1000)];
        assert_eq!(of(&bins), "▁█▄█");
        // What is empty between two bins stays empty.
        assert_eq!(of(&[(Power::Above(0), 5), (Power::Above(3), 5)]), "█  █");
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn no_range_is_too_wide_for_it() {
        let wide = [
            (Power::Below(-1100), 1),
            (Power::Below(1100), 2),
            (Power::Zero, 2),
            (Power::Above(0), 1),
            (Power::Above(1100), 1),
        ];
        assert!(of(&wide).chars().count() <= 16);
        assert!(of(&wide[..2]).chars().count() <= 16);
    }

    #[test]
    fn few_values_have_a_bin_each() {
        let distinct = BTreeMap::from([(crate::values::Number::Int(0), 10), (crate::values::Number::Int(9), 10)]);
        let numbers = Together { distinct: Some(distinct), ..Together::default() };
        assert_eq!(spark(&numbers, 16, false), "██");
        assert_eq!(spark(&numbers, 16, true), "##");
    }
}
