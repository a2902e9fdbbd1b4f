//! The order in which files are told: numbers in names count as numbers.

use std::cmp::Ordering;

/// The order in which people number files: `shard_2` before `shard_10`, and what is in a folder before what follows
/// the folder. Different texts are never equal.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    natural_bytes(a.as_bytes(), b.as_bytes())
}

/// Bytes that sort as [`natural`] does, up to leading zeros: made once per path, they are cheaper to compare.
pub(super) fn natural_key(path: &str) -> Box<[u8]> {
    let mut key = Vec::with_capacity(path.len() + 8);
    let mut rest = path.as_bytes();
    while let Some(first) = rest.first() {
        if first.is_ascii_digit() {
            let number = number(&mut rest);
            key.push(rank(b'0'));
            key.extend(u16::try_from(number.len()).unwrap_or(u16::MAX).to_be_bytes());
            key.extend(number);
        } else {
            key.push(rank(*first));
            rest = &rest[1..];
        }
    }
    key.into()
}

/// The start of such a key, up to its first number, as a number: names that differ in it compare as their numbers do.
pub(super) fn short_key(name: &[u8]) -> u128 {
    let mut key = [0; 16];
    for (at, byte) in name.iter().enumerate().take(key.len()) {
        if !byte.is_ascii_digit() {
            key[at] = rank(*byte);
            continue;
        }
        key[at] = rank(b'0');
        let mut rest = &name[at..];
        let digits = number(&mut rest);
        // Of a number that is too long to be told, only that it is long.
        let length = u8::try_from(digits.len()).unwrap_or(u8::MAX);
        if let [place, places @ ..] = &mut key[at + 1..] {
            *place = length;
            let known = if length < u8::MAX { digits } else { &[] };
            places.iter_mut().zip(known).for_each(|(place, digit)| *place = *digit);
        }
        break;
    }
    u128::from_be_bytes(key)
}

/// A slash ends a name, and the shorter name comes first. No byte of UTF-8 is 255.
fn rank(byte: u8) -> u8 {
    if byte == b'/' { 0 } else { byte.saturating_add(1) }
}

/// The same for bytes.
pub(super) fn natural_bytes(a: &[u8], b: &[u8]) -> Ordering {
    let same = equal_start(a, b);
    // Mostly two names differ in a number of as many digits, or where neither has one.
    if let (Some(first), Some(second)) = (a.get(same), b.get(same)) {
        match (first.is_ascii_digit(), second.is_ascii_digit()) {
            (true, true) if digits(&a[same..]) == digits(&b[same..]) => return first.cmp(second),
            (false, false) => return rank(*first).cmp(&rank(*second)),
            _ => {}
        }
    }
    let same = before_number(a, same);
    let (mut left, mut right) = (&a[same..], &b[same..]);
    loop {
        let same = left.iter().zip(right).take_while(|(a, b)| a == b && !a.is_ascii_digit()).count();
        (left, right) = (&left[same..], &right[same..]);
        let (Some(first), Some(second)) = (left.first(), right.first()) else { break };
        if !(first.is_ascii_digit() && second.is_ascii_digit()) {
            return rank(*first).cmp(&rank(*second));
        }
        let (first, second) = (number(&mut left), number(&mut right));
        let order = first.len().cmp(&second.len()).then_with(|| first.cmp(second));
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Bytes that both start with, up to the last number that they share: a number is not taken apart.
pub(super) fn common_start(a: &[u8], b: &[u8]) -> usize {
    before_number(a, equal_start(a, b))
}

/// Bytes that both start with.
fn equal_start(a: &[u8], b: &[u8]) -> usize {
    let (first, second) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let differ = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
    let mut same = 0;
    for difference in first.iter().zip(second).map(differ) {
        if difference != 0 {
            return same + difference.trailing_zeros() as usize / 8;
        }
        same += 8;
    }
    same + a[same..].iter().zip(&b[same..]).take_while(|(a, b)| a == b).count()
}

/// Where the number starts that ends at that place, if one does.
fn before_number(text: &[u8], end: usize) -> usize {
    end - text[..end].iter().rev().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Digits in front.
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Takes the number in front, without its leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let (number, rest) = text.split_at(digits(text));
    *text = rest;
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural_order_is_an_order() {
        let names = ["", "a", "a/b", "a.npy", "x_0", "x_00", "x_1", "x_01/z", "x_2", "x_10", "x_10a", "xa"];
        for pair in names.windows(2) {
            assert_eq!(natural(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(natural(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(natural("x_10", "x_10"), Ordering::Equal);
        assert_eq!(natural("x_18446744073709551616", "x_18446744073709551617"), Ordering::Less);
    }

    #[test]
    fn digits_count_as_numbers() {
        let mut names = vec!["shard_10.npz", "shard_2.npz", "shard_02.npz", "a/b", "a.b", "shard_1.npz"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a/b", "a.b", "shard_1.npz", "shard_02.npz", "shard_2.npz", "shard_10.npz"]);
    }

    proptest::proptest! {
        #[test]
        fn short_keys_agree_on_long_numbers(a in "[ab]{0,16}[0-2]{0,300}[ab]{0,2}", b in "[ab]{0,2}[0-2]{0,300}") {
            let short = short_key(a.as_bytes()).cmp(&short_key(b.as_bytes()));
            proptest::prop_assert!(short == Ordering::Equal || short == natural(&a, &b));
        }

        #[test]
        fn natural_order_is_total(a in "[a-c0-2_/]{0,24}", b in "[a-c0-2_/]{0,24}", c in "[a-c0-2_/]{0,24}") {
            proptest::prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            let short = short_key(a.as_bytes()).cmp(&short_key(b.as_bytes()));
            proptest::prop_assert!(short == Ordering::Equal || short == natural(&a, &b));
            proptest::prop_assert_eq!(natural_key(&a).cmp(&natural_key(&b)).then_with(|| a.cmp(&b)), natural(&a, &b));
            proptest::prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                proptest::prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
