//! What a batch lacks and what it has too much, and which of the two are one array under another name.

use crate::rules::BatchCx;
use crate::source::Header;

/// The arrays of a batch against the declarations.
pub(super) struct Pairing<'a> {
    /// Declarations that nothing in the batch answers to, by index into `spec.arrays`.
    pub(super) missing: Vec<usize>,
    /// Arrays that no declaration names, by index into `stream.columns`, with their headers.
    pub(super) unexpected: Vec<(usize, &'a Header)>,
    /// A missing declaration, and the array that was probably meant.
    pub(super) misnamed: Vec<(usize, usize)>,
}

/// Pairs what is missing with what is there under another name. Every declaration and every array is in one list only.
pub(super) fn pair<'a>(cx: &BatchCx<'a>) -> Pairing<'a> {
    let unreadable = &cx.stream.batches[cx.batches[0]].unreadable;
    let mut missing: Vec<usize> = (0..cx.spec.arrays.len())
        .filter(|index| cx.declared(*index).is_none() && !unreadable.contains(&cx.spec.arrays[*index].name))
        .collect();
    let mut unexpected: Vec<(usize, &Header)> = cx
        .arrays
        .iter()
        .filter(|(column, _)| cx.stream.columns[*column].declared.is_none())
        .map(|(column, cell)| (*column, &*cell.array.header))
        .collect();
    let mut misnamed = Vec::new();
    missing.retain(|declared| {
        let wanted = &cx.spec.arrays[*declared];
        let wanted_key = wanted.pick.key.as_ref().map_or(&wanted.name, |key| &key.value);
        let near = unexpected.iter().position(|(column, _)| alike(wanted_key, own(&cx.stream.columns[*column].name)));
        if let Some(near) = near {
            misnamed.push((*declared, unexpected.remove(near).0));
        }
        near.is_none() && !wanted.optional
    });
    Pairing { missing, unexpected, misnamed }
}

/// Bytes of a name that is compared with others.
const LONGEST: usize = 256;

/// What an array is called where it stands: `image` for `element 0.image`.
fn own(name: &str) -> &str {
    match name.strip_prefix("element ") {
        Some(place) => place.split_once('.').map_or(place, |(_, name)| name),
        None => name,
    }
}

/// Whether one name is probably the other one: other case or separators, a number or `:0` at the end, a plural, a
/// prefix or suffix that is a word of its own, or one slip of the finger in a name long enough for it to be one.
fn alike(wanted: &str, found: &str) -> bool {
    // Nobody has typed that, and comparing takes the product of the lengths.
    if wanted.len().max(found.len()) > LONGEST {
        return false;
    }
    let (a, b) = (plain(wanted), plain(found));
    if a.is_empty() || b.is_empty() {
        return false;
    }
    let (words_a, words_b) = (words(wanted), words(found));
    let part = |of: &[String], all: &[String]| of.iter().all(|word| all.contains(word));
    a == b
        || part(&words_a, &words_b)
        || part(&words_b, &words_a)
        || (a.len().min(b.len()) >= 4 && strsim::damerau_levenshtein(&a, &b) <= 1)
}

/// Lower case, letters only, without a plural s.
fn plain(name: &str) -> String {
    let letters: String = name.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    letters.strip_suffix('s').filter(|rest| rest.len() > 1).map_or(letters.clone(), str::to_owned)
}

/// The words of a name, in lower case, without those that only number it.
fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn one_array_under_another_name_is_recognised() {
        for (wanted, found) in [
            ("image", "Image"),
            ("image", "images"),
            ("image", "image:0"),
            ("input_1", "input1"),
            ("x", "x_train"),
            ("image", "imgae"),
            ("label", "serving_default_label"),
        ] {
            assert!(alike(wanted, found), "{wanted} {found}");
        }
    }

    #[test]
    fn other_arrays_are_left_alone() {
        for (wanted, found) in
            [("x", "y"), ("image", "label"), ("mask", "task_id"), ("a", "b"), ("x", "arr_0"), ("x1", "1")]
        {
            assert!(!alike(wanted, found), "{wanted} {found}");
        }
    }
}
