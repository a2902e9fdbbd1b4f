//! The file as written to [`Spec`], with every fault of meaning, each at its place.

mod limits;
mod size;
mod words;

use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use super::dims::{Dim, Shape};
use super::dtype::DtypeRule;
use super::fit::BATCH;
use super::{Allow, At, Declaration, Declared, Pick, Plan, Role, SizeRule, Spec, Symbol, Values};
use crate::config::file::{AllowHere, AllowPaths, Array, DtypeNames, Entry, File, NumberOr, Rules, Word, Written};
use crate::config::read::Read;
use crate::config::{Defaults, Level, Selection};
use crate::error::{Fault, Text, quoted};
pub use limits::limit;
use size::Wrong;
pub(super) use size::is_symbol;

/// An amount of memory as a flag has it: `2 GiB`, or a number of bytes.
pub fn memory(text: &str) -> Result<u64, Fault> {
    size::bytes_of_flag(text).map_err(|wrong| Fault { message: wrong.message, span: None, help: wrong.help })
}

/// NumPy refuses arrays with more axes.
const MAX_AXES: usize = 64;

/// What a text means.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Everything that could be understood.
    pub spec: Spec,
    /// The path of the model, from the folder of the file.
    pub model: Option<Declared<String>>,
    /// The rules of `[rules]`.
    pub selection: Selection,
    /// `fail_on` of `[rules]`.
    pub fail_on: Option<Level>,
    /// The rest of what is said of a run.
    pub defaults: Defaults,
    /// Every name of a rule or group in the text, with its place.
    pub rule_names: Vec<Declared<String>>,
    /// What is wrong: syntax, keys, types and meaning.
    pub faults: Vec<Fault>,
    /// Whether a line was lost that could have named a symbol or an array, so that nothing can be said of those that
    /// seem to be missing.
    pub shapes_lost: bool,
}

/// Finds out what the file means.
#[must_use]
pub fn parse(text: Text, read: Read) -> Parsed {
    let Read { file, faults, damaged, shapes_lost } = read;
    let File {
        framework,
        model,
        batch,
        source,
        dims,
        inputs,
        targets,
        weights,
        allow,
        rules,
        baseline,
        read,
        limits,
        output,
    } = file;
    let body = Arc::clone(&text.body);
    let mut parser = Parser { body: &body, damaged, out: Parsed { faults, shapes_lost, ..Parsed::default() } };
    let plan = Plan {
        size: batch.size.map(|size| {
            declared(
                size.span,
                match size.value {
                    NumberOr::Number(exact) => SizeRule::exactly(exact),
                    NumberOr::Table(bounds) => bounded(bounds.min, bounds.max, bounds.multiple_of),
                },
            )
        }),
        last: batch.last.map(word),
        steps: batch.steps.map(count),
        epochs: batch.epochs.map(count),
        dataset: batch.dataset.map(count),
        replicas: batch.replicas.map(count),
        memory: batch.memory.and_then(|memory| {
            let bytes = parser.right(size::bytes(&memory.value.0), &memory.span);
            bytes.map(|bytes| declared(memory.span, bytes))
        }),
    };
    let mut symbols: Vec<_> = dims.into_iter().collect();
    symbols.sort_by_key(|(name, _)| name.span.start);
    let symbols = symbols.into_iter().filter_map(|(name, bounds)| parser.symbol(name, bounds)).collect();
    let roles = [(Role::Input, inputs), (Role::Target, targets), (Role::Weight, weights)];
    let mut arrays: Vec<_> = roles
        .into_iter()
        .flat_map(|(role, arrays)| arrays.into_iter().map(move |(name, array)| (role, name, array)))
        .collect();
    arrays.sort_by_key(|(_, name, _)| name.span.start);
    let arrays = arrays.into_iter().map(|(role, name, array)| parser.array(role, name, array)).collect();
    let allows = allow.into_iter().filter_map(|allow| parser.allow_paths(allow)).collect();
    parser.rules(rules);
    parser.out.defaults = Defaults {
        headers_only: read.headers_only,
        max_bytes_per_array: read
            .max_bytes_per_array
            .and_then(|most| parser.right(size::bytes(&most.value.0), &most.span)),
        fail_fast: read.fail_fast,
        limits: parser.limits(limits),
        all_places: output.all_places,
        redact: output.redact,
        baseline: baseline.map(|path| folder(&text).join(path.value)),
    };
    let mut parsed = parser.out;
    parsed.model = model.map(|model| declared(model.span, model.value));
    parsed.spec = Spec {
        text: Some(text),
        model: None,
        framework: framework.map(word),
        plan,
        unit: source.unit.as_ref().map(|unit| unit.value.0).unwrap_or_default(),
        unit_at: source.unit.map(|unit| At::Text(unit.span)),
        order: source.order.map(|order| order.value.0).unwrap_or_default(),
        symbols,
        arrays,
        allows,
    };
    parsed
}

/// The folder of the file, as its name has it.
pub(super) fn folder(text: &Text) -> &Path {
    Path::new(&text.name).parent().unwrap_or(Path::new(""))
}

struct Parser<'a> {
    body: &'a str,
    damaged: Vec<Range<usize>>,
    out: Parsed,
}

impl Parser<'_> {
    fn fault(&mut self, fault: Fault) {
        self.out.faults.push(fault);
    }

    /// What is right; or what is wrong, at its place in the text at `span`.
    fn right<T>(&mut self, result: Result<T, Wrong>, span: &Range<usize>) -> Option<T> {
        result
            .map_err(|wrong| {
                let place = self.inside(span, &wrong.range);
                self.fault(Fault { message: wrong.message, span: Some(place), help: wrong.help });
            })
            .ok()
    }

    /// Where a part of a text stands. A text with escapes is not told apart.
    fn inside(&self, span: &Range<usize>, range: &Range<usize>) -> Range<usize> {
        let written = self.body.get(span.clone()).unwrap_or_default();
        let plain = matches!(written.as_bytes(), [b'"' | b'\'', text @ .., b'"' | b'\'']
            if !text.contains(&b'\\') && !text.starts_with(b"\"\"") && !text.starts_with(b"''"));
        if plain && !range.is_empty() { span.start + 1 + range.start..span.start + 1 + range.end } else { span.clone() }
    }

    fn symbol(
        &mut self,
        name: Written<String>,
        bounds: Written<NumberOr<crate::config::file::SymbolBounds>>,
    ) -> Option<Symbol> {
        if !size::is_symbol(&name.value) {
            let fault = if name.value == BATCH {
                Fault::at(name.span, "`batch` is the batch axis, and no symbol")
                    .help("its size is `size` under `[batch]`")
            } else {
                Fault::at(name.span, format!("{} cannot be a symbol", quoted(&name.value)))
                    .help("a symbol is made of letters, digits and `_`, and starts with no digit")
            };
            self.fault(fault);
            self.out.shapes_lost = true;
            return None;
        }
        let (rule, varies) = match bounds.value {
            NumberOr::Number(exact) => (SizeRule::exactly(exact), false),
            NumberOr::Table(bounds) => (bounded(bounds.min, bounds.max, bounds.multiple_of), bounds.varies),
        };
        Some(Symbol {
            name: name.value,
            at: At::Text(name.span.start..bounds.span.end.max(name.span.end)),
            rule,
            varies,
        })
    }

    fn array(&mut self, role: Role, name: Written<String>, array: Written<Array>) -> Declaration {
        if name.value.is_empty() {
            self.fault(Fault::at(name.span.clone(), format!("this {} has no name", role.name())));
        }
        // A header says more than a name; a whole inline table says too much.
        let header = self.body.get(array.span.clone()).is_some_and(|written| written.starts_with('['));
        let at = At::Text(if header { array.span.clone() } else { name.span });
        let Array { dtype, shape, axes, values, files, key, position, optional, encoding, classes, ignore, allow } =
            array.value;
        let places = [
            ("encoding", encoding.as_ref().map(|line| &line.span)),
            ("classes", classes.as_ref().map(|line| &line.span)),
            ("ignore", ignore.as_ref().map(|line| &line.span)),
        ];
        for (line, span) in places.into_iter().filter(|_| role != Role::Target) {
            if let Some(span) = span {
                let message = format!("`{line}` is for targets, and {} is not one", quoted(&name.value));
                self.fault(Fault::at(span.clone(), message).help("declare it under `[targets.NAME]`"));
            }
        }
        Declaration {
            role,
            at,
            advisory: false,
            dtype: dtype.and_then(|dtype| self.dtype(dtype)),
            shape: shape.and_then(|shape| self.shape(shape)),
            axes: axes.and_then(|axes| self.axes(axes)),
            values: values.map(|values| self.values(values)),
            encoding: encoding.map(word),
            classes: classes.map(count),
            ignore: ignore.map(|list| declared(list.span, list.value.into_iter().map(|value| value.value).collect())),
            pick: Pick {
                files: files.and_then(|glob| self.glob(&glob, &glob.value).map(|matcher| declared(glob.span, matcher))),
                key: key.map(|key| declared(key.span, key.value)),
                position: position.map(|position| declared(position.span, position.value)),
            },
            optional: optional.is_some_and(|optional| optional.value),
            allows: allow.into_iter().filter_map(|allow| self.allow_here(allow)).collect(),
            name: name.value,
        }
    }

    fn dtype(&mut self, dtype: Written<DtypeNames>) -> Option<Declared<DtypeRule>> {
        let span = dtype.span;
        let names = match dtype.value {
            DtypeNames::One(name) => vec![Written { value: name, span: span.clone() }],
            DtypeNames::Many(names) => names,
        };
        if names.is_empty() {
            self.fault(Fault::at(span.clone(), "this list allows no dtype").help("write \"any\" for any dtype"));
        }
        let mut wanted = Vec::new();
        for name in &names {
            match words::wanted(&name.value) {
                Ok(one) => wanted.push(one),
                Err((message, help)) => self.fault(Fault::at(name.span.clone(), message).help(help)),
            }
        }
        (!names.is_empty() && wanted.len() == names.len()).then(|| declared(span, DtypeRule { wanted }))
    }

    /// An entry that is wrong is taken for any size, so that the others still count.
    fn shape(&mut self, shape: Written<Vec<Written<Entry>>>) -> Option<Declared<Shape>> {
        if shape.value.len() > MAX_AXES {
            self.fault(Fault::at(shape.span, format!("NumPy arrays have at most {MAX_AXES} axes")));
            return None;
        }
        let mut dims = Vec::with_capacity(shape.value.len());
        for entry in &shape.value {
            let dim = self.right(size::dim(&entry.value), &entry.span);
            self.out.shapes_lost |= dim.is_none();
            if dim == Some(Dim::Rest) && dims.contains(&Dim::Rest) {
                let fault = Fault::at(entry.span.clone(), "`...` stands twice in this shape");
                self.fault(fault.help("keep one: two would leave open which axes are whose"));
                continue;
            }
            dims.push(dim.unwrap_or(Dim::Any));
        }
        Some(declared(shape.span, Shape { dims }))
    }

    fn axes(&mut self, axes: Written<String>) -> Option<Declared<String>> {
        if axes.value.is_empty() || !axes.value.chars().all(char::is_alphabetic) {
            let message = if axes.value.is_empty() {
                "this names no axes".into()
            } else {
                format!("{} names no axes", quoted(&axes.value))
            };
            let fault = Fault::at(axes.span, message);
            self.fault(fault.help("write one letter per axis, in order: \"NHWC\""));
            return None;
        }
        Some(declared(axes.span, axes.value))
    }

    fn values(&mut self, values: Written<crate::config::file::Values>) -> Declared<Values> {
        let crate::config::file::Values { min, max, r#in, finite, nonzero, sum } = values.value;
        let within = r#in.map(|list| {
            if list.value.is_empty() {
                self.fault(
                    Fault::at(list.span, "this list allows no value").help("leave `in` out to allow every value"),
                );
            }
            list.value.into_iter().filter_map(|number| self.number("in", number)).collect()
        });
        let mut bound = |key: &str, number: Option<Written<f64>>| number.and_then(|number| self.number(key, number));
        let (min, max, sum) = (bound("min", min), bound("max", max), bound("sum", sum));
        declared(values.span, Values { min, max, within, finite, nonzero, sum })
    }

    fn number(&mut self, key: &str, number: Written<f64>) -> Option<f64> {
        if number.value.is_finite() {
            return Some(number.value);
        }
        let help =
            if number.value.is_nan() { "to allow NaN write `finite = false`" } else { "leave it out for no limit" };
        self.fault(Fault::at(number.span, format!("`{key}` takes a finite number")).help(help));
        None
    }

    fn glob(&mut self, glob: &Written<String>, pattern: &str) -> Option<GlobMatcher> {
        if glob.value.is_empty() {
            self.fault(
                Fault::at(glob.span.clone(), "an empty glob matches no file").help("write \"**\" for every file"),
            );
            return None;
        }
        match GlobBuilder::new(pattern).literal_separator(true).build() {
            Ok(built) => Some(built.compile_matcher()),
            Err(error) => {
                let message = format!("{} is no glob: {}", quoted(&glob.value), error.kind());
                self.fault(Fault::at(glob.span.clone(), message));
                None
            }
        }
    }

    fn allow_here(&mut self, allow: Written<AllowHere>) -> Option<Allow> {
        let AllowHere { rule, reason } = allow.value;
        self.allow(allow.span, rule, reason, Vec::new())
    }

    fn allow_paths(&mut self, allow: Written<AllowPaths>) -> Option<Allow> {
        let AllowPaths { rule, paths, reason } = allow.value;
        let mut globs = Vec::new();
        match paths {
            Some(paths) if paths.value.is_empty() => {
                self.fault(Fault::at(paths.span, "this allow holds for no path").help("write [\"**\"] for every file"));
            }
            Some(paths) => {
                for glob in &paths.value {
                    // Without a slash it speaks of the file's name, in whatever folder.
                    let pattern =
                        if glob.value.contains('/') { glob.value.clone() } else { format!("**/{}", glob.value) };
                    globs.extend(self.glob(glob, &pattern).map(Arc::new));
                }
            }
            None => self.missing("paths", "`paths = [\"val/**\"]`", &allow.span),
        }
        self.allow(allow.span, rule, reason, globs)
    }

    fn allow(
        &mut self,
        span: Range<usize>,
        rule: Option<Written<String>>,
        reason: Option<Written<String>>,
        paths: Vec<Arc<GlobMatcher>>,
    ) -> Option<Allow> {
        match &reason {
            Some(reason) if reason.value.trim().is_empty() => {
                self.fault(
                    Fault::at(reason.span.clone(), "this reason is empty").help("say why the rule may be broken"),
                );
            }
            Some(_) => {}
            None => self.missing("reason", "`reason = \"...\"`: say why the rule may be broken", &span),
        }
        if rule.is_none() {
            self.missing("rule", "`rule = \"ID\"`; `batchlint rules` lists them", &span);
        }
        let (rule, reason) = (rule?, reason?);
        self.out.rule_names.push(declared(rule.span, rule.value.clone()));
        Some(Allow { rule: rule.value, reason: reason.value, at: At::Text(span), paths })
    }

    /// A line that must be there and is not, unless it is one of those that were lost.
    fn missing(&mut self, key: &str, add: &str, table: &Range<usize>) {
        if !self.damaged.contains(table) {
            self.fault(Fault::at(table.clone(), format!("this allow has no `{key}`")).help(format!("add {add}")));
        }
    }

    fn rules(&mut self, rules: Rules) {
        let Rules { select, ignore, level, fail_on, require_complete } = rules;
        let mut levels: Vec<_> = level.into_iter().collect();
        levels.sort_by_key(|(name, _)| name.span.start);
        let names = select.iter().chain(&ignore).chain(levels.iter().map(|(name, _)| name));
        self.out.rule_names.extend(names.map(|name| declared(name.span.clone(), name.value.clone())));
        let plain = |names: Vec<Written<String>>| names.into_iter().map(|name| name.value).collect();
        let levels = levels.into_iter().map(|(name, level)| (name.value, level.value.0));
        let complete = require_complete.then(|| ("not-evaluated".to_owned(), Level::Error));
        let levels = levels.chain(complete).collect();
        self.out.selection = Selection { select: plain(select), ignore: plain(ignore), levels };
        self.out.fail_on = fail_on.map(|level| level.value.0);
    }
}

fn declared<T>(span: Range<usize>, value: T) -> Declared<T> {
    Declared { value, at: At::Text(span) }
}

fn word<T>(word: Written<Word<T>>) -> Declared<T> {
    declared(word.span, word.value.0)
}

fn count(count: Written<NonZeroU64>) -> Declared<u64> {
    declared(count.span, count.value.get())
}

fn bounded(min: Option<u64>, max: Option<u64>, multiple_of: Option<NonZeroU64>) -> SizeRule {
    SizeRule { min, max, multiple_of: multiple_of.map(NonZeroU64::get) }
}
