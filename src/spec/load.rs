//! The spec of a run: found, read, understood, overridden by flags, and asked whether anything can satisfy it.

use std::path::Path;

use super::import::{self, Model};
use super::model::{self, Said};
use super::parse::{Parsed, parse};
use super::{At, Declared, SizeRule, Spec, check};
pub use crate::config::discover::Found;
use crate::config::discover::{discover, discover_beside};
use crate::config::limits::Limits;
use crate::config::read::read;
use crate::config::{Defaults, Level, Overrides, Selection};
use crate::error::{Error, Fault, Text};

/// More faults than this help nobody.
const MAX_FAULTS: usize = 100;

/// The spec of a run, and what stands beside it in the file.
#[derive(Debug)]
pub struct Loaded {
    /// What the model expects; empty without a file.
    pub spec: Spec,
    /// The rules of `[rules]`.
    pub selection: Selection,
    /// `fail_on` of `[rules]`.
    pub fail_on: Option<Level>,
    /// The rest of what the file says of a run.
    pub defaults: Defaults,
    /// How the file was found.
    pub found: Found,
}

/// Loads the nearest spec upward from the folder of a program, as typed; or else as [`load`] does without a flag.
pub fn beside(
    program: &Path,
    overrides: &Overrides,
    directory: &Path,
    known: impl Fn(&str) -> Result<(), Fault>,
) -> Result<Loaded, Error> {
    let (discovered, found) = discover_beside(program, directory)?;
    let parsed = discovered.map(|discovered| parse(discovered.text, discovered.read)).unwrap_or_default();
    understood(parsed, found, directory, overrides, known)
}

/// The spec in a text that stands in no file: what was learnt from a model, or what a caller hands over. Flags win over it, as
/// over a file.
pub fn from_text(
    text: Text,
    overrides: &Overrides,
    known: impl Fn(&str) -> Result<(), Fault>,
) -> Result<Loaded, Error> {
    let read = read(&text.body, &[]).map_err(|faults| Error { text: Some(text.clone()), faults })?;
    understood(parse(text, read), Found::None, Path::new(""), overrides, known)
}

/// Loads the spec that `--spec` names, or else the nearest one upward from `directory`, an absolute path. Every fault
/// is reported at once: of syntax, keys, types and meaning, and what nothing can satisfy. Which rules there are is not
/// known to this stage; `known` says what is wrong with the name of one.
pub fn load(
    flag: Option<&Path>,
    overrides: &Overrides,
    directory: &Path,
    known: impl Fn(&str) -> Result<(), Fault>,
) -> Result<Loaded, Error> {
    let (discovered, found) = discover(flag, directory)?;
    let parsed = discovered.map(|discovered| parse(discovered.text, discovered.read)).unwrap_or_default();
    understood(parsed, found, directory, overrides, known)
}

/// The spec, if nothing is wrong with it.
fn understood(
    parsed: Parsed,
    found: Found,
    directory: &Path,
    overrides: &Overrides,
    known: impl Fn(&str) -> Result<(), Fault>,
) -> Result<Loaded, Error> {
    let Parsed { mut spec, model, selection, fail_on, defaults, rule_names, mut faults, shapes_lost } = parsed;
    let limits = overrides.limits(&defaults);
    match of_model(&spec, model.as_ref(), overrides, &limits, directory) {
        Ok(Some(said)) => spec = model::combine(spec, said),
        Ok(None) => {}
        Err(fault) => faults.push(fault),
    }
    override_lines(&mut spec, overrides, &mut faults);
    let contradictions = if shapes_lost { check::lines(&spec) } else { check::check(&spec) };
    faults.extend(contradictions.into_iter().filter(check::Contradiction::is_fatal).map(Fault::from));
    faults.extend(rule_names.iter().filter_map(|name| {
        let fault = known(&name.value).err()?;
        Some(match &name.at {
            At::Text(span) => Fault { span: Some(span.clone()), ..fault },
            At::Model(_) | At::Flag(_) => fault,
        })
    }));
    if faults.is_empty() {
        return Ok(Loaded { spec, selection, fail_on, defaults, found });
    }
    faults.sort_by_key(|fault| fault.span.as_ref().map_or(usize::MAX, |span| span.start));
    let more = faults.len().saturating_sub(MAX_FAULTS);
    if more > 0 {
        faults.truncate(MAX_FAULTS);
        faults.push(Fault::new(format!("{more} more faults are not shown")));
    }
    Err(Error { text: spec.text, faults })
}

/// What the model says that a flag names, as typed, or a line, as a path from the folder of the file.
fn of_model(
    spec: &Spec,
    line: Option<&Declared<String>>,
    overrides: &Overrides,
    limits: &Limits,
    directory: &Path,
) -> Result<Option<Said>, Fault> {
    let folder = spec.text.as_ref().map_or(Path::new(""), super::parse::folder);
    let (path, span) = match (&overrides.model, line) {
        (Some(path), _) => (path.clone(), None),
        (None, Some(line)) => {
            let span = if let At::Text(span) = &line.at { Some(span.clone()) } else { None };
            (folder.join(&line.value), span)
        }
        (None, None) => return Ok(None),
    };
    let options = import::toml::Options::default();
    let read = artefact(&path, directory, &options, limits).map_err(|fault| Fault { span, ..fault })?;
    Ok(Some(read.1))
}

/// A model, and what it says as lines of a spec. The path is that from the directory.
pub fn artefact(
    path: &Path,
    directory: &Path,
    options: &import::toml::Options<'_>,
    limits: &Limits,
) -> Result<(Model, Said), Fault> {
    let name = path.display().to_string();
    let model = import::read(&directory.join(path), limits).map_err(|error| Fault::new(format!("{name}: {error}")))?;
    let body = import::toml::text(&model, &name, options);
    let text = Text { name: name.clone(), body: body.into() };
    // What it calls its inputs may be more than a spec can say.
    let said = Said::new(&model, text)
        .map_err(|error| Fault::new(format!("{name}: no spec can say what it holds: {error}")))?;
    Ok((model, said))
}

/// Puts the flags in the place of the lines they win over.
fn override_lines(spec: &mut Spec, overrides: &Overrides, faults: &mut Vec<Fault>) {
    let mut given = |flag: &'static str, value: Option<u64>| {
        if value == Some(0) {
            faults.push(Fault::new(format!("`{flag}` takes a whole number from 1, not `0`")));
        }
        value.filter(|value| *value > 0).map(|value| Declared { value, at: At::Flag(flag) })
    };
    let plan = &mut spec.plan;
    if let Some(size) = given("--batch-size", overrides.batch_size) {
        plan.size = Some(Declared { value: SizeRule::exactly(size.value), at: size.at });
    }
    for (line, flag, value) in [
        (&mut plan.dataset, "--dataset-size", overrides.dataset_size),
        (&mut plan.steps, "--steps", overrides.steps),
        (&mut plan.epochs, "--epochs", overrides.epochs),
    ] {
        if let Some(value) = given(flag, value) {
            *line = Some(value);
        }
    }
    if let Some(framework) = overrides.framework {
        spec.framework = Some(Declared { value: framework, at: At::Flag("--framework") });
    }
}
