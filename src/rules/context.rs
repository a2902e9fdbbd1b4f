//! What a rule is given, and where it puts what it found.

use crate::diagnostic::{Anchor, Finding, Place, Unit};
use crate::facts::sets::Set;
use crate::facts::{Cell, Stream};
use crate::source::{ArrayFacts, Capture, Fault, Header, SourceFacts};
use crate::spec::{At, Declaration, Framework, Spec, Unit as SourceUnit};
use crate::values::{ValueFacts, unravel};

/// Where rules put what they find.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
}

impl Extend<Finding> for Findings {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, more: T) {
        self.found.extend(more);
    }
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// What was found so far.
    #[must_use]
    pub fn as_slice(&self) -> &[Finding] {
        &self.found
    }

    /// Takes everything that was found.
    #[must_use]
    pub fn take(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.found)
    }
}

/// A program that was run for its batches.
#[derive(Debug)]
pub struct CaptureCx<'a> {
    /// What the model expects; empty without a spec.
    pub spec: &'a Spec,
    /// What was seen of the program.
    pub capture: &'a Capture,
    /// How many batches it handed out.
    pub batches: u64,
}

/// One file.
#[derive(Debug)]
pub struct SourceCx<'a> {
    /// What the model expects; empty without a spec.
    pub spec: &'a Spec,
    /// What was seen of the file.
    pub source: &'a SourceFacts,
    /// How many files were read.
    pub of: u64,
}

impl SourceCx<'_> {
    /// A finding about one fault of this file, at the header's text where that shows it. `detail` is what differs
    /// between files: numbers, names.
    #[must_use]
    pub fn finding(
        &self,
        fault: &Fault,
        detail: impl Into<String>,
        message: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Finding {
        let anchor = fault.excerpt.as_ref().map_or(Anchor::Data, |excerpt| Anchor::Header((**excerpt).clone()));
        let detail = match (detail.into(), fault.ordinal) {
            (detail, 0) => detail,
            (detail, n) if detail.is_empty() => format!("array {} of the file", n + 1),
            (detail, n) => format!("array {} of the file: {detail}", n + 1),
        };
        let place = Place {
            source: self.source.path.to_string(),
            array: fault.member.as_ref().map(ToString::to_string),
            detail: Some(detail).filter(|detail| !detail.is_empty()),
            ..Place::default()
        };
        Finding::new(anchor, "", message, expected, found).counted(vec![place], 1, self.of, Unit::File)
    }

    /// Calls `judge` for every fault of the file, and joins what it says: a file with one fault in many members is
    /// one file at fault, with many places.
    pub fn each_fault(&self, out: &mut Findings, mut judge: impl FnMut(&Fault) -> Option<Finding>) {
        let mut told: Vec<Finding> = Vec::new();
        for finding in self.source.faults.iter().filter_map(&mut judge) {
            match told.iter_mut().find(|known| known.message == finding.message) {
                Some(known) => known.places.extend(finding.places),
                None => told.push(finding),
            }
        }
        for finding in told {
            out.push(finding);
        }
    }
}

/// All arrays of one name that share one header.
#[derive(Debug)]
pub struct ArrayCx<'a> {
    /// What the model expects; empty without a spec.
    pub spec: &'a Spec,
    /// The batches around it.
    pub stream: &'a Stream<'a>,
    /// How the array is declared, if it is.
    pub declared: Option<&'a Declaration>,
    /// The declared name, or the key. Not escaped.
    pub name: &'a str,
    /// The header that all `cells` share.
    pub header: &'a Header,
    /// Every array of that name with that header; at least one.
    pub cells: &'a [Cell<'a>],
    /// How many arrays of that name there are, whatever their header.
    pub of: u64,
}

impl ArrayCx<'_> {
    /// Who will consume the batches.
    #[must_use]
    pub fn framework(&self) -> Framework {
        self.spec.framework()
    }

    /// "input `image`" where it is declared, "array `image`" where it is not, "an array" where names mean nothing; safe
    /// to show.
    #[must_use]
    pub fn label(&self) -> String {
        label(self.declared, self.name)
    }

    /// The place in the spec, or the data where the spec does not speak of it.
    #[must_use]
    pub fn anchor(&self, at: Option<&At>) -> Anchor {
        at.map_or(Anchor::Data, |at| Anchor::Spec(at.clone()))
    }

    /// A finding about all these arrays, counted and placed.
    #[must_use]
    pub fn finding(
        &self,
        at: Option<&At>,
        message: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Finding {
        let places = self.cells.iter().map(place).collect();
        Finding::new(self.anchor(at), self.name, message, expected, found).counted(
            places,
            self.cells.len() as u64,
            self.of,
            batch_unit(self.spec),
        )
    }
}

/// The values of all arrays of one name, whatever their headers.
#[derive(Debug)]
pub struct ValuesCx<'a> {
    /// What the model expects; empty without a spec.
    pub spec: &'a Spec,
    /// The batches around them.
    pub stream: &'a Stream<'a>,
    /// How the array is declared, if it is.
    pub declared: Option<&'a Declaration>,
    /// The declared name, or the key. Not escaped.
    pub name: &'a str,
    /// Every array of that name whose values were read, in batch order; at least one.
    pub cells: &'a [(Cell<'a>, &'a ValueFacts)],
    /// How many arrays of that name there are.
    pub of: u64,
}

impl ValuesCx<'_> {
    /// Who will consume the batches.
    #[must_use]
    pub fn framework(&self) -> Framework {
        self.spec.framework()
    }

    /// "input `image`" where it is declared, "array `image`" where it is not, "an array" where names mean nothing; safe
    /// to show.
    #[must_use]
    pub fn label(&self) -> String {
        label(self.declared, self.name)
    }

    /// A finding about some of these arrays, `places` of them, one place each.
    #[must_use]
    pub fn finding(
        &self,
        at: Option<&At>,
        message: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        places: Vec<Place>,
    ) -> Finding {
        let anchor = at.map_or(Anchor::Data, |at| Anchor::Spec(at.clone()));
        let count = places.len() as u64;
        Finding::new(anchor, self.name, message, expected, found).counted(places, count, self.of, batch_unit(self.spec))
    }
}

/// The place of one value of an array, by its flat index in C order.
#[must_use]
pub fn value_place(cell: &Cell<'_>, flat: u64) -> Place {
    let index = unravel(flat, &cell.header().shape);
    Place { sample: index.first().copied(), index: Some(index), ..place(cell) }
}

/// The place of one row of an array.
#[must_use]
pub fn row_place(cell: &Cell<'_>, row: u64) -> Place {
    Place { sample: Some(row), ..place(cell) }
}

fn label(declared: Option<&Declaration>, name: &str) -> String {
    match declared {
        Some(declared) => declared.label(),
        None if name.is_empty() => "an array".into(),
        None => called(name),
    }
}

/// "array `image`", "element 0" for what only its place in a tuple names, "the array" for a batch that is one; safe to show.
pub(super) fn called(name: &str) -> String {
    let shown = crate::source::text::shown(name, 80);
    match name {
        "" => "the array".into(),
        _ if is_place(name) => shown,
        _ => format!("array `{shown}`"),
    }
}

/// "`image`", or "element 0"; safe to show.
pub(super) fn quoted(name: &str) -> String {
    let shown = crate::source::text::shown(name, 80);
    match name {
        "" => "the array".into(),
        _ if is_place(name) => shown,
        _ => format!("`{shown}`"),
    }
}

/// Whether the name is that of a place in a batch that a program handed out.
fn is_place(name: &str) -> bool {
    name.strip_prefix("element ").is_some_and(|place| place.starts_with(|c: char| c.is_ascii_digit()))
}

/// All batches whose arrays have the same headers.
#[derive(Debug)]
pub struct BatchCx<'a> {
    /// What the model expects; empty without a spec.
    pub spec: &'a Spec,
    /// The batches around them.
    pub stream: &'a Stream<'a>,
    /// The arrays of the first of these batches: index into `stream.columns`, and the cell.
    pub arrays: &'a [(usize, Cell<'a>)],
    /// All of these batches, by index into `stream.batches`; at least one.
    pub batches: &'a [usize],
}

impl<'a> BatchCx<'a> {
    /// The array of a declaration, by index into `spec.arrays`.
    #[must_use]
    pub fn declared(&self, index: usize) -> Option<&'a ArrayFacts> {
        self.arrays
            .iter()
            .find(|(column, _)| self.stream.columns[*column].declared == Some(index))
            .map(|(_, cell)| cell.array)
    }

    /// A finding about all these batches, counted and placed. `column` names the array at fault, if it is one.
    #[must_use]
    pub fn finding(
        &self,
        anchor: Anchor,
        subject: &str,
        message: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Finding {
        let places = self.batches.iter().map(|batch| batch_place(self.stream, *batch)).collect();
        Finding::new(anchor, subject, message, expected, found).counted(
            places,
            self.batches.len() as u64,
            self.stream.batches.len() as u64,
            batch_unit(self.spec),
        )
    }
}

/// Two sets that should share nothing.
#[derive(Debug)]
pub struct SetsCx<'a> {
    /// What the model expects; empty without a spec.
    pub spec: &'a Spec,
    /// The set that a model learns from, where that is known.
    pub first: &'a Set<'a>,
    /// The set that it is judged with.
    pub second: &'a Set<'a>,
}

/// All batches of a stream.
#[derive(Debug)]
pub struct StreamCx<'a> {
    /// What the model expects; empty without a spec.
    pub spec: &'a Spec,
    /// The batches, in order.
    pub stream: &'a Stream<'a>,
}

/// The spec itself.
#[derive(Debug)]
pub struct SpecCx<'a> {
    /// What the model expects.
    pub spec: &'a Spec,
}

/// What the counts of a finding about batches count.
#[must_use]
pub fn batch_unit(spec: &Spec) -> Unit {
    match spec.unit {
        SourceUnit::Batch => Unit::Batch,
        SourceUnit::Dataset => Unit::Set,
    }
}

/// The place of a whole batch.
#[must_use]
pub fn batch_place(stream: &Stream<'_>, index: usize) -> Place {
    Place { source: stream.batches[index].name.to_string(), batch: Some(index as u64), ..Place::default() }
}

/// The place of one array.
#[must_use]
pub fn place(cell: &Cell<'_>) -> Place {
    Place {
        source: cell.source.path.to_string(),
        array: Some(cell.array.key.to_string()).filter(|key| !key.is_empty()),
        batch: Some(cell.batch as u64),
        ..Place::default()
    }
}
