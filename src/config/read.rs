//! Text to [`File`], with every fault of syntax, key and type found in one pass.
//!
//! Serde stops at the first fault. So what is at fault is taken out of the table and the rest is read again, until
//! nothing is left to complain about.

use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::file::File;
use super::syntax;
use crate::error::{Fault, cut, nearest, quoted};

/// More faults than this help nobody, and each costs a pass over the table.
const MAX_FAULTS: usize = 100;

/// What could be read of a text.
#[derive(Debug)]
pub struct Read {
    /// Every line that is well-formed.
    pub file: File,
    /// What is wrong with the others, in the order of their places.
    pub faults: Vec<Fault>,
    /// The tables that lost a line, by their place: what they lack may have been meant by that line.
    pub damaged: Vec<Range<usize>>,
    /// Whether a line was lost that could have named a symbol or an array.
    pub shapes_lost: bool,
}

/// Reads the text, or the table of it that `path` leads to. Without such a table there are only the faults of syntax,
/// which may have hidden it.
pub fn read(text: &str, path: &[&str]) -> Result<Read, Vec<Fault>> {
    let syntax::Mended { text: mended, mut faults, lost } = syntax::mend(text);
    let (table, _) = DeTable::parse_recoverable(&mended);
    let mut root = Spanned::new(0..0, DeValue::Table(table.into_inner()));
    for key in path {
        match root.get_mut() {
            DeValue::Table(table) if table.contains_key(*key) => root = table.remove(*key).unwrap_or(root),
            _ => return Err(faults),
        }
    }
    let mut reader = Reader { text, path, damaged: Vec::new(), shapes_lost: lost };
    let file = reader.file(root, &mut faults);
    faults.sort_by_key(|fault| fault.span.as_ref().map_or(usize::MAX, |span| span.start));
    Ok(Read { file, faults, damaged: reader.damaged, shapes_lost: reader.shapes_lost })
}

struct Reader<'a> {
    text: &'a str,
    path: &'a [&'a str],
    damaged: Vec<Range<usize>>,
    shapes_lost: bool,
}

/// One step from a table or list to what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Entry(usize),
}

impl Reader<'_> {
    /// Two copies of the table are kept. From one goes the smallest part at fault, an entry of a list for instance, so
    /// that its neighbours are looked at too. From the other goes the whole statement, so that no half-read list is
    /// taken for what was meant.
    fn file(&mut self, root: Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> File {
        let mut probe = root.clone();
        let mut keep = root;
        let before = faults.len();
        loop {
            let error = match File::deserialize(ValueDeserializer::from(probe.clone())) {
                Ok(file) if faults.len() == before => return file,
                Ok(_) => break,
                Err(error) => error,
            };
            let span = error.span().unwrap_or_else(|| probe.span());
            let Some(path) = locate(&probe, &span) else {
                faults.push(Fault::at(span, error.message()));
                return File::default();
            };
            if faults.len() - before == MAX_FAULTS {
                faults.push(Fault::new(format!("only the first {MAX_FAULTS} faults are shown")));
                break;
            }
            let fault = self.described(&probe, &path, span, error.message());
            faults.push(fault);
            self.note(&probe, &path, error.message().starts_with("unknown field "));
            remove(&mut probe, &path);
            let statement = path.iter().rposition(|step| matches!(step, Step::Key(_))).map_or(0, |last| last + 1);
            remove(&mut keep, &path[..statement]);
        }
        File::deserialize(ValueDeserializer::from(keep)).unwrap_or_default()
    }

    /// Remembers what the lost line could have said.
    fn note(&mut self, root: &Spanned<DeValue<'_>>, path: &[Step], unknown: bool) {
        let statement = path.iter().rposition(|step| matches!(step, Step::Key(_))).unwrap_or(0);
        if let Some(table) = descend(root, &path[..statement]) {
            self.damaged.push(table.span());
        }
        let key = |depth: usize| match path.get(depth) {
            Some(Step::Key(key)) => Some(key.as_str()),
            _ => None,
        };
        // An unknown key can be a misspelt table, or a misspelt `shape`.
        self.shapes_lost |= match key(0) {
            Some("dims") => true,
            Some("inputs" | "targets" | "weights") => {
                path.len() < 3 || key(2) == Some("shape") || (unknown && path.len() == 3)
            }
            _ => unknown && path.len() == 1,
        };
    }

    /// Serde's message in the words of the file.
    fn described(&self, root: &Spanned<DeValue<'_>>, path: &[Step], span: Range<usize>, message: &str) -> Fault {
        let name = match path {
            [.., Step::Key(key)] => quoted(key),
            [.., Step::Key(key), Step::Entry(_)] => format!("an entry of {}", quoted(key)),
            _ => "the spec".to_owned(),
        };
        if let [table @ .., Step::Key(key)] = path
            && let Some(known) = message.strip_prefix(&format!("unknown field `{key}`, expected "))
        {
            return self.unknown_key(table, key, &words(known), span);
        }
        if message.starts_with("unknown variant ")
            && let Some(node) = descend(root, path)
            && let Some((_, known)) = message.rsplit_once("`, expected ")
        {
            let known = words(known);
            let typed = node.get_ref().as_str().unwrap_or_default();
            let fault =
                Fault::at(span.clone(), format!("{name} takes {}, not {}", listed(&known, "or"), self.written(node)));
            return match nearest(typed, known) {
                Some(near) => fault.help(format!("did you mean \"{near}\"?")),
                None => fault,
            };
        }
        if (message.starts_with("invalid type: ") || message.starts_with("invalid value: "))
            && let Some(node) = descend(root, path)
            && let Some((_, expected)) = message.rsplit_once(", expected ")
        {
            return Fault::at(span, format!("{name} takes {}, not {}", plain(expected), self.written(node)));
        }
        if message == "integer number overflowed" {
            return Fault::at(span, format!("{name} is too large a number"));
        }
        Fault::at(span, format!("{name}: {message}"))
    }

    fn unknown_key(&self, table: &[Step], key: &str, known: &[&str], span: Range<usize>) -> Fault {
        let place = match table.last() {
            None if self.path.is_empty() => "at the top of the file".to_owned(),
            Some(Step::Entry(_)) => {
                let list = table.iter().rev().find_map(|step| if let Step::Key(key) = step { Some(key) } else { None });
                format!("in an entry of {}", quoted(list.map_or("", String::as_str)))
            }
            _ => {
                let keys =
                    table.iter().filter_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None });
                let path: Vec<&str> = self.path.iter().copied().chain(keys).collect();
                format!("in {}", quoted(&format!("[{}]", path.join("."))))
            }
        };
        let fault = Fault::at(span, format!("unknown key {} {place}", quoted(key)));
        match nearest(key, known.iter().copied()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help(format!("the keys here are {}", listed(known, "and"))),
        }
    }

    /// The value as it stands in the text, where it is short.
    fn written(&self, node: &Spanned<DeValue<'_>>) -> String {
        match node.get_ref() {
            DeValue::Table(_) => "a table".into(),
            DeValue::Array(_) => "a list".into(),
            DeValue::String(_) => cut(self.text.get(node.span()).unwrap_or_default()),
            _ => quoted(self.text.get(node.span()).unwrap_or_default()),
        }
    }
}

/// The smallest key or value around the span. Of several that are equally small the outermost: the first table of a
/// `[[list]]` has the place of the list.
fn locate(root: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Vec<Step>> {
    fn visit(node: &Spanned<DeValue<'_>>, path: &mut Vec<Step>, look: &mut impl FnMut(Range<usize>, &[Step])) {
        match node.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    path.push(Step::Key(key.get_ref().to_string()));
                    look(key.span(), path);
                    look(value.span(), path);
                    visit(value, path, look);
                    path.pop();
                }
            }
            DeValue::Array(array) => {
                for (index, value) in array.iter().enumerate() {
                    path.push(Step::Entry(index));
                    look(value.span(), path);
                    visit(value, path, look);
                    path.pop();
                }
            }
            _ => {}
        }
    }
    let mut best: Option<(usize, Vec<Step>)> = None;
    visit(root, &mut Vec::new(), &mut |place, path| {
        let smaller = || best.as_ref().is_none_or(|(size, _)| place.len() < *size);
        if place.start <= span.start && span.end <= place.end && smaller() {
            best = Some((place.len(), path.to_vec()));
        }
    });
    best.map(|(_, path)| path)
}

fn descend<'t, 'i>(root: &'t Spanned<DeValue<'i>>, path: &[Step]) -> Option<&'t Spanned<DeValue<'i>>> {
    path.iter().try_fold(root, |node, step| match step {
        Step::Key(key) => node.get_ref().get(key.as_str()),
        Step::Entry(index) => node.get_ref().get(*index),
    })
}

/// Takes out what the path leads to, if it is still there.
fn remove(node: &mut Spanned<DeValue<'_>>, path: &[Step]) {
    match (node.get_mut(), path) {
        (DeValue::Table(table), [Step::Key(key)]) => {
            table.remove(key.as_str());
        }
        (DeValue::Table(table), [Step::Key(key), rest @ ..]) => {
            if let Some(value) = table.get_mut(key.as_str()) {
                remove(value, rest);
            }
        }
        (DeValue::Array(array), [Step::Entry(index), rest @ ..]) => {
            if rest.is_empty() {
                let all = std::mem::replace(array, DeArray::new()).into_iter().enumerate();
                *array = all.filter(|(i, _)| i != index).map(|(_, value)| value).collect();
            } else if let Some(value) = array.get_mut(*index) {
                remove(value, rest);
            }
        }
        _ => {}
    }
}

/// The words between backticks.
fn words(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// "`a`, `b` or `c`"
fn listed(words: &[&str], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// What Serde and the types of the file ask for, for people who write no Rust.
fn plain(expected: &str) -> &str {
    match expected {
        "u64" => "a whole number from 0",
        "a nonzero u64" => "a whole number from 1",
        "i64" => "a whole number",
        "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" => "a text in quotes",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}
