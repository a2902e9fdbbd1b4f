//! Which parts of a scan the facts are of. Every shard has seen what all files are and says it: the facts of all shards are
//! the facts of one scan, and those of fewer say which are missing. Facts that name no part are whole.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::config::shard::MOST;
use crate::source::shard::{self, Files, place};

/// Stretches of missing shards that a text names at most.
const NAMED: usize = 20;
/// Scans of which some shards are missing that a text names at most.
const SCANS: usize = 4;

/// A shard of a scan whose facts these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// Which shard it is, from 0.
    pub index: u32,
    /// How many shards there are.
    pub of: u32,
    /// How many files are its own. Fewer lines than that are facts that were cut off.
    pub files: u64,
    /// All files that the scan has found, its own and those of the other shards.
    pub found: Files,
    /// What was asked of the files, as a number in which shards agree that were asked the same.
    #[serde(with = "shard::hex")]
    pub asks: u64,
}

impl Part {
    /// What cannot be true of it, if anything.
    pub(super) fn impossible(&self) -> Option<&'static str> {
        if self.of > MOST || self.index >= self.of {
            return Some("there is no such shard");
        }
        (self.files > self.found.files).then_some("no shard has more files than the scan")
    }
}

/// The shards whose facts these are; none where they are whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// By scan, by how many shards it has, by shard and what it was asked: the files that are its own. A shard that was
    /// scanned twice counts once.
    scans: BTreeMap<Files, BTreeMap<u32, Shards>>,
}

/// By shard, and what it was asked: the files that are its own.
type Shards = BTreeMap<(u32, u64), u64>;

impl Parts {
    /// Adds a part.
    pub fn add(&mut self, part: &Part) {
        let shards = self.scans.entry(part.found).or_default().entry(part.of).or_default();
        let files = shards.entry((part.index, part.asks)).or_default();
        *files = part.files.max(*files);
    }

    /// Adds those of other facts.
    pub fn union(&mut self, other: &Self) {
        for part in other.iter() {
            self.add(&part);
        }
    }

    /// Every part, in the order in which it is saved.
    pub fn iter(&self) -> impl Iterator<Item = Part> {
        self.scans.iter().flat_map(|(found, splits)| {
            splits.iter().flat_map(|(of, shards)| {
                let part = |((index, asks), files): (&(u32, u64), &u64)| Part {
                    index: *index,
                    of: *of,
                    files: *files,
                    found: *found,
                    asks: *asks,
                };
                shards.iter().map(part)
            })
        })
    }

    /// Forgets the scans all of whose files are there: those with all shards, then those whose files are the ones that
    /// the facts are of, which are asked for only where that matters. What was put together from all parts is as if it
    /// had never been in parts, and stays so when a part is added once more.
    pub fn settle<E>(&mut self, files: impl FnOnce() -> Result<Files, E>) -> Result<(), E> {
        self.scans.retain(|_, splits| splits.iter().all(|(of, shards)| missing(*of, shards).next().is_some()));
        if !self.is_whole() {
            let files = files()?;
            self.scans.remove(&files);
        }
        Ok(())
    }

    /// Whether nothing is known to be missing. Asked of parts that have settled.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.scans.is_empty()
    }

    /// How many shards are missing, of how many.
    #[must_use]
    pub fn missing(&self) -> (u64, u64) {
        let splits = self.scans.values().flatten();
        splits.fold((0, 0), |(gone, all), (of, shards)| {
            (gone + missing(*of, shards).map(|stretch| stretch.len() as u64).sum::<u64>(), all + u64::from(*of))
        })
    }

    /// What is missing, as a sentence without a full stop; `None` where nothing is.
    #[must_use]
    pub fn lack(&self) -> Option<String> {
        let splits = self.scans.values().map(BTreeMap::len).sum::<usize>();
        let several = splits > 1;
        let texts = self.scans.iter().flat_map(|(found, splits)| {
            splits.iter().map(move |(of, shards)| {
                let of_scan = match (several, found.files) {
                    (false, _) => String::new(),
                    (true, 1) => "of a scan that found 1 file, ".to_owned(),
                    (true, files) => format!("of a scan that found {files} files, "),
                };
                format!("{of_scan}{}", lack(*of, shards))
            })
        });
        let mut texts: Vec<String> = texts.take(SCANS).collect();
        texts.extend((splits > SCANS).then(|| format!("and so on for {} more scans", splits - SCANS)));
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// What to do about what is missing.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let mut splits = self.scans.values().flatten();
        let (of, shards) = splits.next()?;
        if splits.next().is_some() {
            return Some(
                "shards of one scan find the same files and are of one number: where they did not, a folder was not \
                 there, or has changed since, and they are to be scanned again"
                    .to_owned(),
            );
        }
        let first = missing(*of, shards).next()?.start;
        let them = if self.missing().0 == 1 { "it" } else { "them" };
        Some(format!("scan {them}: `batchlint inspect --shard {first}/{of} --format jsonl -o FILE`"))
    }

    /// The numbers that say what was asked.
    pub fn asks(&self) -> impl Iterator<Item = u64> {
        self.iter().map(|part| part.asks)
    }
}

/// The shards that are not there.
fn missing(of: u32, shards: &Shards) -> impl Iterator<Item = Range<u32>> {
    let mut next = 0;
    let there: BTreeSet<u32> = shards.keys().map(|(index, _)| *index).collect();
    there.into_iter().chain([of]).filter_map(move |index| {
        let stretch = next..index;
        next = index + 1;
        (!stretch.is_empty()).then_some(stretch)
    })
}

/// `3 of 64 shards are missing: 5, 17-18`
fn lack(of: u32, shards: &Shards) -> String {
    let stretches: Vec<Range<u32>> = missing(of, shards).collect();
    let gone: usize = stretches.iter().map(ExactSizeIterator::len).sum();
    let are = if gone == 1 { "is" } else { "are" };
    let mut names: Vec<String> = stretches.iter().take(NAMED).map(stretch).collect();
    if let Some(more) = stretches.get(NAMED..).filter(|more| !more.is_empty()) {
        names.push(format!("and {} more", more.iter().map(ExactSizeIterator::len).sum::<usize>()));
    }
    format!("{gone} of {of} shards {are} missing: {}", names.join(", "))
}

fn stretch(range: &Range<u32>) -> String {
    match range.len() {
        1 => range.start.to_string(),
        _ => format!("{}-{}", range.start, range.end - 1),
    }
}

/// Whether the lines behind a head are as many as its parts say: of facts that were cut off between two lines nothing
/// else tells.
#[derive(Debug, Default)]
pub struct Count {
    parts: Vec<Part>,
    /// Lines by number of shards, and shard.
    seen: BTreeMap<u32, BTreeMap<u32, u64>>,
}

impl Count {
    /// The parts that a head names.
    #[must_use]
    pub fn of(parts: Vec<Part>) -> Self {
        let mut seen: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
        for part in &parts {
            seen.entry(part.of).or_default().insert(part.index, 0);
        }
        Self { parts, seen }
    }

    /// A line about this path follows.
    pub fn line(&mut self, path: &str) {
        for (of, shards) in &mut self.seen {
            if let Some(lines) = shards.get_mut(&place(path, *of)) {
                *lines += 1;
            }
        }
    }

    /// No line follows. A part of which some lines are not there, and how many are.
    pub fn end(&self) -> Result<(), (Part, u64)> {
        let lines = |part: &Part| self.seen.get(&part.of).and_then(|shards| shards.get(&part.index)).copied();
        let short = self.parts.iter().find(|part| lines(part).unwrap_or(0) < part.files);
        short.map_or(Ok(()), |part| Err((*part, lines(part).unwrap_or(0))))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn part(index: u32, of: u32, found: u64) -> Part {
        Part { index, of, files: 0, found: Files { files: found, paths: found }, asks: 0 }
    }

    fn parts(parts: &[Part]) -> Parts {
        let mut all = Parts::default();
        for part in parts {
            all.add(part);
        }
        let nothing: Result<(), Infallible> = all.settle(|| Ok(Files::default()));
        nothing.unwrap();
        all
    }

    fn lack_of(all: &[Part]) -> String {
        parts(all).lack().unwrap()
    }

    #[test]
    fn what_is_missing_is_named() {
        let lack = |all: &[Part]| parts(all).lack();
        assert_eq!(lack(&[]), None);
        assert_eq!(lack(&[part(0, 1, 9)]), None);
        let some: Vec<Part> =
            (0..64).filter(|index| ![5, 17, 40].contains(index)).map(|index| part(index, 64, 9)).collect();
        assert_eq!(lack(&some).unwrap(), "3 of 64 shards are missing: 5, 17, 40");
        assert_eq!(parts(&some).missing(), (3, 64));
        assert_eq!(lack(&[part(1, 2, 9)]).unwrap(), "1 of 2 shards is missing: 0");
        assert_eq!(lack(&[part(3, 9, 9)]).unwrap(), "8 of 9 shards are missing: 0-2, 4-8");
        let odd: Vec<Part> = (0..50_000).map(|index| part(index * 2, 100_000, 9)).collect();
        assert!(lack(&odd).unwrap().ends_with("37, 39, and 49980 more"));
    }

    #[test]
    fn shards_of_several_numbers_and_of_several_scans_are_told_apart() {
        let two = parts(&[part(3, 64, 9), part(5, 32, 9)]);
        let says = two.lack().unwrap();
        assert!(says.starts_with("of a scan that found 9 files, 31 of 32 shards are missing: 0-4, 6-31; of a scan"));
        assert!(two.help().unwrap().starts_with("shards of one scan"));
        assert_eq!(parts(&[part(3, 64, 9), part(0, 2, 9), part(1, 2, 9)]).lack(), None);
        let many: Vec<Part> = (1..10).map(|found| part(1, 2, found)).collect();
        assert!(lack_of(&many).ends_with("; and so on for 5 more scans"));
        // One of the machines has not found the folder.
        let changed = parts(&[part(0, 2, 9), part(1, 2, 1)]).lack().unwrap();
        assert_eq!(
            changed,
            "of a scan that found 1 file, 1 of 2 shards is missing: 0; of a scan that found 9 files, 1 of 2 shards is \
             missing: 1"
        );
    }

    #[test]
    fn a_scan_is_whole_when_its_files_are_there() {
        let mut all = Parts::default();
        all.add(&part(1, 2, 9));
        let there = |files| move || Ok::<_, Infallible>(Files { files, paths: files });
        all.settle(there(8)).unwrap();
        assert!(!all.is_whole());
        all.settle(there(9)).unwrap();
        assert!(all.is_whole());
    }

    #[test]
    fn fewer_lines_than_a_shard_has_files_are_seen() {
        let paths: Vec<String> = (0..40).map(|number| format!("x_{number}.npy")).collect();
        let mine = |index| paths.iter().filter(move |path| place(path, 2) == index).collect::<Vec<_>>();
        let whole = |index| Part { files: mine(index).len() as u64, ..part(index, 2, 40) };
        let mut count = Count::of(vec![whole(0), whole(1)]);
        mine(0).into_iter().chain(mine(1)).for_each(|path| count.line(path));
        assert_eq!(count.end(), Ok(()));
        let mut count = Count::of(vec![whole(0), whole(1)]);
        mine(0).into_iter().chain(mine(1).into_iter().skip(1)).for_each(|path| count.line(path));
        assert_eq!(count.end(), Err((whole(1), whole(1).files - 1)));
        assert!(Count::of(vec![whole(0)]).end().is_err());
    }
}
