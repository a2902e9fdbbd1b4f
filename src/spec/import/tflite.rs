//! TensorFlow Lite (now `LiteRT`): a `FlatBuffer` with the identifier `TFL3`. Slots are those of `schema.fbs`.
//!
//! Names are those of the signature: tensors are called `serving_default_image:0`, and their order is not that of the
//! model. Sizes are those of `shape_signature`, where there is one: `shape` has a 1 for all that is not known.

use std::io::{Read, Seek};

use super::exported::{MOST_AXES, MOST_NAME, MOST_PORTS, by_name, made_up, note_baked_batch};
use super::flat::{Flat, Table, Vector};
use super::{Candidate, ImportError, Model, ModelFormat, Port, Size, text_dtype};
use crate::error::quoted;
use crate::spec::dtype::Dtype;

/// The signature that converters write the model's call to.
const SERVING: &str = "serving_default";
/// Signatures that are looked at.
const MOST_SIGNATURES: u64 = 256;

/// Signatures that a note names.
const MOST_SAID: usize = 8;

/// The TensorFlow Lite format.
pub(super) struct Tflite;

impl ModelFormat for Tflite {
    fn name(&self) -> &'static str {
        "tflite"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        !candidate.is_folder && candidate.head.get(4..8) == Some(b"TFL3")
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        read(&mut Flat::open(candidate.path)?)
    }
}

/// What stands in the file.
fn read<R: Read + Seek>(flat: &mut Flat<R>) -> Result<Model, ImportError> {
    let mut model = Model { format: "tflite", ..Model::default() };
    let root = flat.root()?;
    let Some(graphs) = flat.vector(root, 8, 4)?.filter(|graphs| graphs.len > 0) else {
        return Err(ImportError::Damaged("there is no graph in it".into()));
    };
    let signature = chosen(flat, root, &mut model.notes)?;
    let graph = match &signature {
        Some((_, signature)) => flat.number(*signature, 12, 4)?,
        None => 0,
    };
    let graph = flat.entry_table(graphs, graph)?;
    let tensors = flat.vector(graph, 4, 4)?.unwrap_or_default();
    // How an output is quantised is nobody's business here.
    let mut unsaid = Vec::new();
    for (what, ports, slots, notes) in
        [("inputs", &mut model.inputs, (4, 6), &mut model.notes), ("outputs", &mut model.outputs, (6, 8), &mut unsaid)]
    {
        if let Some((key, signature)) = &signature {
            let Some(maps) = flat.vector(*signature, slots.0, 4)? else { continue };
            for index in 0..few(maps, what)? {
                let map = flat.entry_table(maps, index)?;
                let name = flat.text(map, 4, MOST_NAME)?.unwrap_or_default();
                let tensor = flat.number(map, 6, 4)?;
                let tensor = flat.entry_table(tensors, tensor)?;
                let from = format!("signature_defs[{key}].{what}[{name}]");
                ports.push(port(flat, tensor, name, from, notes)?);
            }
            ports.sort_by(by_name);
        } else {
            let Some(indices) = flat.vector(graph, slots.1, 4)? else { continue };
            for index in 0..few(indices, what)? {
                let tensor = flat.entry_number(indices, index)?;
                let tensor = flat.entry_table(tensors, tensor)?;
                let name = flat.text(tensor, 10, MOST_NAME)?.unwrap_or_default();
                let from = format!("subgraphs[0].{what}[{index}]");
                ports.push(Port { made_up: true, ..port(flat, tensor, name, from, notes)? });
            }
        }
    }
    if model.inputs.is_empty() {
        return Err(ImportError::Silent("it lists no inputs; write the spec by hand.".into()));
    }
    if signature.is_none() {
        model.notes.push(
            "It has no signature, so the names are those of tensors, which the converter made up: the inputs are told \
             apart by their order."
                .into(),
        );
    }
    note_baked_batch(&mut model);
    Ok(model)
}

/// How many entries there are, if they are few enough to be inputs.
fn few(vector: Vector, what: &str) -> Result<u64, ImportError> {
    if vector.len > MOST_PORTS as u64 {
        return Err(ImportError::Unreadable(format!("it has more than {MOST_PORTS} {what}")));
    }
    Ok(vector.len)
}

/// The signature that stands for the model, if there is any, and a note on the others.
fn chosen<R: Read + Seek>(
    flat: &mut Flat<R>,
    root: Table,
    notes: &mut Vec<String>,
) -> Result<Option<(String, Table)>, ImportError> {
    let Some(signatures) = flat.vector(root, 18, 4)? else { return Ok(None) };
    let mut named = Vec::new();
    for index in 0..signatures.len.min(MOST_SIGNATURES) {
        let signature = flat.entry_table(signatures, index)?;
        named.push((flat.text(signature, 8, MOST_NAME)?.unwrap_or_default(), signature));
    }
    let place = named.iter().position(|(name, _)| name == SERVING).unwrap_or(0);
    if named.is_empty() {
        return Ok(None);
    }
    let (name, signature) = named.remove(place);
    if !named.is_empty() {
        let others: Vec<_> = named.iter().take(MOST_SAID).map(|(name, _)| quoted(name)).collect();
        notes.push(format!("The signature {} was read; there are others: {}.", quoted(&name), others.join(", ")));
    }
    Ok(Some((name, signature)))
}

/// A `Tensor`.
fn port<R: Read + Seek>(
    flat: &mut Flat<R>,
    tensor: Table,
    name: String,
    from: String,
    notes: &mut Vec<String>,
) -> Result<Port, ImportError> {
    let shape = match sizes(flat, tensor, 18)? {
        Some(signature) if !signature.is_empty() => Some(signature),
        _ => sizes(flat, tensor, 4)?,
    };
    let ranked = flat.number(tensor, 20, 1)? != 0;
    // Without axes it is a scalar only if it says that it has a rank.
    let shape = shape.unwrap_or_default();
    let shape = (ranked || !shape.is_empty()).then_some(shape);
    let dtype = dtype(flat.number(tensor, 6, 1)?);
    if let (Some(note), Some(dtype)) = (quantised(flat, tensor, &name)?, &dtype)
        && dtype.is_integer()
    {
        notes.push(note);
    }
    Ok(Port { made_up: made_up(&name), name, dtype, shape, from, ..Port::default() })
}

/// The sizes in a slot, of which -1 is "not known".
fn sizes<R: Read + Seek>(flat: &mut Flat<R>, tensor: Table, slot: u16) -> Result<Option<Vec<Size>>, ImportError> {
    let Some(vector) = flat.vector(tensor, slot, 4)? else { return Ok(None) };
    if vector.len > MOST_AXES as u64 {
        return Err(ImportError::Damaged(format!("a shape in it has more than {MOST_AXES} axes")));
    }
    let size = |rows| if rows == 0 || rows > i32::MAX as u64 { Size::Any } else { Size::Exactly(rows) };
    (0..vector.len).map(|axis| flat.entry_number(vector, axis).map(size)).collect::<Result<Vec<_>, _>>().map(Some)
}

/// What the whole numbers of a quantised tensor stand for: `scale * (q - zero_point)`, for one scale. The array itself
/// may hold every number of its type, so there is no range to declare.
fn quantised<R: Read + Seek>(flat: &mut Flat<R>, tensor: Table, name: &str) -> Result<Option<String>, ImportError> {
    let Some(quantisation) = flat.table(tensor, 12)? else { return Ok(None) };
    let (Some(scales), zeros) = (flat.vector(quantisation, 8, 4)?, flat.vector(quantisation, 10, 8)?) else {
        return Ok(None);
    };
    if scales.len != 1 {
        return Ok(None);
    }
    let bits = u32::try_from(flat.entry_number(scales, 0)?).unwrap_or_default();
    let scale = f32::from_bits(bits);
    let zero = match zeros {
        Some(zeros) if zeros.len == 1 => flat.entry_number(zeros, 0)?.cast_signed(),
        _ => 0,
    };
    Ok((scale.is_finite() && scale > 0.0).then(|| {
        let zero = if zero < 0 { format!("+ {}", zero.unsigned_abs()) } else { format!("- {zero}") };
        format!("{} is quantised: the whole number q in it stands for {scale} * (q {zero}).", quoted(name))
    }))
}

/// `TensorType`, of which 0 stands for a slot that is not there as well.
fn dtype(kind: u64) -> Option<Dtype> {
    let name = match kind {
        5 => return Some(text_dtype()),
        0 => "float32",
        1 => "float16",
        2 => "int32",
        3 => "uint8",
        4 => "int64",
        6 => "bool",
        7 => "int16",
        8 => "complex64",
        9 => "int8",
        10 => "float64",
        11 => "complex128",
        12 => "uint64",
        15 => "uint32",
        16 => "uint16",
        17 => "int4",
        18 => "bfloat16",
        _ => return None,
    };
    Dtype::from_name(name)
}

#[cfg(test)]
#[path = "tflite_tests.rs"]
mod tests;
