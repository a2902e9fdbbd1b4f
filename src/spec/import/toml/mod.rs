//! A model as the text of a `batchlint.toml`. Whatever the names in the artefact are, our own parser reads it without a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Model, Port, Size, Target};
use crate::config::file::Encoding;
use crate::spec::check::limits;
use crate::spec::dtype::{Dtype, Kind, Wanted};
use crate::spec::parse::is_symbol;

/// What the text says beside the model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The first line, in place of the file that the model was read from. Not escaped.
    pub title: Option<&'a str>,
    /// Rows per batch, in place of those that are built into the model.
    pub batch: Option<u64>,
    /// Steps per epoch.
    pub steps: Option<u64>,
    /// Epochs.
    pub epochs: Option<u64>,
    /// Whether arrays hold the whole dataset, which the trainer slices.
    pub whole: bool,
}

/// The text of the spec. `name` is the file that the model was read from, not escaped.
#[must_use]
pub fn text(model: &Model, name: &str, options: &Options<'_>) -> String {
    let axes = Axes::of(model);
    let mut writer = Writer { text: String::new(), axes, names: BTreeSet::new() };
    match options.title {
        Some(title) => writer.comment(title),
        None => writer.comment(&format!("Read from {name} ({}).", model.format)),
    }
    for note in &model.notes {
        writer.comment(note);
    }
    if let Some(framework) = model.framework {
        writer.line(&format!("framework = {}", quoted(framework.name())));
    }
    writer.plan(model, options);
    writer.symbols(model);
    for (index, port) in model.inputs.iter().enumerate() {
        writer.input(port, index, model.inputs.len());
    }
    for target in &model.targets {
        writer.target(target);
    }
    writer.text
}

/// TOML has no greater numbers.
const MAX: u64 = i64::MAX as u64;
/// Below it, every whole number has a float of its own.
const EXACT: f64 = (1_u64 << 53) as f64;
/// Characters of a comment.
const MAX_COMMENT: usize = 400;
/// NumPy refuses arrays with more axes, and so does the parser.
const MAX_AXES: usize = 64;

/// The axis of the batch, as a spec writes it.
const BATCH: &str = "\"batch\"";

/// What the first axes of a model are, and what its symbols are called.
struct Axes {
    /// The symbol of the batch axis.
    batch: Option<String>,
    /// The batch size that is built in.
    built_in: Option<u64>,
    /// The names of the other symbols that stand in shapes, by what the model calls them.
    symbols: BTreeMap<String, String>,
}

impl Axes {
    /// The batch axis is the first one: the symbol that most inputs have there, or the number that all have there.
    fn of(model: &Model) -> Self {
        let shapes = || model.inputs.iter().filter_map(|port| port.shape.as_deref());
        let firsts: Vec<&Size> = shapes().filter_map(<[Size]>::first).collect();
        let mut batch: Option<(&String, usize)> = None;
        for first in &firsts {
            if let Size::Symbol(symbol) = first {
                let count = firsts.iter().filter(|other| **other == *first).count();
                if batch.is_none_or(|(_, most)| count > most) {
                    batch = Some((symbol, count));
                }
            }
        }
        let batch = batch.map(|(symbol, _)| symbol.clone());
        let built_in = match firsts.as_slice() {
            [Size::Exactly(first), rest @ ..] if rest.iter().all(|size| **size == Size::Exactly(*first)) => {
                Some(*first)
            }
            _ => None,
        };
        let targets = model.targets.iter().filter_map(|target| target.shape.as_deref());
        let mut symbols = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for size in shapes().chain(targets).flatten() {
            if let Size::Symbol(symbol) = size
                && Some(symbol) != batch.as_ref()
                && !symbols.contains_key(symbol)
            {
                let wanted = if is_symbol(symbol) { symbol.clone() } else { "size".into() };
                let name = fresh(&wanted, &taken);
                taken.insert(name.clone());
                symbols.insert(symbol.clone(), name);
            }
        }
        Self { batch, built_in: built_in.filter(|size| (1..=MAX).contains(size)), symbols }
    }

    fn entry(&self, axis: usize, size: &Size) -> String {
        match size {
            Size::Any if axis == 0 && self.batch.is_none() => BATCH.into(),
            Size::Exactly(size) if axis == 0 && self.built_in == Some(*size) => BATCH.into(),
            Size::Symbol(symbol) if self.batch.as_ref() == Some(symbol) => BATCH.into(),
            Size::Exactly(size) if (1..=MAX).contains(size) => size.to_string(),
            Size::Symbol(symbol) => self.symbols.get(symbol).map_or_else(|| "\"*\"".into(), |name| quoted(name)),
            Size::Any | Size::Exactly(_) => "\"*\"".into(),
        }
    }
}

struct Writer {
    text: String,
    axes: Axes,
    /// The names that arrays have.
    names: BTreeSet<String>,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn comment(&mut self, text: &str) {
        if !text.is_empty() {
            let line = format!("# {}", commented(text));
            self.line(&line);
        }
    }

    fn plan(&mut self, model: &Model, options: &Options<'_>) {
        let bounds = self.axes.batch.as_ref().and_then(|batch| bounds(model, batch, false));
        let given = |value: Option<u64>| value.filter(|value| (1..=MAX).contains(value));
        let size = match (given(options.batch), self.axes.built_in) {
            (Some(size), _) => Some((size.to_string(), "")),
            (None, Some(size)) => Some((
                size.to_string(),
                "This batch size is built into the model. If it takes others, change the number or delete the line.",
            )),
            (None, None) => bounds.map(|bounds| (bounds, "The bounds that the model was exported with.")),
        };
        let steps = given(options.steps).map(|steps| format!("steps = {steps}"));
        let epochs = given(options.epochs).map(|epochs| format!("epochs = {epochs}"));
        if size.is_some() || steps.is_some() || epochs.is_some() {
            self.line("\n[batch]");
        }
        if let Some((size, note)) = size {
            self.comment(note);
            self.line(&format!("size = {size}"));
        }
        for line in steps.into_iter().chain(epochs) {
            self.line(&line);
        }
        if options.whole {
            self.line("\n[source]\nunit = \"dataset\"");
        }
    }

    /// What an export leaves open may differ from batch to batch.
    fn symbols(&mut self, model: &Model) {
        if self.axes.symbols.is_empty() {
            return;
        }
        self.line("\n[dims]");
        for (symbol, name) in self.axes.symbols.clone() {
            if symbol != name {
                self.comment(&format!("The model calls it {symbol}."));
            }
            let bounds = bounds(model, &symbol, true).unwrap_or_else(|| "{ varies = true }".into());
            self.line(&format!("{name} = {bounds}"));
        }
    }

    fn input(&mut self, port: &Port, index: usize, count: usize) {
        let name = match port.name.as_str() {
            "" if count == 1 => "input".to_owned(),
            "" => format!("input_{index}"),
            name => name.to_owned(),
        };
        let name = fresh(&name, &self.names);
        self.line(&format!("\n[inputs.{}]", key(&name)));
        self.names.insert(name);
        self.comment(&port.from);
        self.dtype(port.dtype.as_ref());
        if let Some(shape) = &port.shape {
            self.shape(shape);
        }
        if let Some(axes) = &port.axes {
            let letters: BTreeSet<char> = axes.chars().filter(|letter| letter.is_alphabetic()).collect();
            let all = axes.chars().count();
            if all > 0 && letters.len() == all && port.shape.as_ref().is_none_or(|shape| shape.len() == all) {
                self.line(&format!("axes = {}", quoted(axes)));
            }
        }
        self.values(port);
        if port.optional {
            self.line("optional = true");
        }
        if port.made_up || port.name.is_empty() {
            if count == 1 {
                self.comment("The name is a machine's: a dump may call it what it likes.");
                self.line("position = 0");
            } else {
                self.comment("The name is a machine's: in a tuple the array is told by its place.");
            }
        }
    }

    fn dtype(&mut self, dtype: Option<&Dtype>) {
        match dtype {
            Some(dtype) if Dtype::from_name(&dtype.name()).is_some() => {
                self.line(&format!("dtype = {}", quoted(&dtype.name())));
            }
            Some(dtype) => {
                let takes = if is_text(dtype) { "text".into() } else { dtype.name() };
                self.comment(&format!("The model takes {takes}, which no dtype of a spec stands for."));
                self.line("dtype = \"any\"");
            }
            None => {
                self.comment("The model does not say which type it takes.");
                self.line("dtype = \"any\"");
            }
        }
    }

    fn shape(&mut self, shape: &[Size]) {
        if shape.len() > MAX_AXES {
            self.comment(&format!("The model gives {} axes, more than arrays have.", shape.len()));
            return;
        }
        let sizes: Vec<String> = shape.iter().enumerate().map(|(axis, size)| self.axes.entry(axis, size)).collect();
        self.line(&format!("shape = [{}]", sizes.join(", ")));
    }

    /// The bounds that the type does not keep anyway.
    fn values(&mut self, port: &Port) {
        let Some((min, max)) = port.values.filter(|(min, max)| min.is_finite() && max.is_finite() && min <= max) else {
            return;
        };
        let (low, high) = port
            .dtype
            .as_ref()
            .and_then(|dtype| limits(&Wanted::Exactly(dtype.clone())))
            .unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let whole = port.dtype.as_ref().is_some_and(Dtype::is_integer) && min.fract() == 0.0 && max.fract() == 0.0;
        let number = |bound: f64| if whole && bound.abs() < EXACT { bound.to_string() } else { format!("{bound:?}") };
        let says = |key: &str, bound: f64| (low < bound && bound < high).then(|| format!("{key} = {}", number(bound)));
        let bounds: Vec<String> = says("min", min).into_iter().chain(says("max", max)).collect();
        if !bounds.is_empty() {
            self.line(&format!("values = {{ {} }}", bounds.join(", ")));
        }
    }

    /// Whether the classes agree with the shape: a spec that says both and means different things is refused. The axis of
    /// the batch holds no classes.
    fn fits(&self, target: &Target, classes: u64) -> bool {
        let rows = matches!(target.encoding, Some(Encoding::OneHot | Encoding::Probabilities));
        let axes = target.shape.iter().flatten().enumerate();
        let mut others = axes.filter(|(axis, size)| self.axes.entry(*axis, size) != BATCH).peekable();
        let agrees = |(_, size): (usize, &Size)| !matches!(size, Size::Exactly(size) if *size != classes);
        target.encoding != Some(Encoding::Value) && (!rows || others.peek().is_none() || others.any(agrees))
    }

    fn target(&mut self, target: &Target) {
        let name = if target.name.is_empty() { "target" } else { &target.name };
        let name =
            if self.names.contains(name) { fresh(&format!("{name}_target"), &self.names) } else { name.to_owned() };
        self.line(&format!("\n[targets.{}]", key(&name)));
        self.names.insert(name);
        self.comment(&target.from);
        if let Some(encoding) = target.encoding {
            self.line(&format!("encoding = {}", quoted(word(encoding))));
        }
        let is_known = |classes: &u64| (1..=MAX).contains(classes) && self.fits(target, *classes);
        if let Some(classes) = target.classes.filter(is_known) {
            self.line(&format!("classes = {classes}"));
        }
        if let Some(ignore) = target.ignore {
            self.line(&format!("ignore = [{ignore}]"));
        }
        if let Some(shape) = &target.shape {
            self.shape(shape);
        }
    }
}

/// `{ min = 1, max = 8 }`; `None` where nothing is known. Bounds that no size meets are left out.
fn bounds(model: &Model, symbol: &str, varies: bool) -> Option<String> {
    let found = model.symbols.iter().find(|known| known.name == symbol)?;
    let max = found.max.filter(|max| (1..=MAX).contains(max));
    let min = found.min.filter(|min| (2..=max.unwrap_or(MAX)).contains(min));
    let mut parts: Vec<String> = if varies { vec!["varies = true".into()] } else { Vec::new() };
    parts.extend(min.map(|min| format!("min = {min}")));
    parts.extend(max.map(|max| format!("max = {max}")));
    (!parts.is_empty()).then(|| format!("{{ {} }}", parts.join(", ")))
}

/// The name, or the name with the first number that makes it new.
fn fresh(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let numbered = (2_u64..).map(|number| format!("{name}_{number}"));
    numbered.into_iter().find(|name| !taken.contains(name)).unwrap_or_default()
}

/// Whether a type is that of text.
pub(super) fn is_text(dtype: &Dtype) -> bool {
    matches!(dtype.kind, Kind::Text | Kind::Bytes | Kind::Object)
}

/// An encoding as the spec writes it.
pub(super) fn word(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Index => "index",
        Encoding::OneHot => "one-hot",
        Encoding::Probabilities => "probabilities",
        Encoding::Binary => "binary",
        Encoding::Value => "value",
    }
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { name.to_owned() } else { quoted(name) }
}

/// A TOML string. What could break a line or hide from the eye is written as an escape.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_hidden(c) => {
                // Nothing can fail in a String.
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The text of a comment, on one line.
fn commented(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count >= MAX_COMMENT {
            out.push('…');
            break;
        }
        if is_hidden(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, and those that turn, join or hide text.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests;
