//! What the spec makes worth asking while values go by. Rules look their answers up with the same functions, so that a
//! question and its answer cannot drift apart.

use std::fmt::Write as _;
use std::ptr::from_ref;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::assemble::possible;
use super::group::PerHeader;
use super::{Cell, Stream};
use crate::source::{Header, Question, SourceFacts, SourceKind};
use crate::spec::dtype::{ByteOrder, Dtype, Kind};
use crate::spec::framework::Clash;
use crate::spec::{Declaration, Encoding, Pick, Spec};
use crate::values::{Ask, ValueFacts, Wants};

/// Everything that is asked of an array.
#[must_use]
pub fn asks(declared: Option<&Declaration>, header: &Header) -> Vec<Ask> {
    let of_spec = declared.map(|declared| {
        [
            range(declared),
            within(declared),
            nonzero(declared),
            sum(declared),
            classes(declared),
            domain(declared),
            one_hot(declared),
        ]
    });
    let mut asks: Vec<Ask> = of_spec.into_iter().flatten().flatten().collect();
    asks.extend(casts(declared, &header.dtype));
    asks.extend(implausible(&header.dtype));
    asks.dedup();
    asks
}

/// Whether saved facts lack an answer about an array whose values they hold: they were saved for another spec.
#[must_use]
pub fn are_unanswered(declared: &Declaration, header: &Header, values: &ValueFacts) -> bool {
    let layout = header.layout();
    values.numbers.is_some()
        && asks(Some(declared), header).iter().any(|ask| ask.is_answerable(&layout) && values.answer(ask).is_none())
}

/// Which values are outside `values.min` and `values.max`?
#[must_use]
pub fn range(declared: &Declaration) -> Option<Ask> {
    let values = &declared.values.as_ref()?.value;
    // No finite value is beyond an infinite bound.
    let (min, max) = (values.min.filter(|min| min.is_finite()), values.max.filter(|max| max.is_finite()));
    (min.is_some() || max.is_some()).then_some(Ask::Outside { min, max, except: Vec::new() })
}

/// Which values are not in `values.in`?
#[must_use]
pub fn within(declared: &Declaration) -> Option<Ask> {
    let values = declared.values.as_ref()?.value.within.as_ref()?;
    Some(Ask::NotIn { values: values.iter().copied().filter(|value| value.is_finite()).collect() })
}

/// Which values are 0, where `values.nonzero` refuses it?
#[must_use]
pub fn nonzero(declared: &Declaration) -> Option<Ask> {
    declared.values.as_ref()?.value.nonzero.then_some(Ask::Zero)
}

/// Which rows do not sum to `values.sum`, or to 1 for probabilities?
#[must_use]
pub fn sum(declared: &Declaration) -> Option<Ask> {
    let given = declared.values.as_ref().and_then(|values| values.value.sum);
    let to = given.or_else(|| is_encoded(declared, Encoding::Probabilities).then_some(1.0))?;
    Some(Ask::Sum { to })
}

/// Which class ids are outside `0..classes` and not in `ignore`?
#[must_use]
pub fn classes(declared: &Declaration) -> Option<Ask> {
    let index = match &declared.encoding {
        Some(encoding) => encoding.value == Encoding::Index,
        None => declared.classes.is_some(),
    };
    index.then(|| Ask::Outside {
        min: Some(0.0),
        max: declared.classes.as_ref().map(|classes| classes.value.saturating_sub(1) as f64),
        except: ignored(declared),
    })
}

/// Which values are outside 0 to 1 and not in `ignore`, where the target is binary or holds probabilities?
#[must_use]
pub fn domain(declared: &Declaration) -> Option<Ask> {
    let bounded = is_encoded(declared, Encoding::Binary) || is_encoded(declared, Encoding::Probabilities);
    bounded.then(|| Ask::Outside { min: Some(0.0), max: Some(1.0), except: ignored(declared) })
}

/// Which rows are not one-hot? Asked of every target whose encoding is a matter of classes.
#[must_use]
pub fn one_hot(declared: &Declaration) -> Option<Ask> {
    let asked = is_encoded(declared, Encoding::OneHot)
        || is_encoded(declared, Encoding::Index)
        || is_encoded(declared, Encoding::Probabilities);
    asked.then_some(Ask::OneHot)
}

/// What would the cast to this type do?
#[must_use]
pub fn cast(to: &Dtype) -> Ask {
    let order = if to.size > 1 { ByteOrder::Little } else { ByteOrder::None };
    Ask::Cast { to: Dtype { order, ..to.clone() } }
}

/// Which values are larger than those of data and weights, were raw bytes of two to be bfloat16? Of random bytes a third
/// are: every power of two from -126 to 127 is equally likely.
#[must_use]
pub fn implausible(dtype: &Dtype) -> Option<Ask> {
    let raw = dtype.kind == Kind::UnnamedMl && dtype.size == 2;
    raw.then_some(Ask::Outside { min: Some(-PLAUSIBLE), max: Some(PLAUSIBLE), except: Vec::new() })
}

/// Magnitudes of data and weights lie below this.
const PLAUSIBLE: f64 = 1e12;

/// The type that JAX makes of a 64-bit type, unless it is told to keep them.
#[must_use]
pub fn narrowed(dtype: &Dtype) -> Option<Dtype> {
    match dtype.name().as_str() {
        "float64" => Dtype::from_name("float32"),
        "int64" => Dtype::from_name("int32"),
        "uint64" => Dtype::from_name("uint32"),
        _ => None,
    }
}

/// The casts that a finding may propose: the one that the declaration asks for, from 64 bits to 32, and where no one type
/// is declared, to the float that models take.
fn casts(declared: Option<&Declaration>, dtype: &Dtype) -> Vec<Ask> {
    let wanted = Clash::of(dtype, declared).and_then(|clash| clash.wanted);
    let exact = declared.and_then(|declared| declared.dtype.as_ref()).and_then(|dtype| dtype.value.preferred());
    let float = (exact.is_none() && dtype.is_integer() && dtype.size > 2).then(|| Dtype::from_name("float32"));
    let mut casts: Vec<Ask> = Vec::new();
    for ask in wanted.iter().chain(&narrowed(dtype)).chain(&float.flatten()).map(cast) {
        if !casts.contains(&ask) {
            casts.push(ask);
        }
    }
    casts
}

fn ignored(declared: &Declaration) -> Vec<f64> {
    declared.ignore.iter().flat_map(|ignore| &ignore.value).map(|id| *id as f64).collect()
}

fn is_encoded(declared: &Declaration, encoding: Encoding) -> bool {
    declared.encoding.as_ref().is_some_and(|declared| declared.value == encoding)
}

/// Everything that anybody may ask of an array when its facts are judged, and the same whichever other files were found:
/// which declaration a loose file belongs to depends on what else is in its batch, and that may be in another shard.
fn all_asks(declared: Option<&Declaration>, cell: &Cell<'_>, spec: &Spec) -> Vec<Ask> {
    if cell.source.kind != SourceKind::Npy || spec.arrays.is_empty() {
        return asks(declared, cell.header());
    }
    let mut all = asks(None, cell.header());
    for index in possible(cell.source, cell.array, spec) {
        for ask in asks(Some(&spec.arrays[index]), cell.header()) {
            if !all.contains(&ask) {
                all.push(ask);
            }
        }
    }
    all
}

/// A number for everything that is asked of files: looks that agree in it can answer the same questions.
#[must_use]
pub fn number(spec: &Spec, wants: Wants, headers_only: bool, limit: Option<u64>) -> u64 {
    let mut text = format!("{} {wants:?} {headers_only} {limit:?}", env!("CARGO_PKG_VERSION"));
    for declared in &spec.arrays {
        let Pick { files, key, position } = &declared.pick;
        let files = files.as_ref().map(|files| files.value.glob().glob());
        let picked = (files, key.as_ref().map(|key| &key.value), position.as_ref().map(|position| position.value));
        let dtype = declared.dtype.as_ref().map(|dtype| &dtype.value);
        let of_values = (range(declared), within(declared), nonzero(declared), sum(declared));
        let of_targets = (classes(declared), domain(declared), one_hot(declared));
        let name = (&declared.name, declared.role, declared.advisory);
        // Nothing can fail in a String.
        let _ = write!(text, "\n{name:?} {picked:?} {dtype:?} {of_values:?} {of_targets:?}");
    }
    xxh3_64(text.as_bytes())
}

/// What is to be read of every source, as [`crate::source::read_all`] takes it: one list per source of the facts, in
/// their order. The streams are those of the same facts. `wants` says what is worth looking at. An array that the spec
/// does not name is none of the model's, where the spec names any: only `all` asks about it; of a member, the checksum is
/// asked about all the same.
#[must_use]
pub fn questions(
    sources: &[SourceFacts],
    streams: &[Stream<'_>],
    spec: &Spec,
    wants: Wants,
    all: bool,
) -> Vec<Vec<Question>> {
    let mut questions: Vec<Vec<Question>> = sources.iter().map(|_| Vec::new()).collect();
    // A .npy file has no checksum.
    let looks = wants.or(Wants::CHECKSUMS) != Wants::CHECKSUMS;
    for column in streams.iter().flat_map(|stream| &stream.columns).filter(|_| looks) {
        let declared = column.declared.and_then(|index| spec.arrays.get(index));
        if declared.is_none() && !spec.arrays.is_empty() && !all {
            continue;
        }
        // The same is asked of all arrays with one header, unless other files of a batch may matter.
        let mut known = PerHeader::default();
        for cell in &column.cells {
            let Some(source) = place(sources, cell.source) else { continue };
            let Some(array) = place(&sources[source].arrays, cell.array) else { continue };
            let asks: Arc<[Ask]> = match () {
                () if !wants.numbers => Arc::default(),
                () if all && !spec.arrays.is_empty() => all_asks(declared, cell, spec).into(),
                () => known.of(cell.header(), |header| asks(declared, header).into()),
            };
            let mine = &mut questions[source];
            if mine.is_empty() {
                mine.reserve_exact(sources[source].arrays.len());
            }
            mine.push(Question { array, wants, asks });
        }
    }
    for (source, questions) in sources.iter().zip(&mut questions) {
        if wants.checksums && source.kind != SourceKind::Npy {
            let mut members: Vec<bool> = source.arrays.iter().map(|array| array.member.is_some()).collect();
            for question in &*questions {
                members[question.array] = false;
            }
            let others = members.iter().enumerate().filter(|(_, other)| **other).map(|(array, _)| array);
            questions.extend(others.map(|array| Question { array, wants: Wants::CHECKSUMS, asks: Arc::default() }));
        }
        // In the order of the file, so that it is read forwards.
        questions.sort_by_key(|question| question.array);
    }
    questions
}

/// The same without streams: where nothing is declared and no file is an archive, every array is asked alike, whatever batch
/// it is of. `None` where it is not so.
#[must_use]
pub fn of_loose(sources: &[SourceFacts], spec: &Spec, wants: Wants) -> Option<Vec<Vec<Question>>> {
    let loose = |source: &SourceFacts| matches!(source.kind, SourceKind::Npy | SourceKind::Other);
    if !spec.arrays.is_empty() || !sources.iter().all(loose) {
        return None;
    }
    let looks = wants.or(Wants::CHECKSUMS) != Wants::CHECKSUMS;
    let mut known = PerHeader::default();
    let mut questions = Vec::with_capacity(sources.len());
    for source in sources {
        let mut mine = Vec::with_capacity(if looks { source.arrays.len() } else { 0 });
        for (array, facts) in source.arrays.iter().enumerate().filter(|_| looks) {
            let ask = |header: &Header| -> Arc<[Ask]> { asks(None, header).into() };
            let asks = if wants.numbers { known.of(&facts.header, ask) } else { Arc::default() };
            mine.push(Question { array, wants, asks });
        }
        questions.push(mine);
    }
    Some(questions)
}

/// Where in the slice the item stands, if it is one of it.
fn place<T>(all: &[T], item: &T) -> Option<usize> {
    let place = from_ref(item).addr().checked_sub(all.as_ptr().addr())?.checked_div(size_of::<T>())?;
    all.get(place).is_some_and(|found| std::ptr::eq(found, item)).then_some(place)
}
