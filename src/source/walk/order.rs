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
    write_key(path.as_bytes(), |bytes| key.extend(bytes));
    key.into()
}

/// The first bytes of such a key as a number: names that differ in it compare as their numbers do.
pub(super) fn short_key(name: &[u8]) -> u128 {
    let (mut key, mut filled) = ([0; 16], 0);
    write_key(name, |bytes| {
        let room = bytes.len().min(key.len() - filled);
        key[filled..filled + room].copy_from_slice(&bytes[..room]);
        filled += room;
    });
    u128::from_be_bytes(key)
}

fn write_key(mut rest: &[u8], mut write: impl FnMut(&[u8])) {
    while let Some(first) = rest.first() {
        if first.is_ascii_digit() {
            let number = number(&mut rest);
            let length = u16::try_from(number.len()).unwrap_or(u16::MAX).to_be_bytes();
            write(&[rank(b'0'), length[0], length[1]]);
            write(number);
        } else {
            write(&[rank(*first)]);
            rest = &rest[1..];
        }
    }
}

/// A slash ends a name, and the shorter name comes first. No byte of UTF-8 is 255.
fn rank(byte: u8) -> u8 {
    if byte == b'/' { 0 } else { byte.saturating_add(1) }
}

/// The same for bytes.
pub(super) fn natural_bytes(a: &[u8], b: &[u8]) -> Ordering {
    let (mut left, mut right) = behind_common_start(a, b);
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

/// What follows the part that both start with. A number is not taken apart.
fn behind_common_start<'a>(a: &'a [u8], b: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let same = common_start(a, b);
    (&a[same..], &b[same..])
}

/// Bytes that both start with, up to the last number that they share.
pub(super) fn common_start(a: &[u8], b: &[u8]) -> usize {
    let most = a.len().min(b.len());
    let mut same = 0;
    while same + 8 <= most && a[same..same + 8] == b[same..same + 8] {
        same += 8;
    }
    while same < most && a[same] == b[same] {
        same += 1;
    }
    while same > 0 && a[same - 1].is_ascii_digit() {
        same -= 1;
    }
    same
}

/// Takes the number in front, without its leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
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
