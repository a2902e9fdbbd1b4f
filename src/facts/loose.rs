//! Loose `.npy` files one after another: what their names say, and which of them form one batch. Files come in natural
//! order, so that a name mostly differs from the one before in its number, and a number mostly follows the one before.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::assemble::Texts;
use super::naming::{self, LooseName};
use crate::source::SourceFacts;
use crate::spec::Spec;

/// What the name of a loose file says.
#[derive(Clone, Copy)]
pub(super) struct Loose {
    /// What the file calls its array, as an id.
    pub(super) array: u32,
    /// What it shares with the other arrays of its batch, as an id.
    pub(super) rest: u32,
    /// The number of the batch.
    pub(super) number: Option<u64>,
}

/// Reads the names of files, and remembers the one before.
pub(super) struct Names<'s, 'f> {
    spec: &'s Spec,
    /// The declared names.
    pub(super) declared: Vec<&'s str>,
    /// Whether paths that differ in the number only say the same but for it.
    plain: bool,
    last: Option<(&'f SourceFacts, Range<usize>, Loose)>,
}

impl<'s, 'f> Names<'s, 'f> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        let declared: Vec<&str> = spec.arrays.iter().map(|declared| declared.name.as_str()).collect();
        let digits = |name: &&str| name.bytes().any(|byte| byte.is_ascii_digit());
        let plain = !declared.iter().any(digits) && spec.arrays.iter().all(|declared| declared.pick.files.is_none());
        Self { spec, declared, plain, last: None }
    }

    /// What the name of that file says.
    pub(super) fn read<'n>(&'n self, source: &'n SourceFacts) -> LooseName<'n> {
        let relative = within(&source.path, &source.root);
        let picked = self.spec.arrays.iter().find_map(|declared| {
            let files = declared.pick.files.as_ref()?;
            matches(&files.value, relative).then(|| naming::picked(relative, files.value.glob().glob(), &declared.name))
        });
        picked.unwrap_or_else(|| naming::loose(relative, &self.declared))
    }

    /// The same, with ids for texts.
    pub(super) fn of(&mut self, source: &'f SourceFacts, texts: &mut Texts) -> Loose {
        if let Some(loose) = self.like_last(source) {
            return loose;
        }
        let name = self.read(source);
        let loose =
            Loose { array: texts.names.id(name.array), rest: texts.sequences.id(&name.rest), number: name.number };
        // A name that is nothing but a number is the array's own.
        let at = naming::number_at(&source.path).filter(|_| self.plain && name.array != naming::stem(&source.path));
        self.last = at.map(|at| (source, at, loose));
        loose
    }

    /// What it says, if it differs from the one before in the digits of the number only.
    fn like_last(&self, source: &SourceFacts) -> Option<Loose> {
        let (last, at, loose) = self.last.as_ref()?;
        let (path, last_path) = (source.path.as_bytes(), last.path.as_bytes());
        let same = path.len() == last_path.len()
            && path[..at.start] == last_path[..at.start]
            && path[at.end..] == last_path[at.end..]
            && source.root == last.root;
        let digits = path.get(at.clone()).filter(|digits| same && digits.iter().all(u8::is_ascii_digit))?;
        let add = |number: u64, digit: &u8| number.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
        Some(Loose { number: digits.iter().try_fold(0, add), ..*loose })
    }
}

/// The path below the folder that the user named.
pub(super) fn within<'p>(path: &'p str, root: &str) -> &'p str {
    path.strip_prefix(root).map_or(path, |rest| rest.trim_start_matches('/'))
}

/// Whether a `files` glob speaks of the path. A glob without a slash speaks of the file's name.
pub(super) fn matches(glob: &globset::GlobMatcher, relative: &str) -> bool {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    glob.is_match(relative) || (!glob.glob().glob().contains('/') && glob.is_match(name))
}

/// What the loose files of one sequence share: root and rest of the name, as ids, and which of several arrays in one file.
pub(super) type Sequence = (u32, u32, u32);

/// The batches of loose files, by sequence and number.
#[derive(Default)]
pub(super) struct Batches {
    sequences: HashMap<Sequence, usize>,
    numbers: Vec<Numbers>,
    /// The sequence that was asked for last.
    last: Option<(Sequence, usize)>,
}

impl Batches {
    /// The batch of that number; `new` where there is none yet.
    pub(super) fn of(&mut self, sequence: Sequence, number: Option<u64>, new: usize) -> usize {
        let at = match self.last.filter(|(last, _)| *last == sequence) {
            Some((_, at)) => at,
            None => *self.sequences.entry(sequence).or_insert_with(|| {
                self.numbers.push(Numbers::default());
                self.numbers.len() - 1
            }),
        };
        self.last = Some((sequence, at));
        self.numbers[at].of(number, new)
    }

    /// The batch of that number, if there is one.
    pub(super) fn get(&self, sequence: Sequence, number: Option<u64>) -> Option<usize> {
        self.numbers[*self.sequences.get(&sequence)?].get(number)
    }
}

/// The batches of one sequence, by number.
#[derive(Default)]
struct Numbers {
    /// Those that came in order.
    rising: Vec<(Option<u64>, usize)>,
    /// The place of the one that was asked for last.
    cursor: usize,
    others: BTreeMap<Option<u64>, usize>,
}

impl Numbers {
    fn of(&mut self, number: Option<u64>, new: usize) -> usize {
        if self.rising.last().is_none_or(|(last, _)| *last < number) {
            self.rising.push((number, new));
            return new;
        }
        let next = self.cursor + 1;
        if let Some((_, batch)) = self.rising.get(next).filter(|(known, _)| *known == number) {
            self.cursor = next;
            return *batch;
        }
        match self.rising.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(at) => {
                self.cursor = at;
                self.rising[at].1
            }
            Err(_) => *self.others.entry(number).or_insert(new),
        }
    }

    fn get(&self, number: Option<u64>) -> Option<usize> {
        match self.rising.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(at) => Some(self.rising[at].1),
            Err(_) => self.others.get(&number).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::SourceKind;
    use crate::spec::{Declaration, Role};

    proptest! {
        #[test]
        fn batches_are_those_of_a_map(asked in proptest::collection::vec((0_u32..3, proptest::option::of(0_u64..12)), 0..60)) {
            let (mut batches, mut map) = (Batches::default(), HashMap::new());
            for (new, (rest, number)) in asked.iter().enumerate() {
                let known = *map.entry((*rest, *number)).or_insert(new);
                prop_assert_eq!(batches.of((0, *rest, 0), *number, new), known);
            }
            for rest in 0..3 {
                for number in (0..12).map(Some).chain([None]) {
                    prop_assert_eq!(batches.get((0, rest, 0), number), map.get(&(rest, number)).copied());
                }
            }
        }
    }

    /// A file of that path below `data`.
    fn file(path: &str) -> SourceFacts {
        SourceFacts {
            path: format!("data/{path}").into(),
            root: "data".into(),
            kind: SourceKind::Npy,
            size: 0,
            arrays: Vec::new(),
            faults: Vec::new(),
            yielded: None,
            small: crate::source::Small::default(),
        }
    }

    proptest! {
        #[test]
        fn names_do_not_depend_on_the_one_before(
            paths in proptest::collection::vec("(x/|train/|x7/|7/)?(x|y|x7|)[_-]?[0-9]{0,2}(_?[xy])?\\.npy", 1..12),
            declared in proptest::sample::subsequence(vec!["x", "x7", "train"], 0..=3),
        ) {
            let named = |name: &str| Declaration::bare(Role::Input, name);
            let spec = Spec { arrays: declared.into_iter().map(named).collect(), ..Spec::default() };
            let files: Vec<SourceFacts> = paths.iter().map(|path| file(path)).collect();
            let (mut names, mut texts) = (Names::new(&spec), Texts::default());
            for source in &files {
                let loose = names.of(source, &mut texts);
                let alone = Names::new(&spec);
                let alone = alone.read(source);
                prop_assert_eq!(&**texts.names.text(loose.array), alone.array);
                prop_assert_eq!(&**texts.sequences.text(loose.rest), &*alone.rest);
                prop_assert_eq!(loose.number, alone.number);
            }
        }
    }
}
