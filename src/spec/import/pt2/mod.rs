//! `torch.export`: a zip archive with the program as JSON, in `<name>/models/<model>.json`, or, from before torch 2.8,
//! in `serialized_exported_program.json`. Inputs are those of the program's signature that the user gives;
//! sizes are numbers or symbols, symbols have bounds, and guards say which sizes are the same.

mod guards;
mod program;
mod structure;

use std::collections::{BTreeMap, BTreeSet};

use std::path::Path;

use super::archive::Archive;
use super::exported::{MOST_PORTS, made_up, note_baked_batch};
use super::limits::{self, Most};
use super::{Candidate, ImportError, Model, ModelFormat, Port, Size, Symbol};
use crate::config::limits::Limit;
use crate::error::{cut, quoted};
use crate::spec::dtype::Dtype;
use crate::spec::framework::Framework;
use program::{Argument, Kind, Program, Tensor};

/// Where the program stood before archives could hold several.
const OLD: &str = "serialized_exported_program.json";
/// Bounds from which on there are none: torch writes the largest number, or one less, for "no limit".
const UNBOUNDED: i64 = i64::MAX - 1;
/// The least size that every symbol has which is not bounded: sizes of 0 and 1 were traced for themselves. The check that
/// torch makes of the inputs allows both (`torch/_export/utils.py`).
const UNENFORCED: u64 = 2;

/// The format of `torch.export.save`.
pub(super) struct Pt2;

impl ModelFormat for Pt2 {
    fn name(&self) -> &'static str {
        "pt2"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        let named = candidate.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pt2"));
        candidate.head.starts_with(Archive::MAGIC)
            && (named || Archive::open(candidate.path).is_ok_and(|archive| !programs(&archive).is_empty()))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        let mut archive = Archive::open(candidate.path)?;
        let programs = programs(&archive);
        let Some(entry) = programs.first() else {
            return Err(ImportError::Silent(
                "there is no exported program in it; if it was made for AOTInductor, import the file that \
                 `torch.export.save` wrote."
                    .into(),
            ));
        };
        let json = archive.entry(entry, Most::of(candidate.limits, Limit::ModelBytes))?.unwrap_or_default();
        limits::nesting(&json, entry, candidate.limits)?;
        let mut model = read(&json, entry)?;
        if programs.len() > 1 {
            model.notes.push(format!("It holds {} programs; {} was read.", programs.len(), quoted(entry)));
        }
        Ok(model)
    }
}

/// The entries that hold a program, in the order of their names, the usual one first.
fn programs(archive: &Archive) -> Vec<String> {
    let mut names: Vec<_> = archive
        .names()
        .filter(|name| {
            let folder = name.rsplit_once('/').map(|(folder, _)| folder);
            let new = folder.is_some_and(|folder| folder == "models" || folder.ends_with("/models"));
            (new && Path::new(name).extension().is_some_and(|extension| extension == "json")) || name == OLD
        })
        .take(MOST_PORTS)
        .collect();
    names.sort_by_key(|name| (!name.ends_with("/model.json"), name.clone()));
    names
}

/// What the program says; `entry` is where it stands in the archive.
fn read(json: &[u8], entry: &str) -> Result<Model, ImportError> {
    let program = Program::read(json, entry)?;
    let mut model = Model { format: "pt2", framework: Some(Framework::Torch), ..Model::default() };
    let given = structure::inputs(program.in_spec.as_deref());
    let keys = structure::keys(program.out_spec.as_deref());
    for (place, argument) in program.inputs.iter().enumerate() {
        let from = format!("{entry}: graph_module.signature.input_specs[{}]", argument.place);
        let named = given.as_ref().filter(|given| given.len() == program.inputs.len());
        let key = named.and_then(|given| given[place].clone());
        match &argument.held {
            Argument::Tensor(name) => {
                let tensor = program.tensors.get(name);
                let name = key.unwrap_or_else(|| name.clone());
                model.inputs.push(port(name, tensor, from, &mut model.notes));
            }
            Argument::Other(kind) => {
                model
                    .notes
                    .push(format!("Argument {} of the model is {kind} and no array; it is left out.", place + 1));
            }
        }
    }
    for (place, argument) in program.outputs.iter().enumerate() {
        let Argument::Tensor(name) = &argument.held else { continue };
        let tensor = program.tensors.get(name);
        let from = format!("{entry}: graph_module.signature.output_specs[{}]", argument.place);
        let named = keys.as_ref().filter(|keys| keys.len() == program.outputs.len());
        let key = named.map(|keys| keys[place].clone());
        // Without a key the name is that of an operation of the graph: `softmax`, `mul_1`.
        let made_up = key.is_none();
        let name = key.unwrap_or_else(|| name.clone());
        model.outputs.push(Port { made_up, ..port(name, tensor, from, &mut Vec::new()) });
    }
    if model.inputs.is_empty() {
        return Err(ImportError::Silent("its program takes no arrays; write the spec by hand.".into()));
    }
    let mut bounds = program.ranges.iter().map(|(name, range)| (name.clone(), (range.min, range.max))).collect();
    guards::apply(&program.guards, &mut model, &mut bounds);
    model.symbols = symbols(&model, &bounds);
    note_baked_batch(&mut model);
    Ok(model)
}

/// The bounds of the symbols that stand in shapes, in the order of their names.
fn symbols(model: &Model, bounds: &BTreeMap<String, (Option<i64>, Option<i64>)>) -> Vec<Symbol> {
    let sizes = model.inputs.iter().chain(&model.outputs).filter_map(|port| port.shape.as_ref()).flatten();
    let symbols = sizes.filter_map(|size| if let Size::Symbol(name) = size { Some(name.as_str()) } else { None });
    let used: BTreeSet<&str> = symbols.collect();
    let least = |min: i64| u64::try_from(min).ok().filter(|min| *min != UNENFORCED);
    let most = |max: i64| u64::try_from(max).ok().filter(|_| max < UNBOUNDED);
    bounds
        .iter()
        .filter(|(name, _)| used.contains(name.as_str()))
        .map(|(name, (min, max))| Symbol { name: name.clone(), min: min.and_then(least), max: max.and_then(most) })
        .collect()
}

fn port(name: String, tensor: Option<&Tensor>, from: String, notes: &mut Vec<String>) -> Port {
    let dtype = tensor.and_then(|tensor| dtype(&tensor.dtype));
    let shape = tensor.map(|tensor| tensor.sizes.iter().map(program::Written::size).collect());
    let derived = tensor.and_then(|tensor| tensor.sizes.iter().find_map(program::Written::expression));
    if let Some(expression) = derived {
        notes.push(format!(
            "A size of {} is worked out from others, {}; it is left open.",
            quoted(&name),
            cut(expression)
        ));
    }
    Port { made_up: made_up(&name), name, dtype, shape, from, ..Port::default() }
}

/// `ScalarType` of torch's export schema, by its number or, in older files, its name.
fn dtype(kind: &Kind) -> Option<Dtype> {
    let (number, word) = match kind {
        Kind::Number(number) => (*number, ""),
        Kind::Word(word) => (0, word.as_str()),
    };
    let name = match (number, word) {
        (1, _) | (_, "BYTE") => "uint8",
        (2, _) | (_, "CHAR") => "int8",
        (3, _) | (_, "SHORT") => "int16",
        (4, _) | (_, "INT") => "int32",
        (5, _) | (_, "LONG") => "int64",
        (6, _) | (_, "HALF") => "float16",
        (7, _) | (_, "FLOAT") => "float32",
        (8, _) | (_, "DOUBLE") => "float64",
        (10, _) | (_, "COMPLEXFLOAT") => "complex64",
        (11, _) | (_, "COMPLEXDOUBLE") => "complex128",
        (12, _) | (_, "BOOL") => "bool",
        (13, _) | (_, "BFLOAT16") => "bfloat16",
        (28, _) | (_, "UINT16") => "uint16",
        (34, _) => "uint32",
        (35, _) => "uint64",
        _ => return None,
    };
    Dtype::from_name(name)
}

#[cfg(test)]
mod tests;
