//! Samples as hashes of all their inputs together: what the rules about repeated content share.

use xxhash_rust::xxh3::xxh3_128;

use super::Looked;
use super::context::row_place;
use crate::diagnostic::Place;
use crate::facts::Cell;
use crate::facts::group::PerHeader;
use crate::source::text::shown;
use crate::source::{Header, Reading};
use crate::values::{Hash, Numbers, ROW_ELEMENTS, Unread, ValueFacts};

/// Samples that are compared at most: their hashes are held in memory.
const SAMPLES: usize = 1 << 22;
/// Chance repetitions are less likely than one in two to the power of this.
const SURE: f64 = 24.0;
/// Bits that an element says at least where an array has more distinct values than are counted.
const MANY: f64 = 10.0;
/// The same for types of one byte.
const MANY_BYTES: f64 = 7.0;

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// The hash of its inputs: their bytes, types and shapes.
    pub(super) hash: u128,
    /// Index into the batches that were given.
    pub(super) batch: usize,
    /// Row of the batch.
    pub(super) row: u64,
}

/// Samples that can be compared.
#[derive(Debug)]
pub(super) struct Samples {
    /// In order. Samples all of whose inputs hold one value only are not among them.
    pub(super) all: Vec<Sample>,
    /// Why some batches are not among them, if some are not.
    pub(super) missing: Option<Looked>,
    /// Bits of one sample: two of them are equal by chance once in two to the power of this.
    pub(super) bits: f64,
}

impl Samples {
    /// What becomes of a check that found nothing.
    pub(super) fn looked(&self) -> Looked {
        self.missing.clone().unwrap_or(Looked::Yes)
    }
}

/// The samples of these batches, each given by its inputs; `names` are those of the inputs. The other case says why none
/// can be compared.
pub(super) fn samples(batches: &[Vec<Cell<'_>>], names: &[&str]) -> Result<Samples, Looked> {
    let mut all = Vec::new();
    let mut missing = None;
    let (mut bits, mut rows) = (0.0, 0.0);
    let mut identities = vec![PerHeader::default(); names.len()];
    let mut bytes = Vec::new();
    for (batch, cells) in batches.iter().enumerate() {
        let inputs = cells.iter().zip(names).zip(&mut identities).map(|((cell, name), per_header)| {
            let values = values(cell, name)?;
            let bits = row_bits(cell.header(), values);
            Ok((hashes(cell, values, name)?, blank(values), per_header.of(cell.header(), identity), bits))
        });
        let inputs = match inputs.collect::<Result<Vec<_>, Looked>>() {
            Ok(inputs) => inputs,
            Err(Looked::Unable(why)) => {
                missing.get_or_insert(Looked::Unable(why));
                continue;
            }
            Err(looked) => return Err(looked),
        };
        let Some(count) = inputs.first().map(|(hashes, ..)| hashes.len()) else { continue };
        // `unequal-lengths` speaks of it.
        if inputs.iter().any(|(hashes, ..)| hashes.len() != count) {
            continue;
        }
        if all.len() + count > SAMPLES {
            return Err(Looked::Unable(format!("more than {SAMPLES} samples are not compared with each other")));
        }
        bits += inputs.iter().map(|(.., bits)| bits * count as f64).sum::<f64>();
        rows += count as f64;
        for row in 0..count {
            if inputs.iter().all(|(hashes, blank, ..)| blank.contains(&hashes[row].0)) {
                continue;
            }
            bytes.clear();
            for (hashes, _, identity, _) in &inputs {
                bytes.extend(hashes[row].0.to_le_bytes());
                bytes.extend(identity.to_le_bytes());
            }
            all.push(Sample { hash: xxh3_128(&bytes), batch, row: row as u64 });
        }
    }
    if rows == 0.0 { Err(missing.unwrap_or(Looked::No)) } else { Ok(Samples { all, missing, bits: bits / rows }) }
}

/// Whether content of so many bits is equal for another reason than chance, where so many pairs are compared.
pub(super) fn is_no_chance(bits: f64, pairs: f64) -> bool {
    bits >= SURE + pairs.max(1.0).log2()
}

/// The place of a sample, by its first input.
pub(super) fn sample_place(batches: &[Vec<Cell<'_>>], sample: &Sample) -> Place {
    row_place(&batches[sample.batch][0], sample.row)
}

/// The values of an array, or why they cannot be compared. `name` is what rules about single arrays call it.
pub(super) fn values<'f>(cell: &Cell<'f>, name: &str) -> Result<&'f ValueFacts, Looked> {
    match cell.array.reading.as_deref() {
        Some(Reading::Read(values)) => Ok(values),
        Some(Reading::Unread(Unread::UnknownType | Unread::NoBytes)) => Err(Looked::No),
        Some(Reading::Unread(why)) => {
            Err(Looked::Unable(format!("the values of `{}` are not known: {}", shown(name, 80), why.why())))
        }
        None => Err(Looked::Unable(format!("the values of `{}` were not read", shown(name, 80)))),
    }
}

/// Bits of one row of an array.
pub(super) fn row_bits(header: &Header, values: &ValueFacts) -> f64 {
    let row = header.shape.get(1..).unwrap_or_default();
    let elements = row.iter().fold(1.0, |all, size| all * *size as f64);
    elements * element_bits(header, values)
}

/// Bits of one element: how unlikely it is that two of them, taken at random, are equal.
fn element_bits(header: &Header, values: &ValueFacts) -> f64 {
    let of = |counts: &mut dyn Iterator<Item = u64>, total: u64| {
        let total = total.max(1) as f64;
        -counts.map(|count| (count as f64 / total).powi(2)).sum::<f64>().max(f64::MIN_POSITIVE).log2()
    };
    match (&values.numbers, &values.texts) {
        (Some(Numbers { distinct: Some(distinct), finite, .. }), _) => {
            of(&mut distinct.iter().map(|(_, count, _)| *count), *finite).max(0.0)
        }
        (Some(_), _) => {
            if header.dtype.size == 1 {
                MANY_BYTES
            } else {
                MANY
            }
        }
        (None, Some(texts)) => match &texts.labels {
            Some(labels) => of(&mut labels.iter().map(|(_, count)| *count), texts.count).max(0.0),
            None => MANY_BYTES,
        },
        (None, None) => 0.0,
    }
}

fn hashes<'f>(cell: &Cell<'_>, values: &'f ValueFacts, name: &str) -> Result<&'f [Hash], Looked> {
    if let Some(hashes) = values.rows.as_ref().and_then(|rows| rows.hashes.as_ref()) {
        return Ok(hashes);
    }
    // Short rows are equal by chance, and an array of one axis has no others.
    if cell.header().layout().row_elements() < ROW_ELEMENTS {
        return Err(Looked::No);
    }
    let name = shown(name, 80);
    Err(Looked::Unable(format!(
        "the rows of `{name}` do not follow each other in the file, or are too many to compare"
    )))
}

/// The hashes of rows that hold one value only, as far as they are known.
fn blank(values: &ValueFacts) -> Vec<u128> {
    let Some(rows) = &values.rows else { return Vec::new() };
    let (Some(hashes), Some(blank)) = (&rows.hashes, &rows.blank) else { return Vec::new() };
    blank.first.iter().filter_map(|row| hashes.get(usize::try_from(*row).ok()?)).map(|hash| hash.0).collect()
}

/// Equal for arrays whose rows mean the same if their bytes are equal.
fn identity(header: &Header) -> u128 {
    xxh3_128(format!("{} {:?}", header.dtype, header.shape.get(1..)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_discrete_content_is_equal_by_chance() {
        assert!(!is_no_chance(8.0, 100.0));
        assert!(is_no_chance(31.0, 100.0));
        assert!(!is_no_chance(f64::NAN, 100.0));
    }
}
