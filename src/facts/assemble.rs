//! From files to streams: which arrays are which, which of them form one batch, and in which order the batches come.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::live;
use super::naming::{self, LooseName};
use super::pairs;
use super::{Batch, Cell, Column, Facts, Lost, Stream};
use crate::source::{ArrayFacts, SourceFacts, SourceKind};
use crate::spec::{Declaration, Role, Spec, mismatch};

/// The streams of the facts. With declared arrays, every folder that the user named is one stream, and so are all files
/// that were named one by one. Without, batches belong together only where their names differ in nothing but a number.
#[must_use]
pub fn assemble<'f>(facts: &'f Facts, spec: &Spec) -> Vec<Stream<'f>> {
    let mut families: BTreeMap<(u32, Option<u32>), Vec<Draft<'f>>> = BTreeMap::new();
    let mut shared = Shared { whole: facts.parts().is_whole(), ..Shared::default() };
    for draft in drafts_of(facts, spec, &mut shared) {
        let root = shared.id(&draft.source.root);
        // Without a spec only a number says that two files belong together.
        let family = (spec.arrays.is_empty() && draft.number.is_some()).then_some(draft.sequence);
        families.entry((root, family)).or_default().push(draft);
    }
    let lost = lost(facts, spec, &mut shared);
    families
        .into_iter()
        .map(|((root, family), batches)| {
            let related = !spec.arrays.is_empty() || family.is_some();
            let mut stream = stream(&shared.text(root), related, batches, spec, &shared);
            stream.capture = facts.captures().iter().find(|capture| *capture.root == *stream.name);
            let mine =
                lost.iter().filter(|(place, sequence, _)| *place == root && family.is_none_or(|own| own == *sequence));
            stream.lost =
                mine.map(|(_, sequence, number)| Lost { sequence: shared.text(*sequence), number: *number }).collect();
            stream
        })
        .collect()
}

/// Files in which no array could be described: root and sequence, as ids of [`Shared`], and number.
fn lost(facts: &Facts, spec: &Spec, shared: &mut Shared) -> Vec<(u32, u32, Option<u64>)> {
    let names: Vec<&str> = spec.arrays.iter().map(|declared| declared.name.as_str()).collect();
    let unread = facts.sources().iter().filter(|source| source.arrays.is_empty() && source.kind != SourceKind::Live);
    unread
        .map(|source| {
            let (sequence, number) = if source.path.ends_with(".npz") {
                naming::numbered(&source.path)
            } else {
                let name = loose_name(source, spec, &names);
                (name.rest, name.number)
            };
            (shared.id(&source.root), shared.id(&sequence), number)
        })
        .collect()
}

/// Texts that many files share, kept once.
#[derive(Default)]
struct Shared {
    /// Whether the facts are those of all files, as far as anybody knows.
    whole: bool,
    ids: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Shared {
    fn id(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = u32::try_from(self.texts.len()).expect("there are fewer than 2^32 files, and fewer texts than files");
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.ids.insert(text, id);
        id
    }

    fn text(&self, id: u32) -> Arc<str> {
        Arc::clone(&self.texts[id as usize])
    }
}

/// A batch in the making.
struct Draft<'f> {
    /// Its first file.
    source: &'f SourceFacts,
    /// What its name shares with the others of its sequence, as an id of [`Shared`].
    sequence: u32,
    number: Option<u64>,
    /// The arrays with the names that their files give them.
    arrays: Vec<(Arc<str>, &'f SourceFacts, &'f ArrayFacts)>,
    /// Names of arrays that could not be described.
    unreadable: Vec<String>,
    /// Whether the names are those of an archive, or of a dictionary, rather than of loose files.
    keyed: bool,
}

/// What the loose files of one batch share: root and rest of the name, as ids of [`Shared`], the number, and which of
/// several arrays in one file.
type LooseBatch = (u32, u32, Option<u64>, u32);

/// The batches in natural order of their first files.
fn drafts_of<'f>(facts: &'f Facts, spec: &Spec, shared: &mut Shared) -> Vec<Draft<'f>> {
    let mut drafts: Vec<Draft<'f>> = Vec::new();
    let mut loose: HashMap<LooseBatch, usize> = HashMap::new();
    let names: Vec<&str> = spec.arrays.iter().map(|declared| declared.name.as_str()).collect();
    for source in facts.sources() {
        match source.kind {
            SourceKind::Npz | SourceKind::Live => {
                let (sequence, number) = match &source.yielded {
                    Some(yielded) => (source.root.to_string(), Some(yielded.number)),
                    None => naming::numbered(&source.path),
                };
                let arrays: Vec<_> = last_of_each_key(&source.arrays)
                    .into_iter()
                    .map(|array| (live::name(array), source, array))
                    .collect();
                // A program may hand out a batch without an array: `None`.
                if !arrays.is_empty() || source.kind == SourceKind::Live {
                    let unreadable = unreadable_keys(source);
                    let sequence = shared.id(&sequence);
                    drafts.push(Draft { source, sequence, number, arrays, unreadable, keyed: true });
                }
            }
            SourceKind::Npy => {
                let name = loose_name(source, spec, &names);
                let (own, rest) = (shared.id(&name.array), shared.id(&name.rest));
                let own = shared.text(own);
                for array in &source.arrays {
                    let entry = (Arc::clone(&own), source, array);
                    // Without a declared name or a number nothing says that two loose files belong together.
                    let joinable = name.number.is_some() || !names.is_empty();
                    let key = (shared.id(&source.root), rest, name.number, array.ordinal);
                    let known = loose.get(&key).filter(|_| joinable).and_then(|batch| drafts.get_mut(*batch));
                    if let Some(draft) = known {
                        draft.arrays.push(entry);
                        continue;
                    }
                    loose.insert(key, drafts.len());
                    drafts.push(Draft {
                        source,
                        sequence: rest,
                        number: name.number,
                        arrays: vec![entry],
                        unreadable: Vec::new(),
                        keyed: false,
                    });
                }
            }
            SourceKind::Other => {}
        }
    }
    for source in facts.sources().iter().filter(|source| source.arrays.is_empty()) {
        let name = loose_name(source, spec, &names);
        if let Some(batch) = loose.get(&(shared.id(&source.root), shared.id(&name.rest), name.number, 0)) {
            drafts[*batch].unreadable.push(name.array);
        }
    }
    drafts
}

/// Keys of an archive whose members are at fault and could not be described.
fn unreadable_keys(source: &SourceFacts) -> Vec<String> {
    let keys = source.faults.iter().filter_map(|fault| {
        let member = fault.member.as_deref()?;
        Some(member.strip_suffix(".npy").unwrap_or(member))
    });
    keys.filter(|key| source.arrays.iter().all(|array| *array.key != **key)).map(str::to_owned).collect()
}

/// What `np.load` gives for each key: of two members with one key, the last.
fn last_of_each_key(arrays: &[ArrayFacts]) -> Vec<&ArrayFacts> {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, array) in arrays.iter().enumerate() {
        last.insert(&array.key, i);
    }
    arrays.iter().enumerate().filter(|(i, array)| last[&*array.key] == *i).map(|(_, array)| array).collect()
}

fn loose_name(source: &SourceFacts, spec: &Spec, names: &[&str]) -> LooseName {
    let relative = within(&source.path, &source.root);
    let picked = spec.arrays.iter().find_map(|declared| {
        let files = declared.pick.files.as_ref()?;
        matches(&files.value, relative).then(|| naming::picked(relative, files.value.glob().glob(), &declared.name))
    });
    picked.unwrap_or_else(|| naming::loose(relative, names))
}

/// The path below the folder that the user named.
fn within<'p>(path: &'p str, root: &str) -> &'p str {
    path.strip_prefix(root).map_or(path, |rest| rest.trim_start_matches('/'))
}

/// Whether a `files` glob speaks of the path. A glob without a slash speaks of the file's name.
fn matches(glob: &globset::GlobMatcher, relative: &str) -> bool {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    glob.is_match(relative) || (!glob.glob().glob().contains('/') && glob.is_match(name))
}

fn stream<'f>(root: &str, related: bool, drafts: Vec<Draft<'f>>, spec: &Spec, shared: &Shared) -> Stream<'f> {
    let mut columns: Vec<Column<'f>> = spec
        .arrays
        .iter()
        .enumerate()
        .map(|(i, declared)| Column { name: declared.name.as_str().into(), declared: Some(i), cells: Vec::new() })
        .collect();
    let mut others: BTreeMap<Arc<str>, Vec<Cell<'f>>> = BTreeMap::new();
    let mut batches = Vec::with_capacity(drafts.len());
    for (batch, draft) in drafts.into_iter().enumerate() {
        let owners = owners(&draft, spec, shared.whole);
        let mut taken = vec![false; spec.arrays.len()];
        for ((name, source, array), owner) in draft.arrays.iter().zip(owners) {
            let cell = Cell { batch, source, array };
            match owner.filter(|owner| !std::mem::replace(&mut taken[*owner], true)) {
                Some(owner) => columns[owner].cells.push(cell),
                None if !related && !draft.keyed => others.entry("".into()).or_default().push(cell),
                None => others.entry(Arc::clone(name)).or_default().push(cell),
            }
        }
        let rows = rows(&columns, &others, batch, spec);
        batches.push(Batch {
            name: Arc::clone(&draft.source.path),
            sequence: shared.text(draft.sequence),
            number: draft.number,
            unreadable: draft.unreadable.into(),
            rows,
            yielded: draft.source.yielded.clone(),
        });
    }
    columns.extend(others.into_iter().map(|(name, cells)| Column { name, declared: None, cells }));
    Stream { name: root.to_owned(), related, batches, columns, lost: Vec::new(), capture: None }
}

/// Which declaration each array of a batch belongs to: by `files`, `key` or `position` where given; by name; by the
/// place in a tuple, where the names are those that NumPy gives to unnamed arrays; the only array to the only input.
fn owners(draft: &Draft<'_>, spec: &Spec, whole: bool) -> Vec<Option<usize>> {
    if spec.arrays.is_empty() {
        return vec![None; draft.arrays.len()];
    }
    if let Some(yielded) = &draft.source.yielded {
        let arrays: Vec<&ArrayFacts> = draft.arrays.iter().map(|(_, _, array)| *array).collect();
        return live::owners(yielded, &arrays, spec);
    }
    let tuple: Option<Vec<u64>> = draft
        .keyed
        .then(|| draft.arrays.iter().map(|(name, ..)| name.strip_prefix("arr_")?.parse().ok()).collect())
        .flatten();
    let by_role = |role: Role| spec.arrays.iter().enumerate().filter(move |(_, declared)| declared.role == role);
    let in_order: Vec<usize> =
        [Role::Input, Role::Target, Role::Weight].into_iter().flat_map(by_role).map(|(i, _)| i).collect();
    let mut owners: Vec<Option<usize>> = draft
        .arrays
        .iter()
        .enumerate()
        .map(|(i, (name, source, array))| {
            claimed(name, source, array, spec).or_else(|| {
                let position = tuple.as_ref()?[i];
                let by =
                    |declared: &Declaration| declared.pick.position.as_ref().is_some_and(|at| at.value == position);
                spec.arrays.iter().position(by).or_else(|| in_order.get(usize::try_from(position).ok()?).copied())
            })
        })
        .collect();
    // What else the batch holds may be in a shard that is missing.
    if !draft.keyed && !whole {
        return owners;
    }
    advisory(&mut owners, &draft.arrays, spec);
    if let ([None], [only]) = (owners.as_slice(), spec.arrays.as_slice())
        && !draft.keyed
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
    let names: Vec<&str> = spec.arrays.iter().map(|declared| declared.name.as_str()).collect();
    if let Some(index) = claimed(&loose_name(source, spec, &names).array, source, array, spec) {
        return vec![index];
    }
    let open = |index: &usize| spec.arrays[*index].advisory || spec.arrays.len() == 1;
    (0..spec.arrays.len()).filter(open).collect()
}

/// Arrays for declarations whose names are the model's and not the data's: the only one that is called like a target or
/// like an input, then the only one that is left.
fn advisory(owners: &mut [Option<usize>], arrays: &[(Arc<str>, &SourceFacts, &ArrayFacts)], spec: &Spec) {
    let mut one = |role: Option<Role>| {
        let fits = |index: &usize| role.is_none_or(|role| spec.arrays[*index].role == role);
        let open = (0..spec.arrays.len()).filter(|index| !owners.contains(&Some(*index))).filter(fits);
        let open: Vec<usize> = open.collect();
        let free = (0..owners.len()).filter(|array| owners[*array].is_none());
        let free: Vec<usize> = free.filter(|array| role.is_none() || pairs::role(&arrays[*array].0) == role).collect();
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

/// Rows of a batch: the batch axis of its first declared array that shows one, or else the first axis of its first
/// array.
fn rows(columns: &[Column<'_>], others: &BTreeMap<Arc<str>, Vec<Cell<'_>>>, batch: usize, spec: &Spec) -> Option<u64> {
    let of_batch =
        |cells: &[Cell<'_>]| cells.last().filter(|cell| cell.batch == batch).map(|cell| cell.array.header.clone());
    let declared = columns.iter().enumerate().find_map(|(i, column)| {
        let header = of_batch(&column.cells)?;
        match spec.arrays[i].shape {
            Some(_) => mismatch::rows(spec, &spec.arrays[i], &header.shape),
            None => header.shape.first().copied(),
        }
    });
    declared.or_else(|| {
        if !spec.arrays.is_empty() {
            return None;
        }
        others.values().find_map(|cells| of_batch(cells)?.shape.first().copied())
    })
}
