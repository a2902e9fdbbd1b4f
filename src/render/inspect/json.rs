//! The document: the table for programs, with all digits. Its keys may be added, never changed.

use std::io::{self, Write};

use serde::Serialize;

use super::{Look, lines};
use crate::facts::assemble;
use crate::facts::overview::{Overview, Power, Together};
use crate::source::text;
use crate::spec::Declaration;
use crate::values::Number;

/// The version of the document.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    run: Run<'a>,
    streams: Vec<StreamOut<'a>>,
    /// Files with which something is wrong: `check` says what.
    faulty: Vec<&'a str>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Run<'a> {
    command: &'static str,
    spec: Option<&'a str>,
}

#[derive(Serialize)]
struct StreamOut<'a> {
    name: &'a str,
    batches: u64,
    samples: Option<u64>,
    arrays: Vec<ArrayOut<'a>>,
}

#[derive(Serialize)]
struct ArrayOut<'a> {
    /// The name, or with `--each` the file and the key.
    name: String,
    role: Option<&'static str>,
    arrays: u64,
    dtypes: Vec<String>,
    shapes: Vec<Vec<u64>>,
    fortran: u64,
    bytes: u64,
    numbers: Option<NumbersOut>,
    texts: Option<Vec<(&'a str, u64)>>,
    unread: Vec<UnreadOut>,
}

#[derive(Serialize)]
struct UnreadOut {
    reason: String,
    arrays: u64,
}

#[derive(Serialize)]
struct NumbersOut {
    count: u64,
    nan: u64,
    infinite: u64,
    zeros: u64,
    min: Option<Number>,
    max: Option<Number>,
    mean: Option<f64>,
    std: Option<f64>,
    /// Every distinct value with its count, where they are few.
    distinct: Option<Vec<(Number, u64)>>,
    histogram: Vec<BinOut>,
}

/// Values of one sign between two powers of two: at least `2**power` and below twice that, or 0.
#[derive(Serialize)]
struct BinOut {
    sign: i8,
    power: Option<i16>,
    count: u64,
}

/// Writes the document.
pub(super) fn render(look: Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    let streams = assemble(look.facts, look.spec);
    // The texts are borrowed from here.
    let overviews: Vec<Vec<_>> = streams
        .iter()
        .map(|stream| {
            let lines = lines(stream, look.each).into_iter();
            lines.map(|(name, column, cells)| (name, column.declared, Overview::of(cells))).collect()
        })
        .collect();
    let faulty = look.facts.sources().iter().filter(|source| !source.faults.is_empty());
    let document = Document {
        version: VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        run: Run { command: "inspect", spec: look.spec.source().map(|text| text.name.as_str()) },
        streams: streams
            .iter()
            .zip(&overviews)
            .map(|(stream, arrays)| StreamOut {
                name: &stream.name,
                batches: stream.batches.len() as u64,
                samples: stream.rows(),
                arrays: arrays
                    .iter()
                    .map(|(name, declared, overview)| {
                        array_out(name, declared.and_then(|index| look.spec.arrays.get(index)), overview)
                    })
                    .collect(),
            })
            .collect(),
        faulty: faulty.map(|source| &*source.path).collect(),
    };
    out.write_all(text::json(&serde_json::to_string_pretty(&document)?).as_bytes())?;
    writeln!(out)
}

fn array_out<'a>(name: &str, declared: Option<&Declaration>, overview: &'a Overview) -> ArrayOut<'a> {
    ArrayOut {
        name: name.to_owned(),
        role: declared.map(|declared| declared.role.name()),
        arrays: overview.arrays,
        dtypes: overview.dtypes.clone(),
        shapes: overview.shapes.clone(),
        fortran: overview.fortran,
        bytes: overview.bytes,
        numbers: overview.numbers.as_ref().map(numbers_out),
        texts: overview.texts.as_ref().map(|texts| texts.iter().map(|(text, count)| (text.as_str(), *count)).collect()),
        unread: overview.unread.iter().map(|(why, arrays)| UnreadOut { reason: why.why(), arrays: *arrays }).collect(),
    }
}

fn numbers_out(numbers: &Together) -> NumbersOut {
    let bin = |(power, count): (&Power, &u64)| {
        let (sign, power) = match *power {
            Power::Below(place) => (-1, Some(-place)),
            Power::Zero => (0, None),
            Power::Above(place) => (1, Some(place)),
        };
        BinOut { sign, power, count: *count }
    };
    NumbersOut {
        count: numbers.count(),
        nan: numbers.nan,
        infinite: numbers.infinite,
        zeros: numbers.zeros,
        min: numbers.min,
        max: numbers.max,
        mean: numbers.mean,
        std: numbers.deviation(),
        distinct: numbers.distinct.as_ref().map(|distinct| distinct.iter().map(|(value, n)| (*value, *n)).collect()),
        histogram: numbers.powers.iter().map(bin).collect(),
    }
}
