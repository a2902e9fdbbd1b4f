//! `init`: a first spec, from good data, from the artefact of the model, or from both.

mod guess;
mod seen;
mod text;

use std::path::Path;

use super::gather::{Gathered, Looking, gather};
use crate::config::Settings;
use crate::error::{Error, Fault};
use crate::source::Progress;
use crate::source::text::shown;
use crate::source::walk::Unmatched;
use crate::spec::import::{self, Model, Port, Size, Target};
use crate::spec::load::artefact;
use crate::spec::model::{Said, combine};
use crate::spec::{At, Declaration, Declared, Role, Spec};
use crate::values::Wants;
use seen::{Axis, Dump, Seen, Told};
use text::{Line, Table, key, one_or_list, quoted};

/// A first spec.
#[derive(Debug)]
pub struct Initial {
    /// The text of a `batchlint.toml`.
    pub text: String,
    /// What was read, of the model and of the data.
    pub model: Model,
    /// The arguments that stand for no file.
    pub unmatched: Vec<Unmatched>,
}

/// Writes a spec from the data that the settings name, from the model that they name, or from both. `batch` is put in the
/// place of rows that the artefact fixes.
pub fn init(settings: &Settings, batch: Option<u64>, progress: &Progress) -> Result<Initial, Error> {
    let options = import::toml::Options { batch, ..Default::default() };
    let artefact = settings
        .overrides
        .model
        .as_deref()
        .map(|path| artefact(path, &settings.directory, &options, &settings.limits).map_err(Error::from))
        .transpose()?;
    if settings.paths.is_empty() {
        let (model, said) = artefact.ok_or_else(|| {
            Fault::new("nothing to write a spec from")
                .help("name good data, `--from dump/`, or a model, `--model model.keras`")
        })?;
        return Ok(Initial { text: of_model(&said), model, unmatched: Vec::new() });
    }
    let looking = Looking { wants: Wants::NUMBERS, all: true, enough: None };
    let Gathered { facts, unmatched, .. } = gather(&Spec::default(), looking, settings, progress)?;
    let names = seen::names(&facts);
    let mut roles = seen::roles(&names);
    if let Some((_, said)) = &artefact {
        told(&names, &mut roles, said);
    }
    let arrays: Vec<(String, Role, Told)> =
        names.into_iter().zip(roles).map(|(name, (role, told))| (name, role, told)).collect();
    if arrays.is_empty() {
        return Err(Fault::new(format!("{} holds no array", data(settings)))
            .help("name a folder of .npy or .npz batches, or a model: `--model model.keras`")
            .into());
    }
    let dump = seen::look(&facts, &arrays);
    let bare: Vec<(String, Role)> = dump.arrays.iter().map(|seen| (seen.name.clone(), seen.role)).collect();
    let mut spec = seen::skeleton(&bare);
    let mut model = Model { format: "dump", ..Model::default() };
    if let Some((read, said)) = artefact {
        spec = combine(spec, said);
        model = read;
    } else {
        describe(&dump, &mut model);
    }
    let writer = Writer { settings, data: data(settings), dump: &dump, spec: &spec, model: &model, batch };
    Ok(Initial { text: writer.text(), model, unmatched })
}

/// The text of a model alone, with a word on the names that are the model's own.
fn of_model(said: &Said) -> String {
    let mut text = said.text.body.to_string();
    for declared in said.arrays.iter().rev().filter(|declared| declared.advisory) {
        let At::Model(span) = &declared.at else { continue };
        let end = text[span.end..].find('\n').map_or(text.len(), |length| span.end + length);
        text.insert_str(end, "  # a guess: the data may have another name; put that here");
    }
    text
}

/// The data as typed.
fn data(settings: &Settings) -> String {
    let paths: Vec<String> =
        settings.paths.iter().take(3).map(|path| shown(&path.display().to_string(), 100)).collect();
    paths.join(", ")
}

/// What a model says of roles: its inputs are inputs; what is left over where it has targets is a target.
fn told(names: &[String], roles: &mut [(Role, Told)], said: &Said) {
    let of = |role: Role| said.arrays.iter().filter(move |declared| declared.role == role);
    for (name, role) in names.iter().zip(&mut *roles) {
        if of(Role::Input).any(|declared| declared.name == *name) {
            *role = (Role::Input, Told::Model);
        }
    }
    let inputs = roles.iter().filter(|(role, _)| *role == Role::Input).count();
    let open: Vec<usize> = (0..roles.len()).filter(|index| roles[*index].1 == Told::Nothing).collect();
    let has_target = roles.iter().any(|(role, _)| *role == Role::Target);
    if let ([only], false) = (open.as_slice(), has_target)
        && of(Role::Target).count() == 1
        && inputs == of(Role::Input).count() + 1
    {
        roles[*only] = (Role::Target, Told::Model);
    }
}

/// The dump in the terms of a model, for programs.
fn describe(dump: &Dump, model: &mut Model) {
    let shape = |seen: &Seen| {
        let size = |axis: &Axis| match axis {
            Axis::Batch => Size::Symbol("batch".into()),
            Axis::Any => Size::Any,
            Axis::Exactly(size) => Size::Exactly(*size),
            Axis::Symbol(name) => Size::Symbol(name.clone()),
        };
        seen.axes.as_ref().map(|axes| axes.iter().map(size).collect())
    };
    for seen in &dump.arrays {
        let name = seen.name.clone();
        match seen.role {
            Role::Target => model.targets.push(Target { name, shape: shape(seen), ..Target::default() }),
            Role::Input | Role::Weight => model.inputs.push(Port {
                name,
                dtype: match seen.dtypes.as_slice() {
                    [only] => crate::spec::dtype::Dtype::from_name(only),
                    _ => None,
                },
                shape: shape(seen),
                optional: seen.role == Role::Weight,
                ..Port::default()
            }),
        }
    }
}

/// Writes the text.
struct Writer<'a> {
    settings: &'a Settings,
    data: String,
    dump: &'a Dump,
    /// The arrays of the dump with what the model says of them.
    spec: &'a Spec,
    model: &'a Model,
    batch: Option<u64>,
}

impl Writer<'_> {
    fn text(&self) -> String {
        let from = match &self.spec.model {
            Some(said) => format!("{} and {}", shown(&said.text.name, 100), self.data),
            None => self.data.clone(),
        };
        let mut text = format!(
            "# What the model expects of its batches: a first draft by `batchlint init`, from {from}.\n\
             # Lines marked \"a guess\" want a look; `batchlint check` compares data with all of them.\n"
        );
        for note in self.model.notes.iter().take(20) {
            text.extend(["# ", &shown(note, 300), "\n"]);
        }
        let mut tables = vec![self.top(), self.plan()];
        if self.dump.is_whole {
            let lines = vec![Line::guess("unit", quoted("dataset"), "the names say that each file holds a whole set")];
            tables.push(Table { header: "source".into(), why: String::new(), lines });
        }
        tables.push(self.symbols());
        let mut arrays: Vec<&Declaration> = self.spec.arrays.iter().collect();
        arrays.sort_by_key(|declared| declared.role);
        tables.extend(arrays.into_iter().map(|declared| self.array(declared)));
        text + &text::write(&tables)
    }

    fn top(&self) -> Table {
        let why = "who will consume the batches: keras tensorflow torch jax onnxruntime triton sklearn any";
        let line = match (self.settings.overrides.framework, &self.spec.framework) {
            (Some(framework), _) => Line::read("framework", quoted(framework.name()), "--framework"),
            (None, Some(declared)) => Line::read("framework", quoted(declared.value.name()), self.artefact()),
            (None, None) => Line::open("framework", quoted("keras"), why),
        };
        Table { header: String::new(), why: String::new(), lines: vec![line] }
    }

    /// Where in the artefact the array stands.
    fn artefact_of(&self, declared: &Declaration) -> String {
        let place = self.spec.model.as_ref().and_then(|said| {
            let mine = |became: &Option<usize>| {
                became.and_then(|index| self.spec.arrays.get(index)).is_some_and(|array| std::ptr::eq(array, declared))
            };
            let index = said.became.iter().position(mine)?;
            let inputs = &self.model.inputs;
            let port = inputs.get(index).map(|port| &port.from);
            port.or_else(|| Some(&self.model.targets.get(index.checked_sub(inputs.len())?)?.from))
        });
        match place {
            Some(place) if !place.is_empty() => format!("{}, {place}", self.artefact()),
            _ => self.artefact(),
        }
    }

    fn artefact(&self) -> String {
        self.spec.model.as_ref().map_or(String::new(), |said| said.text.name.clone())
    }

    /// The batch plan, as far as the batches show it.
    fn plan(&self) -> Table {
        let mut lines = Vec::new();
        let streams: Vec<&Vec<u64>> = self.dump.rows.iter().filter(|rows| !rows.is_empty()).collect();
        let firsts = || streams.iter().flat_map(|rows| rows.iter().take(rows.len().max(2) - 1));
        let lasts = || streams.iter().filter(|rows| rows.len() > 1).filter_map(|rows| rows.last());
        let all = || streams.iter().flat_map(|rows| rows.iter());
        let full = firsts().copied().max().unwrap_or(0);
        let batches = all().count();
        let total = all().fold(0_u64, |sum, rows| sum.saturating_add(*rows));
        if self.dump.is_whole {
            lines.push(Line::open("size", "32", "rows per batch that the trainer slices"));
            if let ([_], true) = (streams.as_slice(), total > 0) {
                lines.push(Line::guess("dataset", total.to_string(), format!("{} is all there is", self.data)));
            }
            return Table { header: "batch".into(), why: String::new(), lines };
        }
        if let Some(rows) = self.batch {
            lines.push(Line::read("size", rows.to_string(), "--batch"));
        } else if firsts().all(|rows| *rows == full) && lasts().all(|rows| *rows <= full) && full > 0 {
            let why = match (batches, lasts().any(|rows| *rows < full)) {
                (1, _) => "rows of the only batch".to_owned(),
                (_, true) => format!("rows of every batch of {} but the last", self.data),
                (_, false) => format!("rows of every batch of {}", self.data),
            };
            lines.push(Line::read("size", full.to_string(), why));
        } else if let (Some(min), Some(max)) = (all().copied().min(), all().copied().max()) {
            let why = format!("the batches of {} differ in rows", self.data);
            lines.push(Line::guess("size", format!("{{ min = {min}, max = {max} }}"), why));
        }
        match lasts().copied().filter(|rows| *rows < full).min() {
            Some(rows) if firsts().all(|rows| *rows == full) => {
                lines.push(Line::read("last", quoted("partial"), format!("the last batch has {rows} rows")));
            }
            _ => {}
        }
        if streams.len() == 1 && batches > 1 && total > 0 {
            let epoch = format!("{} is one whole epoch", self.data);
            lines.push(Line::guess("steps", batches.to_string(), epoch.clone()));
            lines.push(Line::guess("dataset", total.to_string(), epoch));
        }
        Table { header: "batch".into(), why: String::new(), lines }
    }

    fn symbols(&self) -> Table {
        let used =
            |name: &str| self.spec.arrays.iter().any(|declared| self.symbols_of(declared).contains(&name.to_owned()));
        let mut lines: Vec<Line> = Vec::new();
        for symbol in &self.spec.symbols {
            if let Some((text, span)) = self.spec.place(&symbol.at)
                && let Some((name, value)) = text.body[span.clone()].split_once('=')
            {
                lines.push(Line::read(name.trim(), value.trim(), self.artefact()));
            }
        }
        for symbol in self.dump.symbols.iter().filter(|symbol| used(&symbol.name)) {
            let why = format!("{} to {} in {}", symbol.min, symbol.max, self.data);
            lines.push(Line::read(&self.renamed(&symbol.name), "{ varies = true }", why));
        }
        Table { header: "dims".into(), why: String::new(), lines }
    }

    /// The symbols of the dump that stand in the shape of the array as it is written.
    fn symbols_of(&self, declared: &Declaration) -> Vec<String> {
        let axes = self.seen(declared).and_then(|seen| seen.axes.as_ref()).filter(|_| declared.shape.is_none());
        let symbol = |axis: &Axis| if let Axis::Symbol(name) = axis { Some(name.clone()) } else { None };
        axes.into_iter().flatten().filter_map(symbol).collect()
    }

    /// The symbol of the dump, under a name that the model has no use for.
    fn renamed(&self, name: &str) -> String {
        let shapes = self.spec.arrays.iter().filter_map(|declared| declared.shape.as_ref());
        let taken = shapes.flat_map(|shape| shape.value.symbols()).any(|symbol| symbol == name);
        if taken || self.spec.symbol(name).is_some() { format!("{name}_here") } else { name.to_owned() }
    }

    fn seen(&self, declared: &Declaration) -> Option<&Seen> {
        self.dump.arrays.iter().find(|seen| seen.name == declared.name && seen.role == declared.role)
    }

    fn array(&self, declared: &Declaration) -> Table {
        let seen = self.seen(declared);
        let from = self.artefact_of(declared);
        let why = match seen.map(|seen| seen.told) {
            None => format!("not in {}", self.data),
            Some(Told::Name | Told::Model) if declared.role == Role::Input => String::new(),
            Some(Told::Model) => String::new(),
            Some(Told::Name) => format!("a guess: the name says that it is a {}", declared.role.name()),
            Some(Told::Place) => "a guess: by its place in the tuple".into(),
            Some(Told::Nothing) => "a guess: its name says nothing, so it is taken for an input".into(),
        };
        let mut lines: Vec<Line> = [
            self.of_model("dtype", &from, declared.dtype.as_ref()).or_else(|| self.dtype(seen?)),
            self.of_model("shape", &from, declared.shape.as_ref()).or_else(|| self.shape(seen?)),
            self.of_model("axes", &from, declared.axes.as_ref()),
            self.of_model("values", &from, declared.values.as_ref()).or_else(|| guess::limits(seen?)),
            self.of_model("encoding", &from, declared.encoding.as_ref()),
            self.of_model("classes", &from, declared.classes.as_ref()),
            self.of_model("ignore", &from, declared.ignore.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if declared.role == Role::Target && declared.encoding.is_none() {
            lines.extend(seen.map(guess::encoding).unwrap_or_default());
        }
        match seen.map(|seen| seen.share) {
            Some((there, of)) if there < of => {
                lines.push(Line::guess("optional", "true", format!("{there} of {of} batches have it")));
            }
            _ if declared.optional => lines.push(Line::read("optional", "true", self.artefact())),
            _ => {}
        }
        Table { header: format!("{}s.{}", declared.role.name(), key(&declared.name)), why, lines }
    }

    /// A line as the model has it.
    fn of_model<T>(&self, name: &str, from: &str, line: Option<&Declared<T>>) -> Option<Line> {
        let at = &line?.at;
        let (text, span) = self.spec.place(at).filter(|_| matches!(at, At::Model(_)))?;
        Some(Line::read(name, &text.body[span.clone()], from))
    }

    fn dtype(&self, seen: &Seen) -> Option<Line> {
        let names: Vec<String> = seen.dtypes.iter().map(|name| quoted(name)).collect();
        let found = seen.overview.dtypes.join(", ");
        Some(match names.len() {
            0 => {
                Line::open("dtype", "\"float32\"", format!("{} has {found}, which no model takes as it is", self.data))
            }
            1 => Line::read("dtype", one_or_list(&names), self.data.clone()),
            _ => Line::guess("dtype", one_or_list(&names), format!("{} has all of them", self.data)),
        })
    }

    fn shape(&self, seen: &Seen) -> Option<Line> {
        let Some(axes) = &seen.axes else {
            let why = format!("{} has {}", self.data, seen.overview.shape());
            return Some(Line::guess("shape", "[\"...\"]", why));
        };
        let entry = |axis: &Axis| match axis {
            Axis::Batch => quoted("batch"),
            Axis::Any => quoted("*"),
            Axis::Exactly(size) => size.to_string(),
            Axis::Symbol(name) => quoted(&self.renamed(name)),
        };
        let entries: Vec<String> = axes.iter().map(entry).collect();
        Some(Line::read("shape", format!("[{}]", entries.join(", ")), self.data.clone()))
    }
}

/// Where a spec is written that `-o` does not name.
pub const FILE: &str = crate::config::discover::FILE_NAME;

/// Writes the text. A file that is there is replaced only where that is asked for.
pub fn write(path: &Path, text: &str, replace: bool) -> Result<(), Error> {
    if replace {
        let name = shown(&path.display().to_string(), 400);
        return std::fs::write(path, text).map_err(|error| Error::plain(format!("cannot write {name}: {error}")));
    }
    super::live::write_spec(path, text)
}
