//! Which array names stand for the two sides of one set: `x_train` and `y_train`, `images` and `labels`.
//! Used where no spec says which arrays belong together, so it would rather miss a pair than invent one.

use crate::spec::Role;

/// Words for what goes into a model and for what is compared with its output, by habit.
const FAMILIES: [(&[&str], &[&str]); 4] = [
    (&["x", "xs"], &["y", "ys"]),
    (&["image", "images", "img", "imgs"], &["label", "labels", "target", "targets"]),
    (&["data"], &["label", "labels", "target", "targets"]),
    (&["feature", "features", "input", "inputs"], &["label", "labels", "target", "targets"]),
];

/// Words for what goes into a model, for what is compared with its output, and for weights, that pair with no others.
const MORE: [(Role, &[&str]); 3] = [
    (Role::Weight, &["weight", "weights", "w"]),
    (Role::Target, &["class", "classes", "gt", "truth", "annotation", "annotations"]),
    (Role::Input, &["pixels", "tokens", "ids", "text", "audio", "signal", "token"]),
];

/// Words that tell the parts of a dataset apart. An array named after one of them holds many samples.
const SPLITS: [&str; 9] = ["train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"];

/// One way to read a name as an input or a target: by one of its words, and what is left of it without that word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Equal for names that belong together.
    pub set: Set,
    /// Whether the word stands for a target.
    pub target: bool,
}

/// What two names share that belong together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set {
    family: usize,
    rest: Vec<String>,
}

impl Set {
    /// Whether the names say that they hold a part of a dataset, and so one row per sample.
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.split().is_some()
    }

    /// The word that names the part of a dataset, and the others.
    #[must_use]
    pub fn split(&self) -> Option<(&str, String)> {
        let at = self.rest.iter().position(|word| SPLITS.contains(&word.as_str()))?;
        let others: Vec<&str> =
            self.rest.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| &**word).collect();
        Some((&self.rest[at], format!("{} {}", self.family, others.join(" "))))
    }
}

/// Words of a name that are looked at.
const WORDS: usize = 32;

/// Every way to read the name as an input or a target. Most names have none.
#[must_use]
pub fn sides(name: &str) -> Vec<Side> {
    let mut sides = Vec::new();
    if !may_have_sides(name) {
        return sides;
    }
    let words = words(name);
    // A name of so many words says nothing, and each of them could be the one.
    if words.len() > WORDS {
        return sides;
    }
    for (at, word) in words.iter().enumerate() {
        for (family, (inputs, targets)) in FAMILIES.iter().enumerate() {
            let target = targets.contains(&word.as_str());
            if target || inputs.contains(&word.as_str()) {
                let rest = words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| word.clone()).collect();
                sides.push(Side { set: Set { family, rest }, target });
            }
        }
    }
    sides
}

/// Whether any of the words stands in the name at all: archives of many thousand arrays are asked, and most have none.
fn may_have_sides(name: &str) -> bool {
    let stands =
        |word: &str| name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    !name.is_ascii() || FAMILIES.iter().any(|(inputs, targets)| inputs.iter().chain(*targets).any(|word| stands(word)))
}

/// The part that an array plays in training, by the words of its name. A guess.
#[must_use]
pub fn role(name: &str) -> Option<Role> {
    let words = words(name);
    let words = || words.iter().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    let more = |role: Role| MORE.iter().filter(move |(of, _)| *of == role).flat_map(|(_, known)| known.iter());
    let has = |role: Role| {
        words().any(|word| {
            let family = FAMILIES.iter().flat_map(|(inputs, targets)| match role {
                Role::Input => inputs.iter(),
                Role::Target => targets.iter(),
                Role::Weight => [].iter(),
            });
            family.chain(more(role)).any(|known| *known == word)
        })
    };
    [Role::Weight, Role::Target, Role::Input].into_iter().find(|role| has(*role))
}

/// The words of a name, in lower case: `X_train` and `xTrain` are `x`, `train`; so is `Xtrain`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut last_is_lower) = (String::new(), false);
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && last_is_lower) {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        last_is_lower = c.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words.into_iter().flat_map(parted).collect()
}

/// `xtrain` as `x` and `train`.
fn parted(word: String) -> Vec<String> {
    for side in ["x", "y"] {
        if let Some(split) = word.strip_prefix(side).filter(|rest| SPLITS.contains(rest)) {
            return vec![side.to_owned(), split.to_owned()];
        }
        if let Some(split) = word.strip_suffix(side).filter(|rest| SPLITS.contains(rest)) {
            return vec![split.to_owned(), side.to_owned()];
        }
    }
    vec![word]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The set that the two names make, the first of them being the input.
    fn pair(input: &str, target: &str) -> Option<Set> {
        let inputs: Vec<Set> = sides(input).into_iter().filter(|side| !side.target).map(|side| side.set).collect();
        sides(target).into_iter().filter(|side| side.target).map(|side| side.set).find(|set| inputs.contains(set))
    }

    #[test]
    fn names_tell_roles_by_their_words() {
        for (name, expected) in [
            ("y", Some(Role::Target)),
            ("yTrain", Some(Role::Target)),
            ("image_label", Some(Role::Target)),
            ("X", Some(Role::Input)),
            ("x2", Some(Role::Input)),
            ("input_ids", Some(Role::Input)),
            ("sample_weight", Some(Role::Weight)),
            ("mask", None),
            ("xylophone", None),
            ("arr_0", None),
            ("", None),
        ] {
            assert_eq!(role(name), expected, "{name}");
        }
    }

    #[test]
    fn habitual_pairs_are_known_with_equal_prefix_or_suffix() {
        for (input, target) in [
            ("x", "y"),
            ("X", "Y"),
            ("images", "labels"),
            ("image", "label"),
            ("data", "labels"),
            ("features", "targets"),
            ("inputs", "targets"),
            ("val_images", "val_labels"),
            ("data_x", "data_y"),
        ] {
            assert!(pair(input, target).is_some(), "{input} {target}");
        }
        for (input, target) in
            [("x_train", "y_train"), ("X_test", "y_test"), ("trainX", "trainY"), ("Xtrain", "ytrain")]
        {
            assert!(pair(input, target).unwrap().is_split(), "{input} {target}");
        }
    }

    #[test]
    fn unrelated_names_and_other_splits_are_not_pairs() {
        for (input, target) in [
            ("x_train", "y_test"),
            ("x", "mean"),
            ("images", "class_names"),
            ("data", "std"),
            ("x", "x"),
            ("y", "x"),
            ("image", "image_id"),
            ("box_x", "y"),
            ("", ""),
        ] {
            assert_eq!(pair(input, target), None, "{input} {target}");
        }
    }

    #[test]
    fn a_name_of_either_side_is_known() {
        assert!(["y_train", "label", "Xtest"].iter().all(|name| !sides(name).is_empty()));
        assert!(["step", "mean", "box", ""].iter().all(|name| sides(name).is_empty()));
    }
}
