//! What file names say: the array's name, and the number of the batch.
//!
//! Loose `.npy` files form one batch where they share everything but the array's name: `x_007.npy` and `y_007.npy`,
//! `x/007.npy` and `y/007.npy`, `train_x_007.npy` and `train_y_007.npy`.

use std::borrow::Cow;
use std::ops::Range;

/// What the path of a loose `.npy` file says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LooseName<'p> {
    /// What the file calls its array: `x` in `x_007.npy`.
    pub array: &'p str,
    /// What it shares with the other arrays of its batch: folder and stem without the array's name and the number.
    pub rest: Cow<'p, str>,
    /// The number of the batch: 7 in `x_007.npy`.
    pub number: Option<u64>,
}

/// Splits the path of a loose `.npy` file, relative to the folder that is checked. A declared name is recognised as a
/// whole word of the stem, or as the name of the folder; without one, the name is the stem without its number.
#[must_use]
pub fn loose<'p>(path: &'p str, declared: &[&'p str]) -> LooseName<'p> {
    let (folder, stem) = split(path);
    let folder_name = folder.rsplit('/').next().unwrap_or_default();
    let parent = folder.strip_suffix(folder_name).unwrap_or(folder).trim_end_matches('/');

    // Of names of one length the first that is declared.
    let longest = |names: &mut dyn Iterator<Item = (&'p str, usize)>| {
        names.fold(None, |best: Option<(&str, usize)>, found| {
            best.filter(|best| best.0.len() >= found.0.len()).or(Some(found))
        })
    };
    let in_stem = &mut declared.iter().filter_map(|name| Some((*name, word(stem, name)?)));
    if let Some((name, start)) = longest(in_stem) {
        let without = format!("{}\u{1}{}", &stem[..start], &stem[start + name.len()..]);
        return LooseName::new(name, folder, &without);
    }
    if declared.contains(&folder_name) {
        return LooseName::new(folder_name, parent, stem);
    }
    if !folder_name.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit()) {
        return LooseName::new(folder_name, parent, stem);
    }
    match last_number(stem) {
        Some((start, end)) => {
            let (before, after) = (tidy(&stem[..start]), tidy(&stem[end..]));
            let (array, rest) = if after.is_empty() { (before, "") } else { (after, before) };
            let array = if array.is_empty() { stem } else { array };
            LooseName { array, rest: join(folder, rest), number: stem[start..end].parse().ok() }
        }
        None => LooseName { array: stem, rest: folder.into(), number: None },
    }
}

/// Splits a path that the declaration's own glob matched: what the wildcards matched names the batch.
#[must_use]
pub fn picked<'p>(path: &'p str, glob: &str, array: &'p str) -> LooseName<'p> {
    let mut kept = Vec::new();
    let mut patterns = glob.rsplit('/');
    let without = path.strip_suffix(".npy").unwrap_or(path);
    let glob_stem = |pattern: &str| pattern.strip_suffix(".npy").unwrap_or(pattern).to_owned();
    for (i, part) in without.rsplit('/').enumerate() {
        let pattern = patterns.next().map(|pattern| if i == 0 { glob_stem(pattern) } else { pattern.to_owned() });
        let rest = match &pattern {
            Some(pattern) => {
                let wild = |c: char| matches!(c, '*' | '?' | '[' | '{');
                let head = pattern.split(wild).next().unwrap_or_default();
                let tail = pattern.rsplit(['*', '?', ']', '}']).next().unwrap_or_default();
                if head.len() == pattern.len() {
                    if head == part { "" } else { part }
                } else {
                    let cut = part.strip_prefix(head).unwrap_or(part);
                    cut.strip_suffix(tail).unwrap_or(cut)
                }
            }
            None => part,
        };
        kept.push(rest);
    }
    let stem = kept.remove(0).to_owned();
    kept.retain(|part| !part.is_empty());
    kept.reverse();
    LooseName::new(array, &kept.join("/"), &stem)
}

/// The number that names a batch in an archive's stem, and the stem without it.
#[must_use]
pub fn numbered(path: &str) -> (Cow<'_, str>, Option<u64>) {
    let (folder, stem) = split(path);
    match last_number(stem) {
        Some((start, end)) if end == stem.len() => (join(folder, tidy(&stem[..start])), stem[start..end].parse().ok()),
        Some((start, end)) => {
            let rest = format!("{}{}", &stem[..start], &stem[end..]);
            (join(folder, tidy(&rest)).into_owned().into(), stem[start..end].parse().ok())
        }
        None => (join(folder, stem), None),
    }
}

impl<'p> LooseName<'p> {
    fn new(array: &'p str, folder: &str, stem: &str) -> Self {
        let (rest, number) = match last_number(stem) {
            Some((start, end)) => {
                (format!("{}{}", &stem[..start], &stem[end..]).replace('\u{1}', ""), stem[start..end].parse().ok())
            }
            None => (stem.replace('\u{1}', ""), None),
        };
        Self { array, rest: join(folder, tidy(&rest)).into_owned().into(), number }
    }
}

/// Folder (without a trailing slash) and stem (without `.npy` or `.npz`).
fn split(path: &str) -> (&str, &str) {
    let slash = path.bytes().rposition(|byte| byte == b'/');
    let (folder, file) = slash.map_or(("", path), |slash| (&path[..slash], &path[slash + 1..]));
    let stem = file.strip_suffix(".npy").or_else(|| file.strip_suffix(".npz")).unwrap_or(file);
    (folder, stem)
}

/// The name of the file without `.npy` or `.npz`.
pub(super) fn stem(path: &str) -> &str {
    split(path).1
}

/// Where the number of the batch stands in the path, if its file's name has one.
pub(super) fn number_at(path: &str) -> Option<Range<usize>> {
    let start = path.rfind('/').map_or(0, |slash| slash + 1);
    last_number(stem(path)).map(|(from, to)| start + from..start + to)
}

/// Where `name` stands in `stem` as a whole word.
fn word(stem: &str, name: &str) -> Option<usize> {
    if name.is_empty() {
        return None;
    }
    stem.match_indices(name).map(|(start, _)| start).find(|start| {
        let before = stem[..*start].chars().next_back();
        let after = stem[*start + name.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphabetic)
    })
}

/// The last run of digits.
fn last_number(stem: &str) -> Option<(usize, usize)> {
    let end = stem.bytes().rposition(|byte| byte.is_ascii_digit())? + 1;
    let digits = stem[..end].bytes().rev().take_while(u8::is_ascii_digit).count();
    Some((end - digits, end))
}

/// Without separators at the ends.
fn tidy(text: &str) -> &str {
    text.trim_matches(|c| matches!(c, '_' | '-' | '.' | ' '))
}

fn join<'p>(folder: &'p str, rest: &'p str) -> Cow<'p, str> {
    match (folder.is_empty(), rest.is_empty()) {
        (true, _) => rest.into(),
        (_, true) => folder.into(),
        _ => format!("{folder}/{rest}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str, declared: &[&str]) -> (String, String, Option<u64>) {
        let name = loose(path, declared);
        (name.array.to_owned(), name.rest.into_owned(), name.number)
    }

    #[test]
    fn the_array_is_named_by_the_stem_or_by_the_folder() {
        let same = |a: &str, b: &str, declared: &[&str]| {
            let (a, b) = (loose(a, declared), loose(b, declared));
            assert_eq!((&a.rest, a.number), (&b.rest, b.number), "{a:?} {b:?}");
            assert_ne!(a.array, b.array);
        };
        same("x_007.npy", "y_007.npy", &[]);
        same("x/007.npy", "y/007.npy", &[]);
        same("batch_3_x.npy", "batch_3_y.npy", &[]);
        same("train/x_007.npy", "train/y_007.npy", &["x", "y"]);
        same("train_x_007.npy", "train_y_007.npy", &["x", "y"]);
        same("x/part-a.npy", "y/part-a.npy", &["x", "y"]);
        same("x_train.npy", "y_train.npy", &["x", "y"]);
        same("x7.npy", "y7.npy", &["x", "y"]);
    }

    #[test]
    fn the_longest_declared_name_wins_and_only_as_a_whole_word() {
        assert_eq!(parts("image_mask_3.npy", &["image", "image_mask"]).0, "image_mask");
        assert_eq!(parts("xylophone_3.npy", &["x"]), ("xylophone".into(), String::new(), Some(3)));
        assert_eq!(parts("a.npy", &[]), ("a".into(), String::new(), None));
    }

    #[test]
    fn splits_stay_apart() {
        assert_ne!(loose("train/x_1.npy", &["x"]).rest, loose("val/x_1.npy", &["x"]).rest);
        assert_ne!(loose("train_x_1.npy", &["x"]).rest, loose("val_x_1.npy", &["x"]).rest);
    }

    #[test]
    fn what_the_wildcards_match_names_the_batch() {
        let x = picked("images/007.npy", "images/*.npy", "image");
        let y = picked("labels/007.npy", "labels/*.npy", "label");
        assert_eq!((x.rest, x.number), (y.rest, y.number));
        assert_eq!(picked("train/x_007.npy", "x_*.npy", "image").rest, "train");
        assert_eq!(picked("x_train.npy", "x_train.npy", "image").number, None);
    }

    proptest::proptest! {
        #[test]
        fn no_path_is_too_odd(path in "\\PC{0,20}", name in "\\PC{0,4}", glob in "\\PC{0,8}") {
            let _ = (loose(&path, &[&name]), numbered(&path), picked(&path, &glob, &name));
        }
    }
}
