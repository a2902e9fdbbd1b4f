//! ONNX: a `ModelProto`. Field numbers are those of `onnx.proto`; names, dtypes, shapes and symbols stand in it, and
//! nothing about targets.
//!
//! The file is walked, not loaded, so its initialisers (the weights) cost one leap each.

use std::collections::HashMap;
use std::io::{Cursor, Read, Seek};

use super::exported::{MOST_AXES, MOST_NAME, MOST_PORTS, made_up, note_baked_batch};
use super::proto::{Inside, Value, Wire};
use super::{Candidate, ImportError, Model, ModelFormat, Port, Size, text_dtype};
use crate::error::quoted;
use crate::spec::dtype::Dtype;
use crate::spec::framework::Framework;

/// Inputs, initialisers among them, that are kept while it is not known which are which.
const MOST_LISTED: usize = 65_536;

/// The ONNX format.
pub(super) struct Onnx;

impl ModelFormat for Onnx {
    fn name(&self) -> &'static str {
        "onnx"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        let named = candidate.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"));
        !candidate.is_folder && (named || looks_like(candidate.head))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        read(&mut Wire::open(candidate.path)?)
    }
}

/// Whether these are the first bytes of a model. The format has no magic; all writers start with the version of the
/// IR, which is above 1 in every file since its first release, and go on in the order of the fields.
fn looks_like(head: &[u8]) -> bool {
    let [0x08, 2..=99, rest @ ..] = head else { return false };
    let Ok(mut wire) = Wire::new(Cursor::new(rest)) else { return false };
    let (mut before, mut fits) = (1, true);
    // The end of the head cuts a field in most files, so an error behind fields that fit proves nothing.
    let _ = wire.each(wire.whole(), &mut |_, number, value| {
        let known = match value {
            Value::Inside(_) => matches!(number, 2 | 3 | 4 | 6 | 7 | 8 | 14 | 20 | 25 | 26),
            Value::Number(_) => number == 5,
        };
        fits &= known && number >= before;
        before = number;
        Ok(())
    });
    // Behind the version, the graph (7) or the name of the producer (2).
    fits && (before > 1 || matches!(rest.first(), Some(0x3a | 0x12)))
}

/// What stands in the model.
fn read<R: Read + Seek>(wire: &mut Wire<R>) -> Result<Model, ImportError> {
    let mut graphs = Vec::new();
    wire.each(wire.whole(), &mut |_, number, value| {
        if let (7, Value::Inside(graph)) = (number, value)
            && graphs.len() < MOST_PORTS
        {
            graphs.push(graph);
        }
        Ok(())
    })?;
    if graphs.is_empty() {
        return Err(ImportError::Damaged("there is no graph in it".into()));
    }
    let mut model = Model { format: "onnx", framework: Some(Framework::Onnxruntime), ..Model::default() };
    let mut listed = Listed::default();
    for graph in &graphs {
        wire.each(*graph, &mut |wire, number, value| match (number, value) {
            (11, Value::Inside(info)) => listed.add(wire, info),
            (12, Value::Inside(info)) => {
                let place = model.outputs.len();
                if place >= MOST_PORTS {
                    return Err(too_many("outputs"));
                }
                let mut notes = Vec::new();
                let name = name_of(wire, info, 1)?;
                model.outputs.push(port(wire, info, name, format!("graph.output[{place}]"), &mut notes)?);
                Ok(())
            }
            _ => Ok(()),
        })?;
    }
    for graph in &graphs {
        wire.each(*graph, &mut |wire, number, value| match (number, value) {
            (5, Value::Inside(tensor)) => listed.subtract(wire, tensor),
            (15, Value::Inside(sparse)) => wire.each(sparse, &mut |wire, number, value| match (number, value) {
                (1, Value::Inside(tensor)) => listed.subtract(wire, tensor),
                _ => Ok(()),
            }),
            _ => Ok(()),
        })?;
    }
    let left_out = listed.inputs.iter().filter(|input| input.initialised).count();
    for (place, input) in listed.inputs.into_iter().enumerate().filter(|(_, input)| !input.initialised) {
        if model.inputs.len() >= MOST_PORTS {
            return Err(too_many("inputs"));
        }
        let from = format!("graph.input[{place}]");
        model.inputs.push(port(wire, input.info, input.name, from, &mut model.notes)?);
    }
    if left_out > 0 {
        model.notes.push(format!(
            "Not listed: {left_out} of the graph's inputs, which have a value in the file (an initialiser), so nobody has to \
             feed them."
        ));
    }
    note_baked_batch(&mut model);
    Ok(model)
}

fn too_many(what: &str) -> ImportError {
    ImportError::Unreadable(format!("it has more than {MOST_PORTS} {what}"))
}

/// The inputs as the graph lists them; before version 4 of the IR all initialisers are among them.
#[derive(Default)]
struct Listed {
    inputs: Vec<Input>,
    by_name: HashMap<String, usize>,
}

struct Input {
    name: String,
    info: Inside,
    initialised: bool,
}

impl Listed {
    fn add<R: Read + Seek>(&mut self, wire: &mut Wire<R>, info: Inside) -> Result<(), ImportError> {
        if self.inputs.len() >= MOST_LISTED {
            return Err(ImportError::Unreadable(format!("its graph lists more than {MOST_LISTED} inputs")));
        }
        let name = name_of(wire, info, 1)?;
        self.by_name.insert(name.clone(), self.inputs.len());
        self.inputs.push(Input { name, info, initialised: false });
        Ok(())
    }

    /// Marks the input that has the name of the initialiser, if there is one.
    fn subtract<R: Read + Seek>(&mut self, wire: &mut Wire<R>, tensor: Inside) -> Result<(), ImportError> {
        let name = name_of(wire, tensor, 8)?;
        if let Some(place) = self.by_name.get(&name) {
            self.inputs[*place].initialised = true;
        }
        Ok(())
    }
}

/// The text in a field of the message; the last one counts.
fn name_of<R: Read + Seek>(wire: &mut Wire<R>, message: Inside, field: u64) -> Result<String, ImportError> {
    let mut name = None;
    wire.each(message, &mut |_, number, value| {
        if let Value::Inside(text) = value
            && number == field
        {
            name = Some(text);
        }
        Ok(())
    })?;
    name.map_or_else(|| Ok(String::new()), |name| wire.text(name, MOST_NAME))
}

/// A `ValueInfoProto`.
fn port<R: Read + Seek>(
    wire: &mut Wire<R>,
    info: Inside,
    name: String,
    from: String,
    notes: &mut Vec<String>,
) -> Result<Port, ImportError> {
    let mut port = Port { made_up: made_up(&name), name, from, ..Port::default() };
    wire.each(info, &mut |wire, number, value| match (number, value) {
        (2, Value::Inside(kind)) => typed(wire, kind, &mut port, notes),
        _ => Ok(()),
    })?;
    Ok(port)
}

/// A `TypeProto`, or the one that an optional one holds.
fn typed<R: Read + Seek>(
    wire: &mut Wire<R>,
    kind: Inside,
    port: &mut Port,
    notes: &mut Vec<String>,
) -> Result<(), ImportError> {
    wire.each(kind, &mut |wire, number, value| match (number, value) {
        (9, Value::Inside(optional)) => {
            port.optional = true;
            wire.each(optional, &mut |wire, number, value| match (number, value) {
                (1, Value::Inside(held)) => {
                    wire.each(held, &mut |wire, number, value| described(wire, number, value, port, notes))
                }
                _ => Ok(()),
            })
        }
        _ => described(wire, number, value, port, notes),
    })
}

/// A field of a `TypeProto` that is not optional.
fn described<R: Read + Seek>(
    wire: &mut Wire<R>,
    number: u64,
    value: Value,
    port: &mut Port,
    notes: &mut Vec<String>,
) -> Result<(), ImportError> {
    let what = match (number, value) {
        (1, Value::Inside(tensor)) => return tensor_type(wire, tensor, port),
        (8, Value::Inside(tensor)) => {
            tensor_type(wire, tensor, port)?;
            "a sparse tensor"
        }
        (4, _) => "a sequence",
        (5, _) => "a map",
        (7, _) => "an opaque type",
        (9, _) => "an optional inside an optional",
        _ => return Ok(()),
    };
    notes.push(format!("{} is {what}, which no array of a batch can hold.", quoted(&port.name)));
    Ok(())
}

fn tensor_type<R: Read + Seek>(wire: &mut Wire<R>, tensor: Inside, port: &mut Port) -> Result<(), ImportError> {
    wire.each(tensor, &mut |wire, number, value| {
        match (number, value) {
            (1, Value::Number(kind)) => port.dtype = dtype(kind),
            (2, Value::Inside(shape)) => port.shape = Some(sizes(wire, shape)?),
            _ => {}
        }
        Ok(())
    })
}

/// A `TensorShapeProto`: without a shape not even the rank is known, without axes it is a scalar.
fn sizes<R: Read + Seek>(wire: &mut Wire<R>, shape: Inside) -> Result<Vec<Size>, ImportError> {
    let mut sizes = Vec::new();
    wire.each(shape, &mut |wire, number, value| {
        let (1, Value::Inside(axis)) = (number, value) else { return Ok(()) };
        if sizes.len() >= MOST_AXES {
            return Err(ImportError::Damaged(format!("a shape in it has more than {MOST_AXES} axes")));
        }
        let mut size = Size::Any;
        wire.each(axis, &mut |wire, number, value| {
            match (number, value) {
                // Sizes of -1 and 0 are written for "not known" by some exporters.
                (1, Value::Number(number)) => {
                    size = if number == 0 || number > i64::MAX as u64 { Size::Any } else { Size::Exactly(number) };
                }
                (2, Value::Inside(symbol)) => size = named(wire.text(symbol, MOST_NAME)?),
                _ => {}
            }
            Ok(())
        })?;
        sizes.push(size);
        Ok(())
    })?;
    Ok(sizes)
}

/// The size that a `dim_param` names. tf2onnx numbers all that it does not know (`unk__35`), and torch writes what it
/// worked out (`2*h`): neither is a symbol that another axis shares.
fn named(symbol: String) -> Size {
    let plain = symbol.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' '));
    if symbol.trim().is_empty() || symbol.starts_with("unk__") || !plain { Size::Any } else { Size::Symbol(symbol) }
}

/// `TensorProto.DataType`.
fn dtype(kind: u64) -> Option<Dtype> {
    let name = match kind {
        8 => return Some(text_dtype()),
        1 => "float32",
        2 => "uint8",
        3 => "int8",
        4 => "uint16",
        5 => "int16",
        6 => "int32",
        7 => "int64",
        9 => "bool",
        10 => "float16",
        11 => "float64",
        12 => "uint32",
        13 => "uint64",
        14 => "complex64",
        15 => "complex128",
        16 => "bfloat16",
        17 => "float8_e4m3fn",
        18 => "float8_e4m3fnuz",
        19 => "float8_e5m2",
        20 => "float8_e5m2fnuz",
        21 => "uint4",
        22 => "int4",
        _ => return None,
    };
    Dtype::from_name(name)
}

#[cfg(test)]
#[path = "onnx_tests.rs"]
mod tests;
