//! The one pass: bytes in, facts out.

use super::ask::{Ask, Asked};
use super::blank::Blanks;
use super::block::{Block, block_elements, stats};
use super::columns::Following;
use super::decode::{Decode, Decoder, decoder, is_native};
use super::element::Element;
use super::layout::Layout;
use super::neighbours::Looking;
use super::numbers::Counting;
use super::pickle::Walker;
use super::rows::{Hashing, Rows};
use super::text::Reading;
use super::{REORDERED, TEXT, Unread, ValueFacts, Wants};
use crate::spec::dtype::{Dtype, Kind};

/// One pass over the values of one array. Fed with the bytes of the data, in file order and in chunks of any size.
pub struct Pass<'a> {
    layout: Layout<'a>,
    /// Bytes of one block; at least those of one element.
    block_bytes: usize,
    /// The start of a block that is not complete.
    carry: Vec<u8>,
    /// Bytes of the array, and how many of them were fed.
    bytes: u64,
    fed: u64,
    hashing: Option<Hashing>,
    scan: Scan<'a>,
}

enum Scan<'a> {
    Numbers(Box<dyn Scanning + 'a>),
    Texts(Reading),
    /// A pickle, whose length no header tells.
    Objects(Box<Walker>),
    /// Small enough to be put into C order before it is looked at.
    Reordered {
        bytes: Vec<u8>,
        asks: Vec<Ask>,
        wants: Wants,
    },
    Nothing,
}

impl<'a> Pass<'a> {
    /// A pass that looks at what is wanted and answers what is asked. An error says why the type cannot be looked at.
    pub fn new(layout: Layout<'a>, wants: Wants, asks: &[Ask]) -> Result<Self, Unread> {
        if layout.dtype.size == 0 && layout.elements() > 0 {
            return Err(Unread::NoBytes);
        }
        let bytes = layout.elements().saturating_mul(layout.dtype.size);
        let scan = if layout.dtype.kind == Kind::Object {
            if !wants.contents {
                return Err(Unread::UnknownType);
            }
            Scan::Objects(Box::default())
        } else if layout.is_reversed() && bytes <= REORDERED {
            Scan::Reordered { bytes: Vec::new(), asks: asks.to_vec(), wants }
        } else if let Some(reading) = Reading::new(layout.dtype) {
            if wants.contents && layout.dtype.size <= TEXT { Scan::Texts(reading) } else { Scan::Nothing }
        } else {
            match decoder(layout.dtype) {
                Some((decoder, parts)) if wants.numbers || wants.rows || wants.shapes => {
                    Scan::Numbers(scanning(decoder, parts, layout, wants, asks))
                }
                Some(_) => Scan::Nothing,
                None if wants.hashes && has_bytes(layout.dtype) => Scan::Nothing,
                None => return Err(Unread::UnknownType),
            }
        };
        let size = usize::try_from(layout.dtype.size).map_err(|_| Unread::UnknownType)?.max(1);
        let block_bytes = match &scan {
            Scan::Numbers(scanning) => size * scanning.elements(),
            _ => size,
        };
        let hashing =
            (wants.hashes && !matches!(scan, Scan::Reordered { .. } | Scan::Objects(_))).then(|| Hashing::new(&layout));
        Ok(Self { layout, block_bytes, carry: Vec::new(), bytes, fed: 0, hashing, scan })
    }

    /// Whether nothing that is wanted is seen in any byte: then none has to be fed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.scan, Scan::Nothing) && self.hashing.is_none()
    }

    /// Adds bytes. What is more than the layout asks for is ignored; of objects, what comes after their pickle is.
    pub fn feed(&mut self, bytes: &[u8]) {
        if let Scan::Objects(walker) = &mut self.scan {
            walker.feed(bytes);
            return;
        }
        let wanted = self.bytes - self.fed;
        let mut bytes = &bytes[..bytes.len().min(usize::try_from(wanted).unwrap_or(usize::MAX))];
        self.fed += bytes.len() as u64;
        if let Some(hashing) = &mut self.hashing {
            hashing.feed(bytes);
        }
        if let Scan::Reordered { bytes: kept, .. } = &mut self.scan {
            kept.extend_from_slice(bytes);
            return;
        }
        if matches!(self.scan, Scan::Nothing) {
            return;
        }
        if !self.carry.is_empty() {
            let missing = self.block_bytes - self.carry.len();
            let (mine, rest) = bytes.split_at(missing.min(bytes.len()));
            self.carry.extend_from_slice(mine);
            bytes = rest;
            if self.carry.len() < self.block_bytes {
                return;
            }
            let carry = std::mem::take(&mut self.carry);
            self.block(&carry);
            self.carry = carry;
            self.carry.clear();
        }
        let mut blocks = bytes.chunks_exact(self.block_bytes);
        for block in blocks.by_ref() {
            self.block(block);
        }
        let rest = blocks.remainder();
        // The last block need not wait for more.
        if self.fed == self.bytes && !rest.is_empty() {
            self.block(rest);
        } else {
            self.carry.extend_from_slice(rest);
        }
    }

    fn block(&mut self, bytes: &[u8]) {
        match &mut self.scan {
            Scan::Numbers(scanning) => scanning.block(bytes),
            Scan::Texts(reading) => reading.element(bytes),
            Scan::Reordered { .. } | Scan::Objects(_) | Scan::Nothing => {}
        }
    }

    /// The facts, if all bytes of the array were fed that it looks at.
    pub fn finish(mut self) -> Result<ValueFacts, Unread> {
        let objects = matches!(self.scan, Scan::Objects(_));
        if !objects && !self.is_idle() && self.fed != self.bytes {
            return Err(Unread::Damaged);
        }
        if let Scan::Reordered { bytes, asks, wants } = self.scan {
            return reordered(&self.layout, &bytes, &asks, wants);
        }
        if !self.carry.is_empty() {
            let carry = std::mem::take(&mut self.carry);
            self.block(&carry);
        }
        let (hash, hashes) = self.hashing.map(Hashing::finish).unzip();
        let mut facts = ValueFacts {
            count: self.layout.elements(),
            hash,
            numbers: None,
            rows: None,
            texts: None,
            objects: None,
            answers: Vec::new(),
        };
        match self.scan {
            Scan::Numbers(scanning) => scanning.finish(&mut facts),
            Scan::Texts(reading) => facts.texts = Some(Box::new(reading.finish())),
            Scan::Objects(walker) => facts.objects = Some(Box::new(walker.finish())),
            Scan::Reordered { .. } | Scan::Nothing => {}
        }
        if let Some(hashes) = hashes.flatten() {
            let rows = facts.rows.get_or_insert_with(|| Box::new(no_rows(&self.layout)));
            rows.hashes = Some(hashes);
        }
        Ok(facts)
    }
}

/// Whether equal bytes are equal values: an object stands in the file as a pickle of any length, and a long double has
/// bytes that mean nothing.
pub(super) fn has_bytes(dtype: &Dtype) -> bool {
    match &dtype.kind {
        Kind::Object | Kind::LongDouble => false,
        Kind::Struct(fields) => fields.iter().all(|field| has_bytes(&field.dtype)),
        _ => true,
    }
}

fn no_rows(layout: &Layout<'_>) -> Rows {
    Rows {
        count: layout.rows(),
        elements: layout.row_elements(),
        hashes: None,
        blank: None,
        columns: None,
        neighbours: None,
    }
}

/// The facts of an array that is put into C order first.
fn reordered(layout: &Layout<'_>, bytes: &[u8], asks: &[Ask], wants: Wants) -> Result<ValueFacts, Unread> {
    let size = usize::try_from(layout.dtype.size).map_err(|_| Unread::UnknownType)?;
    let mut ordered = vec![0; bytes.len()];
    for (place, element) in bytes.chunks_exact(size).enumerate() {
        let at = usize::try_from(layout.flat(place as u64)).map_err(|_| Unread::UnknownType)? * size;
        ordered[at..at + size].copy_from_slice(element);
    }
    let mut pass = Pass::new(Layout { fortran: false, ..*layout }, wants, asks)?;
    pass.feed(&ordered);
    pass.finish()
}

/// A pass over numbers, whatever their type.
trait Scanning {
    /// Elements of a block.
    fn elements(&self) -> usize;
    /// Looks at the bytes of one block; only the last one may be short.
    fn block(&mut self, bytes: &[u8]);
    /// Writes down what was seen.
    fn finish(self: Box<Self>, facts: &mut ValueFacts);
}

struct Typed<'a, T> {
    decode: Decode<T>,
    /// Whether bytes need not be decoded where they lie as values have to.
    native: bool,
    parts: u64,
    layout: Layout<'a>,
    /// The values of a block, where it is decoded.
    values: Vec<T>,
    done: u64,
    counting: Counting,
    asked: Vec<Asked>,
    blanks: Option<Blanks>,
    columns: Option<Following<T>>,
    neighbours: Option<Looking>,
}

fn scanning<'a>(
    decoder: Decoder,
    parts: u64,
    layout: Layout<'a>,
    wants: Wants,
    asks: &[Ask],
) -> Box<dyn Scanning + 'a> {
    match decoder {
        Decoder::F32(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::F64(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::I8(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::I16(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::I32(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::I64(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::U8(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::U16(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::U32(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
        Decoder::U64(decode) => Box::new(Typed::new(decode, parts, layout, wants, asks)),
    }
}

impl<'a, T: Element> Typed<'a, T> {
    fn new(decode: Decode<T>, parts: u64, layout: Layout<'a>, wants: Wants, asks: &[Ask]) -> Self {
        let bools = layout.dtype.kind == Kind::Bool;
        let rows = !layout.is_reversed() && parts == 1 && layout.row_elements() > 1 && layout.shape.len() > 1;
        let row = layout.shape.get(1..).unwrap_or_default();
        let ranges = wants.shapes;
        Self {
            decode,
            native: is_native(layout.dtype),
            parts,
            layout,
            values: Vec::new(),
            done: 0,
            counting: Counting::new(&layout, bools, wants.shapes),
            asked: asks.iter().filter_map(|ask| Asked::new(ask.clone(), &layout)).collect(),
            blanks: (rows && wants.rows).then(|| Blanks::new(layout.row_elements())),
            columns: if rows && (wants.rows || ranges) { Following::new(row, ranges) } else { None },
            neighbours: if rows && wants.rows { Looking::new(row) } else { None },
        }
    }
}

impl<T: Element> Scanning for Typed<'_, T> {
    fn elements(&self) -> usize {
        block_elements::<T>()
    }

    fn block(&mut self, bytes: &[u8]) {
        let mut values = match bytemuck::try_cast_slice(bytes) {
            Ok(values) if self.native => values,
            _ => {
                self.values.clear();
                (self.decode)(bytes, &mut self.values);
                self.values.as_slice()
            }
        };
        // A block of complex numbers holds two values per element.
        while !values.is_empty() {
            let (mine, rest) = values.split_at(block_elements::<T>().min(values.len()));
            let block =
                Block { values: mine, stats: stats(mine), first: self.done, parts: self.parts, layout: &self.layout };
            self.counting.block(&block);
            for asked in &mut self.asked {
                asked.block(&block);
            }
            if let Some(blanks) = &mut self.blanks {
                blanks.block(&block);
            }
            if let Some(columns) = &mut self.columns {
                columns.block(&block);
            }
            if let Some(neighbours) = &mut self.neighbours {
                neighbours.block(&block);
            }
            self.done += mine.len() as u64;
            values = rest;
        }
    }

    fn finish(self: Box<Self>, facts: &mut ValueFacts) {
        if self.blanks.is_some() || self.columns.is_some() || self.neighbours.is_some() {
            facts.rows = Some(Box::new(Rows {
                blank: self.blanks.map(Blanks::finish),
                columns: self.columns.map(Following::finish),
                neighbours: self.neighbours.map(Looking::finish),
                ..no_rows(&self.layout)
            }));
        }
        facts.numbers = Some(self.counting.finish());
        facts.answers = self.asked.into_iter().map(Asked::finish).collect();
    }
}
