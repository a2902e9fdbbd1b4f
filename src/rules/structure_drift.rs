//! Batches that do not hold the same arrays.

use std::collections::BTreeMap;

use super::container::described;
use super::context::batch_place;
use super::context::quoted;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Level, Unit};
use crate::facts::Cell;
use crate::source::text::shown;
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "structure-drift",
    group: Group::Structure,
    level: Level::Error,
    finds: "batches that do not hold the same arrays",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/structure-drift.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    if cx.stream.batches.len() < 2 {
        return Looked::No;
    }
    // With declared arrays every batch is compared with the spec, which names the batch that is wrong. What is left to
    // see is a tuple among dicts: its numbers stand for the declared names, so that it lacks nothing.
    if !cx.spec.arrays.is_empty() {
        return tuple_among_dicts(cx, out);
    }
    let holds = Holds::of(cx);
    let mut kinds: BTreeMap<&[&str], Vec<usize>> = BTreeMap::new();
    // Batches mostly hold what the one before holds.
    let batches: Vec<usize> = (0..cx.stream.batches.len()).collect();
    for same in batches.chunk_by(|a, b| holds.names(*a) == holds.names(*b)) {
        kinds.entry(holds.names(same[0])).or_default().extend(same);
    }
    if kinds.len() == 1 && cx.stream.is_live() {
        return containers(cx, out);
    }
    // Most batches are taken to be right; of two equally common kinds, the one that comes first.
    let Some((usual, _)) = kinds.iter().max_by_key(|(_, batches)| (batches.len(), std::cmp::Reverse(batches[0])))
    else {
        return Looked::No;
    };
    let usual = usual.to_vec();
    // A batch of a program that holds nothing is told by `wrong-container`.
    let told = |names: &[&str]| cx.stream.is_live() && names.is_empty();
    for (names, batches) in kinds.iter().filter(|(names, _)| **names != usual.as_slice() && !told(names)) {
        let finding = Finding::new(
            Anchor::Data,
            "",
            "batches do not hold the same arrays",
            format!("Every batch holds {}.", listed(&usual)),
            difference(&usual, names),
        )
        .counted(
            batches.iter().map(|batch| batch_place(cx.stream, *batch).detail(difference(&usual, names))).collect(),
            batches.len() as u64,
            cx.stream.batches.len() as u64,
            Unit::Batch,
        )
        .cause(if cx.stream.is_live() {
            "a branch of the generator hands out other arrays than the rest"
        } else {
            "a branch of the generator yields fewer arrays, or files of two runs are mixed in one folder"
        });
        out.push(match cx.spec.framework() {
            Framework::Keras => {
                finding.consequence("keras stops at that batch: `tuple arity mismatch; expected: 3, got: 2`")
            }
            _ => finding.consequence("training stops at that batch, long after it began"),
        });
    }
    Looked::Yes
}

/// The names of what each batch holds, sorted.
struct Holds<'a> {
    /// Those of each batch, one batch behind another.
    names: Vec<&'a str>,
    /// Where those of each batch start, and where the last ends.
    starts: Vec<usize>,
}

impl<'a> Holds<'a> {
    fn of(cx: &StreamCx<'a>) -> Self {
        let stream = cx.stream;
        let cells =
            || stream.columns.iter().flat_map(|column| column.cells.iter().map(move |cell| (cell.batch, column)));
        let mut starts = vec![0; stream.batches.len() + 1];
        cells().for_each(|(batch, _)| starts[batch + 1] += 1);
        for (batch, facts) in stream.batches.iter().enumerate() {
            starts[batch + 1] += starts[batch] + facts.unreadable.len();
        }
        let mut names = vec![""; starts[stream.batches.len()]];
        let mut next = starts.clone();
        let unreadable = stream.batches.iter().enumerate();
        let unreadable =
            unreadable.flat_map(|(batch, facts)| facts.unreadable.iter().map(move |name| (batch, name.as_str())));
        for (batch, name) in cells().map(|(batch, column)| (batch, &*column.name)).chain(unreadable) {
            names[next[batch]] = name;
            next[batch] += 1;
        }
        for batch in 0..stream.batches.len() {
            names[starts[batch]..starts[batch + 1]].sort_unstable();
        }
        Self { names, starts }
    }

    fn names(&self, batch: usize) -> &[&'a str] {
        &self.names[self.starts[batch]..self.starts[batch + 1]]
    }
}

/// Some batches hold the declared arrays under their names, others under the numbers that `np.savez` gives to arrays
/// without names.
fn tuple_among_dicts(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    if cx.stream.is_live() {
        return containers(cx, out);
    }
    let numbered = |key: &str| key.strip_prefix("arr_").is_some_and(|number| number.parse::<u64>().is_ok());
    let mut named: Vec<Vec<&str>> = vec![Vec::new(); cx.stream.batches.len()];
    let mut counted = named.clone();
    for column in &cx.stream.columns {
        let Some(declared) = column.declared.map(|index| &cx.spec.arrays[index]) else { continue };
        let by_place = |cell: &Cell<'_>| numbered(&cell.array.key);
        // A spec that speaks of `arr_0` itself, or of files, means just that.
        let meant = numbered(&declared.name) || declared.pick.key.is_some() || declared.pick.files.is_some();
        if meant || !column.cells.iter().any(by_place) || column.cells.iter().all(by_place) {
            continue;
        }
        for cell in &column.cells {
            let kind = if by_place(cell) { &mut counted } else { &mut named };
            kind[cell.batch].push(&cell.array.key);
        }
    }
    let batches = |kind: &[Vec<&str>]| (0..kind.len()).filter(|batch| !kind[*batch].is_empty()).collect::<Vec<_>>();
    let (dicts, tuples) = (batches(&named), batches(&counted));
    let (Some(dict), Some(tuple)) = (dicts.first(), tuples.first()) else { return Looked::Yes };
    let (usual, odd, found) = if tuples.len() <= dicts.len() {
        (&named[*dict], &tuples, format!("numbered {} instead of named", listed(&counted[*tuple])))
    } else {
        (&counted[*tuple], &dicts, format!("named {} instead of numbered", listed(&named[*dict])))
    };
    out.push(
        Finding::new(
            Anchor::Data,
            "",
            "some batches are tuples, others are dicts",
            format!("Every batch calls its arrays the same: {}.", listed(usual)),
            found,
        )
        .counted(
            odd.iter().map(|batch| batch_place(cx.stream, *batch)).collect(),
            odd.len() as u64,
            cx.stream.batches.len() as u64,
            Unit::Batch,
        )
        .cause(
            "a branch of the generator yields a tuple where the others yield a dict; `np.savez(path, *arrays)` numbers \
             what has no name",
        )
        .consequence(format!(
            "a program that takes the arrays by name stops there: `KeyError: '{} is not a file in the archive'`",
            usual.first().map_or_else(String::new, |key| shown(key, 40))
        )),
    );
    Looked::Yes
}

/// Batches of a program that are built in different ways, although the same arrays are found in them.
fn containers(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let mut kinds: BTreeMap<String, (u64, Vec<usize>)> = BTreeMap::new();
    for (index, batch) in cx.stream.batches.iter().enumerate() {
        // What is missing or no array is told by other rules.
        let Some(yielded) = batch.yielded.as_ref().filter(|yielded| yielded.odd.is_empty()) else { continue };
        let arrays =
            cx.stream.columns.iter().filter(|column| column.cells.iter().any(|cell| cell.batch == index)).count();
        kinds.entry(described(&yielded.tree)).or_insert((arrays as u64, Vec::new())).1.push(index);
    }
    let Some((usual, (arrays, _))) =
        kinds.iter().max_by_key(|(_, (_, batches))| (batches.len(), std::cmp::Reverse(batches[0])))
    else {
        return Looked::No;
    };
    for (kind, (_, batches)) in kinds.iter().filter(|(kind, (other, _))| *kind != usual && other == arrays) {
        let finding = Finding::new(
            Anchor::Data,
            "",
            "batches are built in different ways",
            format!("Every batch is built alike: `{usual}`."),
            format!("`{kind}`"),
        )
        .counted(
            batches.iter().map(|batch| batch_place(cx.stream, *batch)).collect(),
            batches.len() as u64,
            cx.stream.batches.len() as u64,
            Unit::Batch,
        )
        .cause("a branch of the generator hands out another container than the rest");
        out.push(match cx.spec.framework() {
            Framework::Keras => finding.consequence(
                "keras reads the structure from the first two batches and stops at another one: `generator yielded an element \
                 that did not match the expected structure`",
            ),
            _ => finding.consequence("whatever takes a batch apart stops there, or takes one array for another"),
        });
    }
    Looked::Yes
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().take(6).map(|name| quoted(name)).collect();
    if names.is_empty() { "no array".into() } else { names.join(", ") }
}

fn difference(usual: &[&str], names: &[&str]) -> String {
    let lacks: Vec<&str> = usual.iter().filter(|name| !names.contains(name)).copied().collect();
    let adds: Vec<&str> = names.iter().filter(|name| !usual.contains(name)).copied().collect();
    match (lacks.is_empty(), adds.is_empty()) {
        (false, true) => format!("lacks {}", listed(&lacks)),
        (true, false) => format!("adds {}", listed(&adds)),
        _ => format!("{} instead of {}", listed(&adds), listed(&lacks)),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    const NAMED: [&str; 2] = ["x: float32[4, 3]", "y: int64[4]"];
    const NUMBERED: [&str; 2] = ["arr_0: float32[4, 3]", "arr_1: int64[4]"];

    fn world() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 3").target("y", "int64", "batch")
    }

    #[test]
    fn a_tuple_among_dicts_is_found_and_so_is_a_dict_among_tuples() {
        let tuple = world().batches(3, &NAMED).batches(1, &NUMBERED);
        assert_eq!(tuple.messages(&RULE), ["some batches are tuples, others are dicts"]);
        let [finding] = &tuple.judge(&RULE)[..] else { panic!("one fault") };
        assert_eq!((finding.count, finding.of, finding.places[0].batch), (1, 4, Some(3)));
        assert_eq!(finding.found, "numbered `arr_0`, `arr_1` instead of named");
        let dict = world().batches(1, &NAMED).batches(3, &NUMBERED);
        let [finding] = &dict.judge(&RULE)[..] else { panic!("one fault") };
        assert_eq!((finding.count, finding.places[0].batch), (1, Some(0)));
        assert_eq!(finding.expected, "Every batch calls its arrays the same: `arr_0`, `arr_1`.");
    }

    #[test]
    fn a_program_that_changes_its_container_is_found_with_a_spec_and_without() {
        let batches = ["(float32[4, 3], int64[4])", "(float32[4, 3], int64[4])", "[float32[4, 3], int64[4]]"];
        for world in [world(), World::unspecified()] {
            let [finding] = &world.live(&batches).judge(&RULE)[..] else { panic!("one fault") };
            assert_eq!(finding.message, "batches are built in different ways");
            assert_eq!((&*finding.found, finding.count, finding.places[0].batch), ("`[array, array]`", 1, Some(2)));
        }
        let dict = world().live(&[batches[0], batches[0], "{x: float32[4, 3], y: int64[4]}"]);
        assert_eq!(dict.judge(&RULE)[0].found, "`{x: array, y: array}`");
        for world in [world(), World::unspecified()] {
            assert!(world.live(&[batches[0], batches[0]]).judge(&RULE).is_empty());
        }
        let fewer = World::unspecified().live(&[batches[0], batches[0], "(float32[4, 3])"]);
        assert_eq!(fewer.judge(&RULE)[0].found, "lacks element 1");
    }

    #[test]
    fn batches_that_are_all_alike_are_fine() {
        assert!(world().batches(4, &NAMED).messages(&RULE).is_empty());
        assert!(world().batches(4, &NUMBERED).messages(&RULE).is_empty());
        assert!(world().batches(4, &["arr_0: float32[4, 3]", "y: int64[4]"]).messages(&RULE).is_empty());
        assert!(world().batches(3, &NAMED).batches(1, &["x: float32[4, 3]"]).messages(&RULE).is_empty());
    }
}
