//! From files to streams: which arrays are which, which of them form one batch, and in which order the batches come.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::live;
use super::loose::{self, Names, matches, within};
use super::naming;
use super::pairs;
use super::{Batch, Cell, Column, Facts, Lost, Stream};
use crate::source::{ArrayFacts, SourceFacts, SourceKind};
use crate::spec::{Declaration, Role, Spec, mismatch};

/// The streams of the facts. With declared arrays, every folder that the user named is one stream, and so are all files
/// that were named one by one. Without, batches belong together only where their names differ in nothing but a number.
#[must_use]
pub fn assemble<'f>(facts: &'f Facts, spec: &Spec) -> Vec<Stream<'f>> {
    let mut texts = Texts { whole: facts.parts().is_whole(), ..Texts::default() };
    let mut drafts = drafts_of(facts, spec, &mut texts);
    let mut families: BTreeMap<Family, Vec<usize>> = BTreeMap::new();
    let mut runs: Vec<(Family, std::ops::Range<usize>)> = Vec::new();
    let mut last = None;
    for (index, draft) in drafts.all.iter().enumerate() {
        let root = texts.roots.id(&draft.source.root);
        // Without a spec only a number says that two files belong together.
        let family = (root, (spec.arrays.is_empty() && draft.number.is_some()).then_some(draft.sequence));
        if last != Some(family) {
            runs.push((family, index..index));
            last = Some(family);
        }
        runs.last_mut().expect("one was pushed before the first").1.end = index + 1;
    }
    for (family, run) in runs {
        families.entry(family).or_default().extend(run);
    }
    let lost = lost(facts, spec, &mut texts);
    let mut slots = vec![usize::MAX; texts.names.texts.len()];
    families
        .into_iter()
        .map(|((root, family), batches)| {
            let related = !spec.arrays.is_empty() || family.is_some();
            let mut stream = drafts.stream(&texts, related, &batches, spec, &mut slots);
            stream.name = texts.roots.text(root).to_string();
            stream.capture = facts.captures().iter().find(|capture| *capture.root == *stream.name);
            let mine =
                lost.iter().filter(|(place, sequence, _)| *place == root && family.is_none_or(|own| own == *sequence));
            let lost = mine.map(|(_, sequence, number)| Lost {
                sequence: Arc::clone(texts.sequences.text(*sequence)),
                number: *number,
            });
            stream.lost = lost.collect();
            stream
        })
        .collect()
}

/// Files in which no array could be described: root and sequence, as ids, and number.
fn lost(facts: &Facts, spec: &Spec, texts: &mut Texts) -> Vec<(u32, u32, Option<u64>)> {
    let names = Names::new(spec);
    let unread = facts.sources().iter().filter(|source| source.arrays.is_empty() && source.kind != SourceKind::Live);
    unread
        .map(|source| {
            let (sequence, number) = if source.path.ends_with(".npz") {
                naming::numbered(&source.path)
            } else {
                let name = names.read(source);
                (name.rest, name.number)
            };
            (texts.roots.id(&source.root), texts.sequences.id(&sequence), number)
        })
        .collect()
}

/// Texts that many files share, each kept once and known by a number.
#[derive(Default)]
pub(super) struct Texts {
    /// Whether the facts are those of all files, as far as anybody knows.
    whole: bool,
    roots: Shared,
    pub(super) sequences: Shared,
    /// Of arrays, as their files call them.
    pub(super) names: Shared,
}

/// Texts by their numbers, in order of their first use.
#[derive(Default)]
pub(super) struct Shared {
    ids: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
    /// The one that was asked for last: mostly it is the next one, too.
    last: u32,
}

impl Shared {
    pub(super) fn id(&mut self, text: &str) -> u32 {
        if self.texts.get(self.last as usize).is_some_and(|last| **last == *text) {
            return self.last;
        }
        self.last = match self.ids.get(text) {
            Some(id) => *id,
            None => self.add(text.into()),
        };
        self.last
    }

    fn add(&mut self, text: Arc<str>) -> u32 {
        let id = u32::try_from(self.texts.len()).expect("there are fewer than 2^32 files, and fewer texts than files");
        self.texts.push(Arc::clone(&text));
        self.ids.insert(text, id);
        id
    }

    pub(super) fn text(&self, id: u32) -> &Arc<str> {
        &self.texts[id as usize]
    }
}

/// A batch in the making.
struct Draft<'f> {
    /// Its first file.
    source: &'f SourceFacts,
    /// What its name shares with the others of its sequence, as an id.
    sequence: u32,
    number: Option<u64>,
}

impl Draft<'_> {
    /// Whether the names are those of an archive, or of a dictionary, rather than of loose files.
    fn is_keyed(&self) -> bool {
        self.source.kind != SourceKind::Npy
    }
}

/// An array of a batch.
#[derive(Clone, Copy)]
struct Entry<'f> {
    /// What its file calls it, as an id.
    name: u32,
    source: &'f SourceFacts,
    array: &'f ArrayFacts,
}

/// The batches in natural order of their first files, and their arrays.
#[derive(Default)]
struct Drafts<'f> {
    all: Vec<Draft<'f>>,
    /// Names of arrays that could not be described, by batch.
    unreadable: BTreeMap<usize, Vec<String>>,
    /// The arrays of each batch, one batch behind another.
    entries: Vec<Entry<'f>>,
    /// Where the arrays of each batch end.
    ends: Vec<usize>,
}

/// What the batches of one stream share: the root and, where nothing is declared, the sequence, as ids.
type Family = (u32, Option<u32>);

fn drafts_of<'f>(facts: &'f Facts, spec: &Spec, texts: &mut Texts) -> Drafts<'f> {
    let mut drafts = Drafts::default();
    let mut entries: Vec<(usize, Entry<'f>)> = Vec::with_capacity(facts.arrays());
    let mut loose = loose::Batches::default();
    let mut keys = Keys::default();
    let mut names = Names::new(spec);
    for source in facts.sources() {
        match source.kind {
            SourceKind::Npz | SourceKind::Live => {
                // A program may hand out a batch without an array: `None`.
                if source.arrays.is_empty() && source.kind != SourceKind::Live {
                    continue;
                }
                let (sequence, number) = if let Some(yielded) = &source.yielded {
                    (texts.sequences.id(&source.root), Some(yielded.number))
                } else {
                    let (sequence, number) = naming::numbered(&source.path);
                    (texts.sequences.id(&sequence), number)
                };
                let batch = drafts.all.len();
                let kept = keys.last_of_each(source, &mut texts.names).iter();
                entries
                    .extend(kept.map(|(at, name)| (batch, Entry { name: *name, source, array: &source.arrays[*at] })));
                let unreadable = unreadable_keys(source);
                if !unreadable.is_empty() {
                    drafts.unreadable.insert(batch, unreadable);
                }
                drafts.all.push(Draft { source, sequence, number });
            }
            SourceKind::Npy => {
                let name = names.of(source, texts);
                // Without a declared name or a number nothing says that two loose files belong together.
                let joinable = name.number.is_some() || !names.declared.is_empty();
                let root = texts.roots.id(&source.root);
                for array in &source.arrays {
                    let next = drafts.all.len();
                    let sequence = (root, name.rest, array.ordinal);
                    let batch = if joinable { loose.of(sequence, name.number, next) } else { next };
                    entries.push((batch, Entry { name: name.array, source, array }));
                    if batch == next {
                        drafts.all.push(Draft { source, sequence: name.rest, number: name.number });
                    }
                }
            }
            SourceKind::Other => {}
        }
    }
    for source in facts.sources().iter().filter(|source| source.arrays.is_empty()) {
        let name = names.of(source, texts);
        if let Some(batch) = loose.get((texts.roots.id(&source.root), name.rest, 0), name.number) {
            drafts.unreadable.entry(batch).or_default().push(texts.names.text(name.array).to_string());
        }
    }
    drafts.sort(entries);
    drafts
}

impl<'f> Drafts<'f> {
    /// Puts the arrays of each batch together, in the order in which they came.
    fn sort(&mut self, mut entries: Vec<(usize, Entry<'f>)>) {
        if !entries.is_sorted_by_key(|(batch, _)| *batch) {
            entries.sort_by_key(|(batch, _)| *batch);
        }
        self.ends = vec![0; self.all.len()];
        for (batch, _) in &entries {
            self.ends[*batch] += 1;
        }
        let mut end = 0;
        for count in &mut self.ends {
            end += *count;
            *count = end;
        }
        self.entries = entries.into_iter().map(|(_, entry)| entry).collect();
    }

    fn entries(&self, batch: usize) -> &[Entry<'f>] {
        let start = batch.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[start..self.ends[batch]]
    }
}

/// What `np.load` gives for each key of an archive: of two members with one key, the last. Archives mostly have the keys of
/// the one before.
#[derive(Default)]
struct Keys<'f> {
    of: &'f [ArrayFacts],
    /// Index of the array, and the id of its name.
    kept: Vec<(usize, u32)>,
}

impl<'f> Keys<'f> {
    fn last_of_each(&mut self, source: &'f SourceFacts, names: &mut Shared) -> &[(usize, u32)] {
        let arrays = source.arrays.as_slice();
        let same = |(a, b): (&ArrayFacts, &ArrayFacts)| Arc::ptr_eq(&a.key, &b.key) || a.key == b.key;
        let known = self.of.len() == arrays.len() && self.of.iter().zip(arrays).all(same);
        if source.kind == SourceKind::Live || !known {
            let mut last: HashMap<&str, usize> = HashMap::with_capacity(arrays.len());
            last.extend(arrays.iter().enumerate().map(|(at, array)| (&*array.key, at)));
            let kept = arrays.iter().enumerate().filter(|(at, array)| last[&*array.key] == *at);
            self.kept = kept.map(|(at, array)| (at, names.id(&live::name(array)))).collect();
            self.of = if source.kind == SourceKind::Live { &[] } else { arrays };
        }
        &self.kept
    }
}

/// Keys of an archive whose members are at fault and could not be described.
fn unreadable_keys(source: &SourceFacts) -> Vec<String> {
    let keys = source.faults.iter().filter_map(|fault| {
        let member = fault.member.as_deref()?;
        Some(member.strip_suffix(".npy").unwrap_or(member))
    });
    keys.filter(|key| source.arrays.iter().all(|array| *array.key != **key)).map(str::to_owned).collect()
}

impl<'f> Drafts<'f> {
    /// A stream of these batches, without a name. `slots` has a place for every name, all of them `usize::MAX`.
    fn stream(
        &mut self,
        texts: &Texts,
        related: bool,
        batches: &[usize],
        spec: &Spec,
        slots: &mut [usize],
    ) -> Stream<'f> {
        let names = &texts.names;
        let declared = spec.arrays.iter().enumerate();
        let mut columns: Vec<Column<'f>> = declared
            .map(|(i, declared)| Column { name: declared.name.as_str().into(), declared: Some(i), cells: Vec::new() })
            .collect();
        let mut unnamed: Vec<Cell<'f>> = Vec::new();
        let mut others: Vec<(u32, Vec<Cell<'f>>)> = Vec::new();
        let mut made = Vec::with_capacity(batches.len());
        let mut by_name = ByName::default();
        for (batch, index) in batches.iter().enumerate() {
            let unreadable = self.unreadable.remove(index).unwrap_or_default().into();
            let (draft, entries) = (&self.all[*index], self.entries(*index));
            let owners = owners(draft, entries, spec, texts);
            let mut taken = vec![false; spec.arrays.len()];
            for (at, entry) in entries.iter().enumerate() {
                let cell = Cell { batch, source: entry.source, array: entry.array };
                let owner = owners.get(at).copied().flatten();
                match owner.filter(|owner| !std::mem::replace(&mut taken[*owner], true)) {
                    Some(owner) => columns[owner].cells.push(cell),
                    None if !related && !draft.is_keyed() => unnamed.push(cell),
                    None => {
                        let slot = &mut slots[entry.name as usize];
                        if *slot == usize::MAX {
                            *slot = others.len();
                            others.push((entry.name, Vec::new()));
                        }
                        others[*slot].1.push(cell);
                    }
                }
            }
            let rows = rows(&columns, entries, batch, spec, names, &mut by_name);
            made.push(Batch {
                name: Arc::clone(&draft.source.path),
                sequence: Arc::clone(texts.sequences.text(draft.sequence)),
                number: draft.number,
                unreadable,
                rows,
                yielded: draft.source.yielded.clone(),
            });
        }
        for (name, _) in &others {
            slots[*name as usize] = usize::MAX;
        }
        let mut others: Vec<(Arc<str>, Vec<Cell<'f>>)> =
            others.into_iter().map(|(name, cells)| (Arc::clone(names.text(name)), cells)).collect();
        if !unnamed.is_empty() {
            match others.iter_mut().find(|(name, _)| name.is_empty()) {
                // Of an archive, a key without a name.
                Some((_, cells)) => {
                    cells.append(&mut unnamed);
                    cells.sort_by_key(|cell| cell.batch);
                }
                None => others.push(("".into(), unnamed)),
            }
        }
        others.sort_by(|a, b| a.0.cmp(&b.0));
        columns.extend(others.into_iter().map(|(name, cells)| Column { name, declared: None, cells }));
        Stream { name: String::new(), related, batches: made, columns, lost: Vec::new(), capture: None }
    }
}

/// Which declaration each array of a batch belongs to: by `files`, `key` or `position` where given; by name; by the
/// place in a tuple, where the names are those that NumPy gives to unnamed arrays; the only array to the only input.
fn owners(draft: &Draft<'_>, entries: &[Entry<'_>], spec: &Spec, texts: &Texts) -> Vec<Option<usize>> {
    let names = &texts.names;
    if spec.arrays.is_empty() {
        return Vec::new();
    }
    if let Some(yielded) = &draft.source.yielded {
        let arrays: Vec<&ArrayFacts> = entries.iter().map(|entry| entry.array).collect();
        return live::owners(yielded, &arrays, spec);
    }
    let tuple: Option<Vec<u64>> = draft
        .is_keyed()
        .then(|| entries.iter().map(|entry| names.text(entry.name).strip_prefix("arr_")?.parse().ok()).collect())
        .flatten();
    let by_role = |role: Role| spec.arrays.iter().enumerate().filter(move |(_, declared)| declared.role == role);
    let in_order: Vec<usize> =
        [Role::Input, Role::Target, Role::Weight].into_iter().flat_map(by_role).map(|(i, _)| i).collect();
    let mut owners: Vec<Option<usize>> = entries
        .iter()
        .enumerate()
        .map(|(i, Entry { name, source, array })| {
            claimed(names.text(*name), source, array, spec).or_else(|| {
                let position = tuple.as_ref()?[i];
                let by =
                    |declared: &Declaration| declared.pick.position.as_ref().is_some_and(|at| at.value == position);
                spec.arrays.iter().position(by).or_else(|| in_order.get(usize::try_from(position).ok()?).copied())
            })
        })
        .collect();
    // What else the batch holds may be in a shard that is missing.
    if !draft.is_keyed() && !texts.whole {
        return owners;
    }
    advisory(&mut owners, entries, spec, names);
    if let ([None], [only]) = (owners.as_slice(), spec.arrays.as_slice())
        && !draft.is_keyed()
        && only.pick.files.is_none()
    {
        owners[0] = Some(0);
    }
    owners
}

/// The declaration that says itself that the array is its own: by `files`, by `key`, by name.
fn claimed(name: &str, source: &SourceFacts, array: &ArrayFacts, spec: &Spec) -> Option<usize> {
    let by = |hit: &dyn Fn(&Declaration) -> bool| spec.arrays.iter().position(hit);
    let relative = within(&source.path, &source.root);
    by(&|declared| {
        declared.pick.files.as_ref().is_some_and(|files| matches(&files.value, relative))
            && declared.pick.key.as_ref().is_none_or(|key| *key.value == *array.key)
    })
    .or_else(|| by(&|declared| declared.pick.key.as_ref().is_some_and(|key| *key.value == *array.key)))
    .or_else(|| by(&|declared| declared.pick.key.is_none() && *declared.name == *name))
}

/// The declarations that an array of a loose file may belong to, whatever other files its batch has: by index into
/// `spec.arrays`, in order.
pub(super) fn possible(source: &SourceFacts, array: &ArrayFacts, spec: &Spec) -> Vec<usize> {
    if let Some(index) = claimed(Names::new(spec).read(source).array, source, array, spec) {
        return vec![index];
    }
    let open = |index: &usize| spec.arrays[*index].advisory || spec.arrays.len() == 1;
    (0..spec.arrays.len()).filter(open).collect()
}

/// Arrays for declarations whose names are the model's and not the data's: the only one that is called like a target or
/// like an input, then the only one that is left.
fn advisory(owners: &mut [Option<usize>], arrays: &[Entry<'_>], spec: &Spec, names: &Shared) {
    let mut one = |role: Option<Role>| {
        let fits = |index: &usize| role.is_none_or(|role| spec.arrays[*index].role == role);
        let open = (0..spec.arrays.len()).filter(|index| !owners.contains(&Some(*index))).filter(fits);
        let open: Vec<usize> = open.collect();
        let free = (0..owners.len()).filter(|array| owners[*array].is_none());
        let free: Vec<usize> =
            free.filter(|array| role.is_none() || pairs::role(names.text(arrays[*array].name)) == role).collect();
        if let ([declared], [array]) = (open.as_slice(), free.as_slice())
            && spec.arrays[*declared].advisory
        {
            owners[*array] = Some(*declared);
        }
    };
    one(Some(Role::Target));
    one(Some(Role::Input));
    one(None);
}

/// Which arrays of a batch come first by name. Batches mostly have the names of the one before.
#[derive(Default)]
struct ByName {
    names: Vec<u32>,
    order: Vec<usize>,
}

impl ByName {
    /// Indices of the arrays by name, of equal ones the last first.
    fn order(&mut self, entries: &[Entry<'_>], names: &Shared) -> &[usize] {
        if !entries.iter().map(|entry| entry.name).eq(self.names.iter().copied()) {
            self.names = entries.iter().map(|entry| entry.name).collect();
            self.order = (0..entries.len()).rev().collect();
            self.order.sort_by(|a, b| names.text(self.names[*a]).cmp(names.text(self.names[*b])));
        }
        &self.order
    }
}

/// Rows of a batch: the batch axis of its first declared array that shows one, or else, where none is declared, the first
/// axis of its first array by name.
fn rows(
    columns: &[Column<'_>],
    entries: &[Entry<'_>],
    batch: usize,
    spec: &Spec,
    names: &Shared,
    by_name: &mut ByName,
) -> Option<u64> {
    if spec.arrays.is_empty() {
        let mut order = by_name.order(entries, names).iter();
        return order.find_map(|entry| entries[*entry].array.header.shape.first().copied());
    }
    columns.iter().take(spec.arrays.len()).enumerate().find_map(|(i, column)| {
        let header = &column.cells.last().filter(|cell| cell.batch == batch)?.array.header;
        match spec.arrays[i].shape {
            Some(_) => mismatch::rows(spec, &spec.arrays[i], &header.shape),
            None => header.shape.first().copied(),
        }
    })
}
