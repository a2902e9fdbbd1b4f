//! The same batch again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::context::{batch_place, batch_unit};
use super::sample::{is_no_chance, row_bits, values};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Level, Place};
use crate::facts::group::PerHeader;
use crate::facts::sets::{role, side_by_side};
use crate::facts::{Cell, Column};
use crate::source::Header;
use crate::spec::{Role, Spec, Unit};
use crate::values::{Hash, Wants};

pub(super) static RULE: Rule = Rule {
    id: "repeated-batch",
    group: Group::Plan,
    level: Level::Error,
    finds: "the same batch again: all of them, every k-th, or the last filled from the first",
    needs: Needs::HEADERS.values(Wants::HASHES.or_numbers()),
    page: include_str!("../../docs/rules/repeated-batch.md"),
    judge: Judge::Stream(judge),
};

/// Batches of an epoch at the least for a sequence that starts again to be another epoch.
const EPOCH: usize = 3;

/// A batch whose content is known.
struct Known<'f> {
    /// Index into the batches of the stream.
    index: usize,
    cells: Vec<Cell<'f>>,
    /// Equal for equal content.
    content: usize,
    /// The last batch before it with that content, by index into the known ones.
    before: Option<usize>,
}

/// How a batch comes again.
enum Repeat {
    /// All batches are one.
    All,
    /// Some are earlier ones; most of these at this distance.
    Earlier { at: usize },
    /// The last ones are the first ones again.
    Tail,
}

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    if cx.spec.unit != Unit::Batch {
        return Looked::No;
    }
    let (known, looked) = match known(cx) {
        Ok((known, missing)) if known.len() < 2 => return missing.unwrap_or(Looked::No),
        Ok((known, missing)) => (known, missing.unwrap_or(Looked::Yes)),
        Err(looked) => return looked,
    };
    let repeated: Vec<usize> = (0..known.len()).filter(|i| known[*i].before.is_some()).collect();
    let goes_on = !cx.stream.is_whole();
    let Some(repeat) = repeat(&known, &repeated, goes_on) else {
        if !goes_on {
            filled(cx, &known, out);
        }
        return looked;
    };
    let place = |i: &usize| {
        let before = known[*i].before.map(|before| batch_place(cx.stream, known[before].index));
        batch_place(cx.stream, known[*i].index)
            .detail(before.map_or(String::new(), |before| format!("the same as {before}")))
    };
    let places: Vec<Place> = repeated.iter().map(place).collect();
    let again = "Every batch of an epoch has content of its own.";
    let finding = |message: &str, found: String| {
        Finding::new(Anchor::Data, "", message, again, found).counted(
            places,
            repeated.len() as u64,
            known.len() as u64,
            batch_unit(cx.spec),
        )
    };
    out.push(match repeat {
        Repeat::All => finding("every batch has the same content", "the content of an earlier batch".into())
            .cause(
                "the index is drawn before the loop, `__getitem__` leaves its index aside, or one buffer is filled again and \
                 again and all batches are views of it",
            )
            .consequence("the model sees one batch, over and over; the loss falls, and nothing is learnt of the rest")
            .help("draw the indices inside the loop, and yield copies: `yield x.copy(), y.copy()`"),
        Repeat::Earlier { at } => {
            let (cause, help) = earlier(at);
            finding("batches have the content of earlier ones", at_distance(at))
                .cause(cause)
                .consequence("an epoch has fewer different samples than it seems, and the repeated ones weigh more")
                .help(help)
        }
        Repeat::Tail => finding("the last batches are the first ones again", "the content of the first batches".into())
            .cause("the index wraps around: more steps are asked for than the dataset has batches")
            .consequence("the samples at the start weigh more than the others")
            .help("stop at the end of the dataset: `for i in range(0, len(x), size)`")
            .level(Level::Warning),
    });
    Looked::Yes
}

/// Where most of the earlier batches are.
fn at_distance(at: usize) -> String {
    if at == 1 { "mostly that of the batch just before".into() } else { format!("mostly that of {at} batches before") }
}

fn earlier(at: usize) -> (String, &'static str) {
    let help = "give each worker its own part: `data[get_worker_info().id :: get_worker_info().num_workers]`, and its own seed";
    let cause = match at {
        1 => "an `IterableDataset` that every worker reads from the start: with k workers every batch comes k times; or a \
              buffer that is filled again before it was used"
            .into(),
        at => format!(
            "{at} workers with one seed, or with the same part of the data: each makes what the others make; or an index that \
             starts again after {at} batches"
        ),
    };
    (cause, help)
}

/// The batches whose content is known, and why others are not among them.
fn known<'f>(cx: &StreamCx<'f>) -> Result<(Vec<Known<'f>>, Option<Looked>), Looked> {
    let inputs: Vec<&Column<'f>> = cx.stream.columns.iter().filter(|column| is_compared(column, cx.spec)).collect();
    let batches = side_by_side(cx.stream, &inputs);
    let mut contents: HashMap<Vec<(Hash, usize)>, (usize, usize)> = HashMap::new();
    let (mut headers, mut per_header) = (HashMap::new(), PerHeader::default());
    let mut known: Vec<Known<'f>> = Vec::new();
    let pairs = (batches.len() as f64).powi(2);
    let mut missing = None;
    'batches: for (index, cells) in batches {
        let (mut key, mut bits) = (Vec::with_capacity(cells.len()), 0.0);
        for (cell, column) in cells.iter().zip(&inputs) {
            let values = match values(cell, &column.name) {
                Ok(values) => values,
                Err(Looked::Unable(why)) => {
                    missing.get_or_insert(Looked::Unable(why));
                    continue 'batches;
                }
                Err(looked) => return Err(looked),
            };
            let Some(hash) = values.hash else { return Err(Looked::No) };
            let header = cell.header();
            key.push((hash, per_header.of(header, |header| number(&mut headers, header))));
            bits += row_bits(header, values) * header.shape.first().copied().unwrap_or(1) as f64;
        }
        // A batch that says next to nothing is any other: blank, or a handful of flags.
        if !is_no_chance(bits, pairs) {
            continue;
        }
        let next = known.len();
        let fresh = contents.len();
        let (content, last) = contents.entry(key).or_insert((fresh, next));
        let before = (*last != next).then_some(*last);
        *last = next;
        known.push(Known { index, cells, content: *content, before });
    }
    Ok((known, missing))
}

/// A number for the header, the same for two where equal bytes mean the same.
fn number(known: &mut HashMap<String, usize>, header: &Header) -> usize {
    let text = format!("{} {} {}", header.dtype, header.shape_text(), header.layout().is_reversed());
    let next = known.len();
    *known.entry(text).or_insert(next)
}

/// What makes a batch: the declared inputs, or every array where nothing is declared.
fn is_compared(column: &Column<'_>, spec: &Spec) -> bool {
    if spec.arrays.is_empty() { true } else { role(column, spec) == Some(Role::Input) }
}

/// `goes_on` says that more may come: then a sequence that starts again is the next epoch, however far it got.
fn repeat(known: &[Known<'_>], repeated: &[usize], goes_on: bool) -> Option<Repeat> {
    let count = known.len();
    let distinct = count - repeated.len();
    if repeated.is_empty() {
        return None;
    }
    if distinct == 1 {
        return Some(Repeat::All);
    }
    // Where a sequence starts again, in the same order or with its batches shuffled, that is another epoch.
    let period = (0..count).take_while(|i| known[*i].before.is_none()).count();
    let wraps = (period..count).all(|i| known[i].content == known[i - period].content);
    if goes_on && period == distinct {
        let fresh =
            |epoch: &[Known<'_>]| epoch.iter().map(|batch| batch.content).collect::<BTreeSet<_>>().len() == epoch.len();
        if known.chunks(period).all(fresh) {
            return None;
        }
    }
    if period == distinct && period >= EPOCH {
        let epochs = known.chunks_exact(period);
        let all: BTreeSet<usize> = (0..period).collect();
        let each = |epoch: &[Known<'_>]| epoch.iter().map(|batch| batch.content).collect::<BTreeSet<_>>() == all;
        if count.is_multiple_of(period) && epochs.clone().all(each) {
            return None;
        }
        if wraps {
            return (count - period < EPOCH).then_some(Repeat::Tail);
        }
    }
    let mut distances: BTreeMap<usize, usize> = BTreeMap::new();
    for i in repeated {
        let before = known[*i].before.expect("only repeated batches are asked");
        *distances.entry(known[*i].index - known[before].index).or_default() += 1;
    }
    let (at, most) = distances.into_iter().max_by_key(|(at, count)| (*count, std::cmp::Reverse(*at)))?;
    // A batch of one row that comes again here and there is a sample that the dataset has twice.
    let single = known.iter().all(|batch| batch.cells[0].header().shape.first() == Some(&1));
    (!single || most * 2 > repeated.len() && repeated.len() * 4 >= count).then_some(Repeat::Earlier { at })
}

/// The last batch, where its end is the start of the first.
fn filled(cx: &StreamCx<'_>, known: &[Known<'_>], out: &mut Findings) {
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return };
    let rows = |batch: &Known<'_>| -> Option<Vec<Vec<Hash>>> {
        let each = |cell: &Cell<'_>| cell.array.values()?.rows.as_ref()?.hashes.clone();
        batch.cells.iter().map(each).collect()
    };
    let (Some(start), Some(end)) = (rows(first), rows(last)) else { return };
    let count = end.first().map_or(0, Vec::len);
    if start.iter().chain(&end).any(|rows| rows.len() != count) {
        return;
    }
    let again = |from: usize| start.iter().zip(&end).all(|(start, end)| end[from..] == start[..count - from]);
    let Some(from) = (1..count).find(|from| again(*from)) else { return };
    let bits: f64 = last
        .cells
        .iter()
        .filter_map(|cell| Some(row_bits(cell.header(), cell.array.values()?) * (count - from) as f64))
        .sum();
    if !is_no_chance(bits, count as f64) {
        return;
    }
    let place = batch_place(cx.stream, last.index).detail(format!(
        "rows {from} to {} are the first of {}",
        count - 1,
        batch_place(cx.stream, first.index)
    ));
    out.push(
        Finding::new(
            Anchor::Data,
            "",
            "the last batch is filled up with the first rows",
            "Every row of an epoch comes once.",
            format!("{} rows of the first batch at the end of the last", count - from),
        )
        .counted(vec![place], 1, known.len() as u64, batch_unit(cx.spec))
        .level(Level::Warning)
        .cause("the index wraps around, or a sampler pads the dataset so that all batches, or all replicas, get equally many rows")
        .consequence("these rows weigh twice, and an evaluation counts them twice")
        .help("let the last batch be short, or drop it"),
    );
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Warning;
    use crate::rules::Looked;
    use crate::rules::testing::{World, noise};
    use crate::spec::Framework;

    fn torch() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 8").target("y", "int64", "batch")
    }

    const X: &str = "x: float32[4, 8]";

    #[test]
    fn one_buffer_for_all_batches_is_found() {
        let world = torch().made(4, &[(X, |_, i| noise(0, i)), ("y: int64[4]", |batch, _| batch as f64)]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "every batch has the same content");
        assert_eq!((found[0].count, found[0].of), (3, 4));
        assert!(found[0].places[0].detail.as_ref().unwrap().contains("batch_000.npz"));
    }

    #[test]
    fn workers_that_make_the_same_are_told_by_their_distance() {
        let world = torch().made(8, &[(X, |batch, i| noise(batch / 2, i))]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "batches have the content of earlier ones");
        assert_eq!((found[0].count, found[0].found.as_str()), (4, "mostly that of the batch just before"));
        let world = torch().made(8, &[(X, |batch, i| noise(batch / 4 * 2 + batch % 2, i))]);
        assert_eq!(world.judge(&RULE)[0].found, "mostly that of 2 batches before");
    }

    #[test]
    fn epochs_are_no_repetition() {
        for made in [
            torch().made(6, &[(X, |batch, i| noise(batch % 3, i))]),
            torch().made(9, &[(X, |batch, i| noise(batch % 3, i))]),
            torch().made(6, &[(X, |batch, i| noise([0, 1, 2, 2, 0, 1][batch], i))]),
            torch().made(7, &[(X, |batch, i| noise(batch % 4, i))]),
        ] {
            assert!(made.judge(&RULE).is_empty());
            assert_eq!(made.looked(&RULE), [Looked::Yes]);
        }
    }

    #[test]
    fn the_first_batch_at_the_end_is_a_warning() {
        let found = torch().made(5, &[(X, |batch, i| noise(batch % 4, i))]).judge(&RULE);
        assert_eq!(
            (found[0].message.as_str(), found[0].level),
            ("the last batches are the first ones again", Some(Warning))
        );
        let fill = |batch: usize, i: usize| if batch == 3 && i >= 16 { noise(0, i - 16) } else { noise(batch, i) };
        let found = torch().made(4, &[(X, fill)]).judge(&RULE);
        assert_eq!(found[0].found, "2 rows of the first batch at the end of the last");
    }

    #[test]
    fn all_inputs_count_and_small_content_does_not() {
        let two = World::new(Framework::Torch).input("a", "float32", "batch, 8").input("b", "float32", "batch, 8");
        let two = two.made(4, &[("a: float32[4, 8]", |_, i| noise(0, i)), ("b: float32[4, 8]", noise)]);
        assert!(two.judge(&RULE).is_empty());
        let flags = torch().made(4, &[("x: float32[1, 8]", |_, i| (i % 2) as f64)]);
        assert_eq!((flags.judge(&RULE).len(), flags.looked(&RULE)), (0, vec![Looked::No]));
        let zeros = torch().made(4, &[(X, |_, _| 0.0)]);
        assert!(zeros.judge(&RULE).is_empty());
        let single =
            torch().made(20, &[("x: float32[1, 8]", |batch, i| noise(if batch == 11 { 4 } else { batch }, i))]);
        assert!(single.judge(&RULE).is_empty(), "`duplicate-samples` speaks of it");
    }

    #[test]
    fn without_a_spec_all_arrays_count() {
        let world = World::unspecified().made(4, &[(X, |_, i| noise(0, i)), ("y: int64[4]", |batch, _| batch as f64)]);
        assert!(world.judge(&RULE).is_empty());
        let world = torch().batches(3, &[X]);
        assert!(matches!(world.looked(&RULE).as_slice(), [Looked::Unable(_)]));
    }
}
